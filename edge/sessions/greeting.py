"""What a member is shown: content, products and stock joined, and cut to what the level allows.

The cut is made here, where the template's context is built, and by the table that the renderer cuts by once more
(``screens.allowed``), so a template cannot show too much.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from content.model import Campaign, Media, Product
from edge.model import Level, Matrix, Offer, Profile, StockLine, Tile, Wished
from edge.screens.allowed import ALLOWED
from edge.sessions.cells import carried

GREETINGS = {
    "ja": "会員さま、いらっしゃいませ",
    "en": "Welcome, member",
    "zh": "会员您好，欢迎光临",
    "ko": "회원님, 어서 오세요",
}
WELCOMES = {"ja": "いらっしゃいませ", "en": "welcome back", "zh": "欢迎光临", "ko": "어서 오세요"}
PICKS = {"ja": "今週のおすすめ", "en": "This week’s picks", "zh": "本周推荐", "ko": "이번 주 추천 상품"}
NICKNAMES = {"ja": "{}…さま", "en": "{}…,", "zh": "{}…，您好", "ko": "{}…님"}
PRICES = {"ja": "¥{:,} 税込", "en": "¥{:,} incl. tax", "zh": "{:,}日元 含税", "ko": "{:,}엔 세금 포함"}
"""Yen are named where ¥ alone would be read as another currency: in Chinese it is the sign of the yuan."""
MOST_TILES = 6
MOST_OFFERS = 5
MOST_GRAPHEMES = 8
BLANKS = "\u115f\u1160\u3164\uffa0"
"""Fillers of Hangul: letters by their category, and nothing to be seen."""

EMPTY: dict[str, Any] = {
    "greeting": "",
    "nickname": "",
    "headline": "",
    "text": "",
    "picture": "",
    "tiles": (),
    "favourites": (),
    "coupons": (),
    "may_open": False,
    "touch": False,
    "warning": False,
    "product": None,
    "missing": False,
    "matrix": None,
    "offers": (),
    "wished": None,
    "asked": None,
}

Lines = Callable[[str], tuple[StockLine, ...]]


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the greeting may draw from: products, media, and of a SKU, now: its stock in words, the table of its style,
    the offers that are still to be made, and how a wish for it stands, with the offer that was asked for."""

    products: Mapping[str, Product]
    media: Mapping[str, Media]
    lines: Lines
    matrix: Callable[[str], Matrix | None] = lambda _: None
    offers: Callable[[str], tuple[Offer, ...]] = lambda _: ()
    wished: Callable[[str], tuple[Wished | None, Offer | None]] = lambda _: (None, None)


@dataclass(frozen=True, slots=True)
class Guest:
    """Who stands there, as far as a screen may know: the profile, whether a nickname may show, and what was touched.

    ``missing`` says that a product was held up which the catalogue does not have.
    """

    profile: Profile | None = None
    nickname: bool = False
    may_open: bool = False
    product: str = ""
    missing: bool = False


def compose(
    level: Level,
    campaign: Campaign | None,
    guest: Guest,
    shelf: Shelf,
    language: str,
    touch: bool,
    warning: bool,
) -> dict[str, Any]:
    """The values of a scene for a level: all of ``EMPTY``'s names, those that the level may not use left empty."""
    profile = guest.profile
    headline = said(campaign.headline, language) if campaign else ""
    nickname = masked(profile.nickname, language) if profile and guest.nickname else ""
    full: dict[str, Any] = {
        "greeting": said(WELCOMES if nickname else GREETINGS, language),
        "nickname": nickname,
        "headline": headline or said(PICKS, language),
        "text": said(campaign.text, language) if campaign else "",
        "picture": picture(campaign, shelf.media),
        "tiles": tiles(campaign.products if campaign else (), shelf, language),
        "favourites": tiles(profile.favourites if profile else (), shelf, language),
        "coupons": tuple(said(coupon.title, language) for coupon in profile.coupons) if profile else (),
        "may_open": guest.may_open and level is not Level.PERSONAL,
        "touch": touch,
        "warning": warning,
        "missing": guest.missing,
        **opened(guest.product, shelf, language, touch),
    }
    return {name: full[name] if name in ALLOWED[level] else EMPTY[name] for name in EMPTY}


def sheet(sku: str, shelf: Shelf, language: str, touch: bool, warning: bool) -> dict[str, Any]:
    """The values of the scene that shows one product to nobody known: nothing in it is about a person."""
    about = opened(sku, shelf, language, touch)
    return {**about, "missing": about["product"] is None, "touch": touch, "warning": warning}


def opened(sku: str, shelf: Shelf, language: str, touch: bool) -> dict[str, Any]:
    """What the open sheet of a product shows: all of it is about the product. What only a finger can use is shown to
    fingers alone, and so is a slip, which whoever passes by a sign could read."""
    product = next(iter(tiles((sku,), shelf, language)), None)
    if product is None:
        return {"product": None, "matrix": None, "offers": (), "wished": None, "asked": None}
    wished, asked = shelf.wished(sku) if touch else (None, None)
    return {
        "product": product,
        "matrix": carried(shelf.matrix(sku), shelf.products, sku) if touch else None,
        "offers": fitting(shelf.offers(sku)),
        "wished": wished,
        "asked": asked,
    }


def fitting(offers: Sequence[Offer]) -> tuple[Offer, ...]:
    """As many offers as fingers can choose from, in their order: the first of each kind before a second of any."""
    first = {offer.kind: offer for offer in reversed(offers)}.values()
    kept = sorted(offers, key=lambda offer: offer not in first)[:MOST_OFFERS]
    return tuple(offer for offer in offers if offer in kept)


def said(words: Mapping[str, str], language: str) -> str:
    """The words in a language, else in English, else in Japanese, else in whichever there is."""
    for wanted in (language, "en", "ja", *words):
        if words.get(wanted):
            return words[wanted]
    return ""


def picture(campaign: Campaign | None, media: Mapping[str, Media]) -> str:
    """The path of a campaign's first picture, empty without one."""
    known = [media[name] for name in (campaign.media if campaign else ()) if name in media]
    return f"/media/{known[0].sha256}{known[0].suffix}" if known else ""


def tiles(skus: Sequence[str], shelf: Shelf, language: str) -> tuple[Tile, ...]:
    """Tiles of the products that are known; a SKU without a product is left out (SIGNAGE 2, ask 14)."""
    found = [shelf.products[sku] for sku in skus if sku in shelf.products][:MOST_TILES]
    return tuple(
        Tile(
            sku=product.sku,
            name=said(product.name, language),
            price=said(PRICES, language).format(product.price),
            picture=product.picture,
            stock=shelf.lines(product.sku),
        )
        for product in found
    )


def masked(nickname: str, language: str) -> str:
    """A nickname as a public place may show it: its first letter and さま; empty if it is not of letters alone.

    At most 8 graphemes of NFC letters count as a nickname at all (MEMBER_CODES 6). Marks that stand over no letter, and
    letters that draw nothing, begin no name.
    """
    name = unicodedata.normalize("NFC", nickname).strip()
    kinds = [unicodedata.category(sign)[0] for sign in name]
    if not {*kinds} <= {"L", "M"} or kinds[:1] != ["L"] or name[0] in BLANKS or kinds.count("L") > MOST_GRAPHEMES:
        return ""
    return said(NICKNAMES, language).format(name[0])

"""Every state in which a shopper can find a screen, by name, in one of the languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from edge.handoff import Kind
from edge.model import Handoff, Level, Show
from edge.sessions.handoff import picture

Member = Callable[..., Show]
COUPONS = {
    "ja": ("ほうじ茶 50円引き", "送料無料"),
    "en": ("¥50 off roasted tea", "Free delivery"),
    "zh": ("焙茶立减50日元", "免运费"),
    "ko": ("호지차 50엔 할인", "무료 배송"),
}


def notice(hint: str, language: str) -> Show:
    """A hint to somebody who is not known."""
    return Show("kiosk", "notice", language=language, values={"hint": hint})


def opened(member: Member, language: str) -> Show:
    """The member's own, after a touch."""
    shown = member("kiosk", language)
    own = {"favourites": shown.values["tiles"][3:], "coupons": COUPONS[language], "may_open": False}
    return replace(shown, level=Level.PERSONAL, values={**shown.values, **own})


def goods(language: str, product: object, touch: bool = True) -> Show:
    """A product held up by nobody known."""
    values = {"product": product, "missing": product is None, "touch": touch}
    return Show("kiosk", "product", "session-2", language=language, values=values, seconds=12.0, limit=15.0)


def onward(show: Show, *kinds: Kind) -> Show:
    """The same with a way on to the phone, the last of these kinds drawn."""
    qr = picture("https://go.acme.example/h/AbCdEfGhIjKl-_09?p=linen-dress-sky&s=s001&k=hold")
    handoffs = tuple(Handoff(kind, qr if kind == kinds[-1] else "") for kind in kinds)
    return replace(show, values={**show.values, "handoffs": handoffs})


def states(member: Member, language: str) -> Mapping[str, Show]:
    """All states; those called ``far`` are a sign's."""
    shown = member("kiosk", language)
    tiles = shown.values["tiles"]
    return {
        "loop": Show("kiosk", "loop", language=language),
        "member": shown,
        "opened": opened(member, language),
        "sheet": member("kiosk", language, product=tiles[1]),
        "missing": member("kiosk", language, missing=True),
        "warning": member("kiosk", language, warning=True),
        "members": replace(
            member("kiosk", language, may_open=False, greeting=""), scene="members", level=Level.MEMBERS
        ),
        "sheet with a way on": onward(member("kiosk", language, product=tiles[1]), "product", "basket", "hold"),
        "goods": goods(language, tiles[1]),
        "goods with a way on": onward(goods(language, tiles[1]), "product", "basket", "order"),
        "again": notice("again", language),
        "one": notice("one", language),
        "ask": notice("ask", language),
        "no product": notice("product", language),
        "far": member("kiosk", language, touch=False, may_open=False),
        "far sheet": member("kiosk", language, touch=False, may_open=False, product=tiles[1]),
        "far warning": member("kiosk", language, touch=False, may_open=False, warning=True),
        "far goods": goods(language, tiles[2], touch=False),
        "far goods with a way on": onward(goods(language, tiles[2], touch=False), "product"),
    }

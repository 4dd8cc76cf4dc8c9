"""What a scene's values hold at each level."""

import pytest

from content.model import Campaign, Layer, Media, Product
from edge.model import Band, Coupon, Level, Profile, StockLine
from edge.sessions.greeting import EMPTY, GREETINGS, PRICES, Guest, Shelf, compose, masked, said

LINE = StockLine("here", "渋谷店", Band.FEW, "残り2点", available=2)
SHELF = Shelf(
    products={
        "LN-1": Product("LN-1", "0" * 14, {"ja": "リネンシャツ", "en": "Linen shirt"}, 3990, "/p.svg"),
        "CU-1": Product("CU-1", "0" * 14, {"ja": "カップ"}, 1200, "/c.svg"),
    },
    media={"m1": Media("m1", "夏", "image", "ab" * 32, ".jpg", 10, 10)},
    lines=lambda _: (LINE,),
)
CAMPAIGN = Campaign(
    "c1",
    "夏",
    Layer.MEMBER,
    media=("m1",),
    headline={"ja": "夏のリネン"},
    products=("LN-1", "GONE"),
    segments=frozenset(),
)
ANNA = Profile("ref", nickname="アンナ", favourites=("CU-1",), coupons=(Coupon("c", {"ja": "10%引き"}),), language="ja")


def values(level: Level, **more: object) -> dict[str, object]:
    guest = Guest(ANNA, nickname=True, may_open=True)
    return compose(level, CAMPAIGN, guest, SHELF, str(more.get("language", "ja")), touch=True, warning=False)


@pytest.mark.promise("M-3")
def test_favourites_and_coupons_wait_for_the_personal_level() -> None:
    assert values(Level.SEGMENT)["favourites"] == ()
    assert values(Level.SEGMENT)["coupons"] == ()
    assert [tile.name for tile in values(Level.PERSONAL)["favourites"]] == ["カップ"]  # type: ignore[attr-defined]
    assert values(Level.PERSONAL)["coupons"] == ("10%引き",)


@pytest.mark.promise("M-3")
def test_the_members_level_knows_nobody() -> None:
    shown = values(Level.MEMBERS)
    assert (shown["greeting"], shown["nickname"], shown["may_open"]) == ("", "", False)
    assert {name for name, value in values(Level.LOOP).items() if value != EMPTY[name]} == {"touch"}


def test_a_product_that_is_not_known_is_left_out() -> None:
    tiles = values(Level.SEGMENT)["tiles"]
    assert [(tile.name, tile.price, tile.stock) for tile in tiles] == [  # type: ignore[attr-defined]
        ("リネンシャツ", "¥3,990 税込", (LINE,))
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("アンナ", "ア…さま"), ("Zoë", "Z…さま"), ("", ""), ("<b>", ""), ("名前が長すぎるひと", ""), ("a1", "")],
)
def test_a_nickname_shows_its_first_letter_only(name: str, shown: str) -> None:
    assert masked(name, "ja") == shown


@pytest.mark.parametrize(
    ("language", "name", "greeting", "price"),
    [
        ("ja", "さ…さま", "会員さま、いらっしゃいませ", "¥12,900 税込"),
        ("en", "さ…,", "Welcome, member", "¥12,900 incl. tax"),
        ("zh", "さ…，您好", "会员您好，欢迎光临", "12,900日元 含税"),
        ("ko", "さ…님", "회원님, 어서 오세요", "12,900엔 세금 포함"),
    ],
)
def test_names_prices_and_greetings_are_said_as_each_language_says_them(
    language: str, name: str, greeting: str, price: str
) -> None:
    assert (masked("さくら", language), said(GREETINGS, language)) == (name, greeting)
    assert said(PRICES, language).format(12900) == price


def test_words_fall_back_to_english_then_japanese() -> None:
    assert said({"ja": "夏", "en": "Summer"}, "ko") == "Summer"
    assert said({"ja": "夏"}, "en") == "夏"
    assert said({}, "en") == ""

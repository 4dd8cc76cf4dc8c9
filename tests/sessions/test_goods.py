"""Which product is held up before an eye: the newest one, told once, and never what merely stands there."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.model import Code, Held, Look, PutDown
from edge.sessions.goods import MOST, Goods, Wares, step, tick
from edge.stock.gtin import product

SHIRT, MUG, BOOK = "04901234567894", "09520123456788", "09784101010014"
BARS = {gtin: Code(gtin[1:], "ean13", "zxing") for gtin in (SHIRT, MUG, BOOK)}
LINK = Code(f"https://id.gs1.org/01/{MUG}/21/SECRET", "qrcode", "zxing")
SHOP_LINK = Code("https://shop.example/01/04901234567894", "qrcode", "zxing")
ANOTHERS = Code("2912345678904", "ean13", "zxing")
PAYMENT = Code("hQVDUFYwMWETTwegAAAAAAAAAQ", "qrcode", "zxing")
OURS = Wares(("ean13", "qrcode"), frozenset({SHIRT, MUG}).__contains__)

Looks = Sequence[tuple[float, tuple[Code, ...]]]


def told(looks: Looks, end: float | None = None, wares: Wares = OURS) -> list[str]:
    """What is said of looks, a product by its number; ``end`` is a silence until then."""
    goods, said = Goods(), list[Held | PutDown]()
    for number, (at, codes) in enumerate(looks, 1):
        goods, new = step(goods, Look("door", codes, at, number), wares)
        said += new
    if end is not None:
        said += tick(goods, end)[1]
    return [each.gtin if isinstance(each, Held) else "down" for each in said]


def test_bars_count_after_two_looks_and_a_link_at_once() -> None:
    assert told([(0.0, (BARS[SHIRT],))]) == []
    assert told([(0.0, (BARS[SHIRT],)), (0.1, (BARS[SHIRT],))]) == [SHIRT]
    assert told([(0.0, (BARS[SHIRT],)), (0.6, (BARS[SHIRT],))]) == []
    assert told([(99.0, (BARS[SHIRT],)), (99.5, (BARS[SHIRT],))]) == [SHIRT]
    assert told([(0.0, (LINK,))]) == [MUG]


def test_a_product_aimed_at_by_a_hand_scanner_counts_at_once() -> None:
    assert told([(0.0, (Code(SHIRT[1:], "ean13", "scanner"),))]) == [SHIRT]
    assert told([(0.0, (Code(BOOK[1:], "ean13", "scanner"),))]) == [BOOK]


@pytest.mark.promise("V-6")
def test_one_presentation_is_told_once_until_it_was_away_for_three_seconds() -> None:
    held = [(n / 10, (LINK,)) for n in range(50)]
    assert told(held, end=7.8) == [MUG]
    assert told(held, end=7.95) == [MUG, "down"]
    assert told([*held, (7.0, (LINK,))]) == [MUG]
    assert told([*held, (8.0, (LINK,))]) == [MUG, "down", MUG]


def test_the_bars_and_the_link_of_one_package_are_one_product() -> None:
    both: Looks = [(n / 10, (SHOP_LINK, BARS[SHIRT])) for n in range(5)]
    turned: Looks = [(0.5 + n / 10, (BARS[SHIRT],)) for n in range(5)]
    assert told([*both, *turned]) == [SHIRT]


def test_the_product_that_came_last_wins_over_one_that_is_still_there() -> None:
    looks: Looks = [(0.0, (LINK,)), (1.0, (LINK, SHOP_LINK)), (2.0, (LINK, SHOP_LINK)), (3.0, (LINK,))]
    assert told(looks) == [MUG, SHIRT]
    assert told(looks, end=5.5) == [MUG, SHIRT, "down"]


def labels(first: int) -> tuple[Code, ...]:
    """As many links to products as a look holds, each another one."""
    numbers = [f"{4_900_000_000_00 + first + n:012}" for n in range(32)]
    return tuple(
        Code(f"https://id.gs1.org/01/0{body}{check}", "qrcode", "zxing")
        for body in numbers
        for check in "0123456789"
        if product(f"{body}{check}", "ean13")
    )


def link(gtin: str) -> Code:
    return Code(f"https://a.example/01/{gtin}", "qrcode", "zxing")


EVERYTHING = Wares(("qrcode", "ean13"), lambda _: True)
THREE: Looks = [(n / 10, (one,)) for n, one in enumerate(labels(0)[:3])]


def test_a_phone_that_plays_a_film_of_products_is_told_three_in_three_seconds() -> None:
    film: Looks = [(n / 10, (labels(0)[n % 32],)) for n in range(100)]
    assert len([said for said in told(film, wares=EVERYTHING) if said != "down"]) == 12


@pytest.mark.parametrize(
    ("after", "last"),
    [
        ([(0.3, (MUG,)), (0.9, (MUG,))], []),
        ([(0.3, (MUG,)), (3.0, (MUG,)), (9.0, (MUG,))], [MUG, "down", MUG]),
        ([(0.3, (MUG,)), (0.9, (MUG, BOOK)), (3.0, (MUG, BOOK)), (3.5, (MUG, BOOK))], [BOOK]),
        ([(0.3, (MUG, BOOK)), (3.0, (MUG, BOOK)), (3.1, (MUG, BOOK))], []),
    ],
)
def test_a_product_that_comes_too_soon_waits_while_it_is_held_and_the_newest_counts(
    after: list[tuple[float, tuple[str, ...]]], last: list[str]
) -> None:
    looks = [*THREE, *((at, tuple(map(link, gtins))) for at, gtins in after)]
    assert told(looks, wares=EVERYTHING)[3:] == last


def test_what_a_hand_scanner_reads_waits_for_nothing() -> None:
    looks: Looks = [(0.4 + n / 5, (Code(gtin[1:], "ean13", "scanner"),)) for n, gtin in enumerate((SHIRT, MUG, BOOK))]
    assert told([*THREE, *looks], wares=EVERYTHING)[3:] == [SHIRT, MUG, BOOK]


def test_two_that_come_at_once_tell_nothing_and_hide_no_third() -> None:
    other = Code(f"https://a.example/01/{BOOK}", "qrcode", "zxing")
    two: Looks = [(n / 10, (LINK, SHOP_LINK)) for n in range(20)]
    assert told(two) == []
    everything = Wares(("qrcode",), lambda _: True)
    assert told([*two, (2.0, (LINK, SHOP_LINK, other))], wares=everything) == [BOOK]


def test_a_shelf_label_behind_the_shopper_is_scenery_after_a_minute() -> None:
    label: list[tuple[float, tuple[Code, ...]]] = [(float(n), (SHOP_LINK,)) for n in range(100)]
    assert told(label) == [SHIRT, "down"]
    hidden = [*label, (130.0, (SHOP_LINK,)), (400.0, (SHOP_LINK,)), (900.0, (SHOP_LINK,))]
    assert told(hidden) == [SHIRT, "down"]
    assert told([*hidden, (901.0, (SHOP_LINK, LINK))]) == [SHIRT, "down", MUG]
    assert told([*label, (800.0, (SHOP_LINK,))]) == [SHIRT, "down", SHIRT]


def test_a_product_that_nobody_here_sells_is_told_only_when_it_is_held_still() -> None:
    link = Code(f"https://a.example/01/{BOOK}", "qrcode", "zxing")
    assert told([(0.0, (link,)), (0.5, (link,))]) == []
    assert told([(0.0, (link,)), (0.5, (link,)), (0.9, (link,))]) == [BOOK]
    assert told([(0.0, (LINK, link)), (0.9, (LINK, link)), (4.5, (link,))], end=9.0) == [MUG, "down"]


@pytest.mark.parametrize("code", [ANOTHERS, PAYMENT, Code("https://example.com/", "qrcode", "zxing")])
def test_another_shops_number_a_payment_code_and_a_plain_address_are_nothing(code: Code) -> None:
    assert told([(n / 10, (code,)) for n in range(30)]) == []
    assert told([(n / 10, (code, LINK)) for n in range(30)]) == [MUG]


def test_only_the_symbologies_that_are_on_count() -> None:
    looks: Looks = [(n / 10, (LINK, BARS[SHIRT])) for n in range(5)]
    assert told(looks, wares=Wares()) == []
    assert told(looks, wares=Wares(("ean13",), OURS.known)) == [SHIRT]


@pytest.mark.promise("V-3")
def test_nothing_but_the_number_is_kept_of_a_code() -> None:
    goods, said = step(Goods(), Look("door", (LINK, PAYMENT), 0.0, 1), OURS)
    assert MUG in repr(goods)
    assert all(word not in repr((goods, said)) for word in ("SECRET", "gs1", "hQVD"))


@pytest.mark.promise("V-6")
def test_a_sheet_of_labels_that_hung_there_keeps_no_product_from_being_seen() -> None:
    """Two sheets of 32 in turns for a minute, and then for ten minutes more nobody could have shown a product."""
    sheets = (labels(0), labels(100))
    assert len({code.text for sheet in sheets for code in sheet}) == MOST
    turns = [(n / 2, sheets[n % 2]) for n in range(130)]
    assert told([*turns, (70.0, (LINK,))])[-1] == MUG


LOOKS = st.lists(
    st.tuples(st.floats(0.01, 20.0), st.lists(st.sampled_from([*BARS.values(), LINK, SHOP_LINK, ANOTHERS, PAYMENT]))),
    max_size=60,
)


@given(LOOKS)
def test_whatever_comes_nothing_is_put_down_that_was_not_held(looks: list[tuple[float, list[Code]]]) -> None:
    goods, now, held = Goods(), 0.0, False
    for pause, codes in looks:
        now += pause
        goods, said = step(goods, Look("door", tuple(codes), now), OURS)
        for each in said:
            assert held or isinstance(each, Held)
            held = isinstance(each, Held)
        assert held is bool(goods.held)
        assert len(goods.stays) <= MOST
    assert not tick(goods, now + 700.0)[0].held

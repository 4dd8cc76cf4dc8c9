"""A list by offset is walked without losing a row; what a product lost is noticed; a token is renewed in time."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.ports import StockAway
from edge.stock.shops import bearer
from edge.stock.shops.bearer import Bearer
from edge.stock.shops.products import Products
from edge.stock.shops.walk import STEPS_BACK, walk
from edge.stock.system import Answer, Call

Edits = list[tuple[bool, int]]


async def walked(rows: list[int], edits: list[Edits], size: int) -> list[int]:
    """What a walk sees of a list in a fixed order, from which rows go and to which rows come before each page."""
    waiting = iter(edits)
    fresh = iter(range(1_000, 10_000))

    async def fetch(offset: int) -> list[int]:
        for comes, place in next(waiting, []):
            if comes:
                rows.insert(place % (len(rows) + 1), next(fresh))
            elif rows:
                rows.pop(place % len(rows))
        return rows[offset : offset + size]

    return [row async for page in walk(fetch, size, str) for row in page]


@settings(deadline=None)
@given(
    st.integers(0, 60),
    st.lists(st.lists(st.tuples(st.booleans(), st.integers(0, 99)), max_size=12), max_size=12),
    st.integers(2, 9),
)
def test_every_row_that_stays_is_seen_once_whatever_comes_and_goes(n: int, edits: list[Edits], size: int) -> None:
    before, rows = set(range(n)), list(range(n))
    seen = asyncio.run(walked(rows, edits, size))
    assert before & set(rows) <= set(seen)
    assert len(seen) == len(set(seen))


async def test_a_list_whose_front_goes_for_ever_is_given_up() -> None:
    rows, calls = list(range(10_000)), 0

    async def fetch(offset: int) -> list[int]:
        nonlocal calls
        calls += 1
        del rows[:200]
        return rows[offset : offset + 10]

    with pytest.raises(StockAway, match="faster than it can be read"):
        async for _ in walk(fetch, 10, str):
            pass
    assert calls <= 2 * STEPS_BACK + 3


def test_a_variant_that_is_gone_is_told_once_by_its_sku() -> None:
    products = Products()
    for size in "SML":
        products.learn("7", f"7/{size}", f"TS-{size}")
    assert products.product("TS-M") == "7"
    assert products.lost(["7", "8"], ["7/S"]) == ["TS-L", "TS-M"]
    assert products.lost(["7"], ["7/S"]) == []
    assert products.product("TS-M") is None


def test_a_sku_that_another_product_took_over_is_not_lost_with_the_first() -> None:
    products = Products()
    products.learn("7", "7/S", "TS-S")
    products.learn("8", "8/S", "TS-S")
    assert not products.names("TS-S")
    assert products.lost(["7"], []) == []
    assert products.product("TS-S") == "8"


class Tokens:
    """A token service, and a clock set by hand."""

    def __init__(self, seconds: float) -> None:
        self.now = 100.0
        self.given = 0
        self.kept: list[str] = []
        self._seconds = seconds

    async def __call__(self, call: Call) -> Answer:
        await asyncio.sleep(0)
        self.given += 1
        fresh = {"access_token": f"t{self.given}", "expires_in": self._seconds, "refresh_token": f"r{self.given}"}
        return Answer(200, {}, json.dumps(fresh).encode(), fresh, 0.0)

    def hold(self, seconds: float) -> None:
        """Nothing is held here."""

    def spent(self, cost: float) -> None:
        """Nothing is counted here."""

    async def ask(self) -> Call:
        return bearer.form("/token", {"grant_type": "refresh_token"})

    async def keep(self, token: str) -> None:
        self.kept.append(token)

    def bearer(self) -> Bearer:
        return Bearer("The shop", self, self.ask, self.keep, lambda: self.now)


@pytest.mark.parametrize(("seconds", "holds"), [(3600, 3500), (10, 4), (1e9, 86_000)])
async def test_a_token_serves_until_shortly_before_its_end(seconds: float, holds: float) -> None:
    service = Tokens(seconds)
    one = service.bearer()
    assert await one.token() == "t1"
    service.now += holds
    assert await one.token() == "t1"
    service.now += min(seconds, 86_400) - holds
    assert await one.token() == "t2"
    assert service.kept == ["r1", "r2"]


async def test_many_questions_at_once_wait_for_one_renewal() -> None:
    service = Tokens(3600)
    one = service.bearer()
    assert set(await asyncio.gather(*(one.token() for _ in range(20)))) == {"t1"}
    one.refused("an older one")
    assert await one.token() == "t1"
    one.refused("t1")
    assert await one.token() == "t2"


async def test_a_refresh_token_that_cannot_be_kept_is_away_and_never_quoted(tmp_path: Path) -> None:
    with pytest.raises(StockAway) as told:
        await bearer.keep(tmp_path / "nowhere" / "token", "r-secret")
    assert "r-secret" not in str(told.value)
    assert "nowhere" in str(told.value)


@pytest.mark.parametrize("text", ["only-a-token", ":secret", "id:", ""])
async def test_a_client_file_without_both_halves_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "client").write_text(text)
    with pytest.raises(StockAway, match="client"):
        await bearer.client(tmp_path / "client")

"""One unit and twenty kiosks: whatever the lines do, nobody is told 取り置きました and then refused at the counter.

Short here; ``./run soak rush`` tries it as often as one likes.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections import Counter
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from edge import asking
from edge.model import Wished
from edge.stock.keeping.keeper import afar
from edge.stock.system import Keeping, Reserve
from tests.stock.keeping.till import (
    HASTY_S,
    PATIENT,
    PLACE,
    SHOP,
    Along,
    Straight,
    System,
    Till,
    Wire,
    desk,
    room,
    words,
)

KIOSKS = 20
RUSHES = int(os.environ.get("TENTOU_SOAK_RUSHES", "10"))
AT_ONCE = 5
"""So many shops are rushed at a time, as nearly all of it is waiting for lines."""


def wrong(heard: list[list[Wished]], till: Till) -> list[str]:
    """The slips of those who were told that one is kept for them, and whom the shop sends away."""
    told = [word.slip for words in heard for word in words if word.state == Keeping.CONFIRMED]
    return [slip for slip in told if not till.hands_over(slip)]


def last(heard: list[list[Wished]]) -> Counter[str]:
    return Counter(str(words[-1].state) for words in heard)


@pytest.mark.promise("K-3")
async def test_of_twenty_kiosks_one_gets_the_unit_and_nineteen_are_refused() -> None:
    till = Till()
    async with room(till) as there:
        heard = await asyncio.gather(*(words(desk(Straight(there.office, there.own), PATIENT)) for _ in range(KIOSKS)))
    assert wrong(heard, till) == []
    assert last(heard) == {"confirmed": 1, "declined": KIOSKS - 1}


async def rush(seed: int) -> Counter[str]:
    """One unit, twenty kiosks, bad lines: what the kiosks heard last."""
    chance, till = random.Random(seed), Till()
    async with room(System(till, Wire(chance)), answer_s=HASTY_S) as there:
        along = [Along(Straight(there.office, there.own), Wire(chance)) for _ in range(KIOSKS)]
        heard = await asyncio.gather(*(words(desk(each)) for each in along))
    assert wrong(heard, till) == []
    assert len(till.slips) <= till.units
    return last(heard)


@pytest.mark.promise("K-3")
@pytest.mark.timeout(3600)
async def test_nobody_is_promised_wrongly_over_slow_lossy_doubling_lines() -> None:
    total: Counter[str] = Counter()
    for first in range(0, RUSHES, AT_ONCE):
        for told in await asyncio.gather(*(rush(seed) for seed in range(first, min(first + AT_ONCE, RUSHES)))):
            total += told
    sys.stdout.write(f"\n{RUSHES} rushes of {KIOSKS} kiosks: {dict(total)}\n")
    assert total["confirmed"] <= RUSHES
    assert total["confirmed"] > 0
    assert total["declined"] > 0


@pytest.mark.promise("K-3")
async def test_a_source_that_keeps_nothing_confirms_nothing() -> None:
    till = Till(units=1)
    async with room(till, reserve=Reserve.NONE) as there:
        heard = await asyncio.gather(*(words(desk(Straight(there.office, there.own))) for _ in range(KIOSKS)))
        past = await asyncio.gather(*(words(desk(Anyway(there.office, there.own))) for _ in range(KIOSKS)))
    assert (last(heard), last(past)) == ({"declined": KIOSKS}, {"declined": KIOSKS})
    assert till.asked == []


class Anyway(Straight):
    """A store that believes, wrongly, that units are kept there."""

    def places(self) -> list[str]:
        return [PLACE]


@pytest.mark.promise("K-3")
async def test_stores_ask_over_http_and_one_gets_it(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("open-sesame")
    till = Till()
    async with room(System(till, Wire(random.Random(7), slow_s=0.01)), answer_s=HASTY_S) as there:
        app = web.Application()
        app.add_routes(there.office.routes("open-sesame", open_=True))
        async with TestServer(app) as server:
            chosen = asking.Settings(url=str(server.make_url("/")), token_file=Path("token"))
            async with afar(chosen, tmp_path, lambda _: {SHOP}, [PLACE]) as office:
                heard = await asyncio.gather(*(words(desk(office)) for _ in range(KIOSKS)))
    assert wrong(heard, till) == []
    assert last(heard)["confirmed"] <= 1

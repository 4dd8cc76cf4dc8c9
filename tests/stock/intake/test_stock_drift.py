"""What no webhook, no poll and no stamp announced is found by comparison (M5): `./run soak stock` has 300,000 rows."""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

import pytest

from tests.stock.intake.bazaar import BadLine, Bazaar, Standing, module
from tests.stock.intake.rig import Rig, fed

ROWS = int(os.environ.get("TENTOU_SOAK_STOCK_ROWS", "3000"))
CHANGES = ROWS


def differing(rig: Rig, bazaar: Bazaar) -> int:
    """How many rows the cache has otherwise than the shop."""
    known = {(sku, place): n for place in rig.shop.places for sku, n in rig.cache.levels("shop", place).items()}
    return sum(known.get(row) != n for row, n in bazaar.truth().items())


def heard(rig: Rig) -> bool:
    """Whether the first comparison is in the cache."""
    return all(rig.cache.standing("shop", place).heard for place in rig.shop.places)


async def trade(bazaar: Bazaar, line: BadLine, chance: random.Random, changes: int) -> None:
    """Edits, sales that are told, and sales that are not; one in ten each of the last."""
    for number in range(changes):
        row = chance.choice(bazaar.names)
        lot = chance.random()
        if lot < 0.5:
            line.send(bazaar.edit(row, chance.randrange(12)))
        elif lot < 0.9:
            line.send(bazaar.sell(row))
        else:
            bazaar.sell(row)
        if number % 100 == 0:
            await asyncio.sleep(0)


@pytest.mark.timeout(1800)
@pytest.mark.promise("K-2")
async def test_after_two_rounds_of_comparison_no_row_differs_from_the_truth(tmp_path: Path) -> None:
    bazaar, chance = Bazaar(ROWS // 3), random.Random(7)
    async with fed(module(bazaar), Standing(bazaar), tmp_path, compare_s=0.05, poll_s=3600.0) as rig:
        assert await rig.until(lambda: heard(rig), turns=60_000)
        assert differing(rig, bazaar) == 0
        bazaar.open_.clear()
        line = BadLine(rig.source.pushes.add, chance)
        await trade(bazaar, line, chance, CHANGES // 2)
        line.drain()
        assert await rig.until(rig.source.pushes.idle, turns=60_000)
        silent = differing(rig, bazaar)
        bazaar.open_.set()
        await trade(bazaar, line, chance, CHANGES // 2)
        line.drain()
        # The one that may be on its way began before the last change.
        rounds = bazaar.rounds + 3
        assert await rig.until(lambda: bazaar.rounds >= rounds and rig.source.pushes.idle(), turns=240_000)
        sys.stdout.write(
            f"{ROWS} rows: {line.lost} lost, {line.doubled} doubled, {line.late} late; {silent} differed before\n"
        )
        assert silent > ROWS // 100
        assert differing(rig, bazaar) == 0

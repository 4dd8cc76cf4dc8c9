"""A shop, a hub and two stores, with all that befalls them: no screen says what was not so."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from edge.model import Band, StockLine
from tests.stock.drill.truth import Truth, wrong

SEEDS = int(os.environ.get("TENTOU_SOAK_TRUTH", "0"))
PLAYS = [(seed, "300", "hard") for seed in range(1, SEEDS + 1)] or [(7, "40", "easy")]


@pytest.mark.parametrize(
    ("n", "at", "band", "label", "honest"),
    [
        (2, 100, Band.FEW, "", True),
        (5, 100, Band.FEW, "", False),
        (0, 100, Band.NONE, "", False),
        (0, 100, Band.NONE, "1分前", True),
        (0, 300, Band.NONE, "1分前", False),
        (2, 100, Band.NONE, "", False),
    ],
)
def test_a_line_is_held_against_what_was(n: int, at: float, band: Band, label: str, honest: bool) -> None:
    truth = Truth()
    truth.note({("A", "ginza"): 0}, 0.0)
    truth.note({("A", "ginza"): 2}, 80.0)
    exact = None if label or not n else n
    said = wrong(StockLine("here", "", band, "", label, exact), ("A", "ginza"), truth, at, 1.0)
    assert (said == "") is honest


@pytest.mark.parametrize(("sold_s", "restored", "honest"), [(95, True, True), (80, True, False), (95, False, False)])
def test_what_a_shop_had_not_told_when_it_was_restored_may_be_believed_as_long(
    sold_s: float, restored: bool, honest: bool
) -> None:
    truth = Truth()
    truth.note({("A", "ginza"): 5}, 0.0)
    truth.note({("A", "ginza"): 4}, sold_s)
    truth.note({("A", "ginza"): 4}, 100.0, 60.0 if restored else 0.0, restored)
    said = wrong(StockLine("here", "", Band.MANY, "", "", 5), ("A", "ginza"), truth, 130.0, 1.0)
    assert (said == "") is honest


@pytest.mark.promise("K-1")
@pytest.mark.promise("K-2")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("seed", "seconds", "faults"), PLAYS)
async def test_whatever_befalls_hub_broker_shop_and_clocks_no_screen_says_what_was_not_so(
    seed: int, seconds: str, faults: str
) -> None:
    play = [sys.executable, "-m", "tests.stock.drill.play", str(seed), seconds, "8", faults]
    root = Path(__file__).parents[3]
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(*play, cwd=root, stdout=pipe, stderr=pipe)
    out, err = await running.communicate()
    sys.stdout.write(out.decode())
    assert (running.returncode, err.decode()[-2000:]) == (0, ""), out.decode()

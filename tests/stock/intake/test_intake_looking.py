"""Stores are asked to tell what their screens show for exactly those channels that read it first."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from edge import config
from edge.stock.intake import feeding
from edge.stock.intake.belief import Belief, beliefs
from edge.stock.intake.desk import Intake
from edge.stock.intake.doubts import CLEAN_S, Told
from edge.stock.intake.opening import can_of
from edge.stock.intake.reader import Channel
from tests.stock.intake.rig import intake_at
from tests.stock.shops.generic import Generic

SEEDS = int(os.environ.get("TENTOU_SOAK_STOCK_SEEDS", "3"))
SHOPIFY = {"url": "https://shop.example", "token_file": "token", "locations": {"1": "ginza"}}
BOTH = frozenset(Told)
POLLS, PUSHES, NOTHING = frozenset({Told.SINCE}), frozenset({Told.PUSHES}), frozenset[Told]()


def generic(folder: Path, **more: object) -> dict[str, Any]:
    given = Generic().settings("https://core.example", folder) | more
    return given if given["since"] != "none" else {name: each for name, each in given.items() if name != "changed_url"}


class Life:
    """A channel of the settings over its restarts, and beside it by a rule which of what it ``says`` is doubted since
    when."""

    def __init__(self, of: config.StockChannel, says: frozenset[Told], folder: Path, chance: random.Random) -> None:
        self.of, self.says, self.folder, self.chance = of, says, folder, chance
        self.wall_s, self.at = 1e9, 0.0
        self.doubted: dict[Told, float] = {}
        self.vowed = "since" in of.settings and of.adapter != "generic"
        self.beliefs: dict[Told, Belief] = {}

    async def start(self, intake: Intake) -> None:
        self.looking = feeding.looking([self.of], intake.doubts)
        module, settings = feeding.chosen(self.of)
        channel = Channel(self.of.id, can_of(module, settings), settings)
        self.beliefs = dict(zip(Told, beliefs(channel, intake.doubts, lambda: self.wall_s), strict=True))
        for belief in self.beliefs.values():
            await belief.restore()

    async def live(self) -> None:
        """Something happens to one of the two that it may say."""
        told = self.chance.choice(list(Told))
        if is_missed := self.chance.random() < 0.3:
            self.beliefs[told].differed([("A", "ginza")], self.at)
        self.at += 100.0
        self.wall_s += self.chance.choice((1.0, 50_000.0))
        for _ in range(2):
            await self.beliefs[told].heard(self.at)
        if is_missed and told in self.says and not (told is Told.SINCE and self.vowed):
            self.doubted[told] = self.wall_s
        elif self.wall_s - self.doubted.get(told, self.wall_s) > CLEAN_S[told]:
            del self.doubted[told]

    def agrees(self) -> bool:
        """Whether stores are asked to tell as long as nothing is believed, by the rule and by what reads first."""
        looks = self.doubted.keys() == self.says
        return (bool(self.looking()), not any(each.holds for each in self.beliefs.values())) == (looks, looks)


@pytest.mark.promise("K-1")
@pytest.mark.parametrize(
    ("since", "beats", "says"),
    [("sure", True, BOTH), ("sure", False, POLLS), ("blind", True, PUSHES), ("none", False, NOTHING)],
)
async def test_stores_tell_what_they_show_while_nothing_that_a_system_says_is_believed(
    tmp_path: Path, since: str, beats: bool, says: frozenset[Told]
) -> None:
    settings = generic(tmp_path, since=since, beats=beats)
    await lived(config.StockChannel(id="core", adapter="generic", settings=settings), says, tmp_path)


@pytest.mark.parametrize(("word", "says"), [({}, POLLS), ({"since": "sure"}, POLLS), ({"since": "blind"}, NOTHING)])
async def test_what_somebody_answers_for_is_never_doubted_and_what_he_denies_never_believed(
    tmp_path: Path, word: dict[str, str], says: frozenset[Told]
) -> None:
    await lived(config.StockChannel(id="ec", adapter="shopify", settings=SHOPIFY | word), says, tmp_path)


async def lived(of: config.StockChannel, says: frozenset[Told], folder: Path) -> None:
    for seed in range(SEEDS):
        chance, at = random.Random(seed), folder / str(seed)
        at.mkdir()
        life = Life(of, says, at, chance)
        for run in range(4):
            async with intake_at(at) as intake:
                await life.start(intake)
                assert (seed, run, life.agrees()) == (seed, run, True)
                for step in range(12):
                    await life.live()
                    assert (seed, run, step, life.agrees()) == (seed, run, step, True)


async def test_stores_tell_nothing_for_a_source_that_has_no_row_to_ask_for(tmp_path: Path) -> None:
    async with intake_at(tmp_path) as intake:
        of = [config.StockChannel(id="pos", adapter="csv", settings={"path": "stock.csv"})]
        assert not feeding.looking(of, intake.doubts)()

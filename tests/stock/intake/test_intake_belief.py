"""When a system that was found to leave out changes is believed no more, and when it is again."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.stock.freshness import LIVE_S
from edge.stock.intake.belief import Belief, beliefs
from edge.stock.intake.doubts import CLEAN_S, Doubts, Told
from edge.stock.intake.reader import Channel
from edge.stock.shops import shop
from tests.stock.intake.test_intake_doubts import BEATEN

A = ("A", "ginza")
DAY_S = CLEAN_S[Told.PUSHES]


@dataclass
class Known(Doubts):
    """Doubts that nothing keeps, and a wall clock."""

    wall_s: float = 1e9
    noted: list[float] = field(default_factory=list)

    def note(self, _: str, __: Told, now_s: float) -> None:
        self.noted.append(now_s)

    async def drop(self, _: str, __: Told) -> None:
        self.noted.clear()


def pushes(known: Known) -> Belief:
    settings = shop.Settings(url="https://shop.example", locations={"1": "ginza"})
    return beliefs(Channel("shop", BEATEN, settings), known, lambda: known.wall_s)[1]


async def doubted() -> tuple[Belief, Known]:
    known = Known()
    told = pushes(known)
    told.differed([A], 100.0)
    assert [await told.heard(at) for at in (120.0, 121.0)] == [True, False]
    return told, known


async def test_a_push_that_is_told_while_its_figure_would_still_be_live_is_not_late() -> None:
    told = pushes(Known())
    told.differed([A], 100.0)
    late = 100.0 + LIVE_S
    assert [await told.heard(at) for at in (late - 2, late - 1, late, late + 1)] == [True, True, True, False]


async def test_after_a_clean_day_it_is_believed_again_and_not_before() -> None:
    told, known = await doubted()
    known.wall_s += DAY_S
    assert (await told.heard(200.0), len(known.noted)) == (False, 1)
    known.wall_s += 1.0
    assert (await told.heard(201.0), known.noted) == (True, [])


async def test_each_further_change_that_was_left_out_begins_the_day_anew() -> None:
    told, known = await doubted()
    known.wall_s += DAY_S - 1
    told.differed([A], 200.0)
    assert [await told.heard(at) for at in (220.0, 221.0)] == [False, False]
    known.wall_s += 2.0
    assert (await told.heard(230.0), len(known.noted)) == (False, 2)


async def test_a_clock_that_ran_ahead_and_is_set_right_makes_no_doubt_longer_than_a_day() -> None:
    told, known = await doubted()
    known.wall_s -= 400 * DAY_S
    assert not await told.heard(200.0)
    known.wall_s += DAY_S + 1
    assert await told.heard(300.0)

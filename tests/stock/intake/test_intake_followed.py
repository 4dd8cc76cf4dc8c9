"""Numbered pushes with stamps of whole seconds: which word is the later one, and that no older one replaces it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.ports import StockLevel, StockReport
from edge.stock.intake.followed import Followed, Word, latest
from edge.stock.shelves.figures import Figures, figures
from edge.stock.shelves.guard import Verdict, weigh
from edge.stock.system import Can, Key, Page, Push, Pushed, Since
from tests.stock.intake.bazaar import Bazaar, Standing, module
from tests.stock.intake.rig import Timeline, fed

ROW = ("S000000", "ginza")
BEATING = Can(Push.ABSOLUTE, beats=True, per_location=True, revisions=True, step_ms=1000)
COUNTS = st.integers(0, 2)
DEEDS = ["change", "push", "ask", "answer", "second", "change", "push", "restart"]
STEPS = st.lists(st.tuples(st.sampled_from(DEEDS), COUNTS), min_size=8, max_size=20)


def word(n: int, stream: str, seq: int, revision: int = 1000) -> Word:
    return Word(StockLevel(*ROW, available=n, revision=revision), stream, seq)


def test_of_one_revision_the_later_number_counts_in_whatever_order_they_come() -> None:
    assert latest([word(1, "s", 3), word(2, "s", 2)]) == ([word(1, "s", 3)], [])
    assert latest([word(1, "s", 2), word(2, "s", 3)]) == ([word(2, "s", 3)], [])


def test_two_figures_of_one_revision_that_no_stream_orders_are_read() -> None:
    assert latest([word(1, "", 0), word(2, "", 0)]) == ([], [ROW])
    assert latest([word(1, "s", 3), word(2, "t", 1)]) == ([], [ROW])
    assert latest([word(1, "s", 3), word(2, "t", 1), word(3, "t", 2, 2000)]) == ([word(3, "t", 2, 2000)], [])


def test_a_push_follows_the_last_one_of_its_stream_until_a_reading_comes_between() -> None:
    followed = Followed()
    followed.sent([word(3, "s", 1)])
    followed.taken([word(3, "s", 1)], (), [])
    first = word(3, "s", 2)
    assert followed.sent([first]) == frozenset()
    followed.taken([first], (), [ROW])
    assert followed.sent([word(2, "s", 3)]) == {ROW}
    assert Followed().sent([word(2, "s", 3)]) == frozenset()
    assert followed.sent([word(1, "t", 9)]) == frozenset()
    followed.taken([word(1, "t", 9)], (), [ROW])
    followed.read(StockReport(frozenset([ROW[1]]), [word(1, "", 0).level], whole=False))
    assert followed.sent([word(0, "t", 10)]) == frozenset()


@dataclass
class Model:
    """A shop of one row, whose words bear the number of its state, and the row that a cache makes of them."""

    states: list[StockLevel] = field(default_factory=lambda: [StockLevel(*ROW, available=0, revision=1000)])
    clock: int = 1000
    stream: int = 0
    seq: int = 0
    waiting: list[tuple[Word, int]] = field(default_factory=list)
    asked: list[tuple[int, int]] = field(default_factory=list)
    followed: Followed = field(default_factory=Followed)
    known: tuple[Figures, int] | None = None
    taken: int = 0
    read: int = 0
    turn: int = 0
    heard: list[int] = field(default_factory=list)
    follows: int = 0

    def step(self, what: str, n: int) -> None:
        self.turn += 1
        getattr(self, what)(n)

    def change(self, n: int) -> None:
        self.states.append(replace(self.states[-1], available=n, revision=self.clock))
        self.seq += 1
        self.waiting.append((Word(self.states[-1], str(self.stream), self.seq), len(self.states) - 1))

    def second(self, _: int) -> None:
        self.clock += 1000

    def restart(self, _: int) -> None:
        self.stream, self.seq = self.stream + 1, 0

    def ask(self, _: int) -> None:
        self.asked.append((self.turn, len(self.states) - 1))

    def answer(self, n: int) -> None:
        if self.asked:
            began, state = self.asked.pop(n % len(self.asked))
            self.followed.read(StockReport(frozenset([ROW[1]]), [self.states[state]], whole=False))
            self.weighed(state, later=began >= max(self.taken, self.read), sure=True)
            self.read = max(self.read, began)

    def push(self, n: int) -> None:
        """Some of those that wait, oldest or newest first, together."""
        some = self.waiting[:2] if n else self.waiting[-1:]
        self.waiting = [each for each in self.waiting if each not in some] + (some[:1] if n == 2 else [])
        words, _ = latest(each for each, _ in some)
        follows = self.followed.sent(words)
        self.follows += len(follows)
        moved = [one.row for one in words if self.weighed(dict(some)[one], last=one.row in follows) is Verdict.TAKEN]
        self.followed.taken(words, follows, moved)

    def weighed(self, state: int, later: bool = False, last: bool = False, sure: bool = False) -> Verdict:
        level, (known, revision) = self.states[state], self.known or (None, 0)
        verdict = (
            Verdict.TAKEN if self.known is None else weigh(known, revision, figures(level), level.revision, later, last)
        )
        if verdict is Verdict.SAME and not sure:
            self.taken = self.turn
        if verdict is Verdict.TAKEN:
            assert all(state >= other or self.same(state, other) for other in self.heard)
        if verdict in (Verdict.TAKEN, Verdict.NEWER):
            self.known, self.taken = (figures(level), max(revision, level.revision)), self.turn
        if verdict is not Verdict.TIE:  # that is read again, and vouches for nothing until it was
            self.heard.append(state)
        return verdict

    def same(self, one: int, other: int) -> bool:
        return self.states[one].available == self.states[other].available


@settings(max_examples=400)
@given(STEPS)
def test_no_older_push_replaces_a_newer_word_however_pushes_and_readings_cross(steps: list[tuple[str, int]]) -> None:
    model = Model()
    for what, n in [("ask", 0), ("answer", 0), ("second", 0), ("change", 1), ("push", 1), *steps]:
        model.step(what, n)


def test_the_model_lets_pushes_follow() -> None:
    model = Model()
    for what in ("ask", "answer", "second", "change", "push", "change", "push", "change", "push"):
        model.step(what, len(model.states))
    assert (model.follows, model.known) == (2, (figures(model.states[-1]), 2000))


async def test_many_changes_of_one_second_are_shown_at_once_and_nothing_is_asked(tmp_path: Path) -> None:
    time, reads = Timeline(), []
    bazaar = Bazaar(2, lambda: time.wall)
    read = bazaar.read

    async def noted(keys: Sequence[Key]) -> Page:
        reads.append(time.now)
        return await read(keys)

    bazaar.read = noted  # type: ignore[method-assign]
    async with fed(module(bazaar, BEATING), Standing(bazaar), tmp_path, time.clocks) as rig:
        await time.pass_(20.0, rig.rest)
        shown = []
        for seq in range(1, 7):
            pushed = bazaar.edit(ROW, 10 - seq)
            rig.source.pushes.add(pushed.id, replace(pushed, stream="s", seq=seq, sent_s=time.wall))
            await time.pass_(0.01, rig.rest)
            shown.append(rig.levels()[ROW])
        assert (shown, reads) == ([9, 8, 7, 6, 5, 4], [])
        pushed = bazaar.edit(ROW, 3)
        rig.source.pushes.add(pushed.id, pushed)
        await time.pass_(0.04, rig.rest)
        assert (rig.levels()[ROW], reads) == (4, [])
        await time.pass_(0.02, rig.rest)
        assert (rig.levels()[ROW], len(reads)) == (3, 1)


class Held(Bazaar):
    """A shop whose polls are answered when it is told to."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(2, clock)
        self.answers = asyncio.Event()
        self.answers.set()

    async def changed(self, since_s: float) -> AsyncIterator[Page]:
        pages = [page async for page in super().changed(since_s)]
        await self.answers.wait()
        for page in pages:
            yield page


@pytest.mark.promise("K-2")
async def test_an_answer_that_a_later_question_overtook_replaces_nothing_that_this_found_as_it_was(
    tmp_path: Path,
) -> None:
    time = Timeline()
    shop, can = Held(lambda: time.wall), replace(BEATING, push=Push.IDS, beats=False, since=Since.SURE)
    async with fed(module(shop, can), Standing(shop), tmp_path, time.clocks, compare_s=3600.0, poll_s=5.0) as rig:
        await time.pass_(10.9, rig.rest)
        shop.edit(ROW, 9)
        await time.pass_(5.0, rig.rest)
        shop.rows[ROW][0] = 3
        shop.answers.clear()
        await time.pass_(5.0, rig.rest)
        shop.rows[ROW][0] = 9
        rig.source.pushes.add("1", Pushed(keys=(Key(*ROW),)))
        await time.pass_(1.0, rig.rest)
        shop.answers.set()
        await rig.rest()
        assert rig.levels()[ROW] == 9

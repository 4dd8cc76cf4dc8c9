"""What a channel says, by the clock: what vouches and what does not, what is cut, what is forgotten by a restart."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge.ports import StockReport, Taken, Way
from edge.stock.freshness import LIVE_S
from edge.stock.intake.skew import Skew
from edge.stock.intake.windows import BLIND_POLLS, SHOWN, SURE_POLLS
from edge.stock.system import Can, Key, Page, Push, Pushed, Since
from tests.stock.intake.bazaar import Bazaar, Standing, module
from tests.stock.intake.rig import BRISK, Rig, Timeline, fed

POLLED = Can(per_location=True, since=Since.SURE, revisions=True, step_ms=1000)
PUSHED = Can(Push.ABSOLUTE, per_location=True, revisions=True, step_ms=1000)
BEATING = replace(PUSHED, beats=True)
LABEL_S = 15.0
A = ("S000000", "ginza")


def age(rig: Rig, place: str = "ginza") -> float:
    """How old the channel's word is, infinite if nobody can tell."""
    found = rig.cache.age("shop", place, rig.intake.clocks.wall())
    return float("inf") if found is None else found


def shown(rig: Rig, row: tuple[str, str] = A) -> int | None:
    """The number that a screen may show as live, None where it has a label."""
    known = rig.cache.known(*row, rig.intake.clocks.wall())
    return known.level.available if known.level and known.age is not None and known.age <= LIVE_S else None


@pytest.mark.promise("K-1")
@pytest.mark.parametrize("cut", [{"polls"}, {"polls", "comparisons", "reads"}])
async def test_polls_that_are_cut_leave_no_number_without_its_label(tmp_path: Path, cut: set[str]) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    async with fed(module(bazaar, POLLED), Standing(bazaar), tmp_path, time.clocks, poll_s=5.0) as rig:
        await time.pass_(11.0, rig.rest)
        assert shown(rig) == 0
        bazaar.cut = cut
        bazaar.edit(A, 9)
        wrong, label = 0, 0.0
        for second in range(1, 41):
            await time.pass_(1.0, rig.rest)
            wrong += shown(rig) is not None and age(rig) > LIVE_S
            label = label or (second if shown(rig) is None else 0.0)
        assert (wrong, 0 < label <= LABEL_S) == (0, True)
        bazaar.cut = set()
        await time.pass_(61.0, rig.rest)
        assert shown(rig) == 9


@pytest.mark.promise("K-1")
async def test_webhooks_that_are_cut_leave_no_number_without_its_label(tmp_path: Path) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    async with fed(module(bazaar, BEATING), Standing(bazaar), tmp_path, time.clocks) as rig:
        await time.pass_(1.0, rig.rest)
        for beat in range(1, 8):
            rig.source.pushes.add(f"b{beat}", Pushed(stream="s", seq=beat, sent_s=time.wall))
            await time.pass_(5.0, rig.rest)
        assert shown(rig) == 0
        bazaar.edit(A, 9)
        label = 0.0
        for second in range(1, 31):
            await time.pass_(1.0, rig.rest)
            assert shown(rig) is None or age(rig) <= LIVE_S
            label = label or (second if shown(rig) is None else 0.0)
        assert 0 < label <= LABEL_S


async def test_a_webhook_that_merely_comes_vouches_for_its_own_row_alone(tmp_path: Path) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    async with fed(module(bazaar, PUSHED), Standing(bazaar), tmp_path, time.clocks, compare_s=3600.0) as rig:
        await time.pass_(60.0, rig.rest)
        rig.source.pushes.add("1", bazaar.edit(A, 9))
        await time.pass_(1.0, rig.rest)
        assert rig.levels()[A] == 9
        assert age(rig) > 60


async def test_a_beat_that_was_held_up_is_as_old_as_its_sending(tmp_path: Path) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    async with fed(module(bazaar, BEATING), Standing(bazaar), tmp_path, time.clocks) as rig:
        rig.source.pushes.add("1", Pushed(stream="s", seq=1, sent_s=time.wall))
        await time.pass_(60.0, rig.rest)
        rig.source.pushes.add("2", Pushed(stream="s", seq=2, sent_s=time.wall - 30))
        await time.pass_(1.0, rig.rest)
        assert age(rig) == pytest.approx(31.0)


@pytest.mark.promise("K-2")
async def test_a_missing_push_ends_the_vouching_until_all_was_compared(tmp_path: Path) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    async with fed(module(bazaar, BEATING), Standing(bazaar), tmp_path, time.clocks) as rig:
        rig.source.pushes.add("1", Pushed(stream="s", seq=1, sent_s=time.wall))
        await time.pass_(20.0, rig.rest)
        rounds = bazaar.rounds
        bazaar.edit(A, 9)
        rig.source.pushes.add("3", Pushed(stream="s", seq=3, sent_s=time.wall))
        await time.pass_(1.0, rig.rest)
        assert (age(rig) > 10, bazaar.rounds) == (True, rounds)
        await time.pass_(3.0, rig.rest)
        assert (rig.levels()[A], bazaar.rounds) == (9, rounds + 1)


@pytest.mark.promise("K-1")
async def test_a_shop_that_was_restored_shows_no_number_as_live_until_its_older_word_counts(tmp_path: Path) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    async with fed(module(bazaar, POLLED), Standing(bazaar), tmp_path, time.clocks) as rig:
        await time.pass_(20.0, rig.rest)
        backup = list(bazaar.rows[A])
        bazaar.edit(A, 9)
        await time.pass_(60.0, rig.rest)
        assert shown(rig) == 9
        bazaar.rows[A] = backup
        rig.source.compare()
        await time.pass_(2.0, rig.rest)
        rounds = bazaar.rounds
        assert (shown(rig), "backup" in str(rig.health.parts())) == (None, True)
        await time.pass_(500.0, rig.rest)
        assert (shown(rig), bazaar.rounds - rounds <= 101) == (None, True)
        await time.pass_(100.0, rig.rest)
        assert (shown(rig), "backup" in str(rig.health.parts())) == (0, False)
        rounds = bazaar.rounds
        await time.pass_(60.0, rig.rest)
        assert (shown(rig), bazaar.rounds) == (0, rounds)


@pytest.mark.promise("K-1")
async def test_a_poll_that_contradicts_what_is_known_has_everything_compared_at_once(tmp_path: Path) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    async with fed(module(bazaar, POLLED), Standing(bazaar), tmp_path, time.clocks, poll_s=5.0) as rig:
        bazaar.rows[A] = [9, int(time.wall) + 900]
        await time.pass_(60.0, rig.rest)
        bazaar.rows[A], rounds = [3, int(time.wall) + 10], bazaar.rounds
        await time.pass_(6.0, rig.rest)
        assert (shown(rig), bazaar.rounds > rounds, "backup" in str(rig.health.parts())) == (None, True, True)


@pytest.mark.parametrize(
    ("can", "looks", "shares"),
    [(POLLED, False, {SURE_POLLS, SHOWN}), (replace(POLLED, since=Since.BLIND), True, {BLIND_POLLS, SHOWN})],
    ids=["vouching", "blind"],
)
async def test_only_where_comparisons_alone_vouch_polls_yield_to_what_screens_show(
    tmp_path: Path, can: Can, looks: bool, shares: set[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    time, used = Timeline(), list[float]()

    def apart(_: float, share: float) -> float:
        used.append(share)
        return 5.0

    bazaar = Bazaar(2, lambda: time.wall)
    async with fed(module(bazaar, can), Standing(bazaar), tmp_path, time.clocks, compare_s=600.0) as rig:
        monkeypatch.setattr(rig.source._call, "apart_s", apart)
        rig.show(A[0])
        await time.pass_(30.0, rig.rest)
        bazaar.rows[A[0], "web"][0] = 77
        await time.pass_(30.0, rig.rest)
        assert (rig.levels()[A[0], "web"] == 77, set(used)) == (looks, shares)


async def test_ids_are_gathered_for_half_a_second_and_read_back_together(tmp_path: Path) -> None:
    time = Timeline()
    bazaar = Bazaar(4, lambda: time.wall)
    reads: list[int] = []
    read = bazaar.read

    async def counted(keys: list[Key]) -> object:
        reads.append(len(keys))
        return await read(keys)

    bazaar.read = counted  # type: ignore[method-assign, assignment]
    ids = replace(PUSHED, push=Push.IDS)
    async with fed(module(bazaar, ids), Standing(bazaar), tmp_path, time.clocks) as rig:
        await time.pass_(1.0, rig.rest)
        for number in (0, 1, 2, 1):
            row = (f"S{number:06}", "ginza")
            bazaar.edit(row, 9)
            rig.source.pushes.add(str(number), Pushed(keys=(Key(*row),)))
            await time.pass_(0.1, rig.rest)
        assert reads == []
        await time.pass_(0.5, rig.rest)
        assert reads == [3]
        assert rig.levels() == bazaar.truth()


async def test_a_pushed_figure_without_an_order_is_read_and_not_believed(tmp_path: Path) -> None:
    bazaar = Bazaar(2)
    unordered = replace(PUSHED, revisions=False)
    async with fed(module(bazaar, unordered), Standing(bazaar), tmp_path, BRISK) as rig:
        assert await rig.agrees()
        old = bazaar.edit(A, 2)
        bazaar.edit(A, 7)
        rig.source.pushes.add("late", old)
        assert await rig.until(lambda: rig.levels()[A] == 7)


async def test_what_was_taken_before_a_restart_is_read_after_it(tmp_path: Path) -> None:
    bazaar = Bazaar(2)
    async with fed(module(bazaar, PUSHED), Standing(bazaar), tmp_path, BRISK) as rig:
        assert await rig.agrees()
        pushed = bazaar.edit(A, 7)
        assert await rig.intake.inbox.take("shop", "1", pushed)
    bazaar.open_.clear()
    async with fed(module(bazaar, PUSHED), Standing(bazaar), tmp_path, BRISK) as rig:
        assert await rig.until(lambda: rig.levels().get(A) == 7)
        assert await rig.until(rig.source.pushes.idle)
        assert await rig.intake.inbox.owed("shop") == []


async def test_a_shop_that_says_it_has_nothing_empties_no_screen(tmp_path: Path) -> None:
    bazaar = Bazaar(2)
    async with fed(module(bazaar, PUSHED), Standing(bazaar), tmp_path, BRISK, compare_s=0.05) as rig:
        assert await rig.agrees()
        bazaar.names = []
        assert await rig.until(lambda: any("nothing at all" in part.detail for part in rig.health.parts()))
        assert rig.levels() == bazaar.truth()


@pytest.mark.promise("K-1")
async def test_a_place_of_which_a_system_has_no_row_is_not_told_as_empty(tmp_path: Path) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    places = {"1": "ginza", "0077": "shinjuku"}
    polled = replace(POLLED, per_location=True)
    async with fed(
        module(bazaar, polled), Standing(bazaar), tmp_path, time.clocks, poll_s=5.0, locations=places
    ) as rig:
        await time.pass_(61.0, rig.rest)
        assert shown(rig) == 0
        assert age(rig, "shinjuku") == float("inf")
        assert any("no row of place 0077 (shinjuku)" in part.detail for part in rig.health.parts())


class Faulty(Bazaar):
    """Its adapter has a fault of its own."""

    def changed(self, since_s: float) -> AsyncIterator[Page]:
        raise KeyError("a fault")


async def test_a_fault_of_an_adapter_ends_its_source_and_is_not_hidden(tmp_path: Path) -> None:
    bazaar = Faulty(2)
    async with fed(module(bazaar, POLLED), Standing(bazaar), tmp_path, BRISK) as rig:
        assert await rig.until(rig.feeding.done)
        assert isinstance(rig.feeding.exception(), KeyError)


async def test_a_disk_that_refuses_once_loses_nothing_that_is_to_be_read(tmp_path: Path) -> None:
    bazaar = Bazaar(2)
    ids = replace(PUSHED, push=Push.IDS)
    async with fed(module(bazaar, ids), Standing(bazaar), tmp_path, BRISK) as rig:
        assert await rig.agrees()
        apply, refused = rig.cache.apply, list[StockReport]()

        async def full(channel: str, report: StockReport, now_s: float) -> Taken:
            if not refused and not report.whole:
                refused.append(report)
                raise sqlite3.OperationalError("database or disk is full")
            return await apply(channel, report, now_s)

        rig.cache.apply = full  # type: ignore[method-assign]
        bazaar.edit(A, 7)
        bazaar.open_.clear()
        rig.source.pushes.add("1", Pushed(keys=(Key(*A),)))
        assert await rig.until(lambda: rig.levels()[A] == 7 and rig.source.pushes.idle())
        assert len(refused) == 1


@pytest.mark.promise("K-1")
async def test_a_word_that_waited_for_the_disk_is_as_much_older(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    async with fed(module(bazaar, PUSHED), Standing(bazaar), tmp_path, time.clocks, compare_s=3600.0) as rig:
        await time.pass_(20.0, rig.rest)
        take = rig.cache.apply

        async def slow(channel: str, report: StockReport, now_s: float) -> Taken:
            await time.clocks.sleep(9.0 if report.way is Way.PUSH else 0.0)
            return await take(channel, report, time.wall)

        monkeypatch.setattr(rig.cache, "apply", slow)
        rig.source.pushes.add("1", bazaar.edit(A, 9))
        await time.pass_(1.0, rig.rest)
        waits = asyncio.create_task(rig.source._say(StockReport(frozenset({"ginza"}), (), whole=False)))
        await time.pass_(8.0, rig.rest)
        assert waits.done()
        assert age(rig) == pytest.approx(8.0)


@pytest.mark.promise("K-1")
async def test_a_beat_of_a_shop_whose_clock_is_ahead_is_no_younger_for_it(tmp_path: Path) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    async with fed(module(bazaar, BEATING), Standing(bazaar), tmp_path, time.clocks) as rig:
        rig.source._call.skew = Skew(40.0, 40.0)
        rig.source.pushes.add("1", Pushed(stream="s", seq=1, sent_s=time.wall + 40))
        await time.pass_(60.0, rig.rest)
        rig.source.pushes.add("2", Pushed(stream="s", seq=2, sent_s=time.wall + 40 - 30))
        await time.pass_(1.0, rig.rest)
        assert age(rig) >= 31.0


@pytest.mark.promise("K-1")
@pytest.mark.parametrize(
    ("skew", "held_up"), [(None, 0.0), (Skew(-3600.0, -3600.0), 0.0), (Skew(-600.0, -600.0), 590.0)]
)
async def test_a_beat_whose_age_nobody_can_tell_vouches_for_nothing(
    tmp_path: Path, skew: Skew | None, held_up: float
) -> None:
    time = Timeline()
    bazaar = Bazaar(2, lambda: time.wall)
    async with fed(module(bazaar, BEATING), Standing(bazaar), tmp_path, time.clocks) as rig:
        rig.source.pushes.add("1", Pushed(stream="s", seq=1, sent_s=time.wall))
        await time.pass_(60.0, rig.rest)
        rig.source._call.skew = skew
        rig.source.pushes.add("2", Pushed(stream="s", seq=2, sent_s=time.wall - held_up))
        await time.pass_(1.0, rig.rest)
        assert age(rig) >= 60
        assert any("Date" in part.detail for part in rig.health.parts())


@pytest.mark.promise("K-2")
async def test_a_clock_that_is_set_between_two_polls_hides_no_change(tmp_path: Path) -> None:
    time = Timeline()
    theirs = time.start_s
    bazaar = Bazaar(2, lambda: theirs + time.now)
    time.start_s += 3600.0
    async with fed(module(bazaar, POLLED), Standing(bazaar), tmp_path, time.clocks, poll_s=5.0) as rig:
        rig.source._call.skew = Skew(-3600.0, -3600.0)
        await time.pass_(21.0, rig.rest)
        bazaar.edit(A, 9)
        time.start_s, rig.source._call.skew = theirs, Skew(0.0, 0.0)
        await time.pass_(6.0, rig.rest)
        assert rig.levels()[A] == 9

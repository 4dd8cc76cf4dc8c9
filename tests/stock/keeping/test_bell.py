"""The staff's side of a kiosk: calls and wishes in memory and in a file, for the shop's day, and nobody's name."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from content.model import Call, CallState
from edge.db import Act, Done, database
from edge.stock.keeping.bell import HEEDED_S, JOINS_S, Bell, bell
from edge.stock.keeping.calls import FILE, MOST, began, migrate
from edge.stock.keeping.desk import Patience
from edge.stock.system import Keeping, Kept
from tests.stock.keeping.till import PLACE, SKU, desk

ZONE = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 11, 20, 12, tzinfo=ZONE).timestamp()


@dataclass
class Clock:
    wall: float = NOON
    mono: float = 50.0
    said: list[str] = field(default_factory=list)
    crowd: list[str] = field(default_factory=list)


@asynccontextmanager
async def opened(folder: Path, clock: Clock) -> AsyncIterator[Bell]:
    async with (
        database(folder / FILE, migrate) as db,
        bell(
            db, ZONE, ["ginza"], clock.said.append, lambda: clock.wall, lambda: clock.mono, clock.crowd.append
        ) as made,
    ):
        yield made


@asynccontextmanager
async def rung(folder: Path) -> AsyncIterator[tuple[Bell, Clock]]:
    clock = Clock()
    async with opened(folder, clock) as made:
        yield made, clock


async def test_a_row_in_a_state_that_only_a_later_version_knows_keeps_no_store_from_opening(tmp_path: Path) -> None:
    async with rung(tmp_path) as (made, _):
        made.ring("kiosk-1", "LN-1")
        made.ring("kiosk-1", "LN-2")
        await made._db.write(lambda db: db.execute("UPDATE staff_call SET state = 'later' WHERE sku = 'LN-1'"))
    async with rung(tmp_path) as (made, clock):
        assert [call.sku for call in made.today()] == ["LN-2"]
        assert clock.said == []


async def test_a_call_waits_until_staff_settle_it_and_again_when_they_take_that_back(tmp_path: Path) -> None:
    async with rung(tmp_path) as (made, _):
        key = made.ring("kiosk-1", "LN-1")
        assert [(call.waits, call.screen, call.sku) for call in made.today()] == [(True, "kiosk-1", "LN-1")]
        made.settle(key, True)
        assert (made.answered(key), made.today()[0].waits) == (True, False)
        made.settle(key, False)
        assert (made.answered(key), made.today()[0].waits) == (False, True)
        made.settle("gone", True)


async def test_whoever_rings_again_there_joins_who_waits_and_after_an_answer_it_is_a_new_call(tmp_path: Path) -> None:
    async with rung(tmp_path) as (made, _):
        first = made.ring("kiosk-1", "LN-1")
        assert made.ring("kiosk-1", "LN-1") == first
        assert len({first, made.ring("kiosk-2", "LN-1"), made.ring("kiosk-1", "CU-1")}) == 3
        made.settle(first, True)
        assert made.ring("kiosk-1", "LN-1") != first


@pytest.mark.parametrize("later_s", [JOINS_S, 20 * 3600, -3600.0])
async def test_what_was_forgotten_swallows_no_later_call(tmp_path: Path, later_s: float) -> None:
    async with rung(tmp_path) as (made, clock):
        first = made.ring("kiosk-1", "LN-1")
        clock.wall += later_s
        second = made.ring("kiosk-1", "LN-1")
        assert second != first
        assert (second in {call.key for call in made.today()}, made.ring("kiosk-1", "LN-1")) == (True, second)


async def test_a_call_after_the_clock_was_set_back_is_the_newest_all_the_same(tmp_path: Path) -> None:
    async with rung(tmp_path) as (made, clock):
        made.ring("kiosk-1", "LN-1")
        clock.wall -= 3600
        made.ring("kiosk-1", "LN-2")
        made.sweep()
        assert [call.sku for call in made.today()] == ["LN-2", "LN-1"]


async def test_of_two_who_press_the_first_counts(tmp_path: Path) -> None:
    async with rung(tmp_path) as (made, clock):
        key = made.ring("kiosk-1", "LN-1")
        made.settle(key, True)
        clock.wall += 60
        made.settle(key, True)
        assert made.today()[0].settled_s == NOON


async def test_a_call_is_offered_only_while_a_page_would_show_it(tmp_path: Path) -> None:
    async with rung(tmp_path) as (made, clock):
        assert not made.heeded()
        made.heed()
        assert made.heeded()
        clock.mono += HEEDED_S
        assert not made.heeded()


async def test_a_restart_forgets_no_call_and_an_answer_that_nobody_awaits_is_unknown(tmp_path: Path) -> None:
    async with rung(tmp_path) as (made, clock):
        made.ring("kiosk-1", "LN-1")
        clock.wall += 1
        made.wish("kiosk-1", "LN-2", "ginza")(Kept(Keeping.CONFIRMED, "A-017", NOON + 7200))
        clock.wall += 1
        made.wish("kiosk-1", "LN-3", "harajuku")
        before = made.today()
    async with opened(tmp_path, clock) as again:
        states = [(call.state, call.slip, call.elsewhere, call.waits) for call in again.today()]
        assert again.today()[1:] == before[1:]
    assert states == [
        (CallState.UNKNOWN, "", "harajuku", False),
        (CallState.CONFIRMED, "A-017", "", True),
        (CallState.CALLING, "", "", True),
    ]


@pytest.mark.parametrize(
    ("said", "state"),
    [(Keeping.CONFIRMED, "confirmed"), (Keeping.DECLINED, "declined"), (Keeping.UNKNOWN, "unknown")],
)
async def test_staff_read_what_became_of_a_wish(tmp_path: Path, said: Keeping, state: str) -> None:
    async with rung(tmp_path) as (made, _):
        hear = made.wish("kiosk-1", "LN-1", "ginza")
        assert made.today()[0].state == "pending"
        hear(Kept(said))
        version = made.version
        hear(Kept(said))
        assert (made.today()[0].state, made.version) == (state, version)


class Silent:
    """A keeper that never answers."""

    def places(self) -> list[str]:
        return [PLACE]

    async def reserve(self, _: object) -> Kept:
        await asyncio.Event().wait()
        raise AssertionError

    reserved = reserve


async def test_a_wish_that_is_given_up_is_unknown_to_staff_and_one_that_nobody_keeps_refused() -> None:
    heard: list[Kept] = []
    silent = desk(Silent(), Patience(wait_s=60.0))
    words = silent.keep(SKU, PLACE, heard.append)
    await anext(words)
    waiting = asyncio.ensure_future(anext(words))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert [word async for word in desk().keep(SKU, PLACE, heard.append)][-1].state == "declined"
    assert [each.state for each in heard] == [Keeping.UNKNOWN, Keeping.DECLINED]


async def test_the_shops_day_ends_at_four_and_a_day_later_its_rows_are_gone(tmp_path: Path) -> None:
    async with rung(tmp_path) as (made, clock):
        made.ring("kiosk-1", "LN-1")
        made.wish("kiosk-1", "LN-2", "ginza")(Kept(Keeping.CONFIRMED, "A-1", NOON + 86_400))
        clock.wall = datetime(2026, 11, 21, 3, 59, tzinfo=ZONE).timestamp()
        assert len(made.today()) == 2
        clock.wall += 60
        assert [call.slip for call in made.today()] == ["A-1"]
        made.sweep()
        assert await rows(made) == 2
        clock.wall += 86_400
        made.sweep()
        assert await rows(made) == 0
        assert made.today() == ()


async def rows(made: Bell) -> int:
    """How many the file has, once all that was sent there is."""
    return int(await made._db.read(lambda db: db.execute("SELECT count(*) FROM staff_call").fetchone()[0]))


async def test_a_child_at_a_kiosk_fills_no_disk(tmp_path: Path) -> None:
    async with rung(tmp_path) as (made, clock):
        for number in range(MOST + 5):
            clock.wall += 0.001
            made.settle(made.ring("kiosk-1", f"sku-{number}"), True)
        made.sweep()
        assert (len(made.today()), await rows(made)) == (MOST, MOST)
        assert (made.today()[0].sku, made.today()[-1].sku) == (f"sku-{MOST + 4}", "sku-5")
        before = made.today()
    async with opened(tmp_path, clock) as again:
        assert again.today() == before


async def test_of_too_many_what_is_done_goes_before_what_waits(tmp_path: Path) -> None:
    async with rung(tmp_path) as (made, clock):
        waits = [made.ring("kiosk-1", f"sku-{number}") for number in range(3)]
        for number in range(3, MOST + 5):
            clock.wall += 0.001
            made.settle(made.ring("kiosk-1", f"sku-{number}"), True)
        made.sweep()
        assert (len(made.today()), await rows(made)) == (MOST, MOST)
        assert [call.key for call in made.today() if call.waits] == waits[::-1]
        assert made.today()[-4].sku == "sku-8"


def crowded(made: Bell) -> list[str]:
    """So many calls that all places are taken, under a page that would show them; their keys."""
    made.heed()
    return [made.ring("kiosk-1", f"sku-{number}") for number in range(MOST)]


async def test_where_all_places_are_taken_by_who_waits_nobody_more_is_called_and_both_are_told(tmp_path: Path) -> None:
    async with rung(tmp_path) as (made, clock):
        keys = crowded(made)
        assert (made.heeded(), made.full(), len(clock.crowd)) == (False, True, 1)
        made.settle(keys[7], True)
        assert (made.heeded(), made.full(), clock.crowd[1:]) == (True, False, [""])
        made.sweep()
        assert (await rows(made), clock.crowd[1:]) == (MOST, [""])


async def test_a_unit_that_is_kept_finds_room_where_none_is(tmp_path: Path) -> None:
    async with rung(tmp_path) as (made, _):
        hear = made.wish("kiosk-1", "LN-1", "ginza")
        crowded(made)
        made.sweep()
        assert "LN-1" not in {call.sku for call in made.today()}
        hear(Kept(Keeping.CONFIRMED, "A-017", NOON + 7200))
        made.sweep()
        assert (made.today()[0].slip, made.today()[0].waits, len(made.today())) == ("A-017", True, MOST + 1)
        assert await rows(made) == MOST + 1


async def test_who_waited_yesterday_takes_nobodys_place_today(tmp_path: Path) -> None:
    async with rung(tmp_path) as (made, clock):
        crowded(made)
        clock.wall, clock.mono = clock.wall + 86_400, clock.mono + 86_400
        made.sweep()
        assert clock.crowd[1:] == [""]
        made.heed()
        made.ring("kiosk-1", "LN-1")
        made.sweep()
        assert (made.heeded(), [call.sku for call in made.today()], clock.crowd[-1]) == (True, ["LN-1"], "")


async def test_a_unit_kept_for_days_stays_as_long_as_it_is_kept(tmp_path: Path) -> None:
    async with rung(tmp_path) as (made, clock):
        made.wish("kiosk-1", "LN-1", "ginza")(Kept(Keeping.CONFIRMED, "A-1", NOON + 4 * 86_400))
        clock.wall += 3 * 86_400
        made.sweep()
        assert ([call.slip for call in made.today()], await rows(made)) == (["A-1"], 1)
        clock.wall += 86_400
        made.sweep()
        assert (made.today(), await rows(made)) == ((), 0)


@pytest.mark.promise("X-1")
async def test_a_full_disk_loses_no_call_of_today_and_gets_it_once_there_is_room(tmp_path: Path) -> None:
    async with rung(tmp_path) as (made, clock):
        pages = await made._db.read(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
        await made._db.read(lambda db: db.execute(f"PRAGMA max_page_count={pages}"))
        keys = [made.ring("kiosk-1", f"{number}-" + "x" * 4000) for number in range(3)]
        assert (await rows(made) < 3, len(made.today()), clock.said[-1]) == (True, 3, "the disk is full")
        await made._db.read(lambda db: db.execute("PRAGMA max_page_count=4294967294"))
        made.settle(keys[0], True)
        await rows(made)
        assert (await rows(made), clock.said[-1]) == (3, "")


async def test_what_a_full_disk_missed_is_sent_once_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with rung(tmp_path) as (made, clock):
        sent: list[Done] = []
        monkeypatch.setattr(made._db, "post", lambda _, done: sent.append(done))
        for number in range(20):
            made.ring("kiosk-1", f"LN-{number}")
        while sent:
            sent.pop(0)(None, OSError(errno.ENOSPC, "no room"))
        made.ring("kiosk-1", "LN-20")
        heard = 0
        while sent:
            sent.pop(0)(None, None)
            heard += 1
        assert (heard, clock.said[-1]) == (21, "")


async def test_a_row_that_alone_is_refused_is_tried_again_with_each_other_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with rung(tmp_path) as (made, clock):
        posted: list[Act] = []
        post = made._db.post

        def noted(act: Act, done: Done) -> None:
            posted.append(act)
            post(act, done)

        monkeypatch.setattr(made._db, "post", noted)
        made.ring("half a character \ud800", "LN-1")
        for number in range(3):
            made.ring("kiosk-1", f"LN-{number}")
        for _ in range(20):
            assert await rows(made) <= 3
        assert (len(posted) <= 8, clock.said[-1]) == (True, "UnicodeEncodeError")


async def test_the_file_has_no_room_for_a_person(tmp_path: Path) -> None:
    async with rung(tmp_path) as (made, _):
        made.ring("kiosk-1", "LN-1")
    with sqlite3.connect(tmp_path / FILE) as db:
        columns = {row[1] for row in db.execute("PRAGMA table_info(staff_call)")}
    db.close()
    assert columns == set(Call.__slots__)


async def test_who_follows_hears_of_each_change(tmp_path: Path) -> None:
    async with rung(tmp_path) as (made, _):
        changes = made.changes()
        await anext(changes)
        following = asyncio.ensure_future(anext(changes))
        await asyncio.sleep(0)
        version = made.version
        made.ring("kiosk-1", "LN-1")
        await following
        assert made.version > version
        await changes.aclose()  # type: ignore[attr-defined]


async def test_a_change_before_anybody_followed_is_heard_at_once_and_one_between_two_words_is_too(
    tmp_path: Path,
) -> None:
    async with rung(tmp_path) as (made, _):
        changes = made.changes()
        made.ring("kiosk-1", "LN-1")
        async with asyncio.timeout(60):
            await anext(changes)
            made.ring("kiosk-1", "LN-2")
            await anext(changes)
        await changes.aclose()  # type: ignore[attr-defined]


def test_a_day_of_25_hours_is_one_day() -> None:
    zone = ZoneInfo("Europe/Berlin")
    late = datetime(2026, 10, 25, 23, tzinfo=zone)
    assert datetime.fromtimestamp(began(late), zone).hour == 4
    assert began(late) - began(late, 1) == 25 * 3600

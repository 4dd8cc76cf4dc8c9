"""The parts that hubs of a group share, each by itself: budgets, and what a lease is worth."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge.config import BadConfig, Postgres, StockChannel, read_hub
from edge.health import Health
from edge.ports import StockAway
from edge.stock.group import doubts
from edge.stock.group.doubts import GroupDoubts
from edge.stock.group.inbox import read, written
from edge.stock.group.leases import Leases
from edge.stock.group.ledger import GroupLedger
from edge.stock.group.running import need_shared
from edge.stock.group.server import Server
from edge.stock.intake.clocks import Clocks
from edge.stock.intake.doubts import Told
from edge.stock.intake.windows import Urgency, Windows
from edge.stock.line import following
from edge.stock.line.beat import Beat, Word
from edge.stock.line.following import Place, Step
from edge.stock.shelves.figures import level
from edge.stock.system import Budget, Key, Pushed
from tests.stock.group.conftest import until

if TYPE_CHECKING:
    from tests.contacts.postgres import Postgres as Started


@asynccontextmanager
async def reached(settings: Postgres, folder: Path, *names: str) -> AsyncIterator[list[Server]]:
    """The database as so many hubs reach it."""
    servers = [Server(settings, folder, name, Health()) for name in names]
    tasks = [asyncio.create_task(server.run()) for server in servers]
    try:
        for server in servers:
            await server.session()
        yield servers
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in servers:
            await server.close()


def ledger(server: Server, calls: float = 10) -> GroupLedger:
    return GroupLedger(server, "contract", Windows([Budget(calls, 3600.0)]), Clocks(), None)


async def made(books: list[GroupLedger], each: int, gone: list[int]) -> None:
    """So many calls by each hub at once, of which those that may go are counted."""

    async def call(book: GroupLedger) -> None:
        async with book.call(1, Urgency.RESERVE, 5.0):
            gone.append(1)

    tasks = [asyncio.create_task(call(book)) for book in books for _ in range(each)]
    done, waiting = await asyncio.wait(tasks, timeout=0.5)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert not [task for task in done if task.exception()]


@pytest.mark.promise("K-4")
async def test_hubs_that_call_at_once_and_one_that_comes_later_keep_one_budget(server: Started, tmp_path: Path) -> None:
    gone: list[int] = []
    settings = server.settings()
    async with reached(settings, tmp_path, "one", "two") as (one, two):
        await made([ledger(one), ledger(two)], 3, gone)
        assert len(gone) == 6
        await made([ledger(one), ledger(two)], 20, gone)
        assert len(gone) == 10
    async with reached(settings, tmp_path, "three") as (three,):
        await made([ledger(three)], 3, gone)
        assert len(gone) == 10


@pytest.mark.promise("K-4")
async def test_a_rest_that_a_system_asked_for_holds_for_every_hub(server: Started, tmp_path: Path) -> None:
    async with reached(server.settings(), tmp_path, "one", "two") as (one, two):
        gone: list[int] = []
        first = ledger(one)
        first.hold(600.0)
        await asyncio.gather(*first._tasks)
        await made([ledger(two)], 1, gone)
        assert gone == []


@pytest.mark.promise("K-4")
async def test_a_hub_whose_session_the_server_ended_makes_no_call(
    server: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with reached(server.settings(), tmp_path, "one", "two") as (one, two):
        session, book = await one.session(), ledger(one)
        lost = session.lost.is_set
        monkeypatch.setattr(session.lost, "is_set", lambda: False)  # it was asleep and has not noticed
        async with two.transaction() as db:
            await db.execute("SELECT pg_terminate_backend($1)", session.pid)
        assert await until(lost)
        one._session = session
        with pytest.raises(StockAway, match="session"):
            async with book.call(1, Urgency.READ, 5.0):
                pass


async def test_a_lease_goes_from_hub_to_hub_and_its_term_grows(server: Started, tmp_path: Path) -> None:
    async with reached(server.settings(), tmp_path, "one", "two") as (one, two):
        async with Leases(one).holding("pos") as first:
            waiting = asyncio.create_task(_term(Leases(two)))
            async with one.transaction() as db:
                await first.need(db)
            assert not waiting.done()
        assert await waiting == first.term + 1
        async with one.transaction() as db:
            with pytest.raises(StockAway, match="another hub"):
                await first.need(db)


async def test_a_doubt_is_written_by_the_hub_that_reads_alone(server: Started, tmp_path: Path) -> None:
    async with reached(server.settings(), tmp_path, "one", "two") as (one, two):
        held, other = Leases(one), Leases(two)
        mine, theirs = (GroupDoubts(Health(), at, of) for at, of in ((one, held), (two, other)))
        async with held.holding("pos"):
            mine.note("pos", Told.PUSHES, 0.0)
            await mine.share()
            with pytest.raises(StockAway, match="another hub"):
                await theirs.drop("pos", Told.PUSHES)
        assert [await theirs.known("pos", told, 90.0) for told in Told] == [None, pytest.approx(90.0, abs=60.0)]
        async with other.holding("pos"):
            await theirs.drop("pos", Told.PUSHES)
        assert await mine.known("pos", Told.PUSHES, 90.0) is None


async def test_a_doubt_is_as_old_at_the_hub_that_takes_over_and_outlives_who_was_cut_off(
    server: Started, tmp_path: Path
) -> None:
    async with reached(server.settings(), tmp_path, "one", "two") as (one, two):
        held = Leases(one)
        doubts = GroupDoubts(Health(), one, held)
        async with held.holding("pos"):
            doubts.note("pos", Told.PUSHES, 0.0)
            await doubts.share()
            async with two.transaction() as db:
                await db.execute("UPDATE stock_doubt SET at = at - interval '3000 s'")
                await db.execute("UPDATE stock_channel SET term = term + 1")
            with pytest.raises(StockAway, match="another hub"):
                await doubts.drop("pos", Told.PUSHES)
        known = await GroupDoubts(Health(), two, Leases(two)).known("pos", Told.PUSHES, 9000.0)
        assert known == pytest.approx(6000.0, abs=600.0)


async def test_what_the_reading_hub_finds_out_the_others_know_until_it_is_believed_again(
    server: Started, tmp_path: Path
) -> None:
    async with reached(server.settings(), tmp_path, "one", "two") as (one, two):
        held = Leases(one)
        mine, theirs, heard = GroupDoubts(Health(), one, held), GroupDoubts(Health(), two, Leases(two)), asyncio.Event()
        runs = [asyncio.create_task(doubts.run(heard.set)) for doubts in (mine, theirs)]
        async with held.holding("pos"):
            mine.note("pos", Told.SINCE, 0.0)
            assert await until(lambda: theirs.doubted("pos", Told.SINCE) and heard.is_set())
            assert not theirs.doubted("pos", Told.PUSHES)
            await mine.drop("pos", Told.SINCE)
            assert await until(lambda: not theirs.doubted("pos", Told.SINCE))
        for run in runs:
            run.cancel()
        await asyncio.gather(*runs, return_exceptions=True)


class Tried(GroupDoubts):
    """Counts how often it was tried to share."""

    tries = 0

    async def share(self) -> None:
        self.tries += 1
        await super().share()


async def test_a_doubt_that_the_database_would_not_take_is_told_once_it_does(
    server: Started, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doubts, "EVERY_S", 0.05)
    async with reached(server.settings(), tmp_path, "one", "two") as (one, two):
        held = Leases(one)
        mine, theirs = Tried(Health(), one, held), GroupDoubts(Health(), two, Leases(two))
        async with held.holding("pos"):
            async with two.transaction() as db:
                await db.execute("ALTER TABLE stock_doubt RENAME TO gone")
            mine.note("pos", Told.PUSHES, 0.0)
            running = asyncio.create_task(mine.run(lambda: None))
            assert await until(lambda: mine.tries > 1)
            assert (mine.doubted("pos", Told.PUSHES), await mine.known("pos", Told.PUSHES, 7.0)) == (True, 7.0)
            async with two.transaction() as db:
                await db.execute("ALTER TABLE gone RENAME TO stock_doubt")
            assert await until(lambda: _shares(theirs, Told.PUSHES))
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_what_a_hub_found_out_and_could_not_write_goes_with_its_lease(server: Started, tmp_path: Path) -> None:
    async with reached(server.settings(), tmp_path, "one") as (one,):
        mine = GroupDoubts(Health(), one, Leases(one))
        mine.note("pos", Told.SINCE, 0.0)
        await mine.share()
        assert (mine.doubted("pos", Told.SINCE), await mine.known("pos", Told.SINCE, 7.0)) == (False, None)


async def test_a_hub_that_takes_over_knows_what_was_believed_again_without_having_heard_it(
    server: Started, tmp_path: Path
) -> None:
    async with reached(server.settings(), tmp_path, "one", "two") as (one, two):
        held, other = Leases(one), Leases(two)
        mine, theirs = GroupDoubts(Health(), one, held), GroupDoubts(Health(), two, other)
        async with held.holding("pos"):
            mine.note("pos", Told.PUSHES, 0.0)
            await mine.share()
            await theirs.share()
            await mine.drop("pos", Told.PUSHES)
        assert theirs.doubted("pos", Told.PUSHES)
        async with other.holding("pos"):
            assert await theirs.known("pos", Told.PUSHES, 7.0) is None
            assert not theirs.doubted("pos", Told.PUSHES)


async def _shares(at: GroupDoubts, told: Told) -> bool:
    await at.share()
    return at.doubted("pos", told)


async def _term(leases: Leases) -> int:
    async with leases.holding("pos") as lease:
        return lease.term


def test_a_delivery_is_handed_on_as_it_came() -> None:
    row = level("A-1", "ginza", (3, None, 0, 1, 0, "", 2, "2026-12-01", 0.5), 17)
    pushed = Pushed("", (row,), (("A-2", "ginza"),), (Key("7", "1"),), True, "core-1", 4, 1_795_000_000.5)
    assert read(written(pushed)) == pushed


@pytest.mark.parametrize(("other", "step"), [("a" * 16 + "2" * 16, Step.LEAVE), ("b" * 32, Step.COMPARE)])
def test_a_hub_of_the_group_that_knows_less_is_late_and_any_other_forgot(other: str, step: Step) -> None:
    place = Place(7, 9, "a" * 16 + "1" * 16)
    assert following.beat(place, Beat(7, 8, Word(other, 0)))[0] is step


@pytest.mark.parametrize(("adapter", "more"), [("base", {"redirect_url": "https://shop.example/back"}), ("eccube", {})])
def test_a_refresh_token_that_each_hub_would_keep_for_itself_is_refused(adapter: str, more: dict[str, str]) -> None:
    def told(file: str) -> StockChannel:
        files = {"token_file": "app.client", "refresh_file": file, "url": "https://shop.example"}
        return StockChannel(id="web", adapter=adapter, settings=files | more | {"locations": {"*": "online"}})

    need_shared([told("/srv/shared/app.refresh")])
    with pytest.raises(BadConfig, match="stock.web: refresh_file .* whole path"):
        need_shared([told("app.refresh")])


@pytest.mark.parametrize(
    ("text", "needed"),
    [('[hub]\ngroup = "tokyo"\n', "add \\[stock_shared\\]"), ("[stock_shared]\n", "set hub.group")],
)
def test_hubs_that_could_not_agree_on_their_stock_do_not_start(tmp_path: Path, text: str, needed: str) -> None:
    stock = '[upstream]\nadapter = "mqtt"\n[[stock]]\nid = "pos"\nadapter = "csv"\nsettings = { path = "stock.csv" }\n'
    (tmp_path / "hub.toml").write_text(text + stock)
    with pytest.raises(BadConfig, match=needed):
        read_hub(tmp_path)

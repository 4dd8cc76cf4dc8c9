"""The hub's end: what it publishes beside contacts, and what it answers."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientSession

from edge.health import Health, State
from edge.ports import LinkLost, Message
from edge.stock.line import counter, flight, press, rows, topics
from edge.stock.line.counter import MOST_CHANGES
from edge.stock.line.ear import Ear
from edge.stock.line.flight import ALOFT, Flight
from edge.stock.line.press import Press
from tests.stock.line.conftest import Broker, Wire, Wired, told

CHANGES = topics.changes("ginza", "pos")


@dataclass
class Slow(Broker):
    """A Link that answers when it is told to."""

    ear: Ear = field(default_factory=lambda: Ear(()))
    answers: list[asyncio.Future[int]] = field(default_factory=list)

    async def publish(self, message: Message) -> int:
        self.sent.append(message)
        self.answers.append(asyncio.get_running_loop().create_future())
        return await self.answers[-1]

    def answer_all(self) -> None:
        for each in self.answers:
            if not each.done():
                each.set_result(self.code)

    def lose(self) -> None:
        for each in self.answers:
            if not each.done():
                each.set_exception(LinkLost("cut"))


async def turned(wire: Wire, link: Slow) -> Flight:
    """A turn of the press over a link that answers at once."""
    aloft = Flight(link)
    await told()
    task = asyncio.create_task(wire.press.turn(aloft))
    while not task.done() or aloft.busy():
        await asyncio.sleep(0)
        link.answer_all()
    with suppress(flight.Refused, LinkLost):
        task.result()
    return aloft


async def test_no_more_than_a_few_messages_are_on_their_way_at_a_time(wired: Wired) -> None:
    async with wired() as wire:
        await turned(wire, Slow())
        await wire.says(**{f"S{number}": number for number in range(press.MOST_ROWS // 5)})
        link = Slow()
        task = asyncio.create_task(wire.press.turn(Flight(link)))
        while len(link.sent) < ALOFT:
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        assert len(link.sent) == ALOFT < link.window
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_shelf_that_moved_often_before_its_turn_is_sent_once_by_its_latest_figures(wired: Wired) -> None:
    async with wired() as wire:
        await turned(wire, Slow())
        for count in range(50):
            await wire.sells("A", count)
        await turned(wire, link := Slow())
        sent = [rows.parse(message.payload, "ginza") for message in link.sent if message.topic == CHANGES]
        assert [(level.sku, level.available) for note in sent for level in note.levels] == [("A", 49)]


async def test_what_was_on_its_way_when_a_connection_ended_is_told_again(wired: Wired) -> None:
    async with wired() as wire:
        await turned(wire, Slow())
        await wire.sells("A", 1)
        link = Slow()
        lost = Flight(link)
        task = asyncio.create_task(wire.press.carry(link))
        while not link.sent:
            await asyncio.sleep(0)
        link.lose()
        with pytest.raises(LinkLost):
            await task
        await turned(wire, again := Slow())
        sent = [rows.parse(message.payload, "ginza") for message in again.sent if message.topic == CHANGES]
        assert [(note.after, level.available) for note in sent for level in note.levels] == [(1, 1)]
        assert lost.sent == 0


async def test_a_broker_that_refuses_stock_is_left_alone_and_health_says_what_to_do(wired: Wired) -> None:
    async with wired() as wire:
        health, link = Health(), Slow(code=0x87)
        refused = Press(wire.press.speaker, health)
        task = asyncio.create_task(refused.carry(link))
        while not health.parts():
            await asyncio.sleep(0)
            link.answer_all()
        sent = len(link.sent)
        await asyncio.sleep(0.01)
        (part,) = health.parts()
        assert (part.state, "d/v1/#" in part.todo, len(link.sent)) == (State.DOWN, True, sent)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_broker_that_hangs_up_over_stock_three_times_is_left_alone(wired: Wired) -> None:
    async with wired() as wire:
        health = Health()
        hung = Press(wire.press.speaker, health)
        for _ in range(press.TRIES):
            assert health.parts() == []
            link = Slow()
            task = asyncio.create_task(hung.carry(link))
            while not link.sent:
                await asyncio.sleep(0)
            link.lose()
            with pytest.raises(LinkLost):
                await task
        assert [part.state for part in health.parts()] == [State.DOWN]


@pytest.fixture
async def asked(wired: Wired) -> AsyncIterator[Any]:
    """Asks the hub of a wire; the answer's status, headers and body as they came."""
    async with wired() as wire, ClientSession(auto_decompress=False) as client:
        url = wire.asker._settings.url.rstrip("/")

        async def ask(path: str, token: str = "t0ken", **headers: str) -> tuple[int, Any, bytes]:
            given = {"Authorization": f"Bearer {token}"} | headers
            async with client.get(url + path, headers=given) as answer:
                return answer.status, answer.headers, await answer.read()

        ask.wire = wire  # type: ignore[attr-defined]
        yield ask


SHELF = "/v1/stock/ginza/pos"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/stock", 400),
        ("/v1/stock?location=ginza", 200),
        ("/v1/stock?location=nowhere", 200),
        ("/v1/stock/nowhere/pos", 404),
        ("/v1/stock/ginza/secret", 404),
        (f"{SHELF}/changes", 400),
        (f"{SHELF}/changes?epoch=1&after=1", 410),
        (f"{SHELF}/changes?epoch=%s&after=1", 200),
        (f"{SHELF}/changes?epoch=%s&after=99", 410),
        (f"{SHELF}/changes?epoch=%s&after=-1", 400),
        (f"{SHELF}/digests", 200),
        (f"{SHELF}/buckets?b=1,2", 200),
        (f"{SHELF}/buckets?b=1024", 400),
        (f"{SHELF}/buckets?b=x", 400),
    ],
)
async def test_questions_are_answered_or_refused(asked: Any, path: str, status: int) -> None:
    epoch = asked.wire.hub.standing("pos", "ginza").epoch
    assert (await asked(path.replace("%s", str(epoch))))[0] == status


@pytest.mark.promise("X-3")
@pytest.mark.parametrize("path", ["?location=ginza", "/ginza/pos", "/ginza/pos/changes", "/ginza/pos/digests"])
async def test_nobody_is_answered_without_the_token(asked: Any, path: str) -> None:
    assert (await asked("/v1/stock" + path, token="no"))[0] == 401


async def test_a_shelf_is_made_once_for_all_and_not_sent_to_who_has_it(asked: Any) -> None:
    made = asked.wire.counter.made
    first = await asked(SHELF, **{"Accept-Encoding": "gzip"})
    again = await asked(SHELF, **{"Accept-Encoding": "gzip"})
    known = await asked(SHELF, **{"If-None-Match": first[1]["ETag"]})
    plain = await asked(SHELF, **{"Accept-Encoding": "identity"})
    assert (first[2], known[0], known[2]) == (again[2], 304, b"")
    assert gzip.decompress(first[2]) == plain[2]
    assert asked.wire.counter.made - made <= 1


async def test_what_changed_is_read_once_for_all_who_ask_until_the_shelf_moves(
    asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire, reads = asked.wire, []
    read = wire.hub.rows_after

    async def noted(*args: Any) -> Any:
        reads.append(args)
        return await read(*args)

    monkeypatch.setattr(wire.hub, "rows_after", noted)
    path = f"{SHELF}/changes?epoch={wire.hub.standing('pos', 'ginza').epoch}&after=1"
    await wire.sells("A", 2)
    first, again = [await asked(path) for _ in range(2)]
    assert (first[2], len([args for args in reads if args[2:] == (1, MOST_CHANGES)])) == (again[2], 1)
    await wire.sells("A", 1)
    moved = await asked(path)
    assert json.loads(moved[2])["n"] == json.loads(first[2])["n"] + 1


@pytest.mark.parametrize(("bound", "most"), [("MOST_NEWS", 2), ("NEWS_BYTES", 0), ("KEPT_BYTES", 0)])
async def test_answers_that_are_kept_take_no_more_room_than_they_may(
    asked: Any, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    monkeypatch.setattr(counter, bound, most)
    for count in range(4):
        await asked.wire.sells("A", count)
    epoch = asked.wire.hub.standing("pos", "ginza").epoch
    answers = [await asked(f"{SHELF}/changes?epoch={epoch}&after={after}") for after in range(4)]
    assert [answer[0] for answer in answers] == [200] * 4
    assert sum(len(news) for _, news in asked.wire.counter._told.values()) <= most


async def test_a_shelf_that_moves_all_the_time_is_made_once_a_minute(asked: Any) -> None:
    wire, made = asked.wire, asked.wire.counter.made
    for count in range(20):
        await wire.sells("A", count)
        assert (await asked(SHELF))[0] == 200
    assert wire.counter.made == made
    wire.world.pass_(61)
    assert json.loads((await asked(SHELF, **{"Accept-Encoding": "identity"}))[2])["n"] == 21
    assert wire.counter.made == made + 1

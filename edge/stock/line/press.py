"""The hub's end on MQTT: what changed in each shelf, in order, and a beat every few seconds.

It shares one connection with what confirms contacts, so few of its messages are on their way at a time, and a broker
that ends connections for them is left alone (mosquitto drops a connection that it refuses a PUBLISH, MQTT.md 1.4).
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import NoReturn

from edge.health import Health
from edge.ports import Link, Message
from edge.stock.line import beat, rows, topics
from edge.stock.line.flight import Flight, Refused
from edge.stock.line.speaker import Speaker
from edge.stock.shelves.shelf import Key, Move, Rows, Standing

log = logging.getLogger(__name__)

BEAT_S = 5.0
SOONEST_S = 2.0
"""A word that was renewed is told at once, but a shelf's beats are at least so far apart."""
LOOK_S = 0.5
MOST_ROWS = 50_000
"""A change with more rows is told by its beat alone: edges fetch it compressed (30,000 are a night's receipt)."""
TRIES = 3
MUTE_S = 600.0
_ADVICE = "Let the broker's access list give the hub 'write d/v1/#'; stores ask by HTTP meanwhile."


JSON = "application/json"
KIND, NAME = "stock", "to stores"


class Press:
    """Publishes what the shelves of a speaker say. ``run`` hears what moved; ``carry`` is one connection's share."""

    def __init__(self, speaker: Speaker, health: Health | None = None) -> None:
        self.counted: Counter[str] = Counter()
        self.speaker = speaker
        self._health = health
        self._told = {key: (standing.epoch, standing.n) for key, standing in speaker.shelves().items()}
        self._moved: dict[Key, Move | None] = {}
        self._beaten: dict[Key, tuple[float, float]] = {}
        self._news = asyncio.Event()
        self._losses = 0
        self._until = 0.0

    async def run(self) -> None:
        """Hear what moves, for ever, connection or not."""
        async for move in self.speaker.cache.moves():
            key = (move.channel, move.location)
            # A shelf that moved again before it was told is told once, by its latest figures.
            self._moved[key] = None if key in self._moved or not (move.levels or move.gone or move.items) else move
            self._news.set()

    async def carry(self, link: Link) -> None:
        """Publish for as long as the connection lasts; raises LinkLost."""
        while True:
            if (wait := self._until - self.speaker.now()) > 0:
                await asyncio.sleep(wait)
            flight = Flight(link, self._news.set)
            try:
                await self._publish(flight)
            except Refused:
                self._mute("the broker does not let the hub write stock")
            finally:
                self._landed(flight)

    async def _publish(self, flight: Flight) -> NoReturn:
        self._beaten.clear()
        while True:
            self._news.clear()
            flight.check()
            await self.turn(flight)
            if flight.taken and self._health is not None:
                self._health.up(KIND, NAME)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await self._news.wait()

    async def turn(self, flight: Flight) -> None:
        """Tell all that is to be told now."""
        for key in self._turns():
            await self._tell(key, flight)

    def _turns(self) -> Iterator[Key]:
        """Shelves that moved, in the order in which they did, then those whose beat is due; what another hub reads, and
        tells stores of, counts as told."""
        shelves = self.speaker.shelves()
        for key in [key for key in shelves if not self.speaker.reads(key[0])]:
            self._told[key] = shelves[key].epoch, shelves[key].n
            self._moved.pop(key, None)
            del shelves[key]
        for key in list(self._moved):
            yield key
        for key, standing in shelves.items():
            if self._is_due(key, standing):
                yield key

    async def _tell(self, key: Key, flight: Flight) -> None:
        """A shelf's changes, then its beat if that is due; a beat never overtakes the changes that it counts."""
        move, standing = self._moved.pop(key, None), self.speaker.standing(key)
        if standing is None:
            return
        epoch, n = self._told.get(key, (0, 0))
        if epoch != standing.epoch:
            self._told[key] = standing.epoch, standing.n
        elif n < standing.n:
            await self._changes(key, n, move, flight)
        if self._is_due(key, standing):
            await self._beat(key, flight)

    def _is_due(self, key: Key, standing: Standing) -> bool:
        since, watermark_s = self._beaten.get(key, (-math.inf, 0.0))
        return self.speaker.now() - since >= (SOONEST_S if standing.watermark_s > watermark_s else BEAT_S)

    async def _changes(self, key: Key, n: int, move: Move | None, flight: Flight) -> None:
        """What changed since the ``n``-th; a little more may wait for the shelf's next turn."""
        if move is not None and move.n == n + 1:
            found = Rows(move.epoch, move.n, move.levels, move.gone, move.items)
        else:
            found = await self.speaker.cache.rows_after(*key, n, MOST_ROWS)
        count = len(found.levels) + len(found.gone) + len(found.items)
        if found.n <= n or count > MOST_ROWS:
            standing = self.speaker.standing(key)
            if standing is not None:
                self._told[key] = standing.epoch, max(standing.n, found.n)
            return
        topic = topics.changes(key[1], key[0])
        size = min(rows.PART_BYTES, flight.most_bytes)
        for note in rows.split(self.speaker.note(key, found, n), rows.PART_ROWS, size):
            await flight.put(Message(topic, rows.write(note), content_type=JSON), key, (found.epoch, n))
        self._told[key] = found.epoch, found.n
        self.counted["rows"] += count

    async def _beat(self, key: Key, flight: Flight) -> None:
        """Only of a shelf whose changes have all gone out before it."""
        told, standing = await self.speaker.beat(key), self.speaker.standing(key)
        if told is None or standing is None or self._told.get(key) != (told.epoch, told.n):
            self._moved.setdefault(key, None)
            self._news.set()
            return
        self._beaten[key] = self.speaker.now(), standing.watermark_s
        await flight.put(Message(topics.beat(key[1], key[0]), beat.write(told).encode(), True, JSON), key, None)

    def _landed(self, flight: Flight) -> None:
        """What was on its way when the connection ended is told again on the next; too many such ends are ours."""
        for key, before in flight.land().items():
            self._told[key] = before
            self._moved[key] = None
        self._losses = 0 if flight.taken else self._losses + bool(flight.sent)
        if self._losses >= TRIES:
            self._mute("each connection was lost with stock on it")

    def _mute(self, why: str) -> None:
        self._losses, self._until = 0, self.speaker.now() + MUTE_S
        log.warning("stock is not published for some minutes: %s; see the broker's log and access list", why)
        if self._health is not None:
            self._health.down(KIND, NAME, why, _ADVICE)

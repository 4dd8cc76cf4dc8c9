"""The stock of one hub of a group: a copy of what the group's database has, in its own file and memory.

A report of a channel that this hub reads is weighed against its own copy, written into the database under the hub's
term, and only then taken: nobody is ever told a number that the group does not know. Reads go on while the database
is away, with words that age.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import partial

from edge.db import Database
from edge.ports import StockAway, Taken
from edge.stock.cache import Clock, StockCache
from edge.stock.freshness import Mark
from edge.stock.group import copying, shelves
from edge.stock.group.leases import Lease, Leases
from edge.stock.group.server import Server
from edge.stock.group.shelves import Behind, Copy, Count
from edge.stock.shelves.shelf import Key
from edge.stock.shelves.taking import Take, Told

LOOK_S = 1.0
TRIES = 3


class GroupCache(StockCache):
    """As StockCache, for ``channels`` of a group. ``run`` follows what other hubs write."""

    def __init__(
        self, db: Database, wall: Clock, monotonic: Clock, channels: Collection[str], server: Server, leases: Leases
    ) -> None:
        super().__init__(db, wall, monotonic, channels)
        self._server, self._leases = server, leases
        self._channels = tuple(channels)
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._counts: dict[Key, Count] | None = None
        self._seen: dict[Key, tuple[float, float]] = {}
        self._dirty: set[str] = set()
        self._news = asyncio.Event()
        server.hear(self._notice)

    # What others write

    async def run(self) -> None:
        """Follow the group's shelves, for ever: at once by notices, and every LOOK_S where one is lost."""
        while True:
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._news.wait()
            except TimeoutError:
                self._dirty.update(self._channels)
            self._news.clear()
            dirty, self._dirty = self._dirty, set()
            try:
                for channel in sorted(dirty):
                    await self.follow(channel)
            except StockAway:  # the server's own session tells of it
                await asyncio.sleep(LOOK_S)

    async def follow(self, channel: str) -> None:
        """Hold what the database has of a channel now; raises StockAway, sqlite3.Error."""
        async with self._locks[channel]:
            await self._follow(channel)

    def _notice(self, notice: str) -> None:
        kind, _, channel = notice.partition(":")
        if not notice or (kind == "s" and channel in self._channels):
            self._dirty.update([channel] if channel else self._channels)
            self._news.set()

    async def _follow(self, channel: str) -> None:
        held = await self._held(channel)
        asked = self._monotonic()
        copies = await shelves.news(self._server, channel, held)
        for copy in copies:
            mine = held.get(copy.location)
            if mine and mine.epoch == copy.head.count.epoch and copy.head.count.v < mine.v:
                await shelves.renew(self._server, channel, copy.location, mine)
                copies = await shelves.news(self._server, channel, held)
                break
        marks = {} if self._leases.of(channel) else self._told_marks(channel, copies, asked)
        changed = [copy for copy in copies if copy.head.count != held.get(copy.location)]
        if changed:
            await self._adopt(channel, changed, marks)
        await super()._confirmed(marks)

    async def _held(self, channel: str) -> dict[str, Count]:
        await self.loaded()
        if self._counts is None:
            self._counts = await self._db.write(copying.counts)
        return {key[1]: count for key, count in self._counts.items() if key[0] == channel}

    def _told_marks(self, channel: str, copies: Collection[Copy], asked: float) -> dict[Key, Mark]:
        """How old the reading hub's word is, by the server's clock, and at least since we first saw it."""
        marks: dict[Key, Mark] = {}
        for copy in copies:
            key, told = (channel, copy.location), copy.head.watermark
            if self._seen.get(key, (0.0, 0.0))[0] != told:
                self._seen[key] = told, asked
            if told:
                since = asked - min(asked - copy.head.age, self._seen[key][1])
                marks[key] = Mark(self._wall() - (self._monotonic() - asked) - since, asked - since)
        return marks

    async def _adopt(self, channel: str, copies: list[Copy], marks: Mapping[Key, Mark]) -> None:
        now = self._clock_s + self._monotonic()
        watermarks = {key[1]: mark.watermark_s for key, mark in marks.items()}
        act = copying.copied(channel, copies, now, watermarks, self._names)
        here = {copy.location for copy in copies}
        done: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        moved = {key: mark for key, mark in marks.items() if key[1] in here}
        self._db.post(act, partial(self._took, channel, moved, done))
        await done
        self._note(channel, {copy.location: copy.head.count for copy in copies})

    def _note(self, channel: str, counts: Mapping[str, Count]) -> None:
        if self._counts is not None:
            self._counts |= {(channel, place): count for place, count in counts.items()}

    # What this hub reads

    async def _commit(self, marks: Mapping[Key, Mark], told: Told, take: Take) -> Taken:
        channel = told.channel
        async with self._locks[channel]:
            for _ in range(TRIES):
                lease = self._lease(channel)
                held = await self._made(lease, told.report.locations)
                ages = self._ages(marks)
                plan = partial(copying.planned, told, held, ages, self._names)
                plans, items = await self._db.read(plan)
                try:
                    await shelves.put(self._server, lease, plans, items)
                except Behind:
                    await self._follow(channel)
                    continue
                after = {plan.location: plan.after for plan in plans}
                taken = await super()._commit(marks, told, copying.counted(channel, after, take))
                self._note(channel, after)
                return taken
        raise StockAway("another hub of the group goes on writing this channel")

    async def _made(self, lease: Lease, locations: Collection[str]) -> dict[str, Count]:
        """How far the shelves of a report are, each of them made where it is new."""
        held = await self._held(lease.channel)
        if missing := set(locations) - held.keys():
            await shelves.make(self._server, lease, missing)
            await self._follow(lease.channel)
            held = await self._held(lease.channel)
        return held

    async def _confirmed(self, marks: Mapping[Key, Mark]) -> None:
        for channel in {key[0] for key in marks}:
            await shelves.vouch(self._server, self._lease(channel), self._ages(marks))
        await super()._confirmed(marks)

    def _ages(self, marks: Mapping[Key, Mark]) -> dict[str, float]:
        now = self._monotonic()
        return {key[1]: now - mark.heard for key, mark in marks.items() if mark.heard is not None}

    def _lease(self, channel: str) -> Lease:
        lease = self._leases.of(channel)
        if lease is None:
            raise StockAway("another hub of the group reads this channel")
        return lease

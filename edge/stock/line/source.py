"""An edge's end: the hub's stock by what its connection to the broker hears, and by HTTP where that is not enough.

A number counts as fresh by the source's own word alone: a beat of the hub whose rows the edge holds in full, as old as
the hub says that word was, and as much older as it took to come. That the hub lives vouches for nothing.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

from edge.ports import Comparison, StockAway, StockReport, Taken
from edge.stock.cache import StockCache
from edge.stock.line import beat as beats
from edge.stock.line import rows, topics
from edge.stock.line.asker import Asker, Gone
from edge.stock.line.beat import BadWord, HubClock
from edge.stock.line.ear import Ear, Sleep
from edge.stock.line.follower import Follower, Hub
from edge.stock.line.speaker import Clock
from edge.stock.shelves.shelf import Key

QUIET_S, QUIET_LEAST_S = 7.5, 6.25
"""Without a beat of a shelf for so long the hub is asked: in time for its word to be heard before it is 10 s old. A
broker goes away for all of a chain at once, so each edge asks at a moment of its own; beats come each 5.5 s at most."""
ROUND_S = 300.0
"""How often everything is compared by digests."""
SOON_S = 2.0
LOST_S = 10.0
MOST_SHELVES = 2_000


@dataclass(frozen=True, slots=True)
class Follow:
    """What a source follows its hub with: where its messages are heard, and where rows are kept, as which channel.

    ``say`` hears why the hub takes no word of what screens show, empty once it does.
    """

    channel_id: str
    ear: Ear
    cache: StockCache
    say: Callable[[str], None] = lambda _: None


class HubStock:
    """A StockSource; each channel of the hub is a part of it.

    ``spread_s`` is over how long edges that start at once spread their first questions for rows; ``poll_s`` how often
    the hub is asked while no beat comes.
    """

    def __init__(
        self,
        asker: Asker,
        follow: Follow,
        spread_s: float = 60.0,
        poll_s: float = 3.0,
        monotonic: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.counted: Counter[str] = Counter()
        self._asker, self._ear, self._poll_s = asker, follow.ear, poll_s
        self._monotonic, self._sleep, self._chance = monotonic, sleep, chance
        self._hub = Hub(asker, follow.cache, follow.channel_id, spread_s, poll_s, monotonic, chance, self.counted)
        self._shelves: dict[Key, Follower] = {}
        self._looked = self._round_at = self._alive = -math.inf
        self._strange_at = math.inf
        self._draw()
        self._comparing = False
        self.comparison = Comparison()

    def compare(self) -> None:
        """Compare all shelves with the hub's at the next question."""
        self._round_at = -math.inf

    async def reports(self) -> AsyncIterator[StockReport]:
        """Reports as they come, for ever; raises StockAway when the hub is heard in no way."""
        while True:
            if self._monotonic() >= self._look_at():
                async for report in self._look():
                    yield report
            for shelf in [each for each in self._shelves.values() if each.compare_at <= self._monotonic()]:
                self._comparing = True
                try:
                    async for report in shelf.compare():
                        yield report
                finally:
                    self._comparing = False
            self._compared()
            wake_at = min((each.compare_at for each in self._shelves.values()), default=math.inf)
            came = await self._ear.next(min(self._look_at(), wake_at) - self._monotonic(), self._sleep)
            if came is not None:
                async for report in self._heard(*came):
                    yield report

    def taken(self, report: StockReport, taken: Taken) -> None:
        """A row that the cache would not take leaves the shelf other than the hub's: it is compared soon."""
        if self._comparing:
            told = self.comparison
            self.comparison = replace(
                told, rows=told.rows + len(report.levels or ()), differed=told.differed + taken.changed
            )
        for location in report.locations:
            shelf = self._shelves.get((report.part, location))
            if shelf is not None and (taken.refused or taken.ties):
                self.counted["not taken"] += taken.refused + len(taken.ties)
                shelf.compare_at = min(shelf.compare_at, self._monotonic() + self._poll_s)

    def _compared(self) -> None:
        """A round of comparisons has ended once no shelf is to be compared any more."""
        if self.comparison.ended < self.comparison.begun and all(
            each.compare_at == math.inf for each in self._shelves.values()
        ):
            self.comparison = replace(self.comparison, ended=self.comparison.begun, at_s=time.time())

    def reserves(self, location: str) -> frozenset[str]:
        """The hub's channels that keep a unit at a location for who asks first."""
        here = [(key, shelf.told) for key, shelf in self._shelves.items() if key[1] == location]
        return frozenset(key[0] for key, told in here if told is not None and told.reserve)

    @property
    def looks(self) -> bool:
        """Whether the hub asks a system, of which it tells this store, for what screens show before the rest."""
        return any(shelf.looks for shelf in self._shelves.values())

    async def shown(self, body: bytes) -> None:
        """Tell the hub what this store's screens show; as Asker's."""
        await self._asker.shown(body)

    def _look_at(self) -> float:
        """When the hub is to be asked how it stands: in turn, when beats are missing, when it was started anew."""
        quiet = min((shelf.beaten for shelf in self._shelves.values()), default=-math.inf) + self._quiet_s
        return max(self._looked + self._next_s, min(self._round_at, quiet, self._strange_at))

    def _draw(self) -> None:
        """Moments of this edge's own: those that lost the broker together must not go on asking together."""
        self._quiet_s = QUIET_LEAST_S + (QUIET_S - QUIET_LEAST_S) * self._chance()
        self._next_s = self._poll_s * (0.75 + 0.25 * self._chance())

    async def _look(self) -> AsyncIterator[StockReport]:
        """Ask how everything stands; each round, compare it all."""
        now = self._looked = self._monotonic()
        self._draw()
        try:
            asked, told, channels = await self._asker.shelves(self._ear.locations)
        except (StockAway, Gone) as away:
            if now - self._alive <= LOST_S or not self._ear.empty():
                return
            raise StockAway(
                str(away) or f"{self._asker.host} gives no stock to stores; is it an older version?"
            ) from away
        self._alive, self._strange_at, whole = now, math.inf, now >= self._round_at
        if whole:
            self.comparison = Comparison(self.comparison.begun + 1, self.comparison.ended)
            self._round_at = now + ROUND_S * (0.9 + 0.2 * self._chance())
        if channels is not None:
            await self._hub.cache.keep_parts(self._hub.channel_id, channels)
        self._shelves = {key: self._shelves.get(key) or Follower(key, self._hub) for key in told}
        for key, beat in told.items():
            self._hub.read(HubClock(beat.word.boot, beat.word.at_ms, asked))
            shelf = self._shelves[key]
            if whole:
                shelf.compare_at = min(shelf.compare_at, now)
            async for report in shelf.beat(beat):
                yield report

    async def _heard(self, topic: str, payload: bytes) -> AsyncIterator[StockReport]:
        """A message of the broker; one that is none of ours, or broken, changes nothing."""
        place = topics.read(topic)
        if place is None or place[1] not in self._ear.locations or len(self._shelves) > MOST_SHELVES:
            self.counted["of no place of ours"] += 1
            return
        channel, location, is_beat = place
        shelf = self._shelves.get((channel, location)) or Follower((channel, location), self._hub)
        try:
            came = beats.parse(payload) if is_beat else rows.parse(payload, location, rows.PART_ROWS)
        except BadWord as error:
            self.counted[str(error)] += 1
            return
        self._shelves[channel, location] = shelf
        self._alive = self._monotonic()
        word = came.word
        if word is not None and word.boot not in self._hub.clocks:
            self._strange_at = min(self._strange_at, self._alive + SOON_S * self._chance())
        if isinstance(came, beats.Beat):
            shelf.beaten = self._alive
        async for report in shelf.beat(came) if isinstance(came, beats.Beat) else shelf.note(came):
            yield report

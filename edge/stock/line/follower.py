"""One shelf of the hub as an edge follows it: takes what comes, asks for what is missing, compares, vouches."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from edge.ports import StockAway, StockItem, StockLevel, StockReport, Way
from edge.stock.cache import StockCache
from edge.stock.line import following
from edge.stock.line.asker import Answer, Asker, Gone
from edge.stock.line.beat import Beat, HubClock, Word
from edge.stock.line.following import Place, Step
from edge.stock.line.rows import Note
from edge.stock.line.speaker import Clock
from edge.stock.shelves.figures import BUCKETS, WRAP, bucket, digest_of, figures, mark
from edge.stock.shelves.shelf import Key, Rows

MOST_APART = 256
"""With more buckets that differ, the whole shelf is less to send than they are."""
NOBODY_KNOWS_S = 1e7
FRESHER_S = 0.1
"""A word that is newer by less says nothing new: a source that is away is told of once."""
MOST_CLOCKS = 8
ROUNDING_S = 0.01
CATCH_UPS = 5


@dataclass
class Hub:
    """What all shelves of one hub share: whom to ask, where rows are kept, and by what clock the hub speaks."""

    asker: Asker
    cache: StockCache
    channel_id: str
    spread_s: float
    poll_s: float
    monotonic: Clock
    chance: Callable[[], float]
    counted: Counter[str]
    clocks: dict[str, HubClock] = field(default_factory=dict)

    def read(self, clock: HubClock) -> None:
        """The clock of one of the hub's starts was read."""
        self.clocks[clock.boot] = clock.closer(self.clocks.pop(clock.boot, None))
        while len(self.clocks) > MOST_CLOCKS:
            self.clocks.pop(next(iter(self.clocks)))

    def age(self, word: Word) -> float | None:
        """How old a source's word is by now, None if nobody can tell.

        A word from after now shows that our clock stood still (a machine's sleep): the reading of the hub's is dropped.
        """
        clock, now = self.clocks.get(word.boot), self.monotonic()
        if clock is not None and clock.ahead_s + clock.apart_s(now) + ROUNDING_S < word.at_ms / 1000 - now:
            del self.clocks[word.boot]
            return None
        return clock.age(word, now) if clock is not None else None


class Follower:
    """``beaten`` is when a beat last came by the broker, ``compare_at`` when the shelf is next compared with the hub's,
    both by our running clock; ``told`` the last beat that came in any way, ``looks`` what beats say of looking."""

    def __init__(self, key: Key, hub: Hub) -> None:
        self.beaten = -math.inf
        self.compare_at = math.inf
        self.told: Beat | None = None
        self.looks = False
        self._key, self._hub = key, hub
        self._mine = (f"{hub.channel_id}/{key[0]}", key[1])
        self._place: Place | None = None
        self._fresh = -math.inf
        self._spread_at: float | None = None
        self._ours: Sequence[int] | None = None

    async def beat(self, came: Beat) -> AsyncIterator[StockReport]:
        """A beat came: what is missing is asked for; what is there is as fresh as it says."""
        if self.told is None or came.digest is not None or self.told.epoch != came.epoch:
            self.told = came
        self.looks = came.looks
        step, place = following.beat(self._place, came)
        self._meet(came.word.boot)
        if step is Step.COMPARE:
            self._lose()
        else:
            self._place = place
        if step is Step.FETCH:
            async for report in self._asked(self._changes()):
                yield report
        if following.vouched(self._place, came) and await self._alike(came):
            for report in self._report((), (), (), came):
                yield report

    async def _alike(self, came: Beat) -> bool:
        """Whether the rows here are those that a beat of their number tells of; if not, they are compared at once."""
        if came.digest is None or not self._is_at(came) or came.digest == await self._hub.cache.digest(*self._mine):
            return True
        self._hub.counted["rows apart"] += 1
        self.compare_at = min(self.compare_at, self._hub.monotonic())
        return False

    async def note(self, came: Note) -> AsyncIterator[StockReport]:
        """Changes came."""
        step, place = following.note(self._place, came)
        self._meet(came.word.boot if came.word else "")
        if step is Step.TAKE:
            beat = Beat(came.epoch, came.n, came.word) if came.word and came.part == came.parts else None
            for report in self._report(came.levels, came.gone, came.items, beat):
                yield report
            self._place = place  # once it is in the cache: a full disk leaves a gap, which is asked for
        elif step is Step.FETCH:
            self._hub.counted["gaps"] += 1
            async for report in self._asked(self._changes()):
                yield report
        else:
            self._hub.counted["old"] += step is Step.LEAVE
            if step is Step.COMPARE:
                self._lose()

    def _meet(self, boot: str) -> None:
        """The hub says by which start it speaks. Another one may have been restored, and have grown past what it once
        told: then it has other rows behind the same numbers, so that it is compared."""
        if self._place is not None and following.is_reborn(self._place, boot):
            self.compare_at = min(self.compare_at, self._hub.monotonic() + self._hub.poll_s * self._hub.chance())

    def _lose(self) -> None:
        """Nobody knows how what is here stands to what the hub has: it is to be compared."""
        if self._place is not None:
            self._place, self._spread_at = None, None
        self.compare_at = min(self.compare_at, self._hub.monotonic())

    async def compare(self) -> AsyncIterator[StockReport]:
        """Compare with the hub, by one digest if that is enough, and put right what differs."""
        self.compare_at = math.inf
        async for report in self._asked(self._compared()):
            yield report

    async def _compared(self) -> AsyncIterator[StockReport]:
        """By one digest if that is enough. What a start found on the disk is compared row by row as it lies there, and
        told whole once it is right: so it counts as heard, without a question for rows."""
        if self._ours is not None and not self._agrees(self._ours) and self._place is None and not self._may_ask():
            return
        held, ours = await self._holds()
        if self.told is not None and self._agrees(ours) and (self._place is None or self._is_at(self.told)):
            whole = held is not None
            if whole and self._hub.age(self.told.word) is None:
                self.compare_at = self._hub.monotonic() + self._hub.poll_s  # the file's own age is better than none
                return
            if whole or self._place is not None:
                yield self._one(held.levels if held else (), (), (), self.told, whole)
            self._place = Place(self.told.epoch, self.told.n, self.told.word.boot)
            return
        self._ours = ours
        if (self._place is None and not self._may_ask()) or (
            (held is None or held.levels) and self._is_unsure(self.told)
        ):
            return
        async for report in self._whole() if held is not None and not held.levels else self._mended(held, ours):
            yield report

    def _is_unsure(self, told: Beat | None) -> bool:
        """Whether the hub itself cannot tell how old its word is, so that it may not have all rows yet (its file was
        lost, its source is still being read): what it lacks is not taken away here. It is compared later."""
        if told is None or told.word.age_ms is not None:
            return False
        self.compare_at = min(self.compare_at, self._hub.monotonic() + self._hub.poll_s)
        return True

    def _agrees(self, ours: Sequence[int]) -> bool:
        return self.told is not None and self.told.digest == digest_of(ours)

    async def _holds(self) -> tuple[Rows | None, Sequence[int]]:
        """Our rows as the file has them where this run has not heard the shelf whole, else None; and their digests."""
        cache, (channel, location) = self._hub.cache, self._mine
        await cache.loaded()
        if cache.standing(channel, location).heard:
            return None, await cache.digests(channel, location)
        held = await cache.rows_of(channel, location)
        return held, await asyncio.to_thread(digests_of, held.levels)

    def _may_ask(self) -> bool:
        """Rows are asked for at a moment of each edge's own, as a chain may start at once."""
        now = self._hub.monotonic()
        if self._spread_at is None:
            self._spread_at = now + self._hub.spread_s * self._hub.chance()
        if now < self._spread_at:
            self.compare_at = self._spread_at
            return False
        return True

    async def _mended(self, held: Rows | None, ours: Sequence[int]) -> AsyncIterator[StockReport]:
        """Only the buckets that differ are asked for, then what changed meanwhile."""
        answer, place, theirs = await self._hub.asker.digests(self._key)
        if self._is_unsure(answer.beat):
            return
        if held is None and self._place is not None and self._place.epoch == place.epoch:
            async for report in self._changes():
                yield report
            ours = await self._hub.cache.digests(*self._mine)
        apart = [number for number, digest in enumerate(theirs) if ours[number] != digest]
        self._hub.counted["buckets apart"] += len(apart)
        if len(apart) > MOST_APART:
            async for report in self._whole():
                yield report
            return
        note = Note(place.epoch, place.n)
        if apart:
            _, note = await self._hub.asker.buckets(self._key, apart)
        if held is not None:
            kept = [level for level in held.levels if bucket(level.sku) not in set(apart)]
            yield self._one((*kept, *note.levels), (), tuple(note.items), None, whole=True)
        elif apart:
            before = await self._hub.cache.bucket(*self._mine, apart)
            gone = {level.sku for level in before.levels} - {level.sku for level in note.levels}
            for report in self._report(note.levels, sorted(gone), note.items):
                yield report
        if self._place is None or self._place.epoch != place.epoch:
            self._place = place
        async for report in self._changes():
            yield report

    async def _whole(self) -> AsyncIterator[StockReport]:
        """All rows, with what changed since they were made, at once: the ones without the other may be a minute old."""
        answer, note = await self._hub.asker.whole(self._key)
        levels = {level.sku: level for level in note.levels}
        items = {item.sku: item for item in note.items}
        for _ in range(CATCH_UPS):
            if note.n >= answer.beat.n:
                break
            answer, note = await self._hub.asker.changes(self._key, note.epoch, note.n)
            levels |= {level.sku: level for level in note.levels}
            items |= {item.sku: item for item in note.items}
            for sku in note.gone:
                levels.pop(sku, None)
        self._hub.counted["wholes"] += 1
        self._heard(answer)
        beat = answer.beat if note.n >= answer.beat.n else None
        yield self._one(tuple(levels.values()), (), tuple(items.values()), beat, whole=True)
        self._place = Place(note.epoch, note.n, answer.beat.word.boot)

    async def _changes(self) -> AsyncIterator[StockReport]:
        """What changed since; a hub that changes faster than it can be asked is followed again by its next beat."""
        for _ in range(CATCH_UPS):
            if self._place is None:
                return
            answer, note = await self._hub.asker.changes(self._key, self._place.epoch, self._place.n)
            self._heard(answer)
            beat = answer.beat if note.n >= answer.beat.n else None
            for report in self._report(note.levels, note.gone, note.items, beat):
                yield report
            self._place = Place(note.epoch, note.n, answer.beat.word.boot)
            if beat is not None:
                return

    def _heard(self, answer: Answer) -> None:
        self._hub.read(HubClock(answer.beat.word.boot, answer.beat.word.at_ms, answer.asked_s))
        self.told = answer.beat

    async def _asked(self, reports: AsyncIterator[StockReport]) -> AsyncIterator[StockReport]:
        """A question without an answer is asked again; what beats say of other shelves goes on meanwhile."""
        again = self._hub.monotonic() + self._hub.poll_s * (1 + self._hub.chance())
        try:
            async for report in reports:
                yield report
        except Gone:
            self._place, self.compare_at = None, again
        except StockAway as away:
            self._hub.counted[str(away)] += 1
            self.compare_at = min(self.compare_at, again)

    def _is_at(self, beat: Beat) -> bool:
        return self._place is not None and (self._place.epoch, self._place.n) == (beat.epoch, beat.n)

    def _report(
        self,
        levels: Iterable[StockLevel],
        gone: Iterable[str],
        items: Iterable[StockItem],
        beat: Beat | None = None,
    ) -> Iterable[StockReport]:
        """Rows, and the word of a ``beat`` that speaks for all that is held with them; nothing if that says nothing."""
        report = self._one(tuple(levels), tuple(gone), tuple(items), beat)
        if report.levels or report.gone or report.items or report.vouches:
            yield report

    def _one(
        self,
        levels: tuple[StockLevel, ...],
        gone: tuple[str, ...],
        items: tuple[StockItem, ...],
        beat: Beat | None,
        whole: bool = False,
    ) -> StockReport:
        """Rows count when they come: the hub's number alone orders them, so that they are asked for just now."""
        channel, location = self._key
        age = None if beat is None else self._hub.age(beat.word)
        if whole:  # always with an age: a shelf that was never told whole could not be vouched for later
            age = NOBODY_KNOWS_S if age is None else age
        elif age is not None and self._hub.monotonic() - age <= self._fresh + FRESHER_S:
            age = None
        if age is not None:
            self._fresh = self._hub.monotonic() - age
        return StockReport(
            frozenset({location}),
            levels,
            age or 0.0,
            whole,
            tuple((sku, location) for sku in gone),
            items,
            vouches=age is not None,
            part=channel,
            asked=0.0,
            way=Way.SNAPSHOT if whole else Way.HUB,
            ahead=0.0,
            ordered=True,
        )


def digests_of(levels: Iterable[StockLevel]) -> tuple[int, ...]:
    """The digests of the buckets of these rows, whatever a file says of them."""
    sums = [0] * BUCKETS
    for level in levels:
        sums[bucket(level.sku)] += mark(level.sku, figures(level))
    return tuple(each & WRAP for each in sums)

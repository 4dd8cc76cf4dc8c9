"""What is known, in memory: read by screens, and by whoever tells others, without waiting for a disk."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence

from edge.config import Location
from edge.model import StockLine
from edge.ports import StockItem
from edge.stock.freshness import Mark, age_of, minutes
from edge.stock.level import UNHEARD, Known, less, sellable
from edge.stock.shelves.book import Book, joined
from edge.stock.shelves.listeners import Listeners
from edge.stock.shelves.sheet import NOBODY, Names, Sheet
from edge.stock.shelves.shelf import Key, Standing, Word, channel_of
from edge.stock.words import wording

Clock = Callable[[], float]
EMPTY = Sheet()
"""Of a shelf of which nobody spoke; never written."""


class Memory:
    """Shelves, and what channels say of products, by channel. Nothing here waits; the cache alone writes it."""

    def __init__(self, wall: Clock, monotonic: Clock, trusted: Callable[[], bool] = lambda: True) -> None:
        self._wall = wall
        self._trusted = trusted
        self._monotonic = monotonic
        self._names = Names()
        self._sheets: dict[Key, Sheet] = {}
        self._books: dict[str, Book] = {}
        self._marks: dict[Key, Mark] = {}
        self._numbers: dict[Key, tuple[int, int, float]] = {}
        self._floor_s = -math.inf
        self._hidden: frozenset[str] = frozenset()
        self._here: dict[str, tuple[Key, ...]] = {}
        self._listeners = Listeners()
        self._asked: dict[tuple[str, str], int] = {}

    def hide(self, channels: Collection[str]) -> None:
        """Keep what these channels, and their parts, say off every line, offer and wire: their contracts forbid it."""
        self._hidden = frozenset(channels)
        self._index()

    def _is_hidden(self, channel: str) -> bool:
        return channel in self._hidden or channel_of(channel) in self._hidden

    # What shoppers' screens read: memory alone

    def lines(self, sku: str, locations: Sequence[Location], language: str, now_s: float) -> tuple[StockLine, ...]:
        """One line a location, in order; ``now_s`` is UNIX seconds."""
        self._listeners.asked(sku, self._monotonic())
        item = self.item(sku)
        few = item.few if item else None
        return tuple(wording.line(each, self.known(sku, each.id, now_s), few, language, now_s) for each in locations)

    def known(self, sku: str, location: str, now_s: float) -> Known:
        """The level by the freshest channel that lists the SKU there, else none, by the freshest that does not.

        Channels whose word is too old to be shown, or hidden, do not count.
        """
        number = self._names.ids.get(sku, NOBODY)
        best, silent = UNHEARD, UNHEARD
        for key in self._here.get(location, ()):
            age = self.age(*key, now_s)
            if age is None or minutes(age) is None:
                continue
            found = self._sheets[key].get(number, sku, location)
            if found is None and (silent.age is None or age < silent.age):
                silent = Known(None, age, key[0])
            if found is not None and (best.age is None or age < best.age):
                best = Known(found, age, key[0])
        return silent if best.level is None else less(best, self._asked.get((sku, location), 0))

    def hold(self, sku: str, location: str, units: int) -> None:
        """So many units of a SKU are being asked for at a location: ``known`` has them as held, until told otherwise.

        In memory alone; the wire and the file have what the source said.
        """
        if units:
            self._asked[sku, location] = units
        else:
            self._asked.pop((sku, location), None)
        self._listeners.tell({sku})

    def item(self, sku: str) -> StockItem | None:
        """What channels say of a SKU itself: of each field the first that is not empty, channels in order."""
        number = self._names.ids.get(sku, NOBODY)
        return joined(book.get(number, sku) for book in self._open_books())

    def style(self, style: str) -> tuple[StockItem, ...]:
        """The SKUs of a style that some shelf lists, in order of SKU."""
        found = {number for book in self._open_books() for number in book.style(style)}
        shelves = [self._sheets[key] for keys in self._here.values() for key in keys]
        skus = sorted(self._names.skus[number] for number in found if any(shelf.lists(number) for shelf in shelves))
        return tuple(item for sku in skus if (item := self.item(sku)) is not None)

    def by_gtin(self, gtin: str) -> str:
        """The SKU of a GTIN of 14 digits, empty if no channel names it."""
        if not (gtin.isascii() and gtin.isdecimal()):
            return ""
        found = (book.by_gtin(gtin) for book in self._open_books())
        return next((self._names.skus[number] for number in found if number is not None), "")

    def _open_books(self) -> Iterator[Book]:
        return (self._books[channel] for channel in sorted(self._books) if not self._is_hidden(channel))

    def age(self, channel: str, location: str, now_s: float) -> float | None:
        """How old a channel's word of a location is, in seconds; None if it never spoke or nobody can tell."""
        mark = self._marks.get((channel, location))
        return None if mark is None else age_of(mark, now_s, self._monotonic(), self._floor_s, self._trusted)

    def words(self, sku: str, location: str, now_s: float) -> tuple[Word, ...]:
        """What each channel says of a SKU at a location, hidden ones and old ones too, for whoever asks why."""
        number = self._names.ids.get(sku, NOBODY)
        return tuple(
            Word(key[0], self._sheets[key].get(number, sku, location), self.age(*key, now_s), self._is_hidden(key[0]))
            for key in sorted(self._sheets)
            if key[1] == location
        )

    def changes(self, tick_s: float = 1.0) -> AsyncIterator[frozenset[str]]:
        """SKUs whose lines read differently from now on, from this call on: counts that changed, and words that aged.

        SKUs asked for in the last ten minutes are named again whenever a watermark passes a bound (live, each minute,
        too old), looked at every ``tick_s``, so a screen has its label within ``tick_s`` of it. A reader that
        is slow misses nothing and finds it joined together.
        """
        return self._listeners.listen(self._turns, self._monotonic, tick_s)

    def show(self, skus: Sequence[str], ago_s: float = 0.0) -> list[str]:
        """Screens elsewhere showed these so long ago, the latest first. Those of them that some channel ever named: the
        others are nothing that could be read."""
        named = [sku for sku in skus if sku in self._names.ids]
        for sku in reversed(named):
            self._listeners.asked(sku, self._monotonic() - ago_s)
        return named

    def shown(self) -> tuple[str, ...]:
        """The SKUs that screens asked for in the last ten minutes, the latest first."""
        return self._listeners.shown(self._monotonic())

    def _turns(self) -> Mapping[Key, int | None]:
        now_s = self._wall()
        return {key: minutes(self.age(*key, now_s)) for key in self._sheets}

    def _index(self) -> None:
        keys = [key for key in sorted(self._sheets) if not self._is_hidden(key[0])]
        self._here = {place: tuple(key for key in keys if key[1] == place) for place in {key[1] for key in keys}}

    def locations(self, channel: str) -> tuple[str, ...]:
        """The locations that a channel ever spoke for, in order."""
        return tuple(sorted(location for spoken, location in self._sheets if spoken == channel))

    def levels(self, channel: str, location: str) -> Mapping[str, int]:
        """SKU to how many can be sold (0 where a source tells no number), made anew at each call."""
        sheet, skus = self._sheets.get((channel, location), EMPTY), self._names.skus
        found = ((skus[number], sheet.get(number, skus[number], location)) for number in sheet.numbers())
        return {sku: sellable(level) or 0 for sku, level in found if level is not None}

    def all_shelves(self) -> tuple[Key, ...]:
        """Every shelf, hidden channels' too, for whoever asks why."""
        return tuple(self._sheets)

    def shelves(self) -> Mapping[Key, Standing]:
        """How each shelf stands now; hidden channels' are not among them."""
        return {key: self.standing(*key) for keys in self._here.values() for key in keys}

    def standing(self, channel: str, location: str) -> Standing:
        """How a shelf stands; all 0 for one of which nobody spoke."""
        key = (channel, location)
        epoch, n, full_s = self._numbers.get(key, (0, 0, 0.0))
        mark = self._marks.get(key, Mark(0.0))
        rows = self._sheets.get(key, EMPTY).count
        return Standing(epoch, n, mark.watermark_s, mark.heard is not None, rows, full_s)

"""Where IT asks of stock: how channels stand, where a number comes from, that everything is compared now."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from edge.config import Location, StockChannel
from edge.db import Database
from edge.health import Health
from edge.ports import Comparison
from edge.stock import gtin
from edge.stock.cache import StockCache
from edge.stock.channel import KIND
from edge.stock.inquiry import explained, standing
from edge.stock.inquiry.explained import LANGUAGES, STORE, Explained, Offers
from edge.stock.inquiry.lags import joined
from edge.stock.inquiry.standing import Late, Shelf, Standing
from edge.stock.inquiry.watch import Watch
from edge.stock.intake import feeding
from edge.stock.intake.doubts import Told, name
from edge.stock.shelves.shelf import Key, channel_of

HOUR_S = 3600.0
DAY_S = 86_400.0
LONGEST_QUERY = 128


@dataclass(frozen=True, slots=True)
class Shop:
    """Of which stock a desk tells: the channels and the folder of the settings, the locations that screens name.

    A hub names none (``here`` False): its places are told as each store itself would.
    """

    channels: Sequence[StockChannel]
    folder: Path
    locations: Sequence[Location] = ()
    here: bool = True


@dataclass(frozen=True, slots=True)
class Desk:
    """``db`` is the cache's file, ``calls`` the intake's; ``rows`` counts the shelves, and ``skus`` are
    all that are known, where memory does not hold all of them; ``bare`` then are the shelves without a figure."""

    shop: Shop
    cache: StockCache
    db: Database
    calls: Database | None = None
    watch: Watch = field(default_factory=Watch)
    health: Health | None = None
    offers: Offers | None = None
    wall: Callable[[], float] = time.time
    rows: Mapping[Key, int] | None = None
    skus: Sequence[str] | None = None
    bare: Collection[Key] | None = None

    async def channels(self) -> tuple[Standing, ...]:
        """How each channel of the settings stands now; raises sqlite3.Error, config.BadConfig."""
        now_s, ids = self.wall(), [channel.id for channel in self.shop.channels]

        def look(connection: sqlite3.Connection | None) -> tuple[list[tuple[standing.Spent, ...]], Mapping[str, int]]:
            spent = [standing.spent(each, self.shop.folder, now_s, connection) for each in self.shop.channels]
            return spent, standing.waiting(ids, connection)

        spent, waiting = await self.calls.read(look) if self.calls is not None else look(None)
        hidden = feeding.undisplayed(self.shop.channels)
        bare = await self.db.read(standing.bare) if self.bare is None else self.bare
        found = (
            self._channel(channel, channel.id in hidden, budgets, waiting.get(channel.id, 0), now_s)
            for channel, budgets in zip(self.shop.channels, spent, strict=True)
        )
        return tuple(replace(each, bare=self._bare(each, bare), untold=self._untold(each)) for each in found)

    def _bare(self, told: Standing, bare: Collection[Key]) -> tuple[str, ...]:
        return tuple(each.location for each in told.shelves if each.shown and (each.channel, each.location) in bare)

    def _untold(self, told: Standing) -> tuple[str, ...]:
        """The places of which a channel is to tell and has not, among those of which screens tell."""
        expected = self._expected(next(each for each in self.shop.channels if each.id == told.id))
        return tuple(sorted(expected - {shelf.location for shelf in told.shelves}))

    def _expected(self, channel: StockChannel) -> set[str]:
        """The places that a channel's settings name, of a hub all that screens show; else none."""
        module, settings = feeding.chosen(channel)
        own = getattr(settings, "locations", ())
        named = set(own.values() if isinstance(own, Mapping) else own)
        here = {place.id for place in self.shop.locations}
        if getattr(module, "HEARS", False) and not named:
            return here
        return named & here if self.shop.here else named

    def _channel(
        self, channel: StockChannel, hidden: bool, budgets: tuple[standing.Spent, ...], waiting: int, now_s: float
    ) -> Standing:
        part = self._part(channel.id)
        return Standing(
            channel.id,
            channel.adapter,
            *part,
            standing.vouching(*feeding.chosen(channel), [one for one in Told if self._down(name(channel.id, one))]),
            hidden,
            waiting,
            budgets,
            self.watch.compared(channel.id),
            self._counts(channel.id),
            self.late(channel.id, now_s, HOUR_S),
            self.late(channel.id, now_s, DAY_S),
            tuple(self._shelf(key, now_s) for key in self._keys() if channel_of(key[0]) == channel.id),
            self.watch.deliveries.get(channel.id),
        )

    def _part(self, channel: str) -> tuple[str, str, str]:
        """State, detail and advice of a channel: of its intake's where the channel itself is well."""
        if self.health is None:
            return "", "", ""
        names = (channel, f"{channel} intake", *(name(channel, told) for told in Told))
        mine = [part for part in self.health.parts() if part.kind == KIND and part.name in names]
        worst = next((part for part in mine if part.state == "down"), mine[0] if mine else None)
        return (str(worst.state), worst.detail, worst.todo) if worst else ("starting", "", "")

    def _down(self, name: str) -> bool:
        parts = self.health.parts() if self.health is not None else ()
        return any(part.kind == KIND and part.name == name and part.state == "down" for part in parts)

    def _keys(self) -> list[Key]:
        return sorted({*self.cache.all_shelves(), *(self.rows or ())})

    def _shelf(self, key: Key, now_s: float) -> Shelf:
        found = self.cache.standing(*key)
        rows = found.rows if self.rows is None else self.rows.get(key, 0)
        shown = not self.shop.here or any(place.id == key[1] for place in self.shop.locations)
        age_s = self.cache.age(*key, now_s)
        return Shelf(*key, rows, found.epoch, found.n, age_s, found.heard, found.full_s, shown)

    def _counts(self, channel: str) -> dict[str, int]:
        """What became of a channel's reports since the start, all its parts together."""
        counts = [count for name, count in self.watch.counts.items() if channel_of(name) == channel]
        ways = sorted({way for count in counts for way in count.ways})
        by_way = {way.name.lower(): sum(count.ways.get(way, 0) for count in counts) for way in ways}
        refused, ties = sum(count.refused for count in counts), sum(count.ties for count in counts)
        return {"refused": refused, "ties": ties} | by_way

    def late(self, channel: str, now_s: float, seconds: float) -> Late:
        """How late a channel's changes were, all its parts together."""
        names = [name for name in self.watch.lags.channels() if channel_of(name) == channel]
        step = joined(self.watch.lags.late(name, now_s, seconds) for name in names)
        return Late(step.count, step.share(0.5), step.share(0.99), step.bounds)

    # One SKU

    async def explain(self, query: str) -> Explained:
        """Where each number of a SKU, or of a product's JAN or GTIN, comes from; raises sqlite3.Error."""
        query = query.strip()[:LONGEST_QUERY]
        sku = self._sku(query)
        if not sku:
            known = await self.db.read(_skus) if self.skus is None else self.skus
            return Explained(query, "", None, near=await asyncio.to_thread(explained.nearest, query, known))
        rows = await self.db.read(lambda connection: _rows(sku, connection))
        now_s, locations = self.wall(), self._locations()
        named = {place.id for place in locations}
        unnamed = sorted({location for _, location in self._keys()} - named)
        kind = None if self.shop.here else STORE
        silent = {place.id: self._silent(place.id) for place in locations}
        found = explained.places(self.cache, sku, locations, unnamed, rows, now_s, kind, silent)
        offered = {tongue: self.offers(sku, tongue) for tongue in LANGUAGES} if self.offers else None
        return Explained(query, sku, self.cache.item(sku), found, offered)

    def _silent(self, location: str) -> tuple[str, ...]:
        """The channels that are to tell of a place and have not."""
        told = {channel_of(channel) for channel, place in self._keys() if place == location}
        return tuple(each.id for each in self.shop.channels if each.id not in told and location in self._expected(each))

    def _sku(self, query: str) -> str:
        """The SKU that is meant; empty if nobody ever spoke of one."""
        if self._known(query):
            return query
        number = gtin.checked(query)
        return self.cache.by_gtin(number) if number else ""

    def _known(self, sku: str) -> bool:
        places = {location for _, location in self._keys()}
        listed = any(word.level for place in places for word in self.cache.words(sku, place, self.wall()))
        return listed or self.cache.item(sku) is not None

    def _locations(self) -> Sequence[Location]:
        if self.shop.here:
            return self.shop.locations
        return [Location(id=id, place="here", name={"en": id}) for id in sorted({place for _, place in self._keys()})]

    # Comparisons

    def compare(self, channels: Collection[str] = ()) -> dict[str, int]:
        """Ask these channels, or all, to compare everything now: by channel, which comparison will have seen that.

        A channel that is not fed now, or cannot compare, is not among them.
        """
        asked: dict[str, int] = {}
        for channel in self.shop.channels:
            source = self.watch.comparing(channel.id)
            if source is not None and (not channels or channel.id in channels):
                source.compare()
                asked[channel.id] = source.comparison.begun + 1
        return asked

    async def due(self) -> dict[str, float]:
        """By channel, until when its budgets keep comparisons back (``standing.due``); raises sqlite3.Error."""
        if self.calls is None:
            return {}
        now_s, shop = self.wall(), self.shop
        return await self.calls.read(
            lambda db: {each.id: standing.due(each, shop.folder, now_s, db) for each in shop.channels}
        )

    def down(self, channel: str) -> str:
        """Why a channel cannot be asked now; empty if it can, as far as is known."""
        parts = self.health.parts() if self.health is not None else ()
        names = (channel, f"{channel} intake")
        mine = [part for part in parts if part.kind == KIND and part.name in names and part.state == "down"]
        return mine[0].detail if mine else ""

    def older(self, channel: str) -> int:
        """How many rows of a channel's last report of everything were refused as older."""
        return sum(count.older for name, count in self.watch.counts.items() if channel_of(name) == channel)

    def comparison(self, channel: str) -> Comparison | None:
        """How a channel's comparisons go."""
        return self.watch.comparison(channel)

    def listed(self, channel: str) -> int:
        """How many rows a channel has here."""
        return sum(self.cache.standing(*key).rows for key in self._keys() if channel_of(key[0]) == channel)


def _skus(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT DISTINCT sku FROM stock_row WHERE NOT gone")]


def _rows(sku: str, connection: sqlite3.Connection) -> dict[Key, tuple[int, int]]:
    """By which way the rows of a SKU came, and by which change of their shelf."""
    found = connection.execute(
        "SELECT channel, location, way, stock_row.n FROM stock_shelf JOIN stock_row ON shelf = id AND sku = ?", (sku,)
    ).fetchall()
    return {(channel, location): (way, n) for channel, location, way, n in found}

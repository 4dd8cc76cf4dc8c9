"""One SKU explained: every figure that any channel gives of it, which one counts and why, and what a shopper reads.

The words are those of the functions that screens use, at the same moment, from the same memory.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from edge.config import Location
from edge.model import Offer, StockLine
from edge.ports import StockItem, StockLevel, Way
from edge.stock.cache import StockCache
from edge.stock.freshness import minutes
from edge.stock.inquiry.lags import FIRST_MS
from edge.stock.level import Known, sellable
from edge.stock.shelves.shelf import Word
from edge.stock.words import wording

LANGUAGES = ("ja", "en", "zh", "ko")
STORE = "store"
"""The kind of each place at a hub: as its own store shows it."""
MOST_NEAR = 5
_PLAIN = re.compile(r"[^0-9a-z]+")
_AROUND = 200
_WAYS = {int(way): way.name.lower() for way in Way}


class Why(StrEnum):
    """Why a channel's word counts, or does not."""

    COUNTS = "counts"
    HIDDEN = "hidden"
    NEVER = "never"
    OLD = "old"
    UNLISTED = "unlisted"
    OLDER = "older"


@dataclass(frozen=True, slots=True)
class Figure:
    """What one channel says. ``made_s`` is when its source changed it, by its revision (UNIX seconds), 0 where that is
    no time; ``n`` is the shelf's change that brought it, ``way`` how it came."""

    channel: str
    why: Why
    age_s: float | None
    level: StockLevel | None
    sellable: int | None
    made_s: float
    way: str
    n: int


@dataclass(frozen=True, slots=True)
class Place:
    """A SKU at a location. ``kind`` is here, near or online, STORE at a hub, empty where no ``[[location]]`` names it,
    so that no screen tells of it. ``word`` is what may be said; ``chance`` how likely the figure still holds; ``asked``
    how many units shoppers ask for just now, taken off what counts; ``untold`` the channels that have yet to tell of
    it."""

    location: str
    kind: str
    figures: tuple[Figure, ...]
    channel: str
    word: str
    chance: float
    asked: int
    lines: Mapping[str, StockLine]
    untold: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Explained:
    """``sku`` is empty for one of which nobody ever spoke, ``near`` are then the nearest that are known."""

    query: str
    sku: str
    item: StockItem | None
    places: tuple[Place, ...] = ()
    offers: Mapping[str, tuple[Offer, ...]] | None = None
    near: tuple[str, ...] = ()


Rows = Mapping[tuple[str, str], tuple[int, int]]
"""By channel and location, by which way a row came and which change of its shelf brought it."""
Offers = Callable[[str, str], tuple[Offer, ...]]
"""What a shopper is offered of a SKU, in a language."""


def places(
    cache: StockCache,
    sku: str,
    locations: Sequence[Location],
    unnamed: Sequence[str],
    rows: Rows,
    now_s: float,
    kind: str | None,
    untold: Mapping[str, tuple[str, ...]],
) -> tuple[Place, ...]:
    """A SKU at each location (of one ``kind``, or each of its own), and at those of which channels speak though no
    ``[[location]]`` names them."""
    item = cache.item(sku)
    few = item.few if item else None
    named = tuple(
        replace(_place(cache, sku, place, kind or place.place, few, rows, now_s), untold=untold.get(place.id, ()))
        for place in locations
    )
    strange = (Location(id=each, place="near", name={"en": each}) for each in unnamed)
    return *named, *(_place(cache, sku, each, "", few, rows, now_s) for each in strange)


def _place(
    cache: StockCache, sku: str, location: Location, kind: str, few: int | None, rows: Rows, now_s: float
) -> Place:
    known, words = cache.known(sku, location.id, now_s), cache.words(sku, location.id, now_s)
    figures = tuple(_figure(word, known, rows.get((word.channel, location.id), (0, 0))) for word in words)
    lines = {tongue: wording.line(location, known, few, tongue, now_s) for tongue in LANGUAGES} if kind else {}
    return Place(
        location.id,
        kind,
        figures,
        known.channel,
        str(wording.word(known, few)),
        wording.chance(known),
        _asked(known, words),
        lines,
    )


def _asked(known: Known, words: Sequence[Word]) -> int:
    """How many units are held in memory beyond what the channel itself says."""
    own = next((word.level for word in words if word.channel == known.channel), None)
    return known.level.hold - own.hold if known.level is not None and own is not None else 0


def _figure(word: Word, known: Known, row: tuple[int, int]) -> Figure:
    level = word.level
    made_s = level.revision / 1000 if level is not None and level.revision >= FIRST_MS else 0.0
    return Figure(
        word.channel,
        why(word, known),
        word.age,
        level,
        None if level is None else sellable(level),
        made_s,
        _WAYS.get(row[0], "untold"),
        row[1],
    )


def why(word: Word, known: Known) -> Why:
    """Why a channel's word counts here or does not: the freshest that lists the SKU does."""
    if word.hidden:
        return Why.HIDDEN
    if word.channel == known.channel:
        return Why.COUNTS
    if word.age is None:
        return Why.NEVER
    if minutes(word.age) is None:
        return Why.OLD
    return Why.UNLISTED if word.level is None and known.level is not None else Why.OLDER


def nearest(query: str, skus: Sequence[str]) -> tuple[str, ...]:
    """The known SKUs that a mistyped one may mean: alike but for case and signs, then those that begin alike."""
    plain = _plain(query)
    ordered = sorted((_plain(sku), sku) for sku in skus)
    alike = [sku for text, sku in ordered if plain and text == plain]
    at = bisect_left(ordered, (plain, ""))
    around = [sku for _, sku in ordered[max(0, at - _AROUND) : at + _AROUND]]
    inside = [sku for text, sku in ordered if len(plain) > 2 and plain in text][:_AROUND]
    close = difflib.get_close_matches(query, [*around, *inside], MOST_NEAR, 0.5)
    return tuple(dict.fromkeys((*alike, *close, *inside)))[:MOST_NEAR]


def _plain(sku: str) -> str:
    return _PLAIN.sub("", sku.casefold())

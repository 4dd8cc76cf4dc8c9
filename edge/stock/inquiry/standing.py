"""How the channels of stock stand: what each said last and how old that is, what it may still ask, what it forbids."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

from edge import config
from edge.ports import Comparison
from edge.stock.freshness import ASK_S, LIVE_S
from edge.stock.inquiry.watch import Deliveries
from edge.stock.intake import feeding
from edge.stock.intake.desk import contract_of
from edge.stock.intake.doubts import Told
from edge.stock.intake.opening import can_of, counts
from edge.stock.intake.windows import Urgency, Windows
from edge.stock.shelves.shelf import Key
from edge.stock.system import Budget, Can, Since

HOUR_S = 3600.0
_SPENT = "SELECT until_s, cost FROM spent WHERE contract = ? AND until_s > ? ORDER BY until_s"


@dataclass(frozen=True, slots=True)
class Spent:
    """A budget: ``used`` of ``calls`` in the last ``per_s`` seconds, None where nothing is written down of it."""

    used: float | None
    calls: float
    per_s: float


@dataclass(frozen=True, slots=True)
class Late:
    """How many changes came in a stretch of time, half of them within ``p50_s`` and 99 % within ``p99_s``.

    ``bounds`` of them bore no time of the source's: they count by the most that it can have been.
    """

    changes: int
    p50_s: float | None
    p99_s: float | None
    bounds: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a channel says of a location. ``age_s`` is None if it never spoke or nobody can tell; ``shown`` is whether a
    ``[[location]]`` names the place (at a hub: always)."""

    channel: str
    location: str
    rows: int
    epoch: int
    n: int
    age_s: float | None
    heard: bool
    whole_s: float
    shown: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a channel that is up has no live numbers, as a word of ``printed.REASONS``; ``part`` is a hub's channel."""

    code: str
    location: str = ""
    part: str = ""
    age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """A channel of the settings. ``state`` is health's word, empty where nothing runs; ``vouches`` what moves its
    watermark, ``hidden`` that its contract keeps it off screens, ``waiting`` its deliveries that are not worked off.
    ``counts`` are, since the start, rows that were ``refused`` as older, ``ties`` that were read again, and those that
    changed, by the way in which they came; ``deliveries`` what came by webhooks, None where nobody counts them.
    ``untold`` are locations of which it is to tell and has not, ``bare`` those of which no row has a figure."""

    id: str
    adapter: str
    state: str
    detail: str
    todo: str
    vouches: tuple[str, ...]
    hidden: bool
    waiting: int
    budgets: tuple[Spent, ...]
    comparison: Comparison | None
    counts: Mapping[str, int]
    hour: Late
    day: Late
    shelves: tuple[Shelf, ...]
    deliveries: Deliveries | None = None
    untold: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why its numbers are not live; nothing of one that is down or hidden, as that says why."""
        if self.hidden or self.state not in ("", "up"):
            return ()
        if not self.shelves and not self.untold:
            return (Reason("silent"),)
        found = (*(Reason("untold", place) for place in self.untold), *(Reason("bare", place) for place in self.bare))
        oldest: dict[tuple[str, str], Reason] = {}
        for why in filter(None, map(_reason, self.shelves)):
            key = why.code, why.part
            oldest[key] = max(oldest.get(key, why), why, key=attrgetter("age_s"))
        return (*found, *oldest.values())

    @property
    def age_s(self) -> float | None:
        """The age of its oldest shelf; None if one of them has none, or it has none."""
        ages = [shelf.age_s for shelf in self.shelves]
        return None if not ages or None in ages else max(age for age in ages if age is not None)

    @property
    def word(self) -> str:
        """Its numbers on a screen: ``live``, ``aged`` (n分前), ``asking`` (確認中), ``hidden``."""
        if self.hidden:
            return "hidden"
        if self.age_s is None or self.age_s > ASK_S:
            return "asking"
        return "live" if self.age_s <= LIVE_S else "aged"


def _reason(shelf: Shelf) -> Reason | None:
    """Why the numbers of a shelf are not live; a place that no screen shows needs none."""
    _, _, part = shelf.channel.partition("/")
    if not shelf.shown:
        return None
    if shelf.age_s is None:
        return Reason("unknown", shelf.location, part)
    if part and shelf.age_s > LIVE_S:
        return Reason("upstream", shelf.location, part, shelf.age_s)
    return Reason("old", shelf.location, part, shelf.age_s) if shelf.age_s > ASK_S else None


def vouching(module: ModuleType, settings: Any, doubted: Collection[Told] = ()) -> tuple[str, ...]:
    """What moves a channel's watermark; ``doubted`` is what was found to miss changes."""
    if not hasattr(module, "CAN"):
        return ("beats",) if getattr(module, "HEARS", False) else ("looks",)
    can = can_of(module, settings)
    found = ("pushes",) if can.beats and Told.PUSHES not in doubted else ()
    polls = ("polls",) if can.since is Since.SURE and Told.SINCE not in doubted else ()
    return (*found, *polls, "comparisons")


def budgets(module: ModuleType, settings: Any) -> tuple[Budget, ...]:
    """What may be asked of a channel's source."""
    can: Can | None = can_of(module, settings) if hasattr(module, "CAN") else None
    own = getattr(settings, "calls_per_hour", None)
    return (*(can.budgets if can else ()), *((Budget(float(own), HOUR_S),) if own else ()))


def spent(
    channel: config.StockChannel, where: Path, now_s: float, connection: sqlite3.Connection | None
) -> tuple[Spent, ...]:
    """A channel's budgets as the intake's file has them."""
    module, settings = feeding.chosen(channel)
    written = connection is not None and counts(module)
    contract = contract_of(module, settings, where) if written else ""
    return tuple(
        Spent(_used(contract, now_s - each.per_s, connection) if written else None, each.calls, each.per_s)
        for each in budgets(module, settings)
    )


def due(channel: config.StockChannel, where: Path, now_s: float, connection: sqlite3.Connection | None) -> float:
    """Until when at the latest (UNIX seconds) a channel's budgets keep a comparison's next call back; 0 where they do
    not, or where nothing is written down of them."""
    module, settings = feeding.chosen(channel)
    if connection is None or not counts(module):
        return 0.0
    windows, contract = Windows(budgets(module, settings)), contract_of(module, settings, where)
    for until_s, cost in connection.execute(_SPENT, (contract, now_s - windows.longest_s)):
        windows.add(cost, until_s)
    for (until_s,) in connection.execute("SELECT until_s FROM held WHERE contract = ?", (contract,)):
        windows.hold(until_s - now_s, now_s)
    wait = windows.wait(1.0, Urgency.COMPARE, now_s)
    return now_s + wait if 0 < wait < math.inf else 0.0


def _used(contract: str, since_s: float, connection: sqlite3.Connection | None) -> float | None:
    if connection is None:
        return None
    found = connection.execute(
        "SELECT coalesce(sum(cost), 0) FROM spent WHERE contract = ? AND until_s > ?", (contract, since_s)
    ).fetchone()
    return max(0.0, float(found[0]))


def waiting(channels: Sequence[str], connection: sqlite3.Connection | None) -> Mapping[str, int]:
    """How many deliveries of each channel are taken and not worked off."""
    if connection is None:
        return {}
    rows = connection.execute("SELECT channel, count(*) FROM delivery WHERE owed != '' GROUP BY channel").fetchall()
    return {channel: count for channel, count in rows if channel in channels}


def bare(connection: sqlite3.Connection) -> frozenset[Key]:
    """The shelves that list rows of which not one has a figure or a status."""
    told = "available IS NOT NULL OR on_hand IS NOT NULL OR status != ''"
    listed = "SELECT 1 FROM stock_row WHERE shelf = id AND NOT gone"
    found = connection.execute(
        f"SELECT channel, location FROM stock_shelf WHERE EXISTS ({listed}) AND NOT EXISTS ({listed} AND ({told}))"  # noqa: S608 - our own words
    )
    return frozenset((channel, location) for channel, location in found)

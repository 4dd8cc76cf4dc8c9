"""What the adapter of a shop's or a till's own system is: what it can, what it reads, what it is told, what it keeps.

An adapter file ``edge/adapters/stock_<name>.py`` of such a system has ``Settings`` (a ``shop.Settings``), ``CAN`` and
``system(settings, where, call)``, which gives a ``StockSystem``. It makes every call by ``call``, so that no budget can
be exceeded and no answer is unbounded; where settings change what it can (a plan's budgets, a path without pushes) it
has ``can(settings)`` besides, which goes before ``CAN``. It keeps nothing on disk; times, repeats, comparisons and
numbering are the intake's (``edge.stock.intake``). What it gives is in our own terms: SKUs and location ids of the
settings.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from edge.ports import StockItem, StockLevel


class Push(StrEnum):
    """What a webhook of this system carries: nothing, the ids of what changed, or the new absolute figures."""

    NONE = "none"
    IDS = "ids"
    ABSOLUTE = "absolute"


class Since(StrEnum):
    """What asking for changes finds: it cannot be asked, it misses sales, or it finds every change."""

    NONE = "none"
    BLIND = "blind"
    SURE = "sure"


class Reserve(StrEnum):
    """Whether the system keeps a unit for somebody such that of two that ask for the last one gets it."""

    NONE = "none"
    ATOMIC = "atomic"


@dataclass(frozen=True, slots=True)
class Budget:
    """At most ``calls`` (or units of cost) in any ``per_s`` seconds, over all stores and replicas of one contract."""

    calls: float
    per_s: float


@dataclass(frozen=True, slots=True)
class Can:
    """What a system can, as its documentation says. ``beats``: its pushes say that they still come while nothing
    changes, numbered without gaps. ``per_location``: it has stock for each location, not one number. ``revisions``:
    levels carry the system's own order, in steps of ``step_ms`` (0: a version that counts). ``lag_s`` is how far it
    may lag behind its own truth: its word is never younger. ``budgets`` are the documented limits; ``display`` is
    whether its contract lets a screen show what it says.
    """

    push: Push = Push.NONE
    beats: bool = False
    per_location: bool = False
    since: Since = Since.NONE
    reserve: Reserve = Reserve.NONE
    display: bool = True
    revisions: bool = False
    step_ms: int = 1
    lag_s: float = 0.0
    budgets: tuple[Budget, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """One thing to read again, by the system's own ids; ``place`` is empty where it has no locations."""

    item: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What one call told."""

    levels: tuple[StockLevel, ...] = ()
    items: tuple[StockItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook as it came: ``url`` as the system knows it, byte for byte; ``headers`` have small names."""

    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a delivery says. ``id`` tells it from its own repeats (empty: its bytes do). ``keys`` are to be read, or
    ``everything``. ``stream`` and ``seq`` number it among the pushes of a system that beats, from 1 without gaps, in
    the order in which their figures were read; ``sent_s`` is when the system sent it (UNIX seconds): without it a push
    vouches for nothing but its own rows, as nobody knows how long it was held up."""

    id: str = ""
    levels: tuple[StockLevel, ...] = ()
    gone: tuple[tuple[str, str], ...] = ()
    keys: tuple[Key, ...] = ()
    everything: bool = False
    stream: str = ""
    seq: int = 0
    sent_s: float = 0.0


class BadDelivery(Exception):
    """A webhook that is not the system's, or no message of its own; the text quotes nothing of it."""


class Unsigned(BadDelivery):
    """A webhook that bears no signature, or no secret, by which it could be believed."""


class Keeping(StrEnum):
    """How the wish to keep a unit stands: asked, kept, refused, or nobody can say."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Wish:
    """Keep one at a location for whoever shows the slip. ``key`` makes it the same wish however often it is sent."""

    key: str
    sku: str
    location: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a wish. ``slip`` is the number to tell at the counter, ``until_s`` UNIX seconds (0: not told)."""

    state: Keeping
    slip: str = ""
    until_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Call:
    """One question to the system. ``url`` is absolute or a path under the settings' ``url``; ``cost`` what it takes of
    the budgets; ``accept`` are statuses that are an answer; others raise StockAway, 429 and 503 after their
    ``Retry-After`` was noted."""

    url: str
    method: str = "GET"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    cost: float = 1.0
    most: int = 8 * 1024 * 1024
    accept: tuple[int, ...] = (200,)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the system said. ``json`` is the body read strictly: bounded depth, no NaN, no infinity, no key twice; None
    where it is empty. ``headers`` have small names; ``asked_s`` is when the question went, UNIX seconds."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    json: Any = field(repr=False)
    asked_s: float


class Caller(Protocol):
    """The only way out for an adapter."""

    async def __call__(self, call: Call) -> Answer:
        """Ask, once the budgets allow it; raises StockAway, with nothing secret in its text."""

    def hold(self, seconds: float) -> None:
        """The system asked to be left alone for so long (a limit told with status 400, a cost that is used up)."""

    def spent(self, cost: float) -> None:
        """The last call cost so much more (or, below 0, less) than was said before it."""


class StockSystem(Protocol):
    """A shop's or a till's own system. Methods that its CAN excludes are never called. All raise StockAway."""

    def everything(self) -> AsyncIterator[Page]:
        """All that it has, a page a call; never by an offset that a change behind it would shift, where it can."""

    def changed(self, since_s: float) -> AsyncIterator[Page]:
        """What changed at or after a moment (UNIX seconds), oldest first."""

    async def read(self, keys: Sequence[Key]) -> Page:
        """What these have now, in as few calls as it takes."""

    def pushed(self, delivery: Delivery) -> Pushed:
        """What a webhook says, its signature checked over the raw bytes; raises BadDelivery. Pure, makes no call."""

    def key(self, sku: str, location: str) -> Key | None:
        """What to read for a SKU of ours at a location of ours; None if it is not known (yet)."""

    async def reserve(self, wish: Wish) -> Kept:
        """Ask to keep one; CONFIRMED only by the system's own word. Raises StockAway where nobody knows."""

    async def reserved(self, key: str) -> Kept:
        """How a wish that was asked before stands."""

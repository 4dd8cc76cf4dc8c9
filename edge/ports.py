"""What the core asks of the world: one Protocol a port, owned here, kept by ``edge/adapters/<port>_<name>.py``.

An adapter module has ``Settings`` (a pydantic model, unknown keys refused) and ``open(settings, where)``, an async
context manager that yields an object of the port; a camera's ``open`` is a plain context manager, as it runs
in the eye's own process. ``where`` is the folder against which relative paths are read.

A camera's module may say more of itself: ``network(settings)`` whether its eye must be let out to reach the camera (the
kernel refuses it otherwise), ``LIVE`` that its pictures are a sensor's, no two of them the same, ``SILENT`` what is
wrong and what to do when no picture comes (``{camera}`` in it is the camera's id), ``PUSHED`` that ``open`` takes the
ear by which the eye hears its parent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from edge.model import Profile

Gray = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: ``gray`` is height x width uint8, without pixels if a picture came that cannot be read;
    ``number`` is the source's own count (0 if it has none)."""

    gray: Gray
    number: int = 0


class Camera(Protocol):
    """A source of frames, read inside an eye's process."""

    def read(self, timeout: float) -> Frame | None:
        """The newest frame not yet read, or None after ``timeout`` seconds; older ones are skipped.

        Raises SourceGone when the device went away (the eye opens it again), SourceEnded after the last frame.
        """


class SourceGone(Exception):
    """The device or stream is away; the text says which and what to do."""


class SourceEnded(Exception):
    """A source with an end (a file, a folder) has shown its last frame."""


class Scanner(Protocol):
    """A hand scanner that is open. Its adapter's ``open`` raises SourceGone while the device is away."""

    def texts(self) -> AsyncIterator[str]:
        """Each text as the scanner ended it, with the AIM identifier if it sends one.

        What was cut off, too long or no text comes as one with signs that cannot be printed. Ends only by raising
        SourceGone, when the device went away.
        """


class Members(Protocol):
    """A source of member profiles."""

    async def profile(self, ref: str) -> Profile | None:
        """The profile for a member's reference (token ``sub`` or ``s1.`` ref), None if there is none or no more.

        Raises MembersAway when the source cannot answer now.
        """


@runtime_checkable
class Erasing(Protocol):
    """A members' source that tells by itself whom it knows no more, so that nobody keeps them."""

    def erased(self) -> AsyncIterator[str]:
        """The reference of each member that is erased from now on; for ever."""


@runtime_checkable
class Probed(Protocol):
    """A source that can be tried: of members without a reference, of stock without following it."""

    async def probe(self) -> None:
        """Ask it something that concerns nobody; raises MembersAway, or StockAway, with what is wrong."""


@runtime_checkable
class Troubled(Protocol):
    """A source that knows what is wrong with it before anybody asks it for something; "" if nothing is."""

    @property
    def trouble(self) -> str: ...


class MembersAway(Exception):
    """A members' source cannot answer now; the session goes on without its blocks. The text names no member."""


@dataclass(frozen=True, slots=True)
class StockLevel:
    """What a source says that a location has of a SKU: absolute figures, never changes.

    Its basis is whichever it tells: ``available`` (how many can be sold, all that is kept back already taken off),
    ``on_hand`` (how many are there, of which ``reserved`` are sold and ``hold`` kept for somebody: 取り置き), or a
    ``status`` alone (one of STATUSES). ``safety`` is what this source wants kept back and has not taken off itself.
    ``incoming`` more come on ``incoming_on`` (an ISO date, empty if nobody knows). ``sold_daily`` is how many a day
    this location sells of it, None if nobody knows. ``revision`` orders what one source says of one SKU at one
    location: its own version, or milliseconds since 1970; 0 where a source gives no order.
    """

    sku: str
    location: str
    available: int | None = None
    on_hand: int | None = None
    reserved: int = 0
    hold: int = 0
    safety: int = 0
    status: str = ""
    incoming: int = 0
    incoming_on: str = ""
    sold_daily: float | None = None
    revision: int = 0


STATUSES = ("in", "few", "none", "order")
"""A status without a number: there, few left, none, none here but it can be ordered in (取り寄せ)."""


@dataclass(frozen=True, slots=True)
class StockItem:
    """What a source says of a SKU itself; what it does not say is empty.

    ``gtin`` has 14 digits; SKUs of one ``style`` differ in ``color`` and ``size``, each by the source's own word;
    ``few`` is from how many left on down the source says "few left", itself included.
    """

    sku: str
    gtin: str = ""
    style: str = ""
    color: str = ""
    size: str = ""
    name: str = ""
    few: int | None = None


class Way(IntEnum):
    """By which way a source's word came here; the numbers stand in files."""

    UNTOLD = 0
    FILE = 1
    POLL = 2
    PUSH = 3
    READ = 4
    COMPARISON = 5
    HUB = 6
    SNAPSHOT = 7


@dataclass(frozen=True, slots=True)
class StockReport:
    """What a stock source told at one moment. ``levels`` None means: unchanged since the last report.

    ``age`` is how old, in seconds, the source's word was when it was read (0 for the source itself); one that was read
    in pages is as old as its first question.
    ``locations`` are those this source speaks for, so that a SKU it no longer names is known to be gone.

    A report that is not ``whole`` tells of the SKUs that it names alone, those in ``gone`` (SKU, location) are no
    longer there. One that does not ``vouch`` says nothing of how fresh the rest is: it moves no watermark. A
    ``sure`` one was read from the source itself, so its figure counts where two of one revision differ; what a webhook
    carried is not sure. ``part`` keeps apart what several channels say behind one source (a hub's). ``asked`` is how
    long ago its reading began where ``age`` does not say it: a word that somebody repeats is older than the question.
    ``way`` is by which way it came. ``ahead`` is by how many seconds the clock of its revisions is ahead of ours, None
    where these are no times; ``sent_s`` when the source sent it, in UNIX seconds of ours, 0 where it does not say.
    ``ordered`` says that the sender's own numbers tell it from older words (a hub's), whatever the rows' revisions;
    ``follows`` are the (SKU, location) of which alone they do, ``behind`` those of which an answer that was asked for
    after this one is known already.
    """

    locations: frozenset[str]
    levels: Sequence[StockLevel] | None
    age: float = 0.0
    whole: bool = True
    gone: Sequence[tuple[str, str]] = ()
    items: Sequence[StockItem] = ()
    vouches: bool = True
    sure: bool = True
    part: str = ""
    asked: float | None = None
    way: Way = Way.UNTOLD
    ahead: float | None = None
    sent_s: float = 0.0
    ordered: bool = False
    follows: frozenset[tuple[str, str]] = frozenset()
    behind: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a report: how many rows ``changed``, how many were ``refused`` as older than what is known, and
    the (SKU, location) whose revision is the known one but not their figures, to be read from the source again.

    ``news`` are the revisions of rows that were known with other figures before, at most NEWS of them; ``moved`` those
    (SKU, location) of them of which more differs than how it sells, and whose revision is no older than the known.
    ``outdated`` are the locations at which the source itself, asked long after, said less than it had said before."""

    changed: int = 0
    refused: int = 0
    ties: tuple[tuple[str, str], ...] = ()
    news: tuple[int, ...] = field(default=(), compare=False)
    moved: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    outdated: frozenset[str] = field(default=frozenset(), compare=False)


NEWS = 500


@dataclass(frozen=True, slots=True)
class Comparison:
    """How comparisons of a source with what is here go. ``begun`` and ``ended`` count them; of the one under way
    ``rows`` were read, of the last one that ended ``differed`` rows were put right, at ``at_s`` (UNIX seconds)."""

    begun: int = 0
    ended: int = 0
    rows: int = 0
    differed: int = 0
    at_s: float = 0.0


@runtime_checkable
class Comparing(Protocol):
    """A stock source that compares all it has with what is here, by itself and when it is asked to."""

    def compare(self) -> None:
        """Compare everything again, as soon as the budgets of the source allow."""

    @property
    def comparison(self) -> Comparison:
        """How that goes."""


class StockSource(Protocol):
    """A channel of stock: a file that is watched, an endpoint that is polled."""

    def reports(self) -> AsyncIterator[StockReport]:
        """Reports for ever, each as soon as it is known, at least one every poll. Raises StockAway while it is gone."""


@runtime_checkable
class Answered(Protocol):
    """A stock source that wants to hear what became of its reports."""

    def taken(self, report: StockReport, taken: Taken) -> None:
        """The report is in the cache, on disk and in memory."""


class StockAway(Exception):
    """A stock source cannot be read; the text says why, without secrets."""


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message. ``properties`` are user properties."""

    topic: str
    payload: bytes = field(repr=False)
    retain: bool = False
    content_type: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


class Link(Protocol):
    """An open connection to the broker; it ends by raising LinkLost from any of its methods."""

    @property
    def window(self) -> int:
        """How many unacknowledged messages the far side takes (its Receive Maximum)."""

    @property
    def max_bytes(self) -> int:
        """The largest message the far side takes (its Maximum Packet Size)."""

    def publish(self, message: Message) -> Awaitable[int]:
        """Send at QoS 1; awaited, the PUBACK's reason: 0x00 taken, 0x10 nobody listens, 0x80 up refused."""

    async def also(self, topics: Sequence[str]) -> Sequence[str]:
        """Subscribe to these besides, at QoS 1 and without hearing oneself; those that the far side refuses."""

    def messages(self) -> AsyncIterator[Message]:
        """What arrives on the subscribed topics; ends only by LinkLost."""


class LinkLost(Exception):
    """The broker is away or closed the connection; the text says why, ``cause`` is a Cause's value or empty."""

    def __init__(self, text: str, cause: str = "") -> None:
        super().__init__(text)
        self.cause = cause

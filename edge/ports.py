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
    """A members' source that can be tried without a member's reference."""

    async def probe(self) -> None:
        """Ask it something that concerns nobody; raises MembersAway with what is wrong."""


@runtime_checkable
class Troubled(Protocol):
    """A source that knows what is wrong with it before anybody asks it for something; "" if nothing is."""

    @property
    def trouble(self) -> str: ...


class MembersAway(Exception):
    """A members' source cannot answer now; the session goes on without its blocks. The text names no member."""


@dataclass(frozen=True, slots=True)
class StockLevel:
    """How many of a SKU a location can sell: an absolute count, never a change."""

    sku: str
    location: str
    available: int


@dataclass(frozen=True, slots=True)
class StockReport:
    """One whole answer of a stock source. ``levels`` None means: unchanged since the last report.

    ``age`` is how old, in seconds, the source's word was when it was read (0 for the source itself).
    ``locations`` are those this source speaks for, so that a SKU it no longer names is known to be gone.
    """

    locations: frozenset[str]
    levels: Sequence[StockLevel] | None
    age: float = 0.0


class StockSource(Protocol):
    """A channel of stock: a file that is watched, an endpoint that is polled."""

    def reports(self) -> AsyncIterator[StockReport]:
        """Reports for ever, each as soon as it is known, at least one every poll. Raises StockAway while it is gone."""


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

"""What the inbox asks of head office's database: take contacts in once each, and say how far each stream is whole."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from edge.contacts.event import Received, read_event

LIVE, BACKFILL = "live", "backfill"
"""How a contact came: by itself, or in a batch out of a backlog."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event as it came: read once, with its own bytes. ``received_ms`` is UNIX time at head office, UTC."""

    event: Received
    body: bytes = field(repr=False)
    delivery: str = LIVE
    received_ms: int = 0


def arrival(body: bytes, delivery: str = LIVE, received_ms: int | None = None) -> Arrival:
    """An event that comes now, or when ``received_ms`` says; raises BadEvent."""
    return Arrival(
        read_event(body), body, delivery, time.time_ns() // 1_000_000 if received_ms is None else received_ms
    )


class SinkAway(Exception):
    """The database cannot commit now: it is away, full or refuses us. The text says which, and names no person."""


class Sink(Protocol):
    """Head office's database: where contacts end."""

    async def insert(self, arrivals: Sequence[Arrival]) -> dict[str, int]:
        """Take in once each, commit, then say how far each stream that sent one is whole.

        The number is the highest up to which every one is here or accounted for by a gap; what lay there already is
        no error. Raises SinkAway when nothing of it was committed.
        """


@runtime_checkable
class Erasing(Protocol):
    """A sink that can forget members."""

    async def erase(self, members: Collection[str]) -> int:
        """Take these pseudonyms, and the sessions beside them, out of what is here and of all that still comes; gives
        how many contacts were changed now. Raises SinkAway."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A contact as the sink keeps it; ``time`` is the sender's word (RFC 3339), ``received_ms`` head office's."""

    stream: str
    seq: int
    id: str
    kind: str
    time: str
    store: str
    device: str
    touchpoint: str
    session: str
    member: str = field(repr=False)
    delivery: str
    received_ms: int
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which contacts: received in [``since_ms``, ``until_ms``), of a store and a kind where these are named."""

    since_ms: int
    until_ms: int
    store: str = ""
    kind: str = ""


@runtime_checkable
class Exporting(Protocol):
    """A sink that gives out what it keeps."""

    def kept(self, asked: Asked) -> AsyncIterator[Sequence[Kept]]:
        """What was asked for, in the order of its receipt, in parts of some thousands. Raises SinkAway."""

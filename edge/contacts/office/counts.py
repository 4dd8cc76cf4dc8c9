"""What a sink can tell of what it holds, for head office's page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Count:
    """How many contacts of a kind a store has sent, and when the last one happened (RFC 3339, UTC)."""

    store: str
    kind: str
    contacts: int
    latest: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a stream stands in the books. ``upto`` is its watermark, ``highest`` the highest number that was named;
    ``heard_ms`` and ``hole_ms`` (since when the next number is missing, 0 for no hole) are UNIX time at head office,
    ``latest`` is the device's own. ``gaps`` says how many events were lost, by reason."""

    stream: str
    store: str
    device: str
    upto: int
    highest: int
    heard_ms: int = 0
    hole_ms: int = 0
    latest: str = ""
    contacts: int = 0
    duplicates: int = 0
    salvaged: int = 0
    unsynced: bool = False
    gaps: Mapping[str, int] = field(default_factory=dict)


@runtime_checkable
class Counting(Protocol):
    """A sink that can tell what it holds; one that cannot is served without the tables. Raises SinkAway."""

    async def counts(self) -> Sequence[Count]:
        """What has arrived, by store and kind."""

    async def standings(self) -> Sequence[Standing]:
        """How every stream stands, by store and device."""

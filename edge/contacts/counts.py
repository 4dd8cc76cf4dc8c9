"""What a sink can tell of what it holds, for head office's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Count:
    """How many contacts of a kind a store has sent, and when the last one happened (RFC 3339, UTC)."""

    store: str
    kind: str
    contacts: int
    latest: str


@runtime_checkable
class Counting(Protocol):
    """A sink that can count; one that cannot is served without the table."""

    async def counts(self) -> Sequence[Count]:
        """What has arrived, by store and kind."""

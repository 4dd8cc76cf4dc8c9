"""What edges tell of themselves on their state's topic, as head office heard it last."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge.contacts import topics
from edge.ports import Message

MOST = 100_000
"""Edges that are remembered; beyond it the one that was first heard goes."""
MOST_BYTES = 16_384
_HIGHEST = 10**12


@dataclass(frozen=True, slots=True)
class Told:
    """An edge's last word: whether it is online, its present stream, the last number given there, how many wait."""

    online: bool
    stream: str = ""
    last: int = 0
    waiting: int = 0
    heard_s: float = 0.0


class Roster:
    """The last word of each edge, by its name on the wire. ``wall`` gives UNIX time."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self.edges: dict[str, Told] = {}
        self._wall = wall

    def hear(self, message: Message) -> None:
        """Note a state; what is none is left out. A will tells of being offline alone: the rest stays as it was."""
        edge = topics.edge_that_told(message.topic)
        said = _read(message.payload)
        if edge is None or said is None:
            return
        before = self.edges.get(edge, Told(False))
        stream = said.get("outbox", before.stream)
        self.edges[edge] = Told(
            said.get("state") == "online",
            stream if isinstance(stream, str) and len(stream) <= 64 else "",
            _number(said.get("last"), before.last),
            _number(said.get("waiting"), before.waiting),
            self._wall(),
        )
        if len(self.edges) > MOST:
            del self.edges[next(iter(self.edges))]


def _read(payload: bytes) -> dict[str, Any] | None:
    if len(payload) > MOST_BYTES:
        return None
    try:
        said = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _number(value: Any, before: int) -> int:
    return value if type(value) is int and 0 <= value < _HIGHEST else before

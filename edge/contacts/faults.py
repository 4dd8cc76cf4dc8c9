"""What head office hears of an edge's parts: that one ceased to work, or works again; kind, name, state and no words.

A detail may name a path or quote a device, so it stays on the health page. A part is told of once a minute at most, as
it is then: one that comes and goes all day fills no outbox, and what was told last is true in the end.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from edge.health import Health, Part, State
from edge.model import Contact

SETTLE_S = 60.0
"""From the start of the service until the first word: what is only starting is no fault."""
EVERY_S = 60.0
"""At most one word on a part in so long."""
LOOK_S = 1.0

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:-]{0,79}")

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of a part, and when, in seconds of the monotonic clock."""

    state: State
    since_s: float
    at: float


def due(parts: Sequence[Part], told: Mapping[Key, Told], now: float, wall: float) -> list[Part]:
    """The parts to tell of at ``now``, monotonic; one that is no longer expected works as far as anybody cares."""
    here = {(part.kind, part.name): part for part in parts}
    gone = [Part(*key, State.UP, wall) for key, word in told.items() if key not in here and word.state is State.DOWN]
    return [part for part in (*here.values(), *gone) if _due(part, told.get((part.kind, part.name)), now)]


def _due(part: Part, word: Told | None, now: float) -> bool:
    if word is None:
        return part.state is State.DOWN
    changed = part.state is not State.STARTING and (part.state, part.since_s) != (word.state, word.since_s)
    return changed and now - word.at >= EVERY_S


def fault(part: Part, at: float) -> Contact:
    """The contact of a part; a name that might be more than one is left out."""
    name = part.name if _NAME.fullmatch(part.name) else ""
    data = {"kind": part.kind, "name": name, "state": str(part.state), "since": round(part.since_s, 3)}
    return Contact("fault", "", at, data)


async def tell_faults(
    health: Health, note: Callable[[Contact], None], device: str, settle: float = SETTLE_S, look: float = LOOK_S
) -> None:
    """Tell the ledger for ever. The first word is that the edge itself began, with which every older fault is over."""
    edge, told = Part("edge", device, State.UP, time.time()), dict[Key, Told]()
    await asyncio.sleep(settle)
    note(fault(edge, time.monotonic()))
    while True:
        now = time.monotonic()
        for part in due(health.parts(), told, now, time.time()):
            note(fault(part, now))
            told[part.kind, part.name] = Told(part.state, part.since_s, now)
        await asyncio.sleep(look)

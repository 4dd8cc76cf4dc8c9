"""What eyes were flooded with, told to the ledger once a minute instead of once a code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from edge.members.rate import Flooded
from edge.model import Contact
from edge.sessions import notes

LOOK_S = 2.0


async def note_floods(
    floods: Callable[[], Sequence[Flooded]], screens: Mapping[str, str], note: Callable[[Contact], None]
) -> None:
    """Note for ever what ``floods`` tells; ``screens`` are those of the eyes."""
    while True:
        for flood in floods():
            note(notes.flooded(screens.get(flood.eye, ""), flood))
        await asyncio.sleep(LOOK_S)

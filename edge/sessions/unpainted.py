"""Content on its way to a browser: only once it is painted was it shown, and only then does the ledger hear of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from edge.model import Level

Told = tuple[str, Level]
"""What was shown, a campaign or a product, and at which level."""


@dataclass(slots=True)
class Unpainted:
    """One screen's, by the number of the event that brought it."""

    _waiting: dict[int, tuple[Told, Callable[[], None]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._waiting)

    def sent(self, event: int, told: Told, note: Callable[[], None]) -> None:
        """This event brings it; ``note`` is what to do once it is painted."""
        self._waiting[event] = (told, note)

    def painted(self, event: int, noted: Told | None) -> Told | None:
        """What is noted now that a browser painted this event; of several that came one upon the other it may have
        painted the last alone, and what was ``noted`` before is not noted again."""
        told, note = self._waiting.pop(event, (None, None))
        if told is None or note is None or told == noted:
            return noted
        note()
        return told

    def clear(self) -> None:
        """Nobody waits for what was on its way."""
        self._waiting.clear()

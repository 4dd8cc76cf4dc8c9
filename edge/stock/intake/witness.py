"""Whether a system that says it tells every change tells what a comparison found. Pure; times are of one clock."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

Row = tuple[str, str]
"""(SKU, location) of ours."""
CHANCES = 2
"""So many answers in a row must miss a change: the first may be a copy's of the shop that lagged behind."""


@dataclass(slots=True)
class _Suspect:
    at: float
    missed: int = 0


class Witness:
    """Rows that were known, that the system vouched for, and that a comparison found otherwise.

    Whoever asks a system for changes asks from before its last question on. So what changed since then, and a
    comparison came upon first, is told by the next question too; a change that is not told left no trace that asking
    could find. A push tells each change once, at latest before one that was sent ``lag_s`` after it; it may be known
    while the comparison that crossed it is not, so what is told since that began is not held against anybody. When the
    row changed need not be known, nor what its revision is.
    """

    def __init__(self, lag_s: float) -> None:
        self._lag_s = lag_s
        self._suspects: dict[Row, _Suspect] = {}
        self._lately: set[Row] | None = None

    def begin(self) -> None:
        """A comparison begins."""
        self._lately = set()

    def end(self) -> None:
        """It ended."""
        self._lately = None

    def differed(self, rows: Iterable[Row], at: float) -> None:
        """A comparison found these otherwise than they were known; its answer came at ``at``."""
        for row in rows:
            if row not in (self._lately or ()):
                self._suspects.setdefault(row, _Suspect(at))

    def told(self, rows: Collection[Row]) -> None:
        """The system told of these."""
        for row in self._suspects.keys() & rows:
            del self._suspects[row]
        if self._lately is not None:
            self._lately.update(rows)

    def asked(self, at: float) -> int:
        """The system told all that it knew at ``at``; how many changes it and its word before missed."""
        for suspect in self._suspects.values():
            suspect.missed += suspect.at + self._lag_s <= at
        missed = [row for row, suspect in self._suspects.items() if suspect.missed >= CHANCES]
        for row in missed:
            del self._suspects[row]
        return len(missed)

    def forget(self) -> None:
        """Nothing is held against it: its word was not one that had to tell all, or was lost."""
        self._suspects.clear()

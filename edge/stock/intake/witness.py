"""Whether asking for changes finds what a comparison found changed. Pure; times are seconds of one clock."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

Row = tuple[str, str]
"""(SKU, location) of ours."""
CHANCES = 2
"""So many questions in a row must miss a change: the first may have reached a copy of the shop that lagged behind."""


@dataclass(slots=True)
class _Suspect:
    at: float
    missed: int = 0


class Witness:
    """Rows that were known, that polls vouched for, and that a comparison found otherwise.

    Whoever asks a system for changes asks from before its last question on. So what changed since then, and a
    comparison came upon first, is told by the next question too; a change that is not told left no trace that asking
    could find. When the row changed need not be known, nor what its revision is.
    """

    def __init__(self, lag_s: float) -> None:
        self._lag_s = lag_s
        self._suspects: dict[Row, _Suspect] = {}

    def differed(self, rows: Iterable[Row], at: float) -> None:
        """A comparison found these otherwise than they were known; its answer came at ``at``."""
        for row in rows:
            self._suspects.setdefault(row, _Suspect(at))

    def told(self, rows: Collection[Row]) -> None:
        """A question for changes told of these."""
        for row in self._suspects.keys() & rows:
            del self._suspects[row]

    def asked(self, at: float) -> int:
        """A question that went at ``at`` was answered to its end; how many changes it and the one before missed."""
        for suspect in self._suspects.values():
            suspect.missed += suspect.at + self._lag_s <= at
        missed = [row for row, suspect in self._suspects.items() if suspect.missed >= CHANCES]
        for row in missed:
            del self._suspects[row]
        return len(missed)

    def forget(self) -> None:
        """Nothing is held against it: the question was not one that had to tell all."""
        self._suspects.clear()

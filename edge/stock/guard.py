"""Which of two words about one row counts. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from edge.stock.figures import Figures


class Verdict(Enum):
    """What becomes of a level."""

    TAKEN = auto()  # its figures count from now on
    NEWER = auto()  # the same figures, by a later revision
    SAME = auto()
    REFUSED = auto()  # older than what is known
    TIE = auto()  # nobody can tell which is later: the source is to be read again


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of a SKU on a shelf: ``figures`` None for a SKU that is gone. ``taken`` is when, on the cache's own
    clock, which no restart and no setting of a clock turns back."""

    figures: Figures | None
    revision: int
    taken: float


def weigh(known: Row | None, figures: Figures, revision: int, later: bool) -> Verdict:
    """What becomes of figures of a revision. ``later`` says that they were read from the source itself, after the row
    was last taken: where the revisions do not order the two (equal, or a source without), that does."""
    if known is None:
        return Verdict.TAKEN
    if 0 < revision < known.revision:
        return Verdict.REFUSED
    if figures == known.figures:
        return Verdict.NEWER if revision > known.revision else Verdict.SAME
    ordered = 0 < known.revision < revision
    return Verdict.TAKEN if ordered or later else Verdict.TIE

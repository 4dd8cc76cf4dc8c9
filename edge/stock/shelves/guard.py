"""Which of two words about one row counts. Pure."""

from __future__ import annotations

from enum import Enum, auto

from edge.stock.shelves.figures import Figures


class Verdict(Enum):
    """What becomes of a level."""

    TAKEN = auto()  # its figures count from now on
    NEWER = auto()  # the same figures, by another revision that counts from now on
    SAME = auto()
    REFUSED = auto()  # older than what is known
    TIE = auto()  # nobody can tell which is later: the source is to be read again


OUTLIVED_S = 600.0
"""A revision binds its source for so long. A source that says an older one of a row that was last taken before that no
longer knows the newer one: it was restored, or the clock that stamped it ran ahead. No answer lags so far behind."""
LAGS_S = 30.0
"""So far an answer may lag behind its source by a copy of it. One that was asked for later, and has other figures by an
older revision, contradicts what is known: until the newer one is outlived nobody can tell which of the two holds."""


def weigh(
    known: Figures | None, known_revision: int, figures: Figures, revision: int, later: bool, last: bool = False
) -> Verdict:
    """What becomes of figures of a revision beside what is known of the row, None if the SKU is gone.

    ``later`` says that they were read from the source itself, after the row was last taken: where the revisions do not
    order the two (equal, or a source without), that does. ``last`` says that these are the last word, whatever their
    revision.
    """
    if last and figures != known:
        return Verdict.TAKEN
    if last:
        return Verdict.SAME if revision in (0, known_revision) else Verdict.NEWER
    if 0 < revision < known_revision:
        return Verdict.REFUSED
    if figures == known:
        return Verdict.NEWER if revision > known_revision else Verdict.SAME
    ordered = 0 < known_revision < revision
    return Verdict.TAKEN if ordered or later else Verdict.TIE

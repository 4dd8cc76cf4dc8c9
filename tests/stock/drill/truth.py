"""What a shop really had, and when; and what of a line on a screen is not so."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from edge.model import Band, StockLine
from edge.stock.freshness import LIVE_S

Row = tuple[str, str]
FEW = 3


@dataclass
class Was:
    """One figure (None: not carried) for a time; ``until_s`` is when it may be read as live for the last time."""

    n: int | None
    from_s: float
    until_s: float = math.inf


class Truth:
    """The figures of a shop over time."""

    def __init__(self) -> None:
        self.told: dict[Row, list[Was]] = defaultdict(list)

    def note(self, levels: Mapping[Row, int], now_s: float, grace_s: float = 0.0, restored: bool = False) -> None:
        """What there is from now on; what was until now may be believed for ``grace_s`` more, as nobody was told.

        A shop that is ``restored`` forgets what it had not told yet as well, whatever it had before that.
        """
        for row in {*self.told, *levels}:
            n, known = levels.get(row), self.told[row] or [Was(None, -math.inf)]
            self.told[row] = known
            if known[-1].n != n:
                known[-1].until_s = now_s + grace_s
                known.append(Was(n, now_s))
            for was in known[:-1]:
                if restored and was.until_s >= now_s - LIVE_S:
                    was.until_s = max(was.until_s, now_s + grace_s)

    def within(self, row: Row, since_s: float, until_s: float) -> set[int | None]:
        """All that it was at some moment between two."""
        known = self.told.get(row) or [Was(None, -math.inf)]
        return {was.n for was in known if was.from_s <= until_s and was.until_s >= since_s}


def wrong(line: StockLine, row: Row, truth: Truth, now_s: float, tick_s: float) -> str:
    """What of a line was at no moment so that it may be read now; empty for an honest one."""
    if line.band is Band.ASKING:
        return "a number without a word" if line.available is not None else ""
    label = re.search(r"\d+", line.fresh)
    span_s = (int(label[0]) + 1) * 60.0 if label else LIVE_S
    were = truth.within(row, now_s - span_s - tick_s, now_s)
    if label and line.available is not None:
        return f"{row}: {line.available} beside a label"
    said = {line.available} if line.available is not None else None
    if any(_fits(line.band, n) and (said is None or n in said) for n in were):
        return ""
    return f"{row}: {line.text!r} {line.fresh!r}, and it was {sorted(were, key=str)}"


def _fits(band: Band, n: int | None) -> bool:
    if n is None:
        return band is Band.UNLISTED
    return band is (Band.NONE if n == 0 else Band.FEW if n <= FEW else Band.MANY)

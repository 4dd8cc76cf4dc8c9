"""What is noted of each channel while it is fed: how its reports fared, how late its changes were, who can compare."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from edge.ports import Comparing, Comparison, StockReport, StockSource, Taken, Way
from edge.stock.inquiry.lags import FIRST_MS, Lags


@dataclass(slots=True)
class Count:
    """What became of one channel's reports since the start. ``ways`` is by which ways rows changed, ``older`` how many
    rows of its last report of everything were refused as older."""

    changed: int = 0
    refused: int = 0
    ties: int = 0
    older: int = 0
    ways: dict[Way, int] = field(default_factory=dict)


@dataclass(slots=True)
class Deliveries:
    """What became of one channel's webhooks since the start; ``why`` the last refused one was, ``at_s`` (UNIX seconds)
    it came."""

    taken: int = 0
    known: int = 0
    refused: int = 0
    why: str = ""
    at_s: float = 0.0

    def refuse(self, why: str, at_s: float) -> None:
        """One more was refused."""
        self.refused, self.why, self.at_s = self.refused + 1, why, at_s


class Watch:
    """Follows all channels of a process. Channels are those that count: a hub's part by its own name (``hub/pos``)."""

    def __init__(self) -> None:
        self.lags = Lags()
        self.counts: dict[str, Count] = {}
        self.deliveries: dict[str, Deliveries] = {}
        self._sources: dict[str, StockSource] = {}
        self._compared: dict[str, Comparison] = {}

    @contextmanager
    def following(self, channel: str, source: StockSource) -> Iterator[None]:
        """A channel of the settings is fed meanwhile."""
        self._sources[channel] = source
        try:
            yield
        finally:
            if (found := self.comparison(channel)) is not None and found.ended:
                self._compared[channel] = found
            del self._sources[channel]

    def heard(self, channel: str, report: StockReport, taken: Taken, known_s: float, now_s: float) -> None:
        """A report is in the cache, whose rows were its source's word at ``known_s`` before (UNIX seconds)."""
        name = f"{channel}/{report.part}" if report.part else channel
        count = self.counts.setdefault(name, Count())
        count.changed += taken.changed
        count.refused += taken.refused
        count.older = taken.refused if report.whole and report.levels is not None else count.older
        count.ties += len(taken.ties)
        if taken.changed:
            count.ways[report.way] = count.ways.get(report.way, 0) + taken.changed
        lags, told = lags_of(report, taken, known_s, now_s)
        self.lags.note(name, now_s, lags, told)

    def comparing(self, channel: str) -> Comparing | None:
        """The source of a channel that is fed now, if it can be asked to compare."""
        source = self._sources.get(channel)
        return source if isinstance(source, Comparing) else None

    def compared(self, channel: str) -> Comparison | None:
        """As ``comparison``; while there is none that ended, as the source that was followed before left it."""
        found = self.comparison(channel)
        return found if found is not None and found.ended else self._compared.get(channel, found)

    def comparison(self, channel: str) -> Comparison | None:
        """How comparisons of a channel go."""
        source = self.comparing(channel)
        return source.comparison if source is not None else None


def lags_of(report: StockReport, taken: Taken, known_s: float, now_s: float) -> tuple[list[float], bool]:
    """How late the rows that changed were, in seconds, and whether their source told when.

    By the times that their revisions are; else by when the source sent them; else they changed after ``known_s``, when
    the source last vouched for the old figures: no more is known. Nothing where it never did.
    """
    if report.ahead is not None and taken.news and min(taken.news) >= FIRST_MS:
        return [max(0.0, now_s + report.ahead - revision / 1000) for revision in taken.news], True
    if report.sent_s:
        return [max(0.0, now_s - report.sent_s)] * len(taken.news), True
    return ([max(0.0, now_s - known_s)] * len(taken.news), False) if known_s > 0 else ([], False)

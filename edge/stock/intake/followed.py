"""Rows whose last word is a push of a numbered stream: its next one is newer, though a coarse stamp says the same.

A stream's pushes are read one after the other by whoever sends them, so a later number is a later word. That orders two
pushes alone: of a push and a reading between them nobody knows which is later, so a reading ends it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from edge.ports import StockLevel, StockReport

Row = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Word:
    """What a push says of a row, by its number in its stream ("" and 0: it has none)."""

    level: StockLevel
    stream: str = ""
    seq: int = 0

    @property
    def row(self) -> Row:
        """Which row."""
        return self.level.sku, self.level.location

    def follows(self, other: Word) -> bool:
        """Whether it is the later word of the two by the stream's numbers, where the revisions do not say."""
        same = self.stream == other.stream and self.level.revision == other.level.revision
        return bool(self.stream) and same and self.seq > other.seq


def latest(words: Iterable[Word]) -> tuple[list[Word], list[Row]]:
    """The last word of each row: of the highest revision, and of equal ones the later number; and the rows without.

    Those have other figures by one revision, and no stream that orders them: the source is to be read again.
    """
    said: dict[Row, list[Word]] = {}
    for word in words:
        kept = said.get(word.row)
        if kept is None or word.level.revision > kept[0].level.revision:
            said[word.row] = [word]
        elif word.level.revision == kept[0].level.revision:
            kept.append(word)
    clear = [max(kept, key=lambda word: word.seq) for kept in said.values() if _in_order(kept)]
    return clear, [row for row, kept in said.items() if not _in_order(kept)]


def _in_order(words: Sequence[Word]) -> bool:
    """Whether one of these of one revision is known to be the last, or they say the same."""
    one = bool(words[0].stream) and len({word.stream for word in words}) == 1
    return one or all(word.level == words[0].level for word in words)


class Followed:
    """One channel's rows whose last word in the cache is a push. Told of each report as it is sent there, in order."""

    def __init__(self) -> None:
        self._last: dict[Row, Word] = {}

    def sent(self, words: Sequence[Word]) -> frozenset[Row]:
        """These pushes go to the cache now; the rows of which they are the later word whatever their revisions."""
        rows = {word.row for word in words if (last := self._last.get(word.row)) and word.follows(last)}
        self._last.update((word.row, word) for word in words if word.stream)
        for word in words:
            if not word.stream:
                self._last.pop(word.row, None)
        return frozenset(rows)

    def taken(self, words: Sequence[Word], follows: Collection[Row], moved: Collection[Row]) -> None:
        """The cache has them. Of the others those alone count that moved a row: they were newer by their revision."""
        counted = {*follows, *moved}
        for word in words:
            if word.row not in counted and self._last.get(word.row) == word:
                del self._last[word.row]

    def read(self, report: StockReport) -> None:
        """A report that is no push goes to the cache now."""
        if report.whole:
            self._last.clear()
        for level in report.levels or ():
            self._last.pop((level.sku, level.location), None)
        for row in report.gone:
            self._last.pop(row, None)

    def forget(self) -> None:
        """Nothing is known of the cache's last words."""
        self._last.clear()

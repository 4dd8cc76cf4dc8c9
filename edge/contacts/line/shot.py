"""One message of the uplink: a single event, or of a backlog as many as fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge.contacts import topics
from edge.contacts.batch import BATCH_TYPE, write_batch
from edge.contacts.event import CONTENT_TYPE, Range
from edge.contacts.line.doubts import BATCH, Doubts
from edge.contacts.spool.schema import Row
from edge.ports import Message


@dataclass(frozen=True, slots=True)
class Shot:
    """The events of one message, in order."""

    rows: Sequence[Row]

    @property
    def range(self) -> Range:
        """The first and the last number."""
        return self.rows[0].seq, self.rows[-1].seq

    @property
    def kind(self) -> str:
        """The event's kind, or that they are several."""
        return self.rows[0].kind if len(self.rows) == 1 else BATCH


def fitting(rows: Sequence[Row], room: int) -> Sequence[Row]:
    """The first rows that may share a message of so many bytes before it is compressed: whole ones, at least one."""
    count = 0
    for row in rows:
        room -= len(row.body) + 2
        if room < 0 or not row.whole:
            break
        count += 1
    return rows[: max(1, count)]


def message_of(shot: Shot, edge: str, doubts: Doubts) -> Message:
    """The message as it is published."""
    if len(shot.rows) == 1:
        row = shot.rows[0]
        return Message(topics.contact(edge, doubts.detour(row.kind)), row.body, False, CONTENT_TYPE)
    return Message(topics.batch(edge), write_batch([row.body for row in shot.rows]), False, BATCH_TYPE)

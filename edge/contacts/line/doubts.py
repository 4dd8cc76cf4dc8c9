"""Which event the far side will never take: refusals counted by kind, losses by the event that was alone in flight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.contacts.event import Range
from edge.contacts.line.flight import Verdict

TRIES = 5
MUTE_S = 600.0
"""A kind that was given up is tried again after so long: mosquitto ends a connection whose PUBLISH it refuses."""

PATIENCE = 3.0
LONGEST_S = 10.0
"""Seconds of silence, at most, with which a line is asked whether it ends by itself."""

BATCH = "batch"
"""Takes a kind's place for a message of many events."""


@dataclass
class Doubts:
    """What is remembered across connections about events that may be poison.

    A broker that closes the connection on an event (MQTT.md 1.3: mosquitto's ``message_size_limit``) would loop for
    ever. After two losses with messages in flight the next connections send one at a time, after a silence of
    ``patience`` seconds: a line that ends by itself ends in the silence, too, and clears the event. With five losses
    of the event alone it is set aside. A batch is halved until the event is alone; ``patience`` is three times what
    the last one took to end the line.
    """

    careful: bool = False
    patience: float = 0.0
    batches: bool = True
    taken: str = ""
    _losses: int = 0
    _small: int = 0
    _small_upto: int = -1
    _alone: Counter[int] = field(default_factory=Counter)
    _refused: Counter[str] = field(default_factory=Counter)
    _mute: dict[str, float] = field(default_factory=dict)

    def batch_at(self, first: int, most: int) -> int:
        """How many events a message that begins with this one may carry; 1 for a single event."""
        if not self.batches:
            return 1
        return min(most, self._small) if first <= self._small_upto else most

    def given_up(self, kind: str, now: float) -> bool:
        """True for a kind that the broker refused so often that it is not asked for a while. A gap never is."""
        return kind != "gap" and now < self._mute.get(kind, 0.0)

    def detour(self, kind: str) -> str:
        """The kind whose topic carries this event: its own, or for a gap whose topic is refused one that is taken.

        To set a gap aside would be told by a gap, and the event's own type says what it is.
        """
        return self.taken if self.taken and self._detoured(kind) else kind

    def answered(self, shot: Range, kind: str, verdict: Verdict, now: float = 0.0) -> str:
        """Note a PUBACK; the reason to set the event aside, empty if there is none."""
        self._alone.pop(shot[0], None)
        if verdict is Verdict.TAKEN:
            if not self._detoured(kind):
                self._refused.pop(kind, None)
            self.taken = self.taken if kind in (BATCH, "gap") else kind
            return ""
        if kind == BATCH:
            return self._batch_answered(shot, verdict)
        if verdict is Verdict.TOO_LARGE:
            return verdict
        if verdict not in (Verdict.REFUSED, Verdict.MALFORMED):
            return ""
        # A topic that the broker refuses will refuse the next of its kind too; a payload is refused by itself.
        whose = kind if verdict is Verdict.REFUSED else str(shot[0])
        self._refused[whose] += 1
        if self._refused[whose] < TRIES:
            return ""
        if verdict is Verdict.REFUSED:
            self._mute[kind] = now + MUTE_S
        return verdict

    def lost(self, aloft: Mapping[int, int], lasted: float = 0.0) -> int | None:
        """A connection that had taken the birth was lost with these messages out; the event to set aside, if any.

        ``lasted`` is for how many seconds the eldest had been out.
        """
        if not aloft:
            if self.careful:
                self.calm()  # the line ended in its silence: it needs no event for that
            return None
        self._losses += 1
        self.patience = min(LONGEST_S, PATIENCE * lasted)
        if self.careful and len(aloft) == 1:
            ((first, last),) = aloft.items()
            if last > first:
                self._halve((first, last))
                return None
            self._alone[first] += 1
            if self._alone[first] >= TRIES:
                del self._alone[first]
                return first
        self.careful = self._losses >= 2
        return None

    def calm(self) -> None:
        """A connection carried many events, or ended by itself: the suspicion is over."""
        self.careful, self._losses, self.patience = False, 0, 0.0
        self._alone.clear()

    def forgive(self) -> None:
        """Somebody mended what was refused, and wishes it sent again."""
        self._refused.clear()
        self._mute.clear()

    def _detoured(self, kind: str) -> bool:
        return kind == "gap" and self._refused[kind] >= TRIES

    def _batch_answered(self, shot: Range, verdict: Verdict) -> str:
        if verdict is Verdict.REFUSED:
            self.batches = False
        elif verdict in (Verdict.MALFORMED, Verdict.TOO_LARGE):
            self._halve(shot)
        return ""

    def _halve(self, shot: Range) -> None:
        """Up to the end of this batch go half as many at a time: its neighbours are not to be lost with one.

        Numbers may be missing within a batch, so its ends do not tell how many it holds: halved is what was allowed.
        """
        first, last = shot
        self._small = max(1, min(self._small or last, last - first + 1) // 2)
        self._small_upto = max(last, self._small_upto)

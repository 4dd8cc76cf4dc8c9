"""Which event the far side will never take: refusals counted by kind, losses by the event that was alone in flight."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from edge.contacts.flight import Verdict

TRIES = 5


@dataclass
class Doubts:
    """What is remembered across connections about events that may be poison.

    A broker that closes the connection on an event (MQTT.md 1.3: mosquitto's ``message_size_limit``) would loop for
    ever. After two losses with events in flight the next connections send one at a time; an event with which five
    of those are lost is set aside. Each of them was new and had taken the birth: a broker that is away counts nothing.
    """

    careful: bool = False
    _losses: int = 0
    _alone: Counter[int] = field(default_factory=Counter)
    _refused: Counter[str] = field(default_factory=Counter)

    def answered(self, seq: int, kind: str, verdict: Verdict) -> str:
        """Note a PUBACK; the reason to set the event aside, empty if there is none."""
        self._alone.pop(seq, None)
        if verdict is Verdict.TAKEN:
            self._refused.pop(kind, None)
        if verdict is Verdict.TOO_LARGE:
            return verdict
        if verdict not in (Verdict.REFUSED, Verdict.MALFORMED):
            return ""
        # A topic that the broker refuses will refuse the next of its kind too; a payload is refused by itself.
        whose = kind if verdict is Verdict.REFUSED else str(seq)
        self._refused[whose] += 1
        return verdict if self._refused[whose] >= TRIES else ""

    def lost(self, aloft: list[int]) -> int | None:
        """The connection was lost with these events out; the one to set aside, if any."""
        if not aloft:
            return None
        self._losses += 1
        if self.careful and len(aloft) == 1:
            self._alone[aloft[0]] += 1
            if self._alone[aloft[0]] >= TRIES:
                del self._alone[aloft[0]]
                return aloft[0]
        self.careful = self._losses >= 2
        return None

    def calm(self) -> None:
        """A connection carried many events: the suspicion is over."""
        self.careful, self._losses = False, 0
        self._alone.clear()

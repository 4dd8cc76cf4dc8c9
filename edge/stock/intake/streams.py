"""Pushes that are numbered without gaps: whether they vouch that nothing else changed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

MOST_AHEAD = 1000


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a system's pushes. All up to ``last`` has come, and of the later ones those ``ahead``.

    It is ``sound`` once everything was read since it began: from then on its pushes tell each change.
    """

    name: str = ""
    last: int = 0
    ahead: frozenset[int] = frozenset()
    sound: bool = False

    @property
    def vouches(self) -> bool:
        """Whether what has come is all that changed."""
        return self.sound and not self.ahead

    @property
    def highest(self) -> int:
        """The highest number that has come."""
        return max(self.ahead, default=self.last)


def heard(stream: Stream, name: str, seq: int) -> Stream:
    """The stream after a push with this number; one of another name begins a new one, about which nothing is known."""
    if name != stream.name:
        return Stream(name, seq)
    if seq <= stream.last:
        return stream
    ahead, last = stream.ahead | {seq}, stream.last
    if len(ahead) > MOST_AHEAD:
        return Stream(name, max(ahead))
    while last + 1 in ahead:
        last += 1
    return replace(stream, last=last, ahead=frozenset(each for each in ahead if each > last))


def compared(stream: Stream, then: Stream) -> Stream:
    """The stream after everything was read; ``then`` is how it was before the first question of that reading.

    What was missing then had happened before, so the reading has it: numbers are given in order.
    """
    if not stream.name or stream.name != then.name:
        return stream
    last = max(stream.last, then.highest)
    ahead = frozenset(each for each in stream.ahead if each > last)
    while last + 1 in ahead:
        last += 1
    return Stream(stream.name, last, frozenset(each for each in ahead if each > last), sound=True)

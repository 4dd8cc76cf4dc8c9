"""Whose code each eye of a screen has before it, as far as its sessions need to know; time is an argument."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from edge.vision.presence import AWAY_S, STAYS_S


@dataclass(frozen=True, slots=True)
class Stay:
    """One person's codes before one eye: since when, and whether a session of theirs has ended meanwhile."""

    who: str = field(repr=False)
    since: float
    over: bool = False


class View:
    """What a screen's eyes see. Nobody is remembered beyond their own stay."""

    def __init__(self) -> None:
        self._stays: dict[str, Stay] = {}

    def saw(self, eye: str, who: str, at: float) -> None:
        """A code of ``who`` is before this eye, in place of whose was there."""
        if not self._goes_on(eye, who, at):
            self._stays[eye] = Stay(who, at)

    def gone(self, eye: str) -> None:
        """Nobody is before this eye any more, or several are."""
        self._stays.pop(eye, None)

    def sees(self, who: str) -> bool:
        """Whether any eye has a code of ``who`` before it."""
        return any(stay.who == who for stay in self._stays.values())

    def ended(self, who: str) -> None:
        """A session of ``who`` ended: codes that are still held up begin none until they were away."""
        self._stays = {eye: replace(stay, over=stay.over or stay.who == who) for eye, stay in self._stays.items()}

    def had_theirs(self, eye: str, who: str, at: float) -> bool:
        """Whether this stay of ``who`` has had its session already.

        Who stays for over 60 s counts as gone (``vision.presence``), so an older stay is another one, whatever this
        screen missed of its end.
        """
        return self._goes_on(eye, who, at) and self._stays[eye].over

    def _goes_on(self, eye: str, who: str, at: float) -> bool:
        stay = self._stays.get(eye)
        return stay is not None and stay.who == who and at - stay.since <= STAYS_S + AWAY_S

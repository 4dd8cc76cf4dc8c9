"""From looks to presentations: one code held before an eye is one scan, however many frames show it. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from edge.model import Code, Crowd, Gone, Look, Scan, Sight
from edge.vision.symbology import LINEAR

AWAY_S = 3.0
"""A code must be out of view for so long before it counts as gone, and before it triggers again (MEMBER_CODES 7)."""
TWICE_S = 0.5
"""A one-dimensional code must be read equal in two looks within so long (MEMBER_CODES 1)."""
TOGETHER_S = 1.0
"""Two codes of which each was seen again within so long are in view at once, even if no single frame shows both."""

Key = tuple[str, str]
"""A code's symbology and text: two engines that read the same see the same code."""


@dataclass(frozen=True, slots=True)
class Presence:
    """What is before one eye: the key of the last scan while it stays, when each code was last seen, and a crowd."""

    shown: Key | None = field(default=None, repr=False)
    seen: tuple[tuple[Key, float], ...] = field(default=(), repr=False)
    once: tuple[tuple[Key, float], ...] = field(default=(), repr=False)
    """One-dimensional codes as they were last read, until a second look confirms them."""
    crowd: bool = False
    eye: str = ""
    """Whose presence it is, from its last look."""


def step(presence: Presence, look: Look, candidate: Callable[[Code], bool]) -> tuple[Presence, tuple[Sight, ...]]:
    """The presence after one look, and what it newly shows.

    Only codes for which ``candidate`` is true count; whatever else is in view hides nothing. Looks come in the
    order of their time.
    """
    before, gone = tick(replace(presence, eye=look.eye), look.at)
    codes = {(code.symbology, code.text): code for code in look.codes if candidate(code)}
    sure = {key: code for key, code in codes.items() if key == before.shown or _sure(before, key, look.at)}
    once = tuple((key, look.at) for key in codes if key[0] in LINEAR)
    kept_once = tuple(pair for pair in before.once if look.at - pair[1] <= TWICE_S and pair[0] not in codes)
    after = replace(before, seen=_seen(before, sure, look.at), once=kept_once + once)
    after, new = _judged(before, after, sure, look)
    return after, gone + new


def tick(presence: Presence, now: float) -> tuple[Presence, tuple[Sight, ...]]:
    """The presence after silence until ``now``: the shown code may be gone."""
    seen = tuple((key, at) for key, at in presence.seen if now - at < AWAY_S)
    here = {key for key, _ in seen}
    after = replace(presence, seen=seen, crowd=presence.crowd and bool(seen))
    if presence.shown is None or presence.shown in here:
        return after, ()
    return replace(after, shown=None), (Gone(presence.eye, now),)


def _judged(before: Presence, after: Presence, sure: dict[Key, Code], look: Look) -> tuple[Presence, tuple[Sight, ...]]:
    if len(sure) > 1 or _alternate(before, sure, look.at):
        return replace(after, shown=None, crowd=True), () if before.crowd else (Crowd(look.eye, look.at),)
    if before.crowd and _others_near(after, sure, look.at):
        return after, ()
    for key, code in sure.items():
        if before.shown is None or all(key != known for known, _ in before.seen):
            scan = Scan(look.eye, code, look.at, look.frame)
            return replace(after, shown=key, crowd=False), (scan,)
    return after, ()


def _sure(presence: Presence, key: Key, at: float) -> bool:
    """A code that detects its own errors, or one that an earlier look within 500 ms read as well."""
    return key[0] not in LINEAR or any(key == earlier and at - when <= TWICE_S for earlier, when in presence.once)


def _seen(presence: Presence, sure: dict[Key, Code], at: float) -> tuple[tuple[Key, float], ...]:
    return tuple(pair for pair in presence.seen if pair[0] not in sure) + tuple((key, at) for key in sure)


def _alternate(before: Presence, sure: dict[Key, Code], at: float) -> bool:
    """An earlier code is back while the one that replaced it was just there: a reader that finds one of two a frame."""
    near = {key for key, when in before.seen if at - when <= TOGETHER_S}
    return before.shown in near and any(key != before.shown and key in near for key in sure)


def _others_near(after: Presence, sure: dict[Key, Code], at: float) -> bool:
    """The crowd goes on while a second code was seen within the last second."""
    return len({key for key, when in after.seen if at - when <= TOGETHER_S} | set(sure)) != 1

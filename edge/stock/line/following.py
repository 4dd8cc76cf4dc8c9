"""What an edge does with each word of the hub about one shelf. Pure: places and words in, a step out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from edge.stock.line.beat import Beat
from edge.stock.line.rows import Note

NUMBERING = 16
"""Digits of a start's name that say whose numbers it tells: its own, or its group's."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far an edge is in a shelf: it holds all of ``epoch`` up to ``n``, as the hub's start ``boot`` numbered it.

    Of the note that leads to ``coming`` it has the first ``parts``.
    """

    epoch: int
    n: int
    boot: str = ""
    coming: int = 0
    parts: int = 0


class Step(StrEnum):
    """What to do: take the rows, ask for the changes since, compare everything, or leave it."""

    TAKE = "take"
    FETCH = "fetch"
    COMPARE = "compare"
    LEAVE = "leave"


def note(place: Place | None, came: Note) -> tuple[Step, Place | None]:
    """What to do with a note, and the place once its rows are in the cache."""
    boot = came.word.boot if came.word else ""
    if place is None or place.epoch != came.epoch:
        return Step.COMPARE, None
    if came.n <= place.n:
        return (Step.COMPARE, None) if _forgot(place, came.n, boot) else (Step.LEAVE, place)
    if came.after > place.n or (came.part > 1 and (place.coming, place.parts) != (came.n, came.part - 1)):
        return Step.FETCH, place
    if came.part < came.parts:
        return Step.TAKE, replace(place, coming=came.n, parts=came.part)
    return Step.TAKE, Place(came.epoch, came.n, boot or place.boot)


def beat(place: Place | None, came: Beat) -> tuple[Step, Place | None]:
    """What to do with a beat: nothing, if the edge holds all that the hub held."""
    if place is None or place.epoch != came.epoch or _forgot(place, came.n, came.word.boot):
        return Step.COMPARE, None
    if came.n <= place.n:
        return Step.LEAVE, replace(place, boot=came.word.boot) if came.n == place.n else place
    return Step.FETCH, place


def is_reborn(place: Place, boot: str) -> bool:
    """Whether this is another start of the hub than the place was heard from; starts of a group's hubs begin alike."""
    return bool(place.boot and boot) and boot[:16] != place.boot[:16]


def vouched(place: Place | None, came: Beat) -> bool:
    """Whether a beat speaks for what the edge holds: it holds all that the hub held then."""
    return place is not None and place.epoch == came.epoch and place.n >= came.n


def _forgot(place: Place, n: int, boot: str) -> bool:
    """A hub that was started anew and knows less than it once told has an older file (a restored one).

    Hubs of a group count as one: their starts begin alike, and one that knows less merely has not heard it yet.
    """
    return n < place.n and bool(place.boot) and bool(boot) and boot[:NUMBERING] != place.boot[:NUMBERING]

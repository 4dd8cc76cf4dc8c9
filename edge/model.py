"""The values that travel from an eye to head office, each a frozen dataclass.

Times called ``at`` are seconds of the monotonic clock; times called ``wall`` or ending in ``_s`` are
seconds since the UNIX epoch, UTC. A text of a code and a member's reference never show in a ``repr``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NewType

Jan = NewType("Jan", str)
Json = dict[str, Any]


class Level(StrEnum):
    """What a screen may show (MEMBER_CODES 6), from nothing to the member's own."""

    LOOP = "L0"
    MEMBERS = "L0s"
    SEGMENT = "L1"
    PERSONAL = "L2"


LEVELS = tuple(Level)


def lowest(*levels: Level) -> Level:
    """The lowest of several levels: no part can raise what another part caps."""
    return min(levels, key=LEVELS.index)


class DeviceClass(StrEnum):
    """What a screen is: seen by everybody, or touched by the one who stands before it."""

    SIGNAGE = "signage"
    KIOSK = "kiosk"


@dataclass(frozen=True, slots=True)
class Code:
    """One symbol that a reader found in a frame or a scanner typed."""

    text: str = field(repr=False)
    symbology: str
    engine: str


@dataclass(frozen=True, slots=True)
class Look:
    """What an eye saw in one frame: every code in view, possibly none. Only codes leave an eye, no pixel does."""

    eye: str
    codes: tuple[Code, ...]
    at: float
    frame: int = 0


@dataclass(frozen=True, slots=True)
class Scan:
    """One presentation of one code at a touchpoint, however many frames showed it."""

    eye: str
    code: Code
    at: float
    frame: int = 0


@dataclass(frozen=True, slots=True)
class Crowd:
    """Two different codes that might be members' were in view at once."""

    eye: str
    at: float


@dataclass(frozen=True, slots=True)
class Gone:
    """The code of an earlier scan left the view and stayed away."""

    eye: str
    at: float


Sight = Scan | Crowd | Gone


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon's title for the kiosk; its value and its till code stay on the phone."""

    id: str
    title: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a members' source knows that a screen may ever use; a block that it cannot give is empty.

    ``segments`` are the source's own names, ``favourites`` SKUs, ``language`` a BCP 47 tag.
    """

    ref: str = field(repr=False)
    tier: str = ""
    segments: frozenset[str] = frozenset()
    nickname: str = field(default="", repr=False)
    language: str = ""
    favourites: tuple[str, ...] = field(default=(), repr=False)
    coupons: tuple[Coupon, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact between a person or nobody and a touchpoint, before it has an id and a place in the ledger.

    ``kind`` is one of contacts.event.KINDS, ``touchpoint`` a screen's id, ``data`` the event's own JSON
    object without anything that names a person; ``member`` is a pseudonym, empty unless flag C allowed it.
    """

    kind: str
    touchpoint: str
    at: float
    data: Json = field(default_factory=dict)
    member: str = field(default="", repr=False)
    session: str = ""

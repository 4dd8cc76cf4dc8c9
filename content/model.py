"""The values of content: media, playlists, campaigns, products, and what was decided for a screen and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum


class Layer(StrEnum):
    """Precedence, highest first (promise C-3)."""

    EMERGENCY = "emergency"
    MEMBER = "member"
    INTERRUPT = "interrupt"
    SCHEDULE = "schedule"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Media:
    """One picture or video as screens get it. ``id`` is stable over versions, ``sha256`` names the file's bytes."""

    id: str
    title: str
    kind: str
    sha256: str
    suffix: str
    width: int
    height: int
    seconds: float = 10.0
    version: int = 1


@dataclass(frozen=True, slots=True)
class Daypart:
    """When within a week: ``days`` 0 (Monday) to 6; ``start`` to ``end`` of the store's clock.

    An ``end`` at or before ``start`` is past midnight and belongs to the day on which it started.
    """

    days: frozenset[int] = frozenset(range(7))
    start: time = time(0, 0)
    end: time = time(0, 0)


@dataclass(frozen=True, slots=True)
class Campaign:
    """What to show to whom, where and when. Empty sets mean: for all.

    A loop campaign (emergency, interrupt, schedule, default) shows ``media`` in order; a member campaign shows its
    headline, text, first medium and ``products`` (SKUs) to members of its ``segments`` or ``tiers``. ``first`` and
    ``last`` are inclusive dates of the store's calendar. A higher ``priority`` wins within a layer. A campaign that
    names a ``playlist`` gets its ``media`` and ``seconds`` (of each medium, empty: the medium's own) from there.
    """

    id: str
    name: str
    layer: Layer
    media: tuple[str, ...] = ()
    headline: Mapping[str, str] = field(default_factory=dict)
    text: Mapping[str, str] = field(default_factory=dict)
    products: tuple[str, ...] = ()
    screens: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    tiers: frozenset[str] = frozenset()
    first: date | None = None
    last: date | None = None
    dayparts: tuple[Daypart, ...] = ()
    priority: int = 0
    restricted: bool = False
    arm: str = ""
    published: bool = True
    playlist: str = ""
    seconds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Playlist:
    """Media in playing order; ``seconds`` belongs to ``media`` one by one."""

    id: str
    name: str
    media: tuple[str, ...] = ()
    seconds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about who stands there: nothing (``member`` False), or a member's segments and tier.

    ``restrict`` is flag R of the token: campaigns marked ``restricted`` (alcohol, tobacco, adult) are left out.
    """

    member: bool = False
    segments: frozenset[str] = frozenset()
    tier: str = ""
    restrict: bool = False


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one campaign is or is not shown: ``rule`` is a stable word (dates, hours, segment, …), ``text`` says it.

    ``text`` is Japanese; ``content.wording.why`` says the same in another language from ``rule`` and ``values``.
    """

    campaign: str
    shown: bool
    rule: str
    text: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a screen shows: the campaigns of the winning layer in playing order, and the reason for each of all."""

    layer: Layer
    campaigns: tuple[Campaign, ...]
    because: tuple[Reason, ...]


LANGUAGES = ("ja", "en", "zh", "ko")
"""The languages of shoppers, the first the source of all words; zh is Chinese in simplified letters."""

RESTRICTED = "restricted"
"""The tag of products that flag R of a token keeps from its member: alcohol, tobacco, adult items."""


@dataclass(frozen=True, slots=True)
class Product:
    """A product as tiles show it. ``gtin`` is 14 digits, ``price`` whole yen with tax, ``picture`` a URL path."""

    sku: str
    gtin: str
    name: Mapping[str, str]
    price: int
    picture: str
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LoopItem:
    """One item of a screen's loop. ``seconds`` is how long it plays; the rest says what it was, for the ledger."""

    url: str
    kind: str
    seconds: float
    content: str
    sha256: str
    version: int = 1
    campaign: str = ""
    rule: str = ""
    title: str = ""
    arm: str = ""


class CallState(StrEnum):
    """How what a shopper asked of the store's people stands: they are called, or one is to be kept (取り置き)."""

    CALLING = "calling"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Call:
    """One touch at a kiosk that concerns staff: what, where and when, and nothing of who touched.

    ``screen`` and ``elsewhere`` are ids, the latter of another store that keeps the unit, empty for this one; ``slip``
    is the shop's number. Times are UNIX seconds, 0 where there is none: ``until_s`` how long the unit is kept,
    ``settled_s`` when staff said that they saw to it.
    """

    key: str
    state: CallState
    sku: str
    screen: str
    asked_s: float
    elsewhere: str = ""
    slip: str = ""
    until_s: float = 0.0
    settled_s: float = 0.0

    @property
    def waits(self) -> bool:
        """Whether somebody of this store has to do something: go there, or take the unit off its shelf."""
        mine = self.state is CallState.CALLING or (self.state is CallState.CONFIRMED and not self.elsewhere)
        return mine and self.settled_s == 0

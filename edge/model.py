"""The values that travel from an eye to head office, each a frozen dataclass.

Times called ``at`` are seconds of the monotonic clock; times called ``wall`` or ending in ``_s`` are
seconds since the UNIX epoch, UTC. A text of a code and a member's reference never show in a ``repr``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from content.model import LANGUAGES as LANGUAGES
from content.model import LoopItem
from edge.handoff import Kind

Json = dict[str, Any]


def spoken(tag: str) -> str:
    """The language of ours nearest to a BCP 47 tag: every Chinese is zh, guests of other tongues get English."""
    primary = tag.lower().replace("_", "-").split("-")[0]
    return primary if primary in LANGUAGES else "en"


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


@dataclass(frozen=True, slots=True)
class Held:
    """A product was held up: its number (GTIN, 14 digits) alone; nothing else of its code is kept."""

    eye: str
    gtin: str
    at: float
    frame: int = 0


@dataclass(frozen=True, slots=True)
class PutDown:
    """The product held up last left the view and stayed away."""

    eye: str
    at: float


Sight = Scan | Crowd | Gone | Held | PutDown


BLOCKS = ("greet", "tier", "segments", "favourites", "coupons")
"""The parts of a profile, each with an age of its own; ``greet`` is nickname and language."""
COUPON_KINDS = frozenset({"percent", "amount", "gift", "points", "shipping"})
EVERYWHERE = frozenset({"*"})


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon as a kiosk may tell it; its value and the code that a till takes stay on the phone.

    ``kind`` is one of COUPON_KINDS or empty, ``first`` and ``last`` are its first and last day by the store's calendar
    (None: no such end), ``stores`` where it counts ("*" is every store), ``styles`` and ``categories`` what it is for
    (nothing named: everything). It was neither used nor expired when its source told of it.
    """

    id: str = field(repr=False)
    title: Mapping[str, str]
    kind: str = ""
    first: date | None = None
    last: date | None = None
    stores: frozenset[str] = EVERYWHERE
    styles: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """What a members' source knows that a screen may ever use; a block that it cannot give is empty.

    ``tier`` is the tier's code, ``tier_label`` its name; ``segments`` are the source's own names, ``favourites`` SKUs,
    ``language`` a BCP 47 tag. ``have`` names the BLOCKS that the source gives of members who agreed to personal
    content, none for one who did not. ``as_of`` holds UNIX seconds of the source's word on each block that is here;
    ``ttl_s`` is for how long that may be used, ``rev`` the source's own mark of this version.
    """

    ref: str = field(repr=False)
    tier: str = ""
    segments: frozenset[str] = frozenset()
    nickname: str = field(default="", repr=False)
    language: str = ""
    favourites: tuple[str, ...] = field(default=(), repr=False)
    coupons: tuple[Coupon, ...] = field(default=(), repr=False)
    tier_label: str = ""
    have: frozenset[str] = frozenset()
    as_of: Mapping[str, float] = field(default_factory=dict, compare=False)
    ttl_s: float = field(default=3600.0, compare=False)
    rev: str = field(default="", repr=False, compare=False)


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


class Band(StrEnum):
    """How much of a product a place has, as a shopper reads it: ◎ △ × － ？."""

    MANY = "many"
    FEW = "few"
    NONE = "none"
    UNLISTED = "unlisted"
    ASKING = "asking"


@dataclass(frozen=True, slots=True)
class StockLine:
    """One place's stock of a product in words: ``place`` is here, near or online, ``name`` the place's own name.

    ``text`` is the wording of the band ("残り2点"), ``fresh`` the label of its age ("3分前"), empty when live.
    ``available`` is the number behind it where one may be shown, ``as_of`` UNIX seconds of the source's word: lines
    that differ in it alone read the same and are equal, so a source that merely confirms moves nothing on a screen.
    """

    place: str
    name: str
    band: Band
    text: str
    fresh: str = ""
    available: int | None = None
    as_of: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Tile:
    """One product on a screen, with its stock here, near and online."""

    sku: str
    name: str
    price: str
    picture: str
    stock: tuple[StockLine, ...] = ()


class OfferKind(StrEnum):
    """What a shopper can still have, in the order in which it is offered."""

    HOLD = "hold"  # 取り置き: kept here for them
    NEAR = "near"  # 近くの店で受け取る
    ORDER = "order"  # 取り寄せ: sent to this store
    SHIP = "ship"  # 自宅配送
    RESTOCK = "restock"  # 入荷予定
    STAFF = "staff"  # スタッフを呼ぶ


@dataclass(frozen=True, slots=True)
class Offer:
    """One way to the product, in words: ``title`` what it is, ``note`` where, how far, how long open, when.

    ``location`` is the id of the place that it comes from; ``reserves`` says that a touch asks that place to keep one;
    ``handoff`` is the kind of link by which it goes on on the phone, None where it does not. ``call`` is staff's own:
    "ring" where a touch calls them, "calling", "coming" once they said so, empty where they are only to be asked.
    """

    kind: OfferKind
    title: str
    note: str = ""
    location: str = ""
    reserves: bool = False
    handoff: Kind | None = None
    call: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One SKU in the table of its style: the band of this store, and of the best other place if this one has none."""

    sku: str
    band: Band
    elsewhere: Band = Band.UNLISTED


@dataclass(frozen=True, slots=True)
class Matrix:
    """A style's sizes by colours: ``cells`` has a row for each colour and in it a place for each size, None where
    there is no such SKU. A style without colours or sizes has one, an empty text."""

    colors: tuple[str, ...]
    sizes: tuple[str, ...]
    cells: tuple[tuple[Cell | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Wished:
    """A unit that a shopper asked to have kept. ``state`` is pending, confirmed, declined or unknown; only a confirmed
    one has a ``slip``, the number to tell at the counter, and ``until``, as a shopper reads it, by language."""

    sku: str
    location: str
    state: str
    slip: str = ""
    until: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handoff:
    """One way on to the shopper's phone from a product's sheet: ``kind`` is one of handoff.KINDS.

    ``qr`` is its QR as the address of an image, empty for a kind that a touch would draw.
    """

    kind: Kind
    qr: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Loop:
    """What a screen plays when nobody is in front of it; never empty. ``version`` changes when anything in it does."""

    version: str
    items: tuple[LoopItem, ...]


@dataclass(frozen=True, slots=True)
class Show:
    """What a screen is to show over its loop now.

    ``scene`` names a template of ``kiosk_ui/templates/scenes``; "loop" shows the loop alone. ``values`` holds only
    what ``level`` allows: sessions built it so. ``seconds`` is how long until the scene ends by itself, ``limit``
    the whole of that time, for the countdown's ring; both None without a countdown.
    """

    screen: str
    scene: str
    session: str = ""
    level: Level = Level.LOOP
    language: str = "ja"
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)
    seconds: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Touched:
    """A shopper touched the screen: ``action`` is one of screens.wire.Touch's, ``value`` its argument."""

    screen: str
    session: str
    action: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Played:
    """A screen played one loop item to its end or was interrupted; ``wall`` is when it began, by the edge's clock."""

    screen: str
    item: LoopItem
    wall: float
    seconds: float
    complete: bool


@dataclass(frozen=True, slots=True)
class Painted:
    """A screen's browser produced the frame that shows event ``event``, at ``wall_ms`` of its own clock."""

    screen: str
    event: int
    wall_ms: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A page said how it is; the screen's figures are newer now."""

    screen: str


@dataclass(frozen=True, slots=True)
class Watching:
    """A page began (True) or ceased (False) to watch a screen."""

    screen: str
    up: bool


Report = Touched | Played | Painted | Measured | Watching

"""What a screen is to show for a session and its visitor: one function of what is known now."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from content.model import RESTRICTED, Campaign, Facts, Layer
from content.resolve import resolve
from edge import config
from edge.members.classify import Recognised
from edge.members.disclosure import level as disclosed
from edge.model import Contact, Json, Level, Offer, Profile, Show, spoken
from edge.sessions import notes
from edge.sessions.calling import called
from edge.sessions.greeting import Guest, Shelf, compose, sheet
from edge.sessions.handoff import Onward
from edge.sessions.house import House
from edge.sessions.keeping import LAST_S, Wishes
from edge.sessions.machine import DEADLINES, Deadlines, Session, State, left


@dataclass(slots=True)
class Visitor:
    """The stage's own memory of who stands there; a new one for each session, so nothing outlives it.

    ``tokens`` are the replay hashes of this session, which do not count as replayed on this screen; ``rung`` is the key
    of the call for staff, empty before it.
    """

    recognised: Recognised | None = None
    profile: Profile | None = None
    product: str = ""
    missing: bool = False
    language: str = ""
    tokens: set[bytes] = field(default_factory=set)
    noted: tuple[str, Level] | None = None
    onward: Onward = field(default_factory=Onward)
    wishes: Wishes = field(default_factory=Wishes)
    rung: str = ""

    @property
    def member(self) -> str:
        """The pseudonym for the ledger, empty where none may go there."""
        return notes.pseudonym(self.recognised) if self.recognised else ""

    @property
    def tested(self) -> Json:
        """Whatever happens in the session of a test (flag T) says so, to be left out of statistics."""
        return {"test": True} if self.recognised is not None and self.recognised.flags.T else {}

    def marked(self, contact: Contact) -> Contact:
        """A contact of this visitor's session, for the ledger."""
        return replace(contact, data={**contact.data, **self.tested})

    @property
    def restricted(self) -> bool:
        """Flag R: no alcohol, tobacco or adult items for this member."""
        return self.recognised is not None and self.recognised.flags.R


def scene(
    screen: config.Screen, table: Deadlines, session: Session, visitor: Visitor, house: House
) -> tuple[Show, Campaign | None]:
    """What to show now, and the campaign in it."""
    language = visitor.language or tongue(screen, visitor)
    if session.state is State.ATTRACT:
        return Show(screen.id, "loop", language=screen.language), None
    seconds = None if session.due is None else max(0.0, session.due - house.mono())
    if session.state is State.NOTICE:
        values = {"hint": session.hint, "touch": table.touch}
        notice = Show(screen.id, "notice", language=language, values=values, seconds=seconds, limit=table.notice)
        return notice, None
    warning = session.state is State.ENDING
    limit = table.warning if warning else table.idle - table.warning
    shelf = _shelf(house, language, visitor, left(session, house.mono(), table))
    if not session.who:
        values = sheet(visitor.product, shelf, language, touch=table.touch, warning=warning)
        return Show(screen.id, notes.PRODUCT, session.id, session.level, language, values, seconds, limit), None
    campaign = chosen(screen, session, visitor, house)
    values = compose(
        session.level,
        campaign,
        _guest(screen, table, visitor),
        shelf,
        language,
        touch=table.touch,
        warning=warning,
    )
    name = "members" if session.level is Level.MEMBERS else "member"
    return Show(screen.id, name, session.id, session.level, language, values, seconds, limit), campaign


def tongue(screen: config.Screen, visitor: Visitor) -> str:
    """The member's own language as far as it is known, else the screen's; the nearest that we speak."""
    profile = visitor.profile
    return spoken(profile.language if profile and profile.language else screen.language)


def chosen(screen: config.Screen, session: Session, visitor: Visitor, house: House) -> Campaign | None:
    """The member campaign for who stands there; at the members' level nothing about them counts but flag R."""
    library = house.library
    personal = session.level in (Level.SEGMENT, Level.PERSONAL) and visitor.recognised is not None
    facts = _facts(visitor, house) if personal else Facts(member=True, restrict=visitor.restricted)
    decision = resolve(library.campaigns(), screen.id, facts, house.now(), library.media())
    return decision.campaigns[0] if decision.layer is Layer.MEMBER and decision.campaigns else None


def _facts(visitor: Visitor, house: House) -> Facts:
    recognised, profile = visitor.recognised, visitor.profile
    assert recognised is not None
    segments = frozenset(house.segments.get(number, str(number)) for number in recognised.segments)
    tier = house.tiers.get(recognised.tier, str(recognised.tier))
    return Facts(
        member=True,
        segments=segments | (profile.segments if profile else frozenset()),
        tier=profile.tier if profile and profile.tier else tier,
        restrict=visitor.restricted,
    )


def _guest(screen: config.Screen, table: Deadlines, visitor: Visitor) -> Guest:
    """What may be told of the visitor here; 表示する appears only where it can be touched and opens something."""
    wanted = disclosed(screen.device_class, visitor.recognised, touched=True)
    profile = visitor.profile
    more = table.touch and profile is not None and bool(profile.favourites or profile.coupons)
    named = screen.nickname and visitor.recognised is not None and visitor.recognised.flags.N
    return Guest(profile, named, wanted is Level.PERSONAL and more, visitor.product, visitor.missing)


def _shelf(house: House, language: str, visitor: Visitor, seconds: float) -> Shelf:
    """What there is to show in a session with so many seconds left; goods that are not for everybody are not there for
    a member with flag R."""
    library = house.library
    products = library.products()
    if visitor.restricted:
        products = {sku: product for sku, product in products.items() if RESTRICTED not in product.tags}
    return Shelf(
        products,
        library.media(),
        lambda sku: house.lines(sku, language),
        lambda sku: house.matrix(sku, language),
        lambda sku: called(
            visitor.wishes.left(sku, offers(house, sku, language, seconds), house.mono()), house.bell, visitor.rung
        ),
        lambda sku: visitor.wishes.of(sku, house.mono(), language),
    )


def offers(house: House, sku: str, language: str, seconds: float) -> tuple[Offer, ...]:
    """What a shopper can still have; where nobody can be asked to keep one, or the session is over in so many
    ``seconds`` that its slip might not be read, nothing that would ask."""
    found = house.offers(sku, language)
    return found if house.keep and seconds >= LAST_S else tuple(offer for offer in found if not offer.reserves)


def deadlines(screen: config.Screen) -> Deadlines:
    """The class's table with the screen's own times; a kiosk that nobody can touch is kept up by sight, like a sign."""
    table = DEADLINES[screen.device_class]
    times = replace(table, idle=screen.idle_s or table.idle, limit=screen.limit_s or table.limit)
    return replace(times, touch=screen.touched)

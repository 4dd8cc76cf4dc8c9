"""One screen's stage: takes what eyes saw and fingers touched, runs the session, and says what the screen shows."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from functools import partial

from edge import config
from edge.members.classify import Hint, Recognised, Rejected, hint
from edge.members.disclosure import level as disclosed
from edge.model import (
    LANGUAGES,
    Contact,
    Crowd,
    Gone,
    Held,
    Level,
    Painted,
    Profile,
    PutDown,
    Scan,
    Sight,
    Touched,
    Wished,
)
from edge.sessions import notes
from edge.sessions.errands import Errands
from edge.sessions.glass import Glass
from edge.sessions.house import House
from edge.sessions.keeping import follow
from edge.sessions.machine import (
    Done,
    Due,
    End,
    Event,
    Identified,
    Left,
    Lowered,
    Presented,
    Refused,
    Session,
    State,
    Touch,
    left,
    step,
)
from edge.sessions.scene import Visitor, deadlines, offers
from edge.sessions.view import View
from edge.vision.presence import AWAY_S, BY_HAND

ONE_PERSON = "one"
"""The hint when two people's codes are in view at once."""

NO_PRODUCT = "product"
"""The hint when a product was held up that the catalogue does not have."""

REFRESH = 5.0
"""How often a running session's stock labels are looked at again, seconds (promise K-1 allows 15)."""

STALE_S = 3.0
"""A scan that waited for longer than this, seconds, greets nobody: somebody else may stand there by now."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A profile arrived for a session, in place of an older one if there was one; None takes that back."""

    session: str
    profile: Profile | None


@dataclass(frozen=True, slots=True)
class _StockMoved:
    """Stock of some product changed, or how a call for staff stands."""


@dataclass(frozen=True, slots=True)
class _Answered:
    """A place's word on a wish of a session."""

    session: str
    wished: Wished


Item = Sight | Touched | Painted | _Known | _StockMoved | _Answered


class Stage:
    """The life of one screen. ``put`` and ``stock_moved`` never wait; ``run`` takes what was put in, and the time."""

    def __init__(self, screen: config.Screen, house: House) -> None:
        self.screen = screen
        self._house = house
        self._table = deadlines(screen)
        self._inbox: asyncio.Queue[Item] = asyncio.Queue(256)
        self._session = Session()
        self._visitor = Visitor()
        self._glass = Glass(screen, self._table, house)
        self._errands = Errands(screen.id)
        self._introduction: asyncio.Future[None] | None = None
        self._view = View()
        self._moved = False
        self._painted = house.mono()

    def put(self, item: Item) -> None:
        """Hand in what happened; when the stage is far behind, the newest is dropped rather than the eye delayed."""
        if not self._inbox.full():
            self._inbox.put_nowait(item)

    def stock_moved(self) -> None:
        """Some product's stock changed, or a call was answered; a running session looks again."""
        if self._session.id and not self._moved and not self._inbox.full():
            self._moved = True  # whatever else waits there may paint nothing
            self.put(_StockMoved())

    @property
    def campaign(self) -> str:
        """The campaign that a session shows now, empty in the loop."""
        return self._glass.campaign

    async def run(self) -> None:
        """Take items for ever, and deadlines when they pass; however it ends, nothing personal stays on the screen."""
        try:
            await self._glass.blank()
            while True:
                try:
                    async with asyncio.timeout(self._wait()):
                        item = await self._inbox.get()
                except TimeoutError:
                    await self.tick()
                else:
                    await self.take(item)
        finally:
            await self._leave()

    async def _leave(self) -> None:
        """End the session with the stage that held it."""
        if self._session.id:
            self._note_end(self._session, End.STOPPED)
        self._session, self._visitor = Session(), Visitor()
        self._glass.forget()
        self._forget_profile()
        try:
            await self._glass.blank()
        finally:
            await self._errands.end()

    def _wait(self) -> float | None:
        if self._session.due is None:
            return None
        now = self._house.mono()
        again, waits = self._painted + REFRESH - now, self._visitor.wishes.due(now)
        return max(0.0, min(self._session.due - now, again if waits is None else min(again, waits)))

    async def tick(self) -> None:
        """A deadline may have passed, or a stock label grown older."""
        if self._session.due is not None and self._house.mono() >= self._session.due:
            await self._happen(Due())
        else:
            await self._paint()

    async def take(self, item: Item) -> None:
        """One thing that happened."""
        match item:
            case Scan():
                await self._scanned(item)
            case Crowd(eye=eye):
                self._view.gone(eye)
                await self._happen(Refused(ONE_PERSON))
            case Gone(eye=eye, at=at):
                self._view.gone(eye)
                if not self._view.sees(self._session.who):
                    await self._happen(Left(self._house.mono() - at + AWAY_S))
            case Held():
                await self._held(item)
            case PutDown(at=at):
                await self._lowered(self._house.mono() - at + AWAY_S)
            case Touched(session=session) if session == self._session.id and self._table.touch:
                await self._touched(item)
            case Painted(event=event):
                self._glass.painted(event, self._visitor)
            case _Known(session, profile) if session == self._session.id and self._introduction is not None:
                self._visitor.profile = profile
                await self._paint()
            case _StockMoved():
                self._moved = False
                await self._paint()
            case _Answered(session, wished) if session == self._session.id and self._visitor.wishes.heard(wished):
                await self._happen(Touch())

    async def _scanned(self, scan: Scan) -> None:
        if self._house.mono() - scan.at > STALE_S:
            return
        outcome = self._house.judge(scan.eye, self._house.classify(scan.code, self._visitor.tokens.__contains__))
        advice = hint(outcome.reason) if isinstance(outcome, Rejected) else Hint.NONE
        if isinstance(outcome, Rejected) and advice is Hint.NONE:
            return
        if isinstance(outcome, Recognised) and self._had_theirs(scan, outcome):
            return
        self._house.note(notes.scanned(self.screen.id, scan.at, scan.eye, outcome))
        if isinstance(outcome, Rejected):
            self._view.gone(scan.eye)
            await self._happen(Refused(str(advice)))
            return
        self._view.saw(scan.eye, outcome.ref, scan.at)
        await self._greet(outcome)

    def _had_theirs(self, scan: Scan, outcome: Recognised) -> bool:
        """A code held up on after its session ended is no new wish; one that a hand aims a scanner at is."""
        if outcome.ref == self._session.who or scan.code.engine == BY_HAND:
            return False
        return self._view.had_theirs(scan.eye, outcome.ref, scan.at)

    async def _greet(self, outcome: Recognised) -> None:
        """A session for whom a code is of. In their own it goes on at what the newest code allows."""
        if outcome.replay and outcome.replay not in self._visitor.tokens:
            self._errands.begin(self._house.spend(outcome.replay, outcome.exp))
        mine = outcome.ref == self._session.who
        opened = mine and self._session.level is Level.PERSONAL
        allowed = disclosed(self.screen.device_class, outcome, touched=opened)
        if mine:
            self._visitor.recognised = outcome
        if mine and allowed is Level.MEMBERS:
            self._forget_profile()
        await self._happen(Identified(secrets.token_hex(8), allowed, outcome.ref), Visitor(outcome))
        now, session = self._house.mono(), self._session
        self._note(notes.identified(self.screen.id, now, session.id, session.level, outcome, again=mine))
        if outcome.replay:
            self._visitor.tokens.add(outcome.replay)
        if allowed in (Level.SEGMENT, Level.PERSONAL) and self._introduction is None:
            self._introduction = self._errands.begin(self._introduce(self._session.id, outcome.ref))

    def _forget_profile(self) -> None:
        """What is known of the visitor's profile, and what is still on its way."""
        self._visitor.profile = None
        if self._introduction is not None:
            self._introduction.cancel()
            self._introduction = None

    async def _held(self, held: Held) -> None:
        """A product: its sheet in the session that runs, else in one of nobody's; a kind word if there is none."""
        if self._house.mono() - held.at > STALE_S:
            return
        product = self._house.library.by_gtin(held.gtin)
        sku = product.sku if product else ""
        stock = self._house.lines(sku, self._glass.last.language) if sku else ()
        member, session = self._visitor.member, self._session.id
        self._note(notes.presented(self.screen.id, held, sku, stock, self._wall(), member, session))
        if not sku and not self._session.who:
            await self._happen(Refused(NO_PRODUCT))
            return
        self._open(sku)
        await self._happen(Presented(secrets.token_hex(8)), Visitor(product=sku))

    def _open(self, sku: str) -> None:
        """Open a product's sheet in the session that runs, or say that there is no such product."""
        self._visitor.product, self._visitor.missing = sku, not sku

    async def _lowered(self, ago: float) -> None:
        """The product is out of view: a sign goes on with the member's own, as nobody can touch the sheet away."""
        if self._session.who and not self._table.touch:
            self._visitor.product, self._visitor.missing = "", False
        await self._happen(Lowered(ago))

    async def _introduce(self, session: str, ref: str) -> None:
        async for profile in self._house.profile(ref):
            self.put(_Known(session, profile))

    async def _touched(self, touch: Touched) -> None:
        match touch.action:
            case "end":
                await self._happen(Done())
            case _ if not self._session.id:
                return
            case "personal":
                await self._happen(Touch(disclosed(self.screen.device_class, self._visitor.recognised, touched=True)))
            case "product":
                await self._touched_product(touch.value)
            case "handoff":
                self._visitor.onward.turn(touch.value)
                await self._happen(Touch())
            case "keep" if self._keep(touch.value):
                await self._happen(Touch())
            case "call" if self._ring():
                await self._happen(Touch())
            case "language" if touch.value in LANGUAGES:
                self._visitor.language = touch.value
                await self._happen(Touch())
            case _:
                await self._happen(Touch())

    async def _touched_product(self, sku: str) -> None:
        """A tile was touched, or the way back from its sheet; where there is no list nothing leads back."""
        known = sku in self._house.library.products()
        if known or self._session.who:
            self._visitor.product, self._visitor.missing = sku if known else "", False
        await self._happen(Touch())
        tile = self._glass.last.values.get("product")
        if tile and known:
            self._note(notes.touched(self._glass.last, self._house.mono(), self._wall(), tile, self._visitor.member))

    def _keep(self, location: str) -> bool:
        """Ask a place to keep one of what lies open; False where that is not offered or asked already.

        What came of it is noted, whoever stands there by then; it is shown to this session alone.
        """
        tile, now = self._glass.last.values.get("product"), self._house.mono()
        if tile is None or self._house.keep is None:
            return False
        sku, session, visitor = tile.sku, self._session.id, self._visitor
        seconds = left(self._session, now, self._table)
        said = {language: offers(self._house, sku, language, seconds) for language in LANGUAGES}
        offer = visitor.wishes.ask(said, sku, location, now)
        if offer is None:
            return False
        came = partial(notes.kept, self.screen.id, session, offer, sku, visitor.member, visitor.tested)
        told = self._house.keep(sku, location)
        self._errands.begin(
            follow(
                told,
                lambda wished: self.put(_Answered(session, wished)),
                lambda state: self._house.note(came(state, self._house.mono())),
            )
        )
        return True

    def _ring(self) -> bool:
        """Call staff about what lies open, once a session; False where nobody would see it."""
        tile, bell = self._glass.last.values.get("product"), self._house.bell
        if tile is None or bell is None or self._visitor.rung or not bell.heeded():
            return False
        self._visitor.rung = bell.ring(self.screen.id, tile.sku)
        return True

    async def _happen(self, event: Event, visitor: Visitor | None = None) -> None:
        """One step of the machine: the old session is blanked and noted before a new one is shown to ``visitor``."""
        now = self._house.mono()
        old = self._session
        new, end = step(old, event, now, self._table)
        self._session = new
        if end is not None:
            self._note_end(old, end)
            self._view.ended(old.who)
        if new.id != old.id or new.state is State.ATTRACT:
            self._forget_profile()
            self._visitor = visitor if visitor and new.id else Visitor()
            self._glass.forget()
            if old.id and new.id:
                await self._glass.blank()
            if new.id:
                self._note(notes.began(self.screen.id, now, new.id, new.level, self._visitor.member))
        await self._paint()

    async def _paint(self) -> None:
        self._painted = self._house.mono()
        await self._glass.paint(self._session, self._visitor)

    def _wall(self) -> float:
        return self._house.now().timestamp()

    def _note(self, contact: Contact) -> None:
        self._house.note(self._visitor.marked(contact))

    def _note_end(self, session: Session, end: End) -> None:
        now = self._house.mono()
        self._note(notes.ended(self.screen.id, now, session.id, end, now - session.since, self._visitor.member))

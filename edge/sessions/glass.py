"""One screen's glass: what it was told to show, what a browser painted of that, and what the ledger hears of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace

from content.model import Campaign
from edge import config
from edge.handoff import ID_BYTES
from edge.model import Contact, Show
from edge.sessions import notes
from edge.sessions.house import House
from edge.sessions.machine import Deadlines, Session
from edge.sessions.scene import Visitor, scene
from edge.sessions.unpainted import Unpainted


class Glass:
    """What stands on one screen. ``last`` is what it was told last."""

    def __init__(self, screen: config.Screen, table: Deadlines, house: House) -> None:
        self.last = Show(screen.id, "loop", language=screen.language)
        self._screen = screen
        self._table = table
        self._house = house
        self._campaign: Campaign | None = None
        self._due: float | None = None
        self._unpainted = Unpainted()

    @property
    def campaign(self) -> str:
        """The campaign that a session shows now, empty in the loop."""
        return self._campaign.id if self._campaign else ""

    def forget(self) -> None:
        """A session is over: what is still on its way to a browser was shown to nobody."""
        self._campaign = None
        self._unpainted.clear()

    async def blank(self) -> None:
        """The loop, and nothing of anybody."""
        self.last, self._due = Show(self._screen.id, "loop", language=self._screen.language), None
        await self._house.show(self.last)

    async def paint(self, session: Session, visitor: Visitor) -> None:
        """Show the session as it is now, if that or how long it lasts differs from what the screen was told.

        A page ends a scene by itself when its time is over, so it must know of every minute that was won.
        """
        show, self._campaign = scene(self._screen, self._table, session, visitor, self._house)
        show = visitor.onward.onto(show, self._house.handoff, self._table.touch, _link_id)
        if self._due == session.due and replace(show, seconds=None) == replace(self.last, seconds=None):
            return
        self.last, self._due = show, session.due
        number = await self._house.show(show)
        held = visitor.product if show.scene == notes.PRODUCT else ""
        told = (self.campaign or held, show.level)
        if show.session and visitor.noted != told:
            self._unpainted.sent(number, told, self._shown(show, visitor))
        visitor.onward.sent(number)

    def painted(self, event: int, visitor: Visitor) -> None:
        """A browser painted this event: what it brought was shown."""
        visitor.noted = self._unpainted.painted(event, visitor.noted)
        if sheet := visitor.onward.painted(event):
            now = self._house.mono()
            self._note(visitor, notes.offered(self.last, now, sheet, self.campaign, visitor.member))

    def _shown(self, show: Show, visitor: Visitor) -> Callable[[], None]:
        campaign, media, member = self._campaign, self._house.library.media(), visitor.member

        def note() -> None:
            now, wall = self._house.mono(), self._house.now().timestamp()
            self._note(visitor, notes.shown(show, now, wall, campaign, media, member))

        return note

    def _note(self, visitor: Visitor, contact: Contact) -> None:
        self._house.note(visitor.marked(contact))


def _link_id() -> str:
    return secrets.token_urlsafe(ID_BYTES)

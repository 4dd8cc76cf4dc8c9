"""The hub of screens: what each shows now, told to every page that watches it, and what those pages report."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from edge.config import Notice, Screen
from edge.model import Loop, Measured, Painted, Played, Report, Show, Touched, Watching
from edge.screens import wire
from edge.screens.assets import Assets, default_loop, read_assets
from edge.screens.render import Renderer
from edge.screens.watcher import Watcher

log = logging.getLogger(__name__)

REPORTS_WAITING = 4096
"""How many reports may wait before pages are read more slowly."""
PAGES_REMEMBERED = 32
"""For how many pages of a screen the number of the last play is kept, so that one sent twice counts once."""


class UnknownScreen(Exception):
    """No screen of this id is configured."""


@dataclass(slots=True)
class Board:
    """The present state of one screen."""

    screen: Screen
    loop: Loop
    show: Show
    event: int = 0
    html: str = field(default="", repr=False)
    shown_at: float = 0.0
    eyes: bool | None = None
    """Whether a camera gives pictures of who stands before it, None where there is no camera."""
    playing: str = ""
    watchers: set[Watcher] = field(default_factory=set)
    plays: dict[str, int] = field(default_factory=dict)

    def scene(self, now: float) -> str:
        """The message that brings a page to this state."""
        return wire.scene(self.event, self.show, self.html, now - self.shown_at)


class Screens:
    """All screens of a store. ``reports`` is read by the sessions; pages wait when nobody reads it.

    ``readers`` are the ids of the screens with a camera or scanner, which invite shoppers to hold up a code
    (None: all), and a product, too, with ``wares``. ``watched`` are those from which a camera looks: their pages show
    the ``notice`` while it does. The state is kept here alone: a page that connects is told it, so nothing needs
    replaying.
    """

    def __init__(
        self,
        screens: Sequence[Screen],
        assets: Assets | None = None,
        readers: Collection[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wares: bool = False,
        notice: Notice | None = None,
        watched: Collection[str] = (),
    ) -> None:
        self.assets = assets or read_assets()
        self.renderer = Renderer(self.assets, [screen.id for screen in screens if screen.touched])
        self.reports: asyncio.Queue[Report] = asyncio.Queue()
        self._readers = frozenset(screen.id for screen in screens) if readers is None else frozenset(readers)
        self._wares = wares
        self._clock = clock
        self._boot = secrets.token_hex(6)
        self._events = 0
        self._closers: dict[Watcher, Callable[[], Awaitable[object]]] = {}
        self.closed = False
        first = default_loop(self.assets)
        self._boards = {screen.id: Board(screen, first, Show(screen.id, "loop")) for screen in screens}
        self._notice = notice
        for screen_id in watched:
            self._boards[screen_id].eyes = True  # until an eye says otherwise: rather a notice too much than none

    async def show(self, show: Show) -> int:
        """Make this what its screen shows, on every page that watches now or later; the event's id.

        The page acknowledges that id once painted (``Painted``). Raises UnknownScreen, render.UnknownScene.
        """
        board = self._board(show.screen)
        html = self.renderer.render(show)
        self._events += 1
        board.show, board.html, board.event, board.shown_at = show, html, self._events, self._clock()
        for watcher in board.watchers:
            watcher.offer("scene", board.scene(board.shown_at))
        return board.event

    async def loop(self, screen_id: str, loop: Loop) -> None:
        """Give a screen its loop; an empty one becomes the default, as a screen is never blank."""
        board = self._board(screen_id)
        board.loop = loop if loop.items else default_loop(self.assets)
        for watcher in board.watchers:
            watcher.offer("loop", wire.loop(board.loop))

    def eyes(self, screen_id: str, open: bool) -> None:
        """Have a screen show the camera notice while a camera of its own gives pictures, and no longer."""
        board = self._board(screen_id)
        if board.eyes is not None and board.eyes is not open:
            board.eyes = open
            for watcher in board.watchers:
                watcher.offer("eyes", wire.eyes(open))

    def watchers(self, screen_id: str) -> int:
        """How many pages watch a screen now."""
        return len(self._board(screen_id).watchers)

    def figures(self, screen_id: str) -> dict[str, float]:
        """How the pages of a screen are, in numbers: how many there are, and the worst of what they said."""
        watchers = self._board(screen_id).watchers
        told = [watcher.vitals for watcher in watchers if watcher.vitals is not None]
        return {"pages": len(watchers), **(_worst(told) if told else {})}

    def playing(self, screen_id: str) -> str:
        """The content id of the loop item that a page of this screen began last; empty before the first."""
        return self._board(screen_id).playing

    def shown(self, screen_id: str) -> Show:
        """What a screen is to show now."""
        return self._board(screen_id).show

    def present_loop(self, screen_id: str) -> Loop:
        """What a screen is to play now."""
        return self._board(screen_id).loop

    def page(self, screen_id: str) -> str:
        """The HTML page of a screen; raises UnknownScreen."""
        board = self._board(screen_id)
        notice = self._notice if board.eyes is not None else None
        return self.renderer.page(board.screen, screen_id in self._readers, self._wares, notice)

    def known(self) -> list[Screen]:
        """All screens, as configured."""
        return [board.screen for board in self._boards.values()]

    async def close(self) -> None:
        """End every page's stream and take no new one, so that the service stops at once (UI.md 2.5)."""
        self.closed = True
        await asyncio.gather(*(close() for close in tuple(self._closers.values())), return_exceptions=True)

    @asynccontextmanager
    async def watching(
        self, screen_id: str, send: Callable[[str], Awaitable[None]], close: Callable[[], Awaitable[object]]
    ) -> AsyncIterator[Watcher]:
        """Count a page as a watcher, and have it told the present state first."""
        board = self._board(screen_id)
        watcher = Watcher(send, lambda number: wire.beat(number, self.assets.version))
        watcher.offer("hello", wire.hello(self._boot, self.assets.version))
        watcher.offer("loop", wire.loop(board.loop))
        watcher.offer("scene", board.scene(self._clock()))
        if board.eyes is not None:
            watcher.offer("eyes", wire.eyes(board.eyes))
        board.watchers.add(watcher)
        self._closers[watcher] = close
        self.reports.put_nowait(Watching(screen_id, True))
        try:
            yield watcher
        finally:
            board.watchers.discard(watcher)
            del self._closers[watcher]
            self.reports.put_nowait(Watching(screen_id, False))

    async def heard(self, screen_id: str, page: str, watcher: Watcher, said: wire.FromPage) -> None:
        """Report what a page said. Waits while too many reports wait, so that a flood slows the page, not the store."""
        board = self._board(screen_id)
        while self.reports.qsize() >= REPORTS_WAITING:  # noqa: ASYNC110 - a queue tells nobody that it was read
            await asyncio.sleep(0.05)
        if said.ack is not None and said.painted_ms is not None:
            self.reports.put_nowait(Painted(screen_id, said.ack, said.painted_ms))
        if said.vitals is not None:
            watcher.vitals = said.vitals
            self.reports.put_nowait(Measured(screen_id))
        if said.touch is not None and board.screen.touched and said.touch.session == board.show.session:
            # A finger that lands as the scene changes must not act on the next shopper's session.
            self.reports.put_nowait(Touched(screen_id, said.touch.session, said.touch.action, said.touch.value))
        if said.playing is not None:
            board.playing = said.playing.content
        if said.played is not None:
            self._played(board, page, said.played)
            watcher.offer("got", wire.got(said.played.n))

    def _played(self, board: Board, page: str, play: wire.Play) -> None:
        """Report a play once, even when the page, cut off before our answer, sends it again."""
        if play.n <= board.plays.get(page, 0):
            return
        board.plays.pop(page, None)
        board.plays[page] = play.n
        while len(board.plays) > PAGES_REMEMBERED:
            del board.plays[next(iter(board.plays))]
        began = time.time() - play.ago_ms / 1000
        self.reports.put_nowait(Played(board.screen.id, play.item.loop_item(), began, play.seconds, play.complete))

    def _board(self, screen_id: str) -> Board:
        try:
            return self._boards[screen_id]
        except KeyError:
            raise UnknownScreen(f"no screen '{screen_id}'; known: {', '.join(self._boards)}") from None


def _worst(told: Sequence[wire.Vitals]) -> dict[str, float]:
    """The figures of several pages of one screen; its size is that of the smallest of them."""
    return {
        "page_width": min(page.w for page in told),
        "page_height": min(page.h for page in told),
        "page_heap_mb": max(page.heap for page in told) / 2**20,
        "page_nodes": max(page.nodes for page in told),
        "page_dropped_frames": sum(page.dropped for page in told),
        "page_hidden": sum(not page.visible for page in told),
    }

"""The library: media, playlists and campaigns of one store, published to memory, every act logged and undoable.

Reads come from memory and never wait; a write is an act in the audit log. What another process wrote to the same file
(the command, while the edge runs) is seen within a second.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from content import store
from content.catalogue import FILE as CATALOGUE
from content.catalogue import read_catalogue
from content.files import Files, media_routes
from content.model import Campaign, Media, Playlist, Product
from content.ports import Database
from content.records import BadRecord, dumped
from content.resolve import WELCOME
from content.seed import sown
from content.snapshot import Shelf, Snapshot, shelf, snapshot
from content.store import Change, migrate
from content.welcome import PICTURE

__all__ = ["InUse", "Library", "library", "media_routes", "migrate", "new_id"]

POLL_S = 1.0
MOST_POLLS = 300
"""So many looks at most go by before what the disk could not read is tried again: a bad sector in a long film would be
read up to it each time."""
"""How soon what another process wrote is seen, in seconds."""

NAMED = 3
"""Of so many things that cannot be read the trouble is told; of the others how many they are."""


class InUse(Exception):
    """Something cannot be deleted; ``places`` are the names of the playlists and campaigns that use it."""

    def __init__(self, places: Sequence[str]) -> None:
        super().__init__(f"used in: {', '.join(places)}")
        self.places = tuple(places)


class Library:
    """One store's content. Made by ``library``; ``now`` is the whole of it as it stands."""

    def __init__(self, db: Database, files: Files, clock: Callable[[], float] = time.time) -> None:
        self.files = files
        self.now = Snapshot()
        self._db = db
        self._clock = clock
        self._refreshing = asyncio.Lock()
        self._listeners: set[asyncio.Event] = set()
        self._catalogue: tuple[int, int] | None = None
        self._ill = ""
        self._products: Mapping[str, Product] = {}

    def campaigns(self) -> tuple[Campaign, ...]:
        """The published campaigns, with drafts that nobody has published yet marked as such."""
        published = {each.id for each in self.now.campaigns}
        return (*self.now.campaigns, *(each for each in self.now.drafts.values() if each.id not in published))

    def media(self) -> Mapping[str, Media]:
        """The media whose files are whole, by id; the welcome is always among them."""
        return self.now.media

    def products(self) -> Mapping[str, Product]:
        """The catalogue by SKU."""
        return self.now.products

    def by_gtin(self, gtin: str) -> Product | None:
        """The product that bears a GTIN (14 digits), None if the catalogue has none."""
        return self.now.gtins.get(gtin)

    @property
    def trouble(self) -> str:
        """What of the catalogue's file or of the database cannot be read, in one line; empty if all of it can.

        The last good catalogue stays in use. A thing that cannot be read is left out, alone.
        """
        unread = self.now.unread
        more = f"{len(unread) - NAMED} more" if len(unread) > NAMED else ""
        return "; ".join(filter(None, [self._ill, *unread[:NAMED], more]))

    async def changes(self) -> AsyncIterator[None]:
        """Yields at once, and again after each change; several changes in a row may come as one."""
        news = asyncio.Event()
        news.set()
        self._listeners.add(news)
        try:
            while True:
                await news.wait()
                news.clear()
                yield
        finally:
            self._listeners.discard(news)

    async def save(self, value: Media | Playlist, who: str, verb: str) -> None:
        """Write a medium or a playlist; screens play it at once."""
        kind = "media" if isinstance(value, Media) else "playlist"
        name = value.title if isinstance(value, Media) else value.name
        await self._act(who, verb, name, Change(kind, value.id, dumped(value)))

    async def draft(self, campaign: Campaign, who: str) -> None:
        """Keep a campaign for later; what is published under its id goes on unchanged."""
        await self._act(who, "draft", campaign.name, Change("draft", campaign.id, dumped(campaign)))

    async def publish(self, campaign: Campaign, who: str) -> int:
        """Put a campaign before the shoppers; gives the act, for its undoing. Whether it may be is ``problems``'."""
        body = dumped(replace(campaign, published=True))
        changes = (Change("campaign", campaign.id, body), Change("draft", campaign.id, None))
        return await self._act(who, "publish", campaign.name, *changes)

    async def withdraw(self, campaign: Campaign, who: str) -> None:
        """Take a campaign off the screens and keep it as a draft."""
        changes = (Change("campaign", campaign.id, None), Change("draft", campaign.id, dumped(campaign)))
        await self._act(who, "withdraw", campaign.name, *changes)

    async def delete(self, value: Media | Playlist | Campaign, who: str) -> None:
        """Remove a thing; raises InUse, naming where, for a medium or a playlist that something still shows."""
        if places := self.used(value):
            raise InUse(places)
        name = value.title if isinstance(value, Media) else value.name
        kinds = {"Media": ["media"], "Playlist": ["playlist"]}.get(type(value).__name__, ["campaign", "draft"])
        await self._act(who, "delete", name, *(Change(kind, value.id, None) for kind in kinds))

    def used(self, value: Media | Playlist | Campaign) -> tuple[str, ...]:
        """The names of the playlists and campaigns, drafts too, that use a medium or a playlist."""
        campaigns = {**self.now.drafts, **{each.id: each for each in self.now.campaigns}}.values()
        if isinstance(value, Media):
            lists = [each.name for each in self.now.playlists.values() if value.id in each.media]
            own = [each for each in (*campaigns, *self.now.drafts.values()) if not each.playlist]
            return tuple(dict.fromkeys([*lists, *(each.name for each in own if value.id in each.media)]))
        if isinstance(value, Playlist):
            users = (*campaigns, *self.now.drafts.values())
            return tuple(dict.fromkeys(each.name for each in users if each.playlist == value.id))
        return ()

    async def undo(self, act: int, who: str) -> None:
        """Take an act back; raises store.CannotUndo when something newer stands on it."""
        await self._db.write(lambda connection: store.undo(connection, act, self._clock(), who))
        await self.refresh()

    async def _act(self, who: str, verb: str, title: str, *changes: Change) -> int:
        at = self._clock()
        act = await self._db.write(lambda connection: store.perform(connection, at, who, verb, title, changes))
        await self.refresh()
        return act

    async def refresh(self) -> None:
        """Read everything again, check what is new of it, and tell those who listen if anything changed."""
        async with self._refreshing:
            lying = await self._db.read(shelf)
            made = await asyncio.to_thread(self._checked, lying)
            if made == self.now:
                return
            self.now = made
        for news in self._listeners:
            news.set()

    def _checked(self, lying: Shelf) -> Snapshot:
        self.files.unread.clear()
        damaged = frozenset(each.id for each in lying.media.values() if not self.files.whole(each))
        return snapshot(lying, damaged - {WELCOME}, self._read_catalogue())

    def _read_catalogue(self) -> Mapping[str, Product]:
        """The catalogue, read again only when its file changed; a bad one does not replace the good one."""
        path = self.files.folder / CATALOGUE
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp != self._catalogue:
                self._products, self._ill = read_catalogue(self.files.folder), ""
                self._catalogue = stamp
        except BadRecord as error:
            self._catalogue, self._ill = stamp, str(error)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            self.files.unread.add(path)
            self._catalogue = None
            self._ill = f"{CATALOGUE} cannot be read: {error.strerror}"
        return self._products

    async def watch(self) -> None:
        """See, for ever, what other processes write: another connection's commits, a new catalogue.

        While the disk cannot be read, what was read last stays; what it could not tell is asked again, later each time.
        """
        seen: tuple[object, ...] = ()
        pause = polls = 0
        while True:
            with suppress(OSError, sqlite3.Error):
                version = await self._db.read(store.data_version)
                stamps = await asyncio.to_thread(self._stamps)
                polls += 1
                if (version, stamps) != seen or (self.files.unread and polls > pause):
                    await self.refresh()
                    pause, polls = min(2 * pause + 1, MOST_POLLS) if self.files.unread else 0, 0
                seen = (version, stamps)
            await asyncio.sleep(POLL_S)

    def _stamps(self) -> tuple[int, ...]:
        """When the catalogue and the media's files were last touched: a file that goes missing is noticed, too."""
        paths = [self.files.folder / CATALOGUE, self.files.folder / "files"]
        return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in paths)


def new_id() -> str:
    """An id for a new thing: short, random, fit for an address."""
    return secrets.token_hex(6)


@asynccontextmanager
async def library(
    db: Database, folder: Path, seed: Path | None = None, clock: Callable[[], float] = time.time
) -> AsyncIterator[Library]:
    """The library in ``folder``, whose database the caller opened with ``migrate`` at ``folder / store.FILE``.

    ``seed`` is a sample shop's folder (README), loaded once into an empty library. Raises BadRecord if it is bad.
    """
    made = Library(db, Files(folder), clock)
    with suppress(OSError):  # a disk that takes nothing more holds it from an earlier start
        await asyncio.to_thread(made.files.copy, PICTURE)
    if seed is not None:
        await sown(db, made.files, seed, clock())
    await made.refresh()
    watching = asyncio.create_task(made.watch(), name="library")
    try:
        yield made
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

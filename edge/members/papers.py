"""Head office's signed files as an edge holds them, key set, deny list and erasure list, and the ways they come by."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from edge import asking, config
from edge.health import Health
from edge.members import keysource
from edge.members.deny import DENY, DenyList
from edge.members.erasure import ERASURE, ErasureList
from edge.members.keyset import KEYSET, KeySet
from edge.members.shelf import Kind, Shelf, Way

_KEYSET_ADVICE = "Fetch the chain's key set again; rotating codes count as plain member numbers without a good one."
_DENY_ADVICE = "Fetch the chain's deny list again; whom it names is refused as soon as it is here."
_ERASE_ADVICE = (
    "Sign the chain's erasure list with a root that is pinned here; whom it names is erased once it is here."
)

Now = Callable[[], float | None]
"""UNIX seconds where they can be trusted, else None."""


class Watched:
    """A file that is offered to a shelf, and again whenever it changes."""

    def __init__(self, path: Path, shelf: Shelf[Any]) -> None:
        self._path, self._shelf = path, shelf
        self._read: tuple[int, int] | None = None

    def look(self) -> None:
        """Offer it if it is another than the one that was read last; one that cannot be read is named."""
        try:
            stat = self._path.stat()
            if (stat.st_mtime_ns, stat.st_ino) == self._read:
                return
            with self._path.open("rb") as file:
                text = file.read(self._shelf.most + 1).decode("utf-8", "replace")
        except OSError as error:
            self._read = None
            self._shelf.trouble(Way.FILE, f"{self._path.name}: {error.strerror}")
            return
        self._read = (stat.st_mtime_ns, stat.st_ino)
        self._shelf.offer(text, Way.FILE)


class Papers:
    """The shelves of a store's edge, ``keyset``, ``deny``, ``erase``, kept in ``data`` and fed by its settings' ways.

    ``news`` is set when something came by another way than a file of ours, so that it is kept at once.
    """

    def __init__(
        self,
        settings: config.MemberCode,
        chain: str,
        roots: Sequence[bytes],
        folder: Path,
        data: Path,
        now: Now,
        health: Health,
    ) -> None:
        self._settings, self._folder = settings, folder
        self.keyset: Shelf[KeySet] = Shelf(keys_of(chain, roots, now), data / "keyset.json", health)
        self.deny: Shelf[DenyList] = Shelf(refs_of(chain, roots, now), data / "deny.json", health)
        self.erase: Shelf[ErasureList] = Shelf(erased_of(chain, roots, now), data / "erase.json", health)
        self.shelves: dict[str, Shelf[Any]] = {"keyset": self.keyset, "deny": self.deny, "erase": self.erase}
        paths: dict[str, Path | None] = {name: getattr(settings, name) for name in self.shelves}
        self._watched = [Watched(folder / path, self.shelves[name]) for name, path in paths.items() if path]
        self.news = asyncio.Event()
        for shelf in self.shelves.values():
            shelf.restore()

    @property
    def versions(self) -> dict[str, int]:
        """What this edge holds, as it tells head office: 0 for none."""
        return {name: shelf.version for name, shelf in self.shelves.items()}

    def look(self) -> None:
        """Read the files again if they changed, and say how it is: what is held grows old by itself."""
        for watched in self._watched:
            watched.look()
        for shelf in self.shelves.values():
            shelf.tell()

    def came(self, shelf: Shelf[Any], way: Way, text: str) -> bool:
        """A file came over the line; whether it is held now."""
        held = shelf.offer(text, way)
        if shelf.unsaved:
            self.news.set()
        return held

    async def save(self) -> None:
        """Keep what came since for a start without network."""
        for shelf in self.shelves.values():
            await shelf.save()

    def loops(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """What asks the addresses, by name."""
        urls = [(getattr(self._settings, f"{name}_url"), shelf) for name, shelf in self.shelves.items()]
        return {f"{shelf.word} by address": partial(self._follow, url, shelf) for url, shelf in urls if url}

    async def _follow(self, url: str, shelf: Shelf[Any]) -> None:
        await keysource.follow(
            asking.Settings(url=url, ca_file=self._settings.ca_file, private=self._settings.private),
            self._folder,
            self._settings.poll_s,
            shelf.most,
            partial(self.came, shelf, Way.URL),
            partial(shelf.trouble, Way.URL),
        )


def unsafe(settings: config.MemberCode) -> Iterator[tuple[str, str]]:
    """The keys of addresses that must not be asked, each with why."""
    for key in ("keyset_url", "deny_url", "erase_url"):
        try:
            asking.safe(getattr(settings, key) or "https://none.invalid/", settings.private)
        except ValueError as error:
            yield f"member_code.{key}", str(error)


def keys_of(chain: str, roots: Sequence[bytes] | None, now: Now) -> Kind[KeySet]:
    """Key sets of a chain. Without ``roots`` (head office) they must only be whole."""

    def words(held: KeySet) -> tuple[str, bool]:
        stale = held.stale(now() or 0)
        end = (
            f"ended {_day(held.not_after)}: codes count as plain numbers" if stale else f"until {_day(held.not_after)}"
        )
        return f"version {held.version}, {end}", not stale

    return Kind(KEYSET.form, chain, lambda text: KEYSET.read(text, roots, now()), words, _KEYSET_ADVICE)


def refs_of(chain: str, roots: Sequence[bytes] | None, now: Now) -> Kind[DenyList]:
    """Deny lists of a chain. One that has ended is well: that is what its end is for."""

    def words(held: DenyList) -> tuple[str, bool]:
        until = f"until {_day(held.not_after)}" if not held.ended(now() or 0) else "ended: it denies nobody"
        return f"version {held.version}, {len(held.refs)} refused, {until}", True

    return Kind(DENY.form, chain, lambda text: DENY.read(text, roots, now()), words, _DENY_ADVICE)


def erased_of(chain: str, roots: Sequence[bytes] | None, now: Now) -> Kind[ErasureList]:
    """Erasure lists of a chain."""

    def words(held: ErasureList) -> tuple[str, bool]:
        return f"version {held.version}, {len(held.asked)} erased, of {_day(held.issued_at)}", True

    return Kind(ERASURE.form, chain, lambda text: ERASURE.read(text, roots, now()), words, _ERASE_ADVICE)


KINDS: Mapping[str, Callable[[str, Sequence[bytes] | None, Now], Kind[Any]]] = {
    "keyset": keys_of,
    "deny": refs_of,
    "erase": erased_of,
}
"""Each kind by the name that settings, files, addresses and topics give it."""


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")

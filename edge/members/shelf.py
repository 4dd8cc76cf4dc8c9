"""A signed file that an edge holds: the newest good one that came by any way, kept on disk for a start off line.

All ways are equal, as the signature decides (MEMBER_CODES 3). A bad file never replaces a good one and is named, with
the way it came, until a good one comes by that way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Generic

from edge.health import Health
from edge.members.envelope import BadSigned, Form, Older, S, newest
from provisioning.files import write


class Way(StrEnum):
    """How a file came; ``disk`` is what was held at the last stop."""

    DISK = "disk"
    FILE = "file"
    URL = "address"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class Kind(Generic[S]):
    """A kind of signed file: how one is read (raises BadSigned), whose it must be (empty for any chain's), and what a
    person can do about a bad one. ``words`` tells of the one that is held, and whether that is well."""

    form: Form
    chain: str
    read: Callable[[str], S]
    words: Callable[[S], tuple[str, bool]]
    todo: str


class Shelf(Generic[S]):
    """One file of a kind. ``path`` is where it is kept, None to keep it in memory alone."""

    def __init__(self, kind: Kind[S], path: Path | None, health: Health) -> None:
        self.held: S | None = None
        self._kind, self._path, self._health = kind, path, health
        self._text = self._kept = ""
        self._way = Way.DISK
        self._troubles: dict[Way, str] = {}
        self._saving = asyncio.Lock()

    @property
    def word(self) -> str:
        """What it is called."""
        return self._kind.form.word

    @property
    def most(self) -> int:
        """How many characters one has at most."""
        return self._kind.form.most

    @property
    def text(self) -> str:
        """The envelope that is held, empty for none."""
        return self._text

    @property
    def unsaved(self) -> bool:
        """Whether the one that is held is not yet kept for the next start."""
        return self._text not in ("", self._kept)

    @property
    def version(self) -> int:
        """The version that is held, 0 for none."""
        return self.held.version if self.held else 0

    def restore(self) -> None:
        """Take what was held at the last stop, if it is still whole."""
        if self._path is None:
            return
        try:
            with self._path.open("rb") as file:
                text = file.read(self.most + 1).decode("utf-8", "replace")
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            self.trouble(Way.DISK, (error.strerror or "the disk refuses"))
            return
        if self.offer(text, Way.DISK):
            self._kept = text

    def offer(self, text: str, way: Way) -> bool:
        """Hold this one from now on, if it is good and not older; whether it is held now. Says so on health."""
        try:
            offered = self._kind.read(text)
            if self._kind.chain and offered.chain != self._kind.chain:
                raise BadSigned(f"{self._kind.form.word} of chain '{offered.chain}', not '{self._kind.chain}'")
            chosen = newest(self._kind.form, self.held, offered)
        except Older as error:
            # The file that came with the device stays at its version while newer ones come over the line.
            self.trouble(way, "" if way is Way.FILE else str(error))
            return False
        except BadSigned as error:
            self.trouble(way, str(error))
            return False
        if self.held is None or chosen.version != self.held.version:
            self._text, self._way = text, way
        self.held = chosen
        self.trouble(way, "")
        return True

    def trouble(self, way: Way, why: str) -> None:
        """What is wrong with a way; empty when it is well again."""
        self._troubles.pop(way, None)
        if why:
            self._troubles[way] = why
        self.tell()

    def tell(self) -> None:
        """Say on the health page what is held and what is wrong; nothing of a file that nobody sends."""
        said, well = self._kind.words(self.held) if self.held else ("", True)
        figures = {f"{self._kind.form.part}_version": float(self.version)}
        wrong = [f"by {way}: {why}" for way, why in self._troubles.items()]
        if wrong or not well:
            held = f"{said}, by {self._way}" if said else "none is held"
            self._health.down("codes", self.word, "; ".join([*wrong, held]), self._kind.todo, figures)
        elif self.held:
            self._health.up("codes", self.word, f"{said}, by {self._way}", figures)

    async def save(self) -> None:
        """Keep what is held, whole or not at all. A disk that refuses is named."""
        async with self._saving:  # the one that runs all the time and the one of the end would take each other's file
            if self._path is not None and self.unsaved:
                await self._save(self._path, self._text)

    async def _save(self, path: Path, text: str) -> None:
        try:
            await asyncio.to_thread(write, path, text)
        except OSError as error:
            self.trouble(Way.DISK, f"it is not kept for the next start: {error.strerror or 'the disk refuses'}")
        else:
            self._kept = text
            self.trouble(Way.DISK, "")

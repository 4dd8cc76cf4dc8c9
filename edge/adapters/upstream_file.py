"""An upstream that is a file: each event is a line, flushed to disk, and that is its acknowledgement.

For a shop without a head office, for a look at what would be sent, and as the simplest double in tests.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from edge.config import Settings as Base
from edge.contacts.event import CONTENT_TYPE
from edge.contacts.line.dial import Confirms, Will
from edge.ports import Link, LinkLost, Message

MAX_BYTES = 1_048_576
WINDOW = 20


class Settings(Base):
    """``path`` is the file of JSON lines; it only grows."""

    path: Path


@asynccontextmanager
async def open(settings: Settings, where: Path) -> AsyncIterator[FileDial]:
    """A Dial that appends to the file; its folder is made."""
    yield FileDial(where / settings.path)


@dataclass(frozen=True, slots=True)
class FileDial:
    """Opens the file."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name, without its folder."""
        return f"file {self.path.name}"

    @property
    def confirms(self) -> Confirms:
        """A line that is on disk has arrived: there is no inbox behind a file."""
        return Confirms.PUBACK

    def __call__(self, who: str, will: Will | None, topics: Sequence[str]) -> AbstractAsyncContextManager[Link]:
        """The file as a Link; a will and subscriptions have no meaning here."""
        return _opened(self.path)


@asynccontextmanager
async def _opened(path: Path) -> AsyncIterator[FileLink]:
    try:
        descriptor = await asyncio.to_thread(_open, path)
    except OSError as error:
        raise LinkLost(f"cannot open {path.name}: {error.strerror}") from error
    link = FileLink(descriptor)
    try:
        yield link
    finally:
        await link.close()


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)


def _append(descriptor: int, line: bytes) -> None:
    os.write(descriptor, line)
    os.fsync(descriptor)


class FileLink:
    """Events to a file, in the order of ``publish``; what is no event is for who listens now, and is not kept."""

    window = WINDOW
    max_bytes = MAX_BYTES

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._turn = asyncio.Lock()

    async def publish(self, message: Message) -> int:
        """Append, flush, 0x00; raises LinkLost if the disk refuses."""
        if message.content_type != CONTENT_TYPE:
            return 0
        async with self._turn:
            try:
                await asyncio.to_thread(_append, self._descriptor, message.payload + b"\n")
            except OSError as error:
                raise LinkLost(f"cannot write: {error.strerror}") from error
        return 0

    async def also(self, topics: Sequence[str]) -> Sequence[str]:
        """Nothing is refused, and nothing ever comes."""
        return ()

    async def messages(self) -> AsyncIterator[Message]:
        """Nothing ever comes from a file."""
        await asyncio.Event().wait()
        yield Message("", b"")

    async def close(self) -> None:
        """Close after the write that runs."""
        async with self._turn:
            os.close(self._descriptor)

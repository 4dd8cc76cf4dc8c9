"""Members from a CSV file that a nightly job writes: kept in memory, read again when it changed."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import Field

from edge import config
from edge.members import table
from edge.model import Profile
from edge.ports import MembersAway

log = logging.getLogger(__name__)

MAX_BYTES = 64 * 1024 * 1024
Signature = tuple[int, int, int]


class Settings(config.Settings):
    """``path`` of the file (columns: ref, tier, segments, nickname, language, favourites, coupons), looked at each
    ``look_s`` seconds."""

    path: Path
    look_s: float = Field(1.0, ge=0.01, le=3600)


class CsvMembers:
    """A Members over one file: it answers from memory, so that no shopper waits for a disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._profiles: Mapping[str, Profile] | None = None
        self._read: Signature | None = None
        self._seen: Signature | None = None
        self._trouble = ""

    @property
    def trouble(self) -> str:
        """What is wrong with the file now, "" if it is good."""
        return self._trouble

    async def profile(self, ref: str) -> Profile | None:
        """The row of a member, None without one; raises MembersAway while no file could be read yet."""
        if self._profiles is None:
            raise MembersAway(self._trouble)
        return self._profiles.get(ref)

    async def look(self) -> None:
        """Read the file if it changed and is at rest (two looks saw it the same, or nothing was read yet)."""
        try:
            seen = await asyncio.to_thread(_signature, self._path)
            before, self._seen = self._seen, seen
            if seen == self._read or (seen != before and self._profiles is not None):
                return
            self._profiles = await asyncio.to_thread(_load, self._path)
        except (OSError, table.BadTable) as error:
            self._say(f"members' file {self._path}: {error.strerror if isinstance(error, OSError) else error}")
            return
        self._read = seen
        self._say("")

    def _say(self, trouble: str) -> None:
        """Once when the file turns bad, once when it is good again; the last good rows stay in use."""
        if trouble and trouble != self._trouble:
            log.warning("%s; %s", trouble, "the last good one stays in use" if self._profiles else "no profiles")
        elif self._trouble and not trouble:
            log.info("members' file %s is good again", self._path)
        self._trouble = trouble


def _signature(path: Path) -> Signature:
    found = os.stat(path)
    return found.st_ino, found.st_size, found.st_mtime_ns


def _load(path: Path) -> Mapping[str, Profile]:
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise table.BadTable(f"larger than {MAX_BYTES // 1024 // 1024} MiB")
    return table.parse(data)


async def _keep_looking(members: CsvMembers, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        await members.look()


@asynccontextmanager
async def open(settings: Settings, where: Path) -> AsyncIterator[CsvMembers]:
    """The members of a file, read before this yields; a relative path is read against ``where``."""
    members = CsvMembers(where / settings.path)
    await members.look()
    looking = asyncio.create_task(_keep_looking(members, settings.look_s), name="members_csv")
    try:
        yield members
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)

"""Members from a CSV file that a nightly job writes: kept in memory, read again when it changed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from pydantic import Field

from edge import config
from edge.members import table
from edge.members.watched import Watched, looking
from edge.model import Profile
from edge.ports import MembersAway


class Settings(config.Settings):
    """``path`` of the file (columns: ``edge.members.table.COLUMNS``), looked at each ``look_s`` seconds."""

    path: Path
    look_s: float = Field(1.0, ge=0.01, le=3600)


class CsvMembers:
    """A Members over one file; the word on all it says is of now, as a row stands until the file says otherwise."""

    def __init__(self, path: Path) -> None:
        self.file = Watched(path, "members' file", table.parse)

    @property
    def trouble(self) -> str:
        """What is wrong with the file now, "" if it is good."""
        return self.file.trouble

    async def profile(self, ref: str) -> Profile | None:
        """The row of a member, None without one; raises MembersAway while no file could be read yet."""
        if self.file.rows is None:
            raise MembersAway(self.trouble)
        found = self.file.rows.get(ref)
        return found and replace(found, as_of=dict.fromkeys(found.have | {"greet"}, time.time()))

    def erased(self) -> AsyncIterator[str]:
        """Each member whose row vanished from the file."""
        return self.file.erased()


@asynccontextmanager
async def open(settings: Settings, where: Path) -> AsyncIterator[CsvMembers]:
    """The members of a file, read before this yields; a relative path is read against ``where``."""
    members = CsvMembers(where / settings.path)
    async with looking(members.file, settings.look_s):
        yield members

"""What all channels of one process share of the intake: its file on disk, the pages for webhooks, the open systems."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import sqlite_utils

from edge.db import Database
from edge.health import Health


@dataclass(frozen=True, slots=True)
class Clocks:
    """Wall (UNIX seconds) and monotonic time, and how to wait."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class Intake:
    """The intake of one process, over a file of its own (``intake.sqlite``)."""

    def __init__(self, db: Database, health: Health, clocks: Clocks) -> None:
        self.db = db
        self.health = health
        self.clocks = clocks


def migrate(db: sqlite_utils.Database) -> None:
    """The intake's tables, made if they are missing."""


@asynccontextmanager
async def intake(db: Database, health: Health, clocks: Clocks | None = None) -> AsyncIterator[Intake]:
    """The intake over its database."""
    yield Intake(db, health, clocks or Clocks())

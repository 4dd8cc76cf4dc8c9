"""The desk's time: the machine's clock, how far it is trusted, and the floor below which it never is."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

from edge.db import Database, cause
from edge.health import Health
from edge.members import floor as floors
from edge.members.clock import (
    ClockState,
    Floor,
    behind,
    observe,
    resumed,
    seen,
    state,
    time_of,
    trusted,
)
from edge.members.timeservice import kernel_synced

SAVE_S = 60.0
"""Seconds between two saves of the floor: by so much a floor may be too low after a power cut."""

_ADVICE = "Let the time service reach its server; until then every code counts as a plain member number."


class Timekeeper:
    """What the time is, for judging tokens. ``believed`` is for a machine whose time somebody else keeps."""

    def __init__(
        self,
        db: Database,
        floor: Floor,
        believed: bool,
        boot: str,
        health: Health,
        wall: Callable[[], float] = time.time,
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db, self._floor, self._kept, self._believed, self._boot = db, floor, floor, believed, boot
        self._health, self._wall, self._mono = health, wall, mono
        self._sync = resumed(floor, boot, mono())
        self._saved_at = mono()
        self._refused = False

    def state(self) -> ClockState:
        """How far the clock is trusted now."""
        return state(self._sync, self._mono())

    def now(self, issued_at: float = 0) -> float:
        """UNIX seconds: the machine's, or at the floor the highest of all that is surely past."""
        floor = self._floor
        return time_of(self.state(), self._wall(), floor.saved, issued_at, floor.iat)

    def trusted_now(self) -> float | None:
        """UNIX seconds where they can be trusted, else None."""
        return None if self.state() is ClockState.FLOOR else self._wall()

    def seen(self, iat: float) -> None:
        """A token verified that was signed at ``iat``."""
        self._floor = seen(self._floor, iat)

    def ask(self) -> None:
        """Ask the kernel whether its time may be believed, and remember what is surely past."""
        self._sync = observe(self._sync, self._believed or kernel_synced(), self._mono())
        self._floor = trusted(self._floor, self.state(), self._wall(), self._boot, self._sync)

    def tell(self, now: float) -> None:
        """Say on the health page how it is; ``now`` is the time that the desk judges tokens by."""
        clock = self.state()
        figures = {f"clock_{each}": float(each is clock) for each in ClockState}
        if clock is ClockState.FLOOR:
            late = behind(self._wall(), now)
            why = "not synchronised since the start" + (f"; the machine's clock is {late} behind" if late else "")
            self._health.down("clock", "time", why, _ADVICE, figures)
        else:
            self._health.up("clock", "time", "trusted by the settings" if self._believed else str(clock), figures)

    async def keep(self) -> None:
        """Save the floor now and then; what the disk refuses is told, and tried again the next time."""
        if self._mono() - self._saved_at >= SAVE_S:
            await self.save()

    async def save(self) -> None:
        """Save the floor if anything in it is new."""
        self._saved_at = self._mono()
        if self._floor == self._kept:
            return
        floor = self._floor
        try:
            await floors.keep(self._db, floor)
        except sqlite3.Error as error:
            self._refused = True
            todo = "See the disk of this device; after a restart without a time server its clock may be too early."
            self._health.down("disk", "time floor", cause(error), todo)
        else:
            self._kept = floor
            if self._refused:
                self._refused = False
                self._health.up("disk", "time floor")

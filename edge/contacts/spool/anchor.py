"""The anchor of a boot: one moment by its monotonic clock and by the clock that was synchronised then.

It puts right what was recorded before anybody vouched for the time (RELIABILITY 2.9). It is a label that changes:
order, time-outs and retention go by numbers and by the monotonic clock (promise L-7).
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from dataclasses import dataclass
from functools import partial

from edge.contacts.clock import Clock
from edge.contacts.event import body_of, clock_anchor, rfc3339
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.rewriting import Change, Part, Rows, rewrite
from edge.db import cause
from edge.health import Health

LOOK_S = 1.0
"""Seconds between two looks at whether the clock is synchronised: so late a contact may still leave uncorrected."""

CORRECTED = 2
"""What ``outbox.sync`` says of a row's time that was put right; 1 was believed when it was written, 0 was not."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """``mono_ms`` since boot, sleep included, is ``utc_ms`` of UNIX time."""

    mono_ms: int
    utc_ms: int

    def utc_of(self, mono_ms: int) -> int:
        """UNIX milliseconds of a moment of the same boot; 0 for what would be before 1970."""
        return max(0, self.utc_ms - (self.mono_ms - mono_ms))


def read(clock: Clock) -> Anchor:
    """The anchor of this moment, of a clock that is synchronised."""
    return Anchor(clock.up_ms(clock.mono()), round(clock.wall() * 1000))


def put_right(anchor: Anchor, bootid: str) -> Change:
    """The change that gives an event of the anchor's boot the time at which it happened, and says so."""

    def change(body: bytes) -> bytes | None:
        event = json.loads(body)
        if event["bootid"] != bootid or event["clocksync"] is not False:
            return None  # it was salvaged, and happened in another boot than it was put in
        time = rfc3339(anchor.utc_of(int(event["monotonicms"])))
        return body_of(event | {"time": time, "timecorrected": True})

    return change


async def keep(outbox: Outbox, clock: Clock, health: Health, look_s: float = LOOK_S) -> None:
    """Whenever the clock becomes synchronised, put right what waits of this boot; the first time, say so. For ever.

    What was sent before keeps the time that was believed; what is of an earlier boot has no anchor and stays as it is.
    """
    told = health.teller("disk", "clock anchor", "See the disk of this device; contacts keep the time they were given.")
    done = ""  # the stream in which it was done, empty while the clock is not synchronised
    while True:
        if not clock.synced():
            done = ""
        elif done != outbox.stream:
            try:
                stream = outbox.stream
                await anchored(outbox, clock)
            except sqlite3.Error as error:
                told(cause(error))
            else:
                done = stream
                told("")
        await asyncio.sleep(look_s)


async def anchored(outbox: Outbox, clock: Clock) -> int:
    """Tell and book the anchor of this boot if it is its first, and put right what waits of the boot.

    How many times were put right; raises sqlite3.Error. A crash between the two tells of one boot twice, which is true.
    """
    anchor, boot = read(clock), outbox.boot
    if await outbox.look(lambda connection: _unbooked(connection, boot)):
        await outbox.record(clock_anchor(outbox.bootid, anchor.mono_ms, anchor.utc_ms, clock.mono()))
        await outbox.act(lambda connection: _book(connection, boot, anchor))
    after, changed = 0, 0
    while True:
        part = await outbox.act(partial(_part, boot=boot, change=put_right(anchor, outbox.bootid), after=after))
        changed += part.changed
        if part.upto is None:
            return changed
        after = part.upto


def _unbooked(connection: sqlite3.Connection, boot: int) -> bool:
    return bool(connection.execute("SELECT anchor_utc IS NULL FROM boots WHERE n = ?", [boot]).fetchone()[0])


def _book(connection: sqlite3.Connection, boot: int, anchor: Anchor) -> None:
    values = [anchor.mono_ms, anchor.utc_ms, boot]
    connection.execute("UPDATE boots SET anchor_mono = ?, anchor_utc = ? WHERE n = ?", values)


def _part(connection: sqlite3.Connection, boot: int, change: Change, after: int) -> Part:
    """One chunk. ``sync`` of all that was looked at says so, so that no row is looked at again."""
    part = rewrite(connection, Rows("outbox", "boot = ? AND sync = 0", (boot,)), change, after)
    if part.upto is not None:
        connection.execute(
            "UPDATE outbox SET sync = ? WHERE boot = ? AND sync = 0 AND seq <= ?", [CORRECTED, boot, part.upto]
        )
    return part

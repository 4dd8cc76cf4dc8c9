"""Contacts for the ledger's benchmarks, as large as a shop's (some 650 bytes as events), and outboxes full of them."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from functools import partial
from uuid import UUID

from edge.config import Device
from edge.contacts.event import Stamp, body_of, cloud_event, source_of
from edge.contacts.spool import schema
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.schema import Row
from edge.model import Contact, Json

KIND = "product_touched"
BOOT = "6f1c6b1e-4a8f-4d53-9a7e-1e0a5c7d2b90"
WALL_MS = 1_790_000_000_000
CHUNK = 20_000
"""So many rows are laid into an outbox in one commit."""

_ID = UUID("018f0000-0000-7000-8000-aaaaaaaaaaaa")
_SESSION, _MEMBER, _GTIN = "b" * 32, "c" * 16, "4909999999999"


def device(store: str = "s001", name: str = "edge1") -> Device:
    """The edge whose contacts they are."""
    return Device(chain="bench", store=store, id=name, clock="trusted")


def contact(at: float) -> Contact:
    """One contact at a second of the monotonic clock, of a new session and member."""
    return Contact(KIND, "entrance-1", at, _data("4901234567894"), secrets.token_hex(8), secrets.token_hex(16))


def bodies(of: Device, stream: str, first: int, count: int) -> Iterator[bytes]:
    """The bytes of whole events with numbers in a row, a few microseconds each.

    Ids, sessions, members, products and times differ as a shop's do, so that they compress like a shop's.
    """
    template = _template(of, stream)
    for seq in range(first, first + count):
        noise = secrets.token_hex(31).encode()
        yield template % {
            b"id": noise[:12],
            b"session": noise[12:44],
            b"member": noise[44:60],
            b"gtin": b"49012%08d" % int(noise[56:62], 16),
            b"ms": b"%03d" % (seq * 7 % 1_000),
            b"seq": b"%012d" % seq,
        }


async def fill(outbox: Outbox, of: Device, count: int) -> None:
    """Lay so many events into an outbox."""
    start = outbox.last + 1
    for first in range(start, start + count, CHUNK):
        await outbox.act(partial(_lay, outbox=outbox, of=of, first=first, count=min(CHUNK, start + count - first)))


def _lay(connection: sqlite3.Connection, *, outbox: Outbox, of: Device, first: int, count: int) -> None:
    for seq, body in enumerate(bodies(of, outbox.stream, first, count), start=first):
        schema.insert(connection, Row(seq, KIND, body), outbox.boot, 1_000, WALL_MS, True)


def _template(of: Device, stream: str) -> bytes:
    """An event's bytes as the product writes them, with a field wherever one event differs from the next."""
    stamp = Stamp(
        id=_ID,
        stream=stream,
        seq=0,
        source=source_of(of.chain, of.store, of.id),
        timezone=of.timezone,
        bootid=BOOT,
        mono_ms=86_400_000,
        wall_ms=WALL_MS,
        synced=True,
    )
    whole = body_of(cloud_event(Contact(KIND, "entrance-1", 1.0, _data(_GTIN), _MEMBER, _SESSION), stamp))
    fields = {"a" * 12: "id", _SESSION: "session", _MEMBER: "member", _GTIN: "gtin", ".000Z": "ms", "0" * 12: "seq"}
    for text, name in fields.items():
        field = b".%%(%bs)bZ" if name == "ms" else b"%%(%bs)b"
        assert whole.count(text.encode()) == 1, name
        whole = whole.replace(text.encode(), field.replace(b"%bs", name.encode()).replace(b"%%", b"%"))
    return whole


def _data(gtin: str) -> Json:
    return {
        "product": gtin,
        "content": "autumn-outer-2026",
        "version": 7,
        "campaign": "c-2026-11-outer",
        "rule": "weekend-evening",
        "stock": {"state": "few", "age_ms": 1200},
    }

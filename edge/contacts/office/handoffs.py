"""Head office's book of links to phones: which stores offered, which were used, what was taken, and the contacts of it.

A use may come before its offer, as a store's uplink may be down while its links work. It waits, becomes a contact when
the offer arrives, and is forgotten after a week; so nobody who makes links up puts a contact into the database. What
an app says was taken waits likewise.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from functools import partial
from typing import Literal, get_args

import sqlite_utils

from edge.contacts.clock import Clock, boot_id
from edge.contacts.event import BadEvent, Stamp, body_of, cloud_event, read_event, source_of, uuid7
from edge.contacts.office.sink import Arrival, Sink, SinkAway, arrival
from edge.db import Database
from edge.handoff import KINDS, is_id, read
from edge.model import Contact

OFFERED, USED, TAKEN = "handoff_offered", "handoff_used", "offer_taken"
Deed = Literal["basket", "hold", "order", "purchase"]
DEEDS: tuple[Deed, ...] = get_args(Deed)
"""What a shopper asks for on the phone: the basket, 取り置き, 取り寄せ, to buy it."""
Outcome = Literal["pending", "confirmed", "declined"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
DAY_S = 86_400.0
UNKNOWN_DAYS = 7
"""For how long a use waits for its offer: longer than a store is cut off."""
MOST_UNKNOWN = 10_000
MOST_CHANGES = 50
"""How often what was taken by one link may change; an app that says more is mistaken."""
TIDY_S = 3_600.0
AWAY_S = 5.0
"""Before a sink that was away is asked again."""
PART = 500

_TABLES = (
    "CREATE TABLE IF NOT EXISTS meta(k TEXT PRIMARY KEY, v ANY) STRICT, WITHOUT ROWID",
    """CREATE TABLE IF NOT EXISTS offers(
        id TEXT PRIMARY KEY, kind TEXT NOT NULL, sku TEXT NOT NULL, chain TEXT NOT NULL, store TEXT NOT NULL,
        touchpoint TEXT NOT NULL, session TEXT NOT NULL, timezone TEXT NOT NULL, arrived REAL NOT NULL) STRICT""",
    "CREATE INDEX IF NOT EXISTS offers_by_arrival ON offers(arrived)",
    "CREATE TABLE IF NOT EXISTS unknown(id TEXT PRIMARY KEY, at REAL NOT NULL) STRICT",
    # ``body`` is the contact until the sink has it.
    "CREATE TABLE IF NOT EXISTS used(id TEXT PRIMARY KEY, seq INTEGER NOT NULL UNIQUE, body BLOB) STRICT",
    # A change of what was taken, in their order; it waits for its offer while it has no ``seq``.
    """CREATE TABLE IF NOT EXISTS taken(
        n INTEGER PRIMARY KEY, id TEXT NOT NULL, deed TEXT NOT NULL, state TEXT NOT NULL, at REAL NOT NULL,
        seq INTEGER UNIQUE, body BLOB) STRICT""",
    "CREATE INDEX IF NOT EXISTS taken_by_link ON taken(id, deed, n)",
)
_OFFER = "SELECT kind, sku, chain, store, touchpoint, session, timezone FROM offers WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Use:
    """What came of a report: whether it counts, as the first use or as a change of what was taken, and whether the
    store's offer has arrived."""

    counted: bool
    offered: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """How many links of a kind were offered, and how many of them used."""

    kind: str
    offered: int
    used: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What a ``handoff_offered`` says, as the book keeps it: nothing of a member."""

    id: str
    kind: str
    sku: str
    chain: str
    store: str
    touchpoint: str
    session: str
    timezone: str


def migrate(db: sqlite_utils.Database) -> None:
    """Make or bring up to date the tables; ``stream`` is the hub's own, in which its contacts are numbered."""
    for table in _TABLES:
        db.conn.execute(table)
    db.conn.execute("INSERT OR IGNORE INTO meta VALUES ('stream', ?), ('seq', 0)", [secrets.token_hex(16)])


class Handoffs:
    """The book over its database. ``who`` is the hub's id; offers are kept for ``keep_days``."""

    def __init__(self, db: Database, who: str, keep_days: int = 30, clock: Clock | None = None) -> None:
        self._db, self._who, self._keep_s = db, who, keep_days * DAY_S
        self._clock = clock or Clock()
        self._boot = boot_id()
        self._news = asyncio.Event()

    async def knows(self, id: str) -> bool:
        """Whether a store has told of this link."""
        return await self._db.read(lambda db: db.execute(_OFFER, [id]).fetchone() is not None)

    async def use(self, id: str) -> Use:
        """A link was followed now; the first time counts. One that no store told of waits, while there is room."""
        now = self._clock.wall()
        made = await self._db.write(lambda db: self._use(db, id, now))
        self._news.set()
        return made

    async def take(self, id: str, deed: Deed, state: Outcome) -> Use:
        """What a shopper asked for by a link, and what became of it now; only a change counts. One of a link that no
        store told of waits, while there is room."""
        now = self._clock.wall()
        made = await self._db.write(lambda db: self._take(db, id, deed, state, now))
        self._news.set()
        return made

    async def offer(self, bodies: Sequence[bytes]) -> None:
        """Contacts that have come in: note the offers among them, and the uses that waited for them."""
        offers = [found for body in bodies if OFFERED.encode() in body and (found := offer_of(body))]
        if offers:
            now = self._clock.wall()
            await self._db.write(lambda db: self._note(db, offers, now))
            self._news.set()

    async def tallies(self, days: int) -> list[Tally]:
        """What arrived in the last days, by kind, in the kinds' own order; those without an offer are left out."""
        since = self._clock.wall() - days * DAY_S
        rows = await self._db.read(
            lambda db: db.execute(
                "SELECT kind, count(*), count(used.id) FROM offers LEFT JOIN used USING (id) WHERE arrived >= ? "
                "GROUP BY kind",
                [since],
            ).fetchall()
        )
        return sorted((Tally(*row) for row in rows), key=lambda each: KINDS.index(each.kind))

    async def waiting(self) -> int:
        """How many links were used of which no store has told."""
        return await self._db.read(lambda db: int(db.execute("SELECT count(*) FROM unknown").fetchone()[0]))

    async def carry(self, sink: Sink) -> None:
        """Bring uses into head office's database and forget what is old, for ever; a contact goes once at least, as
        the sink drops one that it has."""
        clock = asyncio.get_running_loop()
        tidied = clock.time() - TIDY_S
        while True:
            if clock.time() - tidied >= TIDY_S:
                await self.tidy()
                tidied = clock.time()
            try:
                while rows := await self._db.read(_unsent):
                    await sink.insert([arrival(body) for _, _, body in rows])
                    await self._db.write(partial(_sent, seqs=[seq for _, seq, _ in rows]))
            except SinkAway:  # the inbox says so; the contacts stay here
                await asyncio.sleep(AWAY_S)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(TIDY_S):  # wait_for of Python 3.11 may swallow an end that comes with news
                    await self._news.wait()
            self._news.clear()

    async def tidy(self) -> None:
        """Forget offers, and uses that wait for one, once they are old; contacts that the sink has not got stay."""
        now = self._clock.wall()

        def act(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM unknown WHERE at < ?", [now - UNKNOWN_DAYS * DAY_S])
            db.execute("DELETE FROM offers WHERE arrived < ?", [now - self._keep_s])
            db.execute("DELETE FROM used WHERE body IS NULL AND id NOT IN (SELECT id FROM offers)")
            db.execute("DELETE FROM taken WHERE seq IS NULL AND at < ?", [now - UNKNOWN_DAYS * DAY_S])
            db.execute("DELETE FROM taken WHERE seq IS NOT NULL AND body IS NULL AND id NOT IN (SELECT id FROM offers)")

        await self._db.write(act)

    def _use(self, db: sqlite3.Connection, id: str, now: float) -> Use:
        row = db.execute(_OFFER, [id]).fetchone()
        if row is None:
            full = db.execute("SELECT count(*) FROM unknown").fetchone()[0] >= MOST_UNKNOWN
            made = not full and db.execute("INSERT OR IGNORE INTO unknown VALUES (?, ?)", [id, now]).rowcount > 0
            return Use(made, False)
        return Use(self._join(db, Offer(id, *row), now), True)

    def _note(self, db: sqlite3.Connection, offers: Sequence[Offer], now: float) -> None:
        for offer in offers:
            db.execute("INSERT OR IGNORE INTO offers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [*astuple(offer), now])
            waited = db.execute("DELETE FROM unknown WHERE id = ? RETURNING at", [offer.id]).fetchone()
            if waited:
                self._join(db, offer, waited[0])
            early = db.execute("SELECT n, deed, state, at FROM taken WHERE id = ? AND seq IS NULL", [offer.id])
            for n, deed, state, at in early.fetchall():
                self._tell_taken(db, offer, n, {"taken": deed, "state": state}, at)

    def _take(self, db: sqlite3.Connection, id: str, deed: str, state: str, now: float) -> Use:
        row = db.execute(_OFFER, [id]).fetchone()
        newest = "SELECT state FROM taken WHERE id = ? AND deed = ? ORDER BY n DESC LIMIT 1"
        if db.execute(newest, [id, deed]).fetchone() == (state,) or not _has_room(db, id, known=row is not None):
            return Use(False, row is not None)
        n = db.execute("INSERT INTO taken(id, deed, state, at) VALUES (?, ?, ?, ?)", [id, deed, state, now]).lastrowid
        if row is not None and n is not None:
            self._tell_taken(db, Offer(id, *row), n, {"taken": deed, "state": state}, now)
        return Use(True, row is not None)

    def _tell_taken(self, db: sqlite3.Connection, offer: Offer, n: int, said: Mapping[str, str], at: float) -> None:
        seq, body = self._told(db, offer, TAKEN, at, said)
        db.execute("UPDATE taken SET seq = ?, body = ? WHERE n = ?", [seq, body, n])

    def _join(self, db: sqlite3.Connection, offer: Offer, at: float) -> bool:
        """Make the contact of a link's first use; False for a later one."""
        if db.execute("SELECT 1 FROM used WHERE id = ?", [offer.id]).fetchone():
            return False
        db.execute("INSERT INTO used VALUES (?, ?, ?)", [offer.id, *self._told(db, offer, USED, at)])
        return True

    def _told(
        self, db: sqlite3.Connection, offer: Offer, kind: str, at: float, said: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """A contact's number in the hub's own stream, and its body."""
        seq = int(db.execute("UPDATE meta SET v = v + 1 WHERE k = 'seq' RETURNING v").fetchone()[0])
        data = {"handoff": offer.id, "kind": offer.kind, "sku": offer.sku, **(said or {})}
        contact = Contact(kind, offer.touchpoint, 0.0, data, session=offer.session)
        return seq, body_of(cloud_event(contact, self._stamp(_stream(db), seq, offer, at)))

    def _stamp(self, stream: str, seq: int, offer: Offer, at: float) -> Stamp:
        return Stamp(
            id=uuid7(round(at * 1000)),
            stream=stream,
            seq=seq,
            source=source_of(offer.chain, offer.store, self._who),
            timezone=offer.timezone,
            bootid=self._boot,
            mono_ms=self._clock.up_ms(self._clock.mono()),
            wall_ms=round(at * 1000),
            synced=self._clock.synced(),
        )


class Joining:
    """contacts.sink.Sink: another sink, and beside it the book, which hears of an offer before its edge is told that it
    may forget it."""

    def __init__(self, sink: Sink, book: Handoffs) -> None:
        self._sink, self._book = sink, book

    async def insert(self, arrivals: Sequence[Arrival]) -> dict[str, int]:
        """As contacts.sink.Sink."""
        whole = await self._sink.insert(arrivals)
        await self._book.offer([each.body for each in arrivals if each.event.kind == OFFERED])
        return whole


def offer_of(body: bytes) -> Offer | None:
    """The offer that an event tells of; None for every other event, and for one whose link cannot be ours."""
    try:
        event = read_event(body)
    except BadEvent:
        return None
    data = json.loads(body).get("data")
    said = data if isinstance(data, dict) else {}
    words = {name: said[name] for name in ("handoff", "sku", "kind", "timezone") if isinstance(said.get(name), str)}
    asked = {"p": words.get("sku", ""), "s": event.store, "k": words.get("kind", "")}
    link = read(words.get("handoff", ""), asked) if is_id(words.get("handoff", "")) else None
    if event.kind != OFFERED or link is None:
        return None
    chain = json.loads(body)["source"].split("/")[2]
    zone = words.get("timezone", "") or "UTC"
    return Offer(link.id, link.kind, link.sku, chain, event.store, event.touchpoint, event.session, zone)


def _has_room(db: sqlite3.Connection, id: str, known: bool) -> bool:
    """Whether one more change of a link may be noted."""
    of_link = db.execute("SELECT count(*) FROM taken WHERE id = ?", [id]).fetchone()[0]
    waiting = 0 if known else db.execute("SELECT count(*) FROM taken WHERE seq IS NULL").fetchone()[0]
    return of_link < MOST_CHANGES and waiting < MOST_UNKNOWN


def _stream(db: sqlite3.Connection) -> str:
    return str(db.execute("SELECT v FROM meta WHERE k = 'stream'").fetchone()[0])


def _unsent(db: sqlite3.Connection) -> list[tuple[str, int, bytes]]:
    rows = db.execute(
        "SELECT seq, body FROM used WHERE body IS NOT NULL UNION ALL "
        "SELECT seq, body FROM taken WHERE body IS NOT NULL ORDER BY seq LIMIT ?",
        [PART],
    )
    return [(_stream(db), seq, body) for seq, body in rows]


def _sent(db: sqlite3.Connection, seqs: Sequence[int]) -> None:
    numbers = [(seq,) for seq in seqs]
    db.executemany("UPDATE used SET body = NULL WHERE seq = ?", numbers)
    db.executemany("UPDATE taken SET body = NULL WHERE seq = ?", numbers)

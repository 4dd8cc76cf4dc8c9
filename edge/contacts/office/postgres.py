"""The tables of head office's database in PostgreSQL, what brings them up to date, and what is asked of them.

A unique index over all months would need the month in its key, so once each is kept by the books
(``edge.contacts.office.books``) under a lock on the streams that a batch names; within a month an index keeps it, too.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from edge.postgres import Tables

MIGRATING, ERASING = 0x7E47_0001, 0x7E47_0002  # advisory locks; the numbers mean nothing

_STEPS = (
    """
    CREATE TABLE contacts (
        stream text NOT NULL, seq bigint NOT NULL, id text NOT NULL, type text NOT NULL, kind text NOT NULL,
        time text NOT NULL, store text NOT NULL, device text NOT NULL, touchpoint text NOT NULL, member text NOT NULL,
        session text NOT NULL, body bytea NOT NULL, delivery text NOT NULL, received timestamptz NOT NULL
    ) PARTITION BY RANGE (received);
    CREATE INDEX ON contacts USING brin (received);
    CREATE INDEX ON contacts (store, time);
    CREATE INDEX ON contacts (member, time) WHERE member <> '';
    CREATE INDEX ON contacts (session) WHERE session <> '';
    CREATE TABLE streams (
        stream text PRIMARY KEY, store text NOT NULL, device text NOT NULL, upto bigint NOT NULL DEFAULT 0,
        highest bigint NOT NULL DEFAULT 0, hole bigint NOT NULL DEFAULT 0, heard bigint NOT NULL DEFAULT 0,
        latest text NOT NULL DEFAULT '', contacts bigint NOT NULL DEFAULT 0, duplicates bigint NOT NULL DEFAULT 0,
        salvaged bigint NOT NULL DEFAULT 0, unsynced boolean NOT NULL DEFAULT false
    ) WITH (fillfactor = 50);
    CREATE TABLE seen (stream text, seq bigint, PRIMARY KEY (stream, seq));
    CREATE TABLE covered (stream text, first bigint, last bigint NOT NULL, PRIMARY KEY (stream, first));
    CREATE TABLE tallies (
        store text, kind text, contacts bigint NOT NULL, latest text NOT NULL, PRIMARY KEY (store, kind)
    ) WITH (fillfactor = 50);
    CREATE TABLE losses (stream text, reason text, events bigint NOT NULL, PRIMARY KEY (stream, reason));
    CREATE TABLE erased (member text PRIMARY KEY);
    """,
)
TABLES = Tables("version", MIGRATING, _STEPS)

_TYPES = ("text", "bigint", *["text"] * 9, "bytea", "text", "timestamptz")
_ARRAYS = ", ".join(f"${at}::{name}[]" for at, name in enumerate(_TYPES, 1))
INSERT = f"INSERT INTO contacts SELECT * FROM unnest({_ARRAYS}) ON CONFLICT DO NOTHING"  # noqa: S608
HERE = (
    "SELECT asked.stream, asked.seq FROM unnest($1::text[], $2::bigint[]) asked(stream, seq) "
    "JOIN streams USING (stream) WHERE EXISTS (SELECT 1 FROM seen "
    "WHERE seen.stream = asked.stream AND seen.seq = asked.seq) OR (asked.seq <= streams.upto AND asked.seq > "
    "coalesce((SELECT last FROM covered WHERE covered.stream = asked.stream AND first <= asked.seq "
    "ORDER BY first DESC LIMIT 1), 0))"
)
FORGET = (
    "DELETE FROM seen WHERE stream = $1 AND seq > $2 AND seq <= $3 AND NOT EXISTS (SELECT 1 FROM covered "
    "WHERE covered.stream = $1 AND first > $2 AND first <= seen.seq AND last >= seen.seq)"
)
TALLY = (
    "INSERT INTO tallies SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) ON CONFLICT "
    "(store, kind) DO UPDATE SET contacts = tallies.contacts + excluded.contacts, "
    "latest = greatest(tallies.latest, excluded.latest)"
)
LOSS = (
    "INSERT INTO losses SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) ON CONFLICT (stream, reason) "
    "DO UPDATE SET events = losses.events + excluded.events"
)
HEADS = (
    "UPDATE streams SET upto = new.upto, highest = new.highest, hole = new.hole, heard = greatest(heard, new.heard_), "
    "latest = greatest(latest, new.latest_), contacts = contacts + new.more, duplicates = duplicates + new.twice, "
    "salvaged = salvaged + new.saved, unsynced = coalesce(new.unsure, unsynced) "
    "FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[], "
    "$8::bigint[], $9::bigint[], $10::boolean[]) "
    "new(name, upto, highest, hole, heard_, latest_, more, twice, saved, unsure) WHERE stream = new.name"
)
KEPT = (
    "SELECT stream, seq, id, kind, time, store, device, touchpoint, session, member, delivery, "
    "(extract(epoch FROM received) * 1000)::bigint, body FROM contacts WHERE received >= $1 AND received < $2 "
    "AND $3 IN ('', store) AND $4 IN ('', kind) ORDER BY received, stream, seq"
)


async def partition(db: Any, month: datetime) -> None:
    """The table of a month, if it is not there."""
    after = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
    name = f"contacts_{month:%Y_%m}"
    async with db.transaction():
        await db.execute("SELECT pg_advisory_xact_lock($1)", MIGRATING)
        if await db.fetchval("SELECT to_regclass($1)", name) is None:
            await db.execute(
                f"CREATE TABLE {name} PARTITION OF contacts FOR VALUES FROM ('{month}') TO ('{after}');"
                f"CREATE UNIQUE INDEX ON {name} (stream, seq)"
            )


def moment(ms: int) -> datetime:
    """A time of the books as PostgreSQL keeps it."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def month(ms: int) -> datetime:
    """The first moment of its month, UTC."""
    return moment(ms).replace(day=1, hour=0, minute=0, second=0, microsecond=0)

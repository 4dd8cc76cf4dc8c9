"""The tables that hubs of a group share for their stock, and what brings them up to date."""

from __future__ import annotations

import hashlib

from edge.postgres import Tables

_STEPS = (
    """
    CREATE TABLE stock_channel (
        channel text PRIMARY KEY, term bigint NOT NULL DEFAULT 0, hub text NOT NULL DEFAULT '', since timestamptz
    );
    CREATE TABLE stock_shelf (
        channel text, location text, epoch bigint NOT NULL, n bigint NOT NULL DEFAULT 0, v bigint NOT NULL DEFAULT 0,
        watermark double precision NOT NULL DEFAULT 0, full_s double precision NOT NULL DEFAULT 0,
        PRIMARY KEY (channel, location)
    ) WITH (fillfactor = 50);
    CREATE TABLE stock_row (
        channel text, location text, sku text, figures text NOT NULL, revision bigint NOT NULL, gone boolean NOT NULL,
        n bigint NOT NULL, item_n bigint NOT NULL, way smallint NOT NULL, v bigint NOT NULL,
        PRIMARY KEY (channel, location, sku)
    ) WITH (fillfactor = 70);
    CREATE INDEX ON stock_row (channel, location, v);
    CREATE TABLE stock_item (channel text, sku text, said text NOT NULL, PRIMARY KEY (channel, sku));
    CREATE TABLE stock_delivery (
        channel text, id text, came timestamptz NOT NULL DEFAULT clock_timestamp(), owed text NOT NULL,
        term bigint NOT NULL, PRIMARY KEY (channel, id)
    );
    CREATE INDEX ON stock_delivery (came);
    CREATE INDEX ON stock_delivery (channel) WHERE owed <> '';
    CREATE TABLE stock_contract (contract text PRIMARY KEY, held double precision NOT NULL DEFAULT 0);
    CREATE TABLE stock_spent (
        contract text, no bigint GENERATED ALWAYS AS IDENTITY, until double precision NOT NULL,
        cost double precision NOT NULL, hub text NOT NULL, PRIMARY KEY (contract, no)
    );
    CREATE TABLE stock_wish (
        key text PRIMARY KEY, sku text NOT NULL, location text NOT NULL, channel text NOT NULL, state text NOT NULL,
        slip text NOT NULL DEFAULT '', until_s double precision NOT NULL DEFAULT 0, wanted text NOT NULL,
        asked timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE INDEX ON stock_wish (channel) WHERE wanted <> '';
    """,
    """
    CREATE TABLE stock_doubt (
        channel text, told text, at timestamptz NOT NULL, PRIMARY KEY (channel, told)
    );
    """,
    # What screens show need not outlive the server, so it costs no log.
    "CREATE UNLOGGED TABLE stock_shown (sku text PRIMARY KEY, until timestamptz NOT NULL)",
)

TABLES = Tables("stock_version", 0x7E47_0003, _STEPS)  # the number of the lock means nothing


def lock(schema: str, channel: str) -> int:
    """The advisory lock of a channel."""
    name = f"{schema}\n{channel}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8, person=b"stock").digest(), signed=True)


def topic(schema: str) -> str:
    """What hubs of one group listen on; a name of at most 63 characters."""
    return "stock_" + hashlib.blake2b(schema.encode(), digest_size=8).hexdigest()


def numbering(group: str) -> str:
    """What hubs of one group have in common, of 16 digits: they count each shelf's changes as one."""
    return hashlib.blake2b(group.encode(), digest_size=8, person=b"numbering").hexdigest()

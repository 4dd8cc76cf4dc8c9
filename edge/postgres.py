"""How a PostgreSQL server is reached, and what is said of it when it is away."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.config.postgres import Postgres

try:
    import asyncpg
    from asyncpg.pgproto import pgproto
except ModuleNotFoundError:  # an extra: the settings say so where a server is named
    asyncpg = None

FAULTS: tuple[type[Exception], ...] = (OSError, TimeoutError, ValueError)
"""What any question to a server may raise, ValueError for a file of the settings that cannot be read."""
if asyncpg is not None:
    _GARBLED = (asyncpg.InternalClientError, pgproto.BufferError)
    """An answer that is none of PostgreSQL's, as far as asyncpg notices it; BufferError for one that is too short."""
    FAULTS = (*FAULTS, asyncpg.PostgresError, asyncpg.InterfaceError, *_GARBLED)
CONNECT_S = 10
STOPPING = ("57P01", "57P02", "57P03")
"""Stopped, crashed or not ready yet; class 08 are the lost connections (PostgreSQL's manual, appendix A)."""


@dataclass(frozen=True, slots=True)
class Tables:
    """What a part of the product keeps in a server: the table that has their version, a number of the server's advisory
    locks, and the steps from one version to the next (one that was released is never changed).
    """

    version: str
    lock: int
    steps: tuple[str, ...]


async def pool(settings: Postgres, where: Path, tables: Tables, most: int, answer_s: float, **server: str) -> Any:
    """Up to ``most`` connections, over tables that are up to date; ``server`` are settings of each connection.

    Raises what is among FAULTS.
    """
    opened = await asyncpg.create_pool(
        **await arguments(settings, where),
        min_size=1,
        max_size=most,
        command_timeout=answer_s,
        server_settings={"search_path": settings.schema_name, **server},
    )
    try:
        async with opened.acquire() as db:
            await _migrate(db, settings.schema_name, tables)
    except BaseException:
        opened.terminate()
        raise
    return opened


async def _migrate(db: Any, schema: str, tables: Tables) -> None:
    """Hubs that start together take turns."""
    async with db.transaction():
        await db.execute("SELECT pg_advisory_xact_lock($1)", tables.lock)
        if not await db.fetchval("SELECT 1 FROM pg_namespace WHERE nspname = $1", schema):
            await db.execute(f'CREATE SCHEMA "{schema}"')  # the name's alphabet is checked
        await db.execute(f"CREATE TABLE IF NOT EXISTS {tables.version} (number integer NOT NULL)")
        at = await db.fetchval(f"SELECT max(number) FROM {tables.version}") or 0  # noqa: S608 - a constant of ours
        for number, step in enumerate(tables.steps[at:], at + 1):
            await db.execute(step)
            await db.execute(f"INSERT INTO {tables.version} VALUES ($1)", number)  # noqa: S608


async def arguments(settings: Postgres, where: Path) -> dict[str, Any]:
    """What asyncpg needs to connect; files are read against ``where``. Raises what is among FAULTS."""
    secret, context = await asyncio.to_thread(_files, settings, where)
    return {
        "host": settings.host,
        "port": settings.port,
        "database": settings.database,
        "user": settings.user,
        "password": secret,
        "ssl": context or False,
        "timeout": CONNECT_S,
    }


def _files(settings: Postgres, where: Path) -> tuple[str | None, ssl.SSLContext | None]:
    secret, context = None, None
    if settings.password_file is not None:
        secret = (where / settings.password_file).read_text("utf-8").strip()
    if settings.safe:
        context = ssl.create_default_context(cafile=str(where / settings.ca) if settings.ca else None)
    return secret, context


def cause(error: Exception) -> str:
    """What is wrong, without a value: PostgreSQL's own words where they are of the connection or of rights."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"PostgreSQL's certificate: {error.verify_message}"
    if isinstance(error, OSError | TimeoutError):
        return f"PostgreSQL is away: {getattr(error, 'strerror', None) or type(error).__name__}"
    if asyncpg is not None and isinstance(error, _GARBLED):
        return f"what answers there is not understood as PostgreSQL's: {type(error).__name__}"
    state = str(getattr(error, "sqlstate", None) or "")
    if state[:2] == "08" or state in STOPPING:
        return f"PostgreSQL is away: {error}"
    if state[:2] in ("28", "3D", "53", "57") or state in ("42501", "25006"):
        return f"PostgreSQL says: {error}"
    return f"PostgreSQL: {type(error).__name__}"

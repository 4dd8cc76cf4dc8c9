"""A hub's way to the database of its group: a pool for questions, and one session that holds locks and hears notices.

A session that is cut off ends at the server by itself within IDLE_S, as it no longer says that it lives; the hub
believes it lost sooner than that (SAYS_S and ANSWER_S).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge import postgres
from edge.config import Postgres
from edge.health import Health
from edge.ports import StockAway
from edge.stock.group import tables

try:
    import asyncpg
except ModuleNotFoundError:  # an extra: the settings say so where a server is named
    asyncpg = None

SAYS_S = 2.0
ANSWER_S = 4.0
IDLE_S = 10.0
AGAIN_S = 1.0
QUESTION_S = 15.0
POOL = 6
KIND, NAME = "stock", "shared"
_ADVICE = "See the PostgreSQL server and [stock_shared]; until it answers no hub of the group reads its systems."


@dataclass(frozen=True, slots=True)
class Session:
    """One connection as long as it lasts. ``pid`` and ``since`` name it at the server; ``lost`` is set at its end."""

    db: Any
    pid: int
    since: Any
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(self, sql: str, *given: Any) -> Any:
        """One value; raises StockAway, after which the session is lost."""
        async with self.turn:
            if self.lost.is_set():
                raise StockAway("the session with PostgreSQL is lost")
            try:
                async with asyncio.timeout(ANSWER_S):
                    return await self.db.fetchval(sql, *given)
            except postgres.FAULTS as error:
                self.lost.set()
                raise StockAway(postgres.cause(error)) from error


class Server:
    """The database of a group as one hub reaches it. ``run`` keeps the session; ``hear`` is told of each notice."""

    def __init__(self, settings: Postgres, where: Path, hub: str, health: Health) -> None:
        self.hub = hub
        self.schema = settings.schema_name
        self._settings, self._where, self._health = settings, where, health
        self._pool: Any = None
        self._opening = asyncio.Lock()
        self._session: Session | None = None
        self._changed = asyncio.Event()
        self._ears: list[Callable[[str], None]] = []

    def hear(self, ear: Callable[[str], None]) -> None:
        """Tell this one of all notices, and of an empty one whenever some may have been missed."""
        self._ears.append(ear)

    async def session(self) -> Session:
        """The session, once there is one."""
        while self._session is None or self._session.lost.is_set():
            await self._changed.wait()
        return self._session

    @asynccontextmanager
    async def transaction(self, isolation: str | None = None) -> AsyncIterator[Any]:
        """A connection in a transaction; raises StockAway where PostgreSQL is away or refuses."""
        try:
            async with (await self._opened()).acquire(timeout=ANSWER_S) as db, db.transaction(isolation=isolation):
                yield db
        except postgres.FAULTS as error:
            raise StockAway(postgres.cause(error)) from error

    async def run(self) -> None:
        """Keep a session, for ever."""
        while True:
            try:
                session = await self._begun()
            except postgres.FAULTS as error:
                self._health.down(KIND, NAME, postgres.cause(error), _ADVICE)
                await asyncio.sleep(AGAIN_S)
                continue
            self._health.up(KIND, NAME)
            try:
                await self._lasting(session)
            except StockAway as away:
                self._health.down(KIND, NAME, str(away), _ADVICE)
            finally:
                session.lost.set()
                session.db.terminate()

    async def _lasting(self, session: Session) -> None:
        """Say that we live until nobody hears it."""
        self._session = session
        self._changed.set()
        self._changed = asyncio.Event()
        self._tell("")
        while True:
            await session.ask("SELECT 1")
            with suppress(TimeoutError):
                async with asyncio.timeout(SAYS_S):
                    await session.lost.wait()
                raise StockAway("PostgreSQL ended the session")

    async def _begun(self) -> Session:
        await self._opened()
        db = await asyncpg.connect(
            **await postgres.arguments(self._settings, self._where),
            command_timeout=ANSWER_S,
            server_settings={
                "search_path": self.schema,
                "application_name": f"tentou stock {self.hub}",
                "idle_session_timeout": f"{int(IDLE_S)}s",
            },
        )
        try:
            found = "SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()"
            session = Session(db, *await db.fetchrow(found))
            db.add_termination_listener(lambda _: session.lost.set())
            await db.add_listener(tables.topic(self.schema), lambda _, __, ___, payload: self._tell(payload))
        except BaseException:
            db.terminate()
            raise
        return session

    def _tell(self, payload: str) -> None:
        for ear in self._ears:
            ear(payload)

    async def _opened(self) -> Any:
        """The pool, its tables up to date."""
        async with self._opening:
            if self._pool is None:
                self._pool = await postgres.pool(
                    self._settings,
                    self._where,
                    tables.TABLES,
                    POOL,
                    QUESTION_S,
                    application_name=f"tentou {self.hub}",
                    # A hub that is cut off amid a question must not hold up the others by the rows that it locked.
                    idle_in_transaction_session_timeout=f"{int(IDLE_S)}s",
                    lock_timeout=f"{int(QUESTION_S)}s",
                )
            return self._pool

    async def close(self) -> None:
        """Close what is open."""
        if self._session is not None:
            self._session.lost.set()
            self._session.db.terminate()
        if self._pool is not None:
            self._pool.terminate()

    async def tell(self, db: Any, notice: str) -> None:
        """Notify all hubs once the transaction is committed."""
        await db.execute("SELECT pg_notify($1, $2)", tables.topic(self.schema), notice)


async def alive(db: Any, session: Session) -> bool:
    """Whether the server still has the session, and with it all locks that it holds."""
    sql = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND backend_start = $2)"
    return bool(await db.fetchval(sql, session.pid, session.since))

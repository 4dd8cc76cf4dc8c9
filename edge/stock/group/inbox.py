"""Deliveries of a group: any hub takes a webhook and answers it, the hub that reads the channel works it off.

What is kept of one is its digest, and until it is worked off its figures and what to read again; never its body.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from typing import Any

from edge.ports import StockAway, StockLevel
from edge.stock.group.leases import Lease, Leases
from edge.stock.group.server import Server
from edge.stock.intake.inbox import KEPT_S, PRUNE_EVERY, Inbox, NotKept, Owed
from edge.stock.system import Key, Pushed

LOOK_S = 1.0
MOST_AT_ONCE = 500
_TAKE = (
    "INSERT INTO stock_delivery (channel, id, owed, term) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1"
)
_OLD = "DELETE FROM stock_delivery WHERE came < clock_timestamp() - $1 * interval '1 second'"
_HAND = """UPDATE stock_delivery SET term = $2 WHERE (channel, id) IN (SELECT channel, id FROM stock_delivery
    WHERE channel = $1 AND owed <> '' AND term < $2 ORDER BY came LIMIT $3 FOR UPDATE) RETURNING id, owed, came"""
_SETTLE = "UPDATE stock_delivery SET owed = '' WHERE channel = $1 AND id = ANY($2::text[])"


@dataclass(frozen=True, slots=True)
class Handed:
    """A delivery that another hub took, or that was not worked off before."""

    id: str
    pushed: Pushed


class GroupInbox(Inbox):
    """As Inbox, over the group's database."""

    def __init__(self, db: Any, clocks: Any, server: Server, leases: Leases) -> None:
        super().__init__(db, clocks)
        self._server, self._leases = server, leases
        self._settled: dict[str, set[str]] = {}
        self._news = asyncio.Event()
        server.hear(self._notice)

    async def take(self, channel: str, id: str, pushed: Pushed) -> bool:
        lease = self._leases.of(channel)
        term = 0 if lease is None else lease.term
        self._taken += 1
        try:
            async with self._server.transaction() as db:
                if self._taken % PRUNE_EVERY == 1:
                    await db.execute(_OLD, KEPT_S)
                fresh = bool(await db.fetchval(_TAKE, channel, id, written(pushed), term))
                if fresh and lease is None:
                    await self._server.tell(db, f"d:{channel}")
                return fresh
        except StockAway as error:
            raise NotKept(str(error)) from error

    async def owed(self, channel: str) -> list[Owed]:
        """Nothing: what an earlier term left is handed over by ``hand``."""
        return []

    def settled(self, channel: str, ids: Collection[str]) -> None:
        self._settled.setdefault(channel, set()).update(ids)
        if ids:
            self._news.set()

    async def hand(self, lease: Lease, add: Callable[[str, Pushed], None], room: Callable[[], bool]) -> None:
        """Hand over what other hubs take of a channel, and note what is worked off, until cancelled."""
        while True:
            try:
                await self._written_off(lease.channel)
                while room():
                    found = await self._handed(lease)
                    for each in found:
                        add(each.id, each.pushed)
                    if not found:
                        break
            except StockAway:  # the server's own session tells of it
                await asyncio.sleep(LOOK_S)
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._news.wait()
            except TimeoutError:
                continue
            self._news = asyncio.Event()

    async def _handed(self, lease: Lease) -> list[Handed]:
        async with self._server.transaction() as db:
            await lease.need(db)
            rows = await db.fetch(_HAND, lease.channel, lease.term, MOST_AT_ONCE)
        return [Handed(row[0], read(row[1])) for row in sorted(rows, key=lambda row: row[2])]

    async def _written_off(self, channel: str) -> None:
        ids = self._settled.pop(channel, set())
        if not ids:
            return
        try:
            async with self._server.transaction() as db:
                await db.execute(_SETTLE, channel, [*ids])
        except StockAway:
            self._settled.setdefault(channel, set()).update(ids)
            raise

    def _notice(self, notice: str) -> None:
        if not notice or notice.startswith("d:"):
            self._news.set()


def written(pushed: Pushed) -> str:
    """What a delivery says, without its id."""
    said = asdict(pushed)
    del said["id"]
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def read(text: str) -> Pushed:
    """A delivery as it was written."""
    said = json.loads(text)
    return Pushed(
        levels=tuple(StockLevel(**level) for level in said["levels"]),
        gone=tuple((sku, location) for sku, location in said["gone"]),
        keys=tuple(Key(**key) for key in said["keys"]),
        everything=said["everything"],
        stream=said["stream"],
        seq=said["seq"],
        sent_s=said["sent_s"],
    )

"""Hubs of one group beside each other, over a real PostgreSQL and a chain's own system."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from edge import config, hub
from edge.hub import Hub
from edge.stock.group.running import Group
from edge.stock.level import sellable
from edge.stock.system import Delivery
from tests.contacts.postgres import Postgres, postgres
from tests.stock.intake.test_intake_wired import channel
from tests.stock.shops.generic import Generic

TOKEN = "a token of the stores"


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A real PostgreSQL, where Debian's is installed."""
    if not sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        pytest.skip("PostgreSQL is not here: apt-get install postgresql")
    with postgres() as started:
        yield started


class Chain(Generic):
    """A core system that keeps units until an hour from now, and counts how often it was asked to."""

    def __init__(self) -> None:
        super().__init__()
        self.wishes: list[str] = []

    async def _keep(self, request: web.Request) -> web.Response:
        self.wishes.append((await request.json())["key"])
        answer = await super()._keep(request)
        told = json.loads(answer.text or "") | {"until": datetime.fromtimestamp(time.time() + 3600, UTC).isoformat()}
        return web.json_response(told, status=answer.status)


@dataclass
class Town:
    """A chain's system and hubs of one group; ``more`` goes over the channel's settings."""

    shop: Chain
    server: Postgres
    shared: str
    folder: Path

    def configured(self, name: str, port: int = 0, **more: Any) -> Path:
        """A hub's folder."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        (folder / "stores.token").write_text(TOKEN)
        own = f'stock_token = "stores.token"\n[hub]\nid = "{name}"\ngroup = "tokyo"\n[web]\nport = {port}\n'
        upstream = '[upstream]\nadapter = "mqtt"\nsettings = { port = 1 }\n'
        (folder / "hub.toml").write_text(own + upstream + self.shared + channel(self.shop, folder, **more))
        return folder

    @asynccontextmanager
    async def hubs(self, *names: str, **more: Any) -> AsyncIterator[list[Hub]]:
        """Hubs of the group, in this process."""
        async with AsyncExitStack() as stack:
            folders = [self.configured(name, **more) for name in names]
            opened = [hub.running(config.read_hub(folder), folder) for folder in folders]
            yield [await stack.enter_async_context(each) for each in opened]

    async def asked(self, sql: str, *given: Any) -> Any:
        """One value of the group's database, past all hubs."""
        import asyncpg

        settings = self.server.settings()
        schema = self.shared.split("schema_name = ")[1].split('"')[1]
        password = (self.server.folder / "password").read_text().strip()
        db = await asyncpg.connect(
            host=settings.host, port=settings.port, user=settings.user, database=settings.database, password=password,
            server_settings={"search_path": schema},
        )  # fmt: skip
        try:
            return await db.fetchval(sql, *given)
        finally:
            await db.close()


@pytest.fixture
async def town(server: Postgres, tmp_path: Path) -> AsyncIterator[Town]:
    settings = server.settings()
    told = {"port": settings.port, "database": "postgres", "password_file": str(settings.password_file)}
    told |= {"user": settings.user, "schema_name": settings.schema_name}
    shared = "[stock_shared]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in told.items())
    shop = Chain()
    for number in range(20):
        shop.stock(f"A-{number}", "ginza", number + 1)
    shop.take()
    await shop.start()
    yield Town(shop, server, shared, tmp_path)
    await shop.stop()


def shared(head: Hub) -> Group:
    """What a hub has of its group."""
    assert head.shared is not None
    return head.shared


def reads(head: Hub) -> bool:
    """Whether this hub reads the channel."""
    return shared(head).reads("core")


def levels(head: Hub) -> dict[tuple[str, str], int]:
    """What a hub knows in numbers, however old."""
    found = {}
    for place in ("ginza", "shinjuku"):
        for sku in head.stock.levels("core", place):
            level = head.stock.words(sku, place, time.time())[0].level
            assert level is not None
            found[sku, place] = sellable(level) or 0
    return found


def numbers(head: Hub, place: str = "ginza") -> tuple[int, int]:
    """A shelf's epoch and number."""
    standing = head.stock.standing("core", place)
    return standing.epoch, standing.n


async def until(true: Callable[[], bool | Awaitable[bool]], turns: int = 1500) -> bool:
    """Whether something comes true, within so many turns with a breath each."""
    for _ in range(turns):
        found = true()
        if found if isinstance(found, bool) else await found:
            return True
        await asyncio.sleep(0.02)
    return False


async def post(head: Hub, delivery: Delivery) -> int:
    """Send a webhook to a hub."""
    return await post_to(head.port, delivery)


async def post_to(port: int, delivery: Delivery) -> int:
    """Send a webhook to whoever listens there."""
    url = f"http://127.0.0.1:{port}/hooks/core"
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, data=delivery.body, headers=dict(delivery.headers)) as response,
    ):
        return response.status


async def wish(head: Hub, key: str, sku: str) -> dict[str, Any]:
    """Ask a hub to keep one, as a store does."""
    url, body = f"http://127.0.0.1:{head.port}/v1/stock/reserve", {"key": key, "sku": sku, "location": "ginza"}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession() as http, http.post(url, json=body, headers=headers) as response:
        return dict(await response.json())

"""The world's pages and its API, served for real, without edge and hub."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.adapters import sink_sqlite
from edge.contacts import event
from edge.contacts.office.sink import arrival
from edge.demo import camera, start, world
from edge.demo.counter import Sales
from edge.demo.handset import Desk
from edge.demo.lens import Lens
from edge.demo.people import people
from edge.demo.phone import Phones
from edge.demo.seed import sow
from edge.demo.settings import Demo, Ports, find_ports, prepare
from edge.demo.shopping import Till, shop
from edge.model import Contact
from edge.vision.push import REPLACED


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[Demo, aiohttp.ClientSession]]:
    """The whole world."""
    demo = prepare(folder, find_ports(0))
    async with world.running(demo), aiohttp.ClientSession(demo.url("world")) as session:
        yield demo, session


@asynccontextmanager
async def pages(folder: Path, hub: int = 4) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """Its pages alone, over a small shop and cameras that do not film."""
    sow(folder / "edge" / "seed")
    (folder / "edge" / "pos.csv").write_text("sku,location,available\nmug-white,s001,2\n")
    desk = Desk(Phones(Ed25519PrivateKey.generate(), b"secret", people()), {"cam-sign": Lens(1)})
    async with shop(folder / "ec.sqlite", {"mug-white": 3}) as ec:
        sales = Sales(ec, Till(folder / "edge" / "pos.csv", "s001"))
        app = world.create_app(Demo(folder, Ports(1, 2, 3, hub), "password"), desk, sales)
        async with TestClient(TestServer(app)) as client:
            yield client


@pytest.mark.parametrize("path", ["/", "/app/", "/ec/", "/pos/"])
@pytest.mark.parametrize("language", ["ja", "en"])
async def test_every_page_answers_in_its_language_without_inline_style_or_script(
    tmp_path: Path, path: str, language: str
) -> None:
    async with pages(tmp_path) as client:
        response = await client.get(path, params={"lang": language})
        text = await response.text()
    assert response.status == 200
    assert f'<html lang="{language}">' in text
    assert "style=" not in text
    assert "<script>" not in text
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]


async def test_the_simulated_camera_sends_numbered_jpegs_to_its_eye(tmp_path: Path) -> None:
    frames: asyncio.Queue[bytes] = asyncio.Queue()

    async def eye(request: web.Request) -> web.WebSocketResponse:
        link = web.WebSocketResponse()
        await link.prepare(request)
        async for message in link:
            frames.put_nowait(message.data)
        return link

    async with served(tmp_path) as (demo, session):
        app = web.Application()
        app.add_routes([web.get("/cameras/cam-kiosk/push", eye)])
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", demo.ports.edge).start()
        async with session.post("/app/hold", json={"camera": "cam-kiosk", "member": "1001"}) as response:
            assert response.status == 200
        first, second = await frames.get(), await frames.get()
        await runner.cleanup()
    assert int.from_bytes(first[:8], "big") < int.from_bytes(second[:8], "big")
    assert second[8:10] == b"\xff\xd8"


async def test_a_real_camera_keeps_its_place_until_a_phone_is_held_up_again() -> None:
    links: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()

    async def eye(request: web.Request) -> web.WebSocketResponse:
        link = web.WebSocketResponse()
        await link.prepare(request)
        links.put_nowait(link)
        await link.close(code=REPLACED)
        return link

    app = web.Application()
    app.add_routes([web.get("/push", eye)])
    lens = Lens(1)
    async with TestServer(app) as server:
        pushing = asyncio.create_task(lens.push(str(server.make_url("/push"))))
        await links.get()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(links.get(), 1)
        lens.hold(lambda: camera.face(np.ones((1, 95), np.bool_), 1.0))
        await links.get()
        pushing.cancel()
        await asyncio.gather(pushing, return_exceptions=True)


async def test_a_phone_held_up_just_before_the_word_of_a_real_camera_comes_is_not_forgotten() -> None:
    links: asyncio.Queue[None] = asyncio.Queue()
    lens = Lens(1, now=lambda: 0.0)

    async def eye(request: web.Request) -> web.WebSocketResponse:
        link = web.WebSocketResponse()
        await link.prepare(request)
        links.put_nowait(None)
        lens.hold(lambda: camera.face(np.ones((1, 95), np.bool_), 1.0))
        await link.close(code=REPLACED)
        return link

    app = web.Application()
    app.add_routes([web.get("/push", eye)])
    async with TestServer(app) as server:
        pushing = asyncio.create_task(lens.push(str(server.make_url("/push"))))
        async with asyncio.timeout(60):
            await links.get()
            await links.get()
        pushing.cancel()
        await asyncio.gather(pushing, return_exceptions=True)


async def test_who_holds_a_code_up_is_known_until_the_hand_goes_away(tmp_path: Path) -> None:
    async with pages(tmp_path) as client:
        held = await client.post("/app/hold", json={"camera": "cam-sign", "member": "1002", "variant": "forged"})
        assert (await held.json())["symbology"] == "qrcode"
        code = await client.get("/app/code", params={"member": "1002", "variant": "forged"})
        assert (await code.json())["held"] == ["cam-sign"]
        released = await client.post("/app/release")
        assert (await released.json())["held"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"camera": "no", "member": "1001"}, 404),
        ({"camera": "cam-sign", "member": "no"}, 404),
        ({"camera": "cam-sign", "member": "1001", "variant": "no"}, 400),
        ({"camera": "cam-sign", "member": "1001", "more": 1}, 400),
        ({"member": "1001"}, 400),
    ],
)
async def test_a_hold_that_cannot_be_is_refused(tmp_path: Path, body: dict[str, object], status: int) -> None:
    async with pages(tmp_path) as client:
        assert (await client.post("/app/hold", json=body)).status == status


async def online(client: TestClient[web.Request, web.Application]) -> dict[str, object]:
    (row,) = [
        each for each in (await (await client.get("/ec/stock.json")).json())["levels"] if each["location"] == "ec"
    ]
    return dict(row)


async def test_buying_online_moves_the_rows_that_the_hub_reads(tmp_path: Path) -> None:
    async with pages(tmp_path) as client:
        assert (await online(client))["available"] == 3
        assert await (await client.post("/ec/buy/mug-white")).json() == {"sku": "mug-white", "available": 2}
        assert (await online(client))["available"] == 2
        assert [(await client.post("/ec/buy/mug-white")).status for _ in range(3)] == [200, 200, 409]


@pytest.mark.promise("K-3")
async def test_a_store_keeps_a_unit_once_for_a_key_and_its_till_shows_the_slip(tmp_path: Path) -> None:
    wish = {"format": "tentou-stock-reserve/1", "key": "wish-0001", "sku": "mug-white", "location": "s001"}
    async with pages(tmp_path) as client:
        told = [await client.post("/ec/reserve", json=wish) for _ in range(2)]
        first, again = [await each.json() for each in told]
        assert (first["state"], first) == ("confirmed", again)
        assert await (await client.get("/ec/reserve/wish-0001")).json() == first
        assert await (await client.get("/pos/kept")).json() == {"mug-white": [first["slip"]]}
        assert await (await client.get("/pos/levels")).json() == {"mug-white": 1}
        others = [await client.post("/ec/reserve", json=wish | {"key": f"wish-{n}-else"}) for n in range(2)]
        assert [each.status for each in others] == [200, 409]
        assert (await client.post("/ec/reserve", json=wish | {"key": "wish-online", "location": "ec"})).status == 409
        assert (await client.get("/ec/reserve/never-asked")).status == 404
        assert (await client.post("/ec/reserve", json={})).status == 400


async def test_a_product_is_held_up_from_its_shelf(tmp_path: Path) -> None:
    async with pages(tmp_path) as client:
        held = await client.post("/app/hold", json={"camera": "cam-sign", "sku": "mug-white"})
        assert (held.status, (await held.json())["symbology"]) == (200, "ean13")
        assert (await client.post("/app/hold", json={"camera": "cam-sign", "sku": "nothing"})).status == 404


async def test_selling_at_the_till_moves_the_stores_file_and_no_other_site_can(tmp_path: Path) -> None:
    async with pages(tmp_path) as client:
        foreign = await client.post("/pos/sell/mug-white", headers={"Sec-Fetch-Site": "cross-site"})
        assert foreign.status == 403
        assert await (await client.post("/pos/sell/mug-white")).json() == {"sku": "mug-white", "available": 1}
        assert await (await client.get("/pos/levels")).json() == {"mug-white": 1}
        assert (await client.post("/pos/sell/nothing")).status == 404
    assert "mug-white,s001,1\n" in (tmp_path / "edge" / "pos.csv").read_text()


async def test_contacts_are_counted_from_head_offices_own_database(tmp_path: Path) -> None:
    assert start.contacts(tmp_path) == {}
    stamp = event.Stamp(event.uuid7(1), "a" * 32, 1, event.source_of("c", "s", "d"), "Asia/Tokyo", "b", 1, 1, True)
    body = event.body_of(event.cloud_event(Contact("scan", "kiosk-1", 1.0), stamp))
    async with sink_sqlite.open(sink_sqlite.Settings(), tmp_path / "data") as sink:
        await sink.insert([arrival(body)])
        assert start.contacts(tmp_path) == {"scan": 1}

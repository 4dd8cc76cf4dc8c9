"""Asking another system: no name leads inward, no redirect is followed, no answer is read beyond its bounds."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge import asking
from edge.asking import CannotAsk, strict
from edge.asking.fence import Fenced, Inward, inward

pytestmark = pytest.mark.promise("X-3")


class Resolver(AbstractResolver):
    """A DNS whose answers somebody else chose; counts how often it was asked."""

    def __init__(self, *hosts: str) -> None:
        self.hosts = hosts
        self.asked = 0

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> Any:
        self.asked += 1
        return [
            ResolveResult(hostname=host, host=each, port=port, family=socket.AF_INET, proto=0, flags=0)
            for each in self.hosts
        ]

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A server of this machine that must not be reached, whose answers are all hostile."""

    async def secret(_: web.Request) -> web.Response:
        return web.Response(text="inside")

    async def onward(_: web.Request) -> web.Response:
        raise web.HTTPFound("/")

    async def bomb(_: web.Request) -> web.Response:
        body = gzip.compress(b"0" * 50_000_000)
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    app = web.Application()
    app.add_routes([web.get("/", secret), web.get("/onward", onward), web.get("/bomb", bomb)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def asked(port: int, resolver: Resolver, host: str = "shop.example", private: bool = False) -> str:
    async with (
        aiohttp.ClientSession(connector=Fenced({"shop.example"}, private, resolver)) as session,
        session.get(f"http://{host}:{port}/") as response,
    ):
        return await response.text()


async def test_a_name_that_leads_inward_is_not_asked_unless_the_settings_allow_it(port: int) -> None:
    with pytest.raises(Inward, match="set private = true"):
        await asked(port, Resolver("127.0.0.1"))
    assert await asked(port, Resolver("127.0.0.1"), private=True) == "inside"


async def test_one_inward_address_among_public_ones_is_enough_to_ask_none(port: int) -> None:
    with pytest.raises(Inward):
        await asked(port, Resolver("203.0.114.9", "169.254.169.254"))


async def test_a_host_that_the_settings_do_not_name_is_not_even_resolved(port: int) -> None:
    resolver = Resolver("127.0.0.1")
    for host in ("other.example", "127.0.0.1", "shop.example.evil.example"):
        with pytest.raises(Inward, match="no host of the settings"):
            await asked(port, resolver, host, private=True)
    assert resolver.asked == 0


async def test_what_was_looked_at_is_what_is_connected_to(port: int) -> None:
    resolver = Resolver("127.0.0.1")
    assert await asked(port, resolver, private=True) == "inside"
    assert resolver.asked == 1


@pytest.mark.parametrize(
    "text",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
        *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "ff02::1"),
        *("::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "192.0.2.1"),
    ],
)
def test_an_address_that_is_not_public_is_known_in_every_dress(text: str) -> None:
    assert inward(text)


@pytest.mark.parametrize("text", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "shop.example"])
def test_a_public_address_and_a_name_are_not_inward(text: str) -> None:
    assert not inward(text)


def test_an_inward_address_in_the_settings_is_refused_with_what_to_do() -> None:
    with pytest.raises(ValidationError, match="set private = true"):
        asking.Settings(url="https://10.0.0.5/stock.json")
    assert asking.Settings(url="https://10.0.0.5/stock.json", private=True).hosts == {"10.0.0.5"}
    assert asking.Settings(url="http://127.0.0.1:8090/stock.json").hosts == {"127.0.0.1"}


async def test_a_redirect_and_a_bomb_end_at_once(port: int, tmp_path: Path) -> None:
    settings = asking.Settings(url=f"http://127.0.0.1:{port}/")
    async with asking.session(settings, tmp_path, timeout_s=5, limit=1, keep=False) as session:
        async with session.get(f"{settings.url}onward", allow_redirects=False) as response:
            assert response.status == 302
        async with session.get(f"{settings.url}bomb") as response:
            with pytest.raises(CannotAsk, match="1024 KiB"):
                await asking.bounded(response.content, 1024 * 1024)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[" * 10_000 + b"]" * 10_000, "nested"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "nested"),
        (b'{"price": NaN}', "number that is none"),
        (b"[Infinity]", "number that is none"),
        (b"[1e999]", "beyond all bounds"),
        (b"[" + b"9" * 5000 + b"]", "no JSON"),
        (b'{"sku": "A", "sku": "B"}', "stands twice"),
        (b'["\\ud83d"]', "not UTF-8"),
        (b'["\xff"]', "not UTF-8"),
        (b'{"a": 1', "no JSON"),
        (b"", "no JSON"),
    ],
)
def test_json_that_could_be_read_in_two_ways_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(CannotAsk, match=why):
        strict(body)


def test_brackets_within_a_text_are_no_depth() -> None:
    text = '{"[' * 5_000 + '\\"' * 100
    assert strict(json.dumps([text]).encode()) == [text]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    )
)
def test_every_plain_value_is_read_as_it_was_written(value: Any) -> None:
    assert strict(json.dumps(value).encode()) == value


@given(st.binary(max_size=60))
def test_no_bytes_do_anything_but_parse_or_be_refused(body: bytes) -> None:
    try:
        value = strict(body)
    except CannotAsk:
        return
    assert json.loads(body) == value

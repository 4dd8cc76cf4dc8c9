"""The proxy before a plain echo: what each weather does to a connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from edge.drill.proxy import FAIR, Line, Proxy, Weather, proxied


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    """A server that says what it is told; its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while part := await reader.read(1000):
                writer.write(part)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    async with echo() as port, proxied(port) as opened:
        yield opened


@asynccontextmanager
async def caller(proxy: Proxy) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def said(line: tuple[asyncio.StreamReader, asyncio.StreamWriter], text: bytes) -> bytes:
    reader, writer = line
    writer.write(text)
    return await reader.readexactly(len(text))


@pytest.mark.parametrize("weather", [FAIR, Weather(delay_s=0.02), Weather(bytes_s=2000), Weather(loss=0.3)])
async def test_in_any_weather_bytes_arrive_whole_and_in_order(proxy: Proxy, weather: Weather) -> None:
    proxy.weather = weather
    async with caller(proxy) as line:
        assert await said(line, bytes(range(200))) == bytes(range(200))
    assert proxy.carried == 400


async def test_a_cut_line_resets_who_talks_and_takes_nobody(proxy: Proxy) -> None:
    async with caller(proxy) as line:
        assert await said(line, b"hello") == b"hello"
        proxy.weather = Weather(Line.CUT)
        with pytest.raises(ConnectionResetError):
            await line[0].read()
    async with caller(proxy) as line:
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await said(line, b"anybody?")
    proxy.weather = FAIR
    async with caller(proxy) as line:
        assert await said(line, b"again") == b"again"


async def test_a_half_open_line_says_nothing_and_is_forgotten_when_it_returns(proxy: Proxy) -> None:
    async with caller(proxy) as line:
        assert await said(line, b"hello") == b"hello"
        proxy.weather = Weather(Line.DEAF)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await said(line, b"nobody hears")
        proxy.weather = FAIR
        with pytest.raises(ConnectionResetError):
            await line[0].read()


async def test_without_a_server_behind_it_a_connection_is_reset() -> None:
    async with proxied(1) as proxy, caller(proxy) as line:
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await said(line, b"hello")

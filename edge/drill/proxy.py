"""A TCP proxy on loopback that is as bad as a line can be: slow, lossy, cut, or open at one end alone."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from random import Random

CHUNK = 65_536
RESEND_S = 0.2
"""After so long TCP sends again what was lost, then after twice as long, and so on (RFC 6298 with Linux's least)."""
LONGEST_RESEND_S = 3.2


class Line(StrEnum):
    """Whether bytes pass; ``DEAF`` is a half-open line: nothing passes, and neither end is told."""

    OPEN = "open"
    CUT = "cut"
    DEAF = "half-open"


@dataclass(frozen=True, slots=True)
class Weather:
    """What the line is like: seconds added each way, bytes a second each way (0: no bound), share that is lost."""

    line: Line = Line.OPEN
    delay_s: float = 0.0
    bytes_s: float = 0.0
    loss: float = 0.0


FAIR = Weather()


class Proxy:
    """Connections to one place. ``taken`` counts them, ``carried`` the bytes both ways."""

    def __init__(self, host: str, port: int, dice: Random) -> None:
        self.port = 0
        self.taken = self.carried = 0
        self._target = host, port
        self._dice = dice
        self._weather = FAIR
        self._changed = asyncio.Event()
        self._calls: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def weather(self) -> Weather:
        """What the line is like now; to set it breaks or mends it at once."""
        return self._weather

    @weather.setter
    def weather(self, new: Weather) -> None:
        if new.line is Line.CUT or self._weather.line is Line.DEAF is not new.line:
            self.drop()  # a half-open line that returns has been forgotten in between
        self._weather = new
        self._changed.set()
        self._changed = asyncio.Event()

    def drop(self) -> None:
        """Reset every connection that there is; new ones are taken as the weather is."""
        for writer in self._writers:
            _reset(writer)

    async def call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either end, or the weather, ends it."""
        task = asyncio.current_task()
        assert task is not None
        self._calls.add(task)
        self._writers.add(writer)
        self.taken += 1
        try:
            await self._through(reader, writer)
        finally:
            self._calls.discard(task)
            self._writers.discard(writer)
            writer.close()

    async def close(self) -> None:
        """End every connection."""
        self.drop()
        for task in self._calls:
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while self._weather.line is Line.DEAF and not writer.is_closing():
            await self._changed.wait()
        if self._weather.line is Line.CUT or writer.is_closing():
            _reset(writer)
            return
        try:
            there, back = await asyncio.open_connection(*self._target)
        except OSError:
            _reset(writer)
            return
        self._writers.add(back)
        ways = {asyncio.ensure_future(self._carry(*way)) for way in ((reader, back), (there, writer))}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._writers.discard(back)
            back.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while part := await reader.read(self._portion()):
                await self._pause(len(part))
                self.carried += len(part)
                writer.write(part)
                await writer.drain()

    def _portion(self) -> int:
        """On a thin line few bytes at once, so that it flows."""
        return max(1, min(CHUNK, int(self._weather.bytes_s / 10))) if self._weather.bytes_s else CHUNK

    async def _pause(self, size: int) -> None:
        """What the weather costs these bytes; on a half-open line they wait, and are dropped with it."""
        while self._weather.line is Line.DEAF:
            await self._changed.wait()
        weather, resend = self._weather, RESEND_S
        seconds = weather.delay_s + (size / weather.bytes_s if weather.bytes_s else 0.0)
        while self._dice.random() < weather.loss:
            seconds += resend
            resend = min(2 * resend, LONGEST_RESEND_S)
        if seconds:
            await self._unless_changed(seconds)

    async def _unless_changed(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a RST, as a cut line does: no end waits for the other's last words."""
    held: socket.socket | None = writer.get_extra_info("socket")
    if held is not None and held.fileno() >= 0:
        with suppress(OSError):
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@asynccontextmanager
async def proxied(port: int, host: str = "127.0.0.1", dice: Random | None = None) -> AsyncIterator[Proxy]:
    """A proxy on a free port of 127.0.0.1 before ``host:port``, which need not be there yet."""
    proxy = Proxy(host, port, dice or Random())  # noqa: S311 - weather, no secret
    server = await asyncio.start_server(proxy.call, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()

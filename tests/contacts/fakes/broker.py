"""A small MQTT 5 broker with exact books: it answers as a script says, and counts what it was sent and what was owed.

QoS 1 alone, no sessions; what is published goes to whoever subscribes, retained or not as it came.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 14
Script = Callable[[str, bytes], int]


def number(value: int) -> bytes:
    """A variable byte integer."""
    found = bytearray()
    while True:
        value, low = divmod(value, 128)
        found.append(low | (0x80 if value else 0))
        if not value:
            return bytes(found)


def text(value: str) -> bytes:
    raw = value.encode()
    return len(raw).to_bytes(2, "big") + raw


def packet(kind: int, body: bytes, flags: int = 0) -> bytes:
    return bytes([kind << 4 | flags]) + number(len(body)) + body


def skip_properties(raw: bytes, at: int) -> int:
    """Where what follows the properties begins."""
    size, shift = 0, 0
    while True:
        byte = raw[at]
        size, shift, at = size | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return at + size


@dataclass
class FakeBroker:
    """``reason`` gives each PUBLISH its PUBACK's reason, -1 for none; ``greeting`` each CONNECT its CONNACK's,
    ``granted`` each topic of a SUBSCRIBE the one of its SUBACK."""

    receive_maximum: int = 20
    packet_maximum: int = 1_000_000
    reason: Script = lambda _topic, _payload: 0
    greeting: Callable[[], int] = lambda: 0
    granted: int = 1
    delay_s: float = 0.0
    port: int = 0
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    tried: int = 0
    connects: int = 0
    most_unanswered: int = 0
    most_bytes: int = 0

    def __post_init__(self) -> None:
        self._lines: dict[asyncio.StreamWriter, list[str]] = {}
        self._retained: dict[str, bytes] = {}
        self._answers: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[FakeBroker]:
        """It listens during the block."""
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            yield self
            self.hang_up()

    def hang_up(self, reason: int | None = None) -> None:
        """End every connection, with a DISCONNECT if there is a reason."""
        for writer in list(self._lines):
            if reason is None:
                writer.close()
            else:  # a close with something unread would reset the line, and the reason with it: the far side closes
                writer.write(packet(DISCONNECT, bytes([reason, 0])))
                writer.write_eof()
        self._lines.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines[writer] = []
        unanswered: set[int] = set()
        try:
            while True:
                kind, flags, body = await self._packet(reader)
                if kind == PUBLISH:
                    await self._published(writer, flags, body, unanswered)
                elif kind in (CONNECT, SUBSCRIBE, PINGREQ):
                    self._answer(writer, kind, body)
                elif kind == DISCONNECT:
                    break
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._lines.pop(writer, None)
            writer.close()

    async def _packet(self, reader: asyncio.StreamReader) -> tuple[int, int, bytes]:
        head = (await reader.readexactly(1))[0]
        size = shift = 0
        while True:
            byte = (await reader.readexactly(1))[0]
            size, shift = size | (byte & 127) << shift, shift + 7
            if byte < 128:
                break
        self.most_bytes = max(self.most_bytes, size)
        return head >> 4, head & 15, await reader.readexactly(size)

    def _answer(self, writer: asyncio.StreamWriter, kind: int, body: bytes) -> None:
        if kind == PINGREQ:
            writer.write(packet(13, b""))
        elif kind == CONNECT:
            self.connects += 1
            limits = b"\x21" + self.receive_maximum.to_bytes(2, "big")
            limits += b"\x27" + self.packet_maximum.to_bytes(4, "big")
            writer.write(packet(CONNACK, bytes([0, self.greeting()]) + number(len(limits)) + limits))
        else:
            self._subscribed(writer, body)

    def _subscribed(self, writer: asyncio.StreamWriter, body: bytes) -> None:
        at, topics = skip_properties(body, 2), []
        while at < len(body):
            size = int.from_bytes(body[at : at + 2], "big")
            topics.append(body[at + 2 : at + 2 + size].decode())
            at += 2 + size + 1
        self._lines[writer] += topics
        writer.write(packet(SUBACK, body[:2] + b"\x00" + bytes([self.granted]) * len(topics)))
        for topic, payload in self._retained.items():
            if topic in topics:
                writer.write(packet(PUBLISH, text(topic) + b"\x00" + payload, 1))

    async def _published(self, writer: asyncio.StreamWriter, flags: int, body: bytes, unanswered: set[int]) -> None:
        size = int.from_bytes(body[:2], "big")
        topic, mid = body[2 : 2 + size].decode(), body[2 + size : 4 + size]
        payload = body[skip_properties(body, 4 + size) :]
        unanswered.add(int.from_bytes(mid, "big"))
        self.tried += 1
        self.most_unanswered = max(self.most_unanswered, len(unanswered))
        reason = self.reason(topic, payload)
        if reason < 0:
            return
        if reason < 0x80:
            self.taken.append((topic, payload))
            self.deliver(topic, payload, retain=bool(flags & 1))

        async def answer() -> None:
            await asyncio.sleep(self.delay_s)
            unanswered.discard(int.from_bytes(mid, "big"))
            if not writer.is_closing():
                writer.write(packet(PUBACK, mid + bytes([reason, 0])))

        task = asyncio.ensure_future(answer())
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)
        await asyncio.sleep(0)

    def deliver(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Give a message to whoever subscribed to exactly this topic."""
        if retain:
            self._retained[topic] = payload
        for writer, topics in self._lines.items():
            if topic in topics:
                writer.write(packet(PUBLISH, text(topic) + b"\x00" + payload))

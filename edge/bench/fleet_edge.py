"""One simulated edge of ``bench fleet``: its connection, its birth, its contacts, and what head office confirms."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.bench.fleet_wire import Wire, connect
from edge.bench.ledger_events import KIND, bodies, device
from edge.contacts import topics
from edge.contacts.ack import read_ack
from edge.contacts.batch import BATCH_TYPE, write_batch
from edge.contacts.event import CONTENT_TYPE

PATIENCE_S = 20.0
"""As the product: a connection that does not come within so long is given up."""
OFFLINE = b'{"state":"offline"}'
ENDLESS = 1 << 40


@dataclass(frozen=True, slots=True)
class Place:
    """Where the broker listens; ``tls`` for a listener that asks for certificates."""

    port: int
    tls: ssl.SSLContext | None = None


@dataclass(slots=True)
class Tally:
    """What the fleet's connecting came to: attempts, those that failed, and how long each that succeeded took."""

    attempts: int = 0
    failed: int = 0
    seconds: list[float] = field(default_factory=list)


class Edge:
    """An edge that keeps no file: what it has sent and not seen confirmed is in memory."""

    def __init__(self, number: int, place: Place) -> None:
        self._device = device(f"s{number // 4:05d}", f"edge{number % 4}")
        self._name = topics.edge_name(self._device)
        self._stream = secrets.token_hex(16)
        self._bodies = bodies(self._device, self._stream, 1, ENDLESS)
        self._hello = connect(self._name, topics.state(self._name), OFFLINE)
        self._place = place
        self._sent: deque[tuple[int, float]] = deque()
        self._last = self._acked = 0
        self.waits: list[float] = []
        self._heard_of = asyncio.Event()
        self.wire: Wire | None = None

    @property
    def connected(self) -> bool:
        """Whether its line is up."""
        return self.wire is not None and self.wire.up.done() and not self.wire.lost.done()

    async def dial(self, tally: Tally) -> bool:
        """One attempt: connection, subscriptions, birth; whether it is up."""
        tally.attempts += 1
        began, loop = time.perf_counter(), asyncio.get_running_loop()
        heard = (topics.ack(self._name), topics.INBOX)
        try:
            async with asyncio.timeout(PATIENCE_S):
                _, self.wire = await loop.create_connection(
                    lambda: Wire(self._hello, heard, self._heard), "127.0.0.1", self._place.port, ssl=self._place.tls
                )
                await _arrived(self.wire.up)
                await _arrived(self.wire.send(topics.state(self._name), self._birth(), retain=True))
        except (OSError, TimeoutError):
            tally.failed += 1
            self.close()
            return False
        tally.seconds.append(time.perf_counter() - began)
        return True

    async def redial(self, tally: Tally, pause: Callable[[int], float]) -> None:
        """Once the line is down: pause, try, pause, try, until it is up; ``pause`` is told the attempt."""
        if self.wire is not None:
            await self.wire.lost
        attempt = 0
        await asyncio.sleep(pause(attempt))
        while not await self.dial(tally):
            attempt += 1
            await asyncio.sleep(pause(attempt))

    def send(self, count: int = 1) -> asyncio.Future[None]:
        """Send so many contacts in one message; done with its PUBACK."""
        assert self.wire is not None
        self._last += count
        self._sent.append((self._last, time.perf_counter()))
        events = [next(self._bodies) for _ in range(count)]
        if count == 1:
            return self.wire.send(topics.contact(self._name, KIND), events[0], content_type=CONTENT_TYPE)
        return self.wire.send(topics.batch(self._name), write_batch(events), content_type=BATCH_TYPE)

    async def drain(self, count: int, batch: int, window: int) -> None:
        """Send so many with a window of so many messages, and wait until head office has confirmed the last."""
        parts = iter([min(batch, count - start) for start in range(0, count, batch)])

        async def worker() -> None:
            for part in parts:
                await self.send(part)

        await asyncio.gather(*(worker() for _ in range(window)))
        await self.settle()

    async def settle(self) -> None:
        """Wait until head office has confirmed all that was sent."""
        while self._acked < self._last:
            self._heard_of.clear()
            await self._heard_of.wait()

    def close(self) -> None:
        """Hang up."""
        if self.wire is not None:
            self.wire.close()

    def _birth(self) -> bytes:
        return b'{"state":"online","outbox":"%s","boot":1,"waiting":0}' % self._stream.encode()

    def _heard(self, topic: str, payload: bytes) -> None:
        if not topic.endswith("/ack"):
            return
        told = read_ack(payload)
        if told.outbox != self._stream:
            return
        self._acked, now = max(self._acked, told.upto), time.perf_counter()
        while self._sent and self._sent[0][0] <= self._acked:
            self.waits.append(now - self._sent.popleft()[1])
        self._heard_of.set()


async def _arrived(answer: asyncio.Future[None]) -> None:
    """Wait for it; a line that goes down meanwhile is a ConnectionError."""
    try:
        await answer
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise ConnectionError("the broker closed the line") from None

"""A simulated camera at work: films what is held before it and sends each frame to its eye, as a web page would."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

import aiohttp

from edge.demo import camera
from edge.demo.camera import DEPARTURE_S, Picture
from edge.vision.push import REPLACED

log = logging.getLogger(__name__)

BUSY_S, IDLE_S = 0.1, 0.2
"""Seconds from frame to frame: 10 a second while a phone is near, else 5."""
AGAIN_S = 0.3
STUCK_S = 5.0
Face = Callable[[], Picture]


class Lens:
    """One camera. ``number`` counts its frames and grows over restarts too; ``jpeg`` is the newest."""

    def __init__(self, seed: int, now: Callable[[], float] = time.monotonic) -> None:
        self.number = int(time.time()) * 16
        self.jpeg = b""
        self._shop = seed
        self._seed = seed * 1000
        self._now = now
        self._face: Face | None = None
        self._since = 0.0
        self._left: float | None = None
        self._idle: list[bytes] = []
        self._fresh = asyncio.Event()
        self._wanted = asyncio.Event()
        self._wanted.set()

    def hold(self, face: Face) -> None:
        """Somebody holds a phone up; ``face`` draws what is on it whenever a frame is taken."""
        self._seed += 1
        self._wanted.set()
        self._face, self._since, self._left = face, self._now(), None

    def release(self) -> None:
        """The hand goes away."""
        if self._face is not None and self._left is None:
            self._left = self._now()

    @property
    def busy(self) -> bool:
        """Whether a phone is in view."""
        return self._face is not None

    def take(self) -> bytes:
        """The next frame, as JPEG. Takes some 20 ms with a phone in view: call it in a thread."""
        now, grain = self._now(), camera.grains()[self.number % camera.GRAINS]
        if self._face is None or (self._left is not None and now - self._left > DEPARTURE_S):
            self._face = None
            return self._empty()
        leaving = None if self._left is None else now - self._left
        where = camera.pose(now - self._since, leaving, self._seed)
        return camera.encoded(camera.rendered(camera.backdrop(self._shop), self._face(), where, grain))

    def _empty(self) -> bytes:
        """The shop without a phone: a few frames, drawn once and shown in turn."""
        if not self._idle:
            scene = camera.backdrop(self._shop)
            self._idle = [camera.encoded(camera.rendered(scene, None, None, grain)) for grain in camera.grains()]
        return self._idle[self.number % len(self._idle)]

    async def film(self) -> None:
        """Take frames for ever."""
        clock = asyncio.get_running_loop()
        due = clock.time()
        while True:
            self.jpeg = await asyncio.to_thread(self.take)
            self.number += 1
            self._fresh.set()
            due = max(due + (BUSY_S if self.busy else IDLE_S), clock.time())
            await asyncio.sleep(due - clock.time())

    async def push(self, url: str) -> None:
        """Send the newest frame whenever there is one, for ever; an eye that is away is asked again each 0.3 s.

        When a page with a real camera took the place, it keeps it until somebody holds a phone up to this one again.
        """
        up = False
        async with aiohttp.ClientSession() as session:
            while True:
                await self._wanted.wait()
                with suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
                    async with session.ws_connect(url, heartbeat=STUCK_S, compress=0) as link:
                        log.info("camera sends to %s", url)
                        up = True
                        await self._send(link)
                        if link.close_code == REPLACED and not self._just_held():
                            self._wanted.clear()
                if up:
                    log.warning("camera cannot send to %s", url)
                up = False
                await asyncio.sleep(AGAIN_S)

    def _just_held(self) -> bool:
        """Whether a phone was held up so lately that the word of another in our place may be older."""
        return self._face is not None and self._now() - self._since < AGAIN_S

    async def _send(self, link: aiohttp.ClientWebSocketResponse) -> None:
        """Until the other side closes: frames out; whatever comes in is only read so that a close is seen."""
        listening = asyncio.create_task(_drained(link))
        try:
            while not listening.done():
                self._fresh.clear()
                fresh = asyncio.create_task(self._fresh.wait())
                await asyncio.wait({fresh, listening}, return_when=asyncio.FIRST_COMPLETED)
                fresh.cancel()
                if self._fresh.is_set():
                    await link.send_bytes(self.number.to_bytes(8, "big") + self.jpeg)
        finally:
            listening.cancel()


async def _drained(link: aiohttp.ClientWebSocketResponse) -> None:
    async for _ in link:
        pass

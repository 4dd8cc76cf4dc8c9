"""The parent side of an eye: it starts the process, hears and tells it, kills it when it hangs, starts it again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import edge
from edge.config import Camera, Zone, in_frame
from edge.health import Health, State
from edge.model import Look
from edge.vision import wire
from edge.vision.allowance import Allowance, after
from edge.vision.forms import Forms
from edge.vision.presence import in_view
from edge.vision.wire import (
    LONGEST_LINE,
    Aim,
    BadLine,
    Orders,
    Picture,
    Pulse,
    Showing,
    Told,
    View,
    heard,
    orders_line,
)

log = logging.getLogger(__name__)

T = TypeVar("T")

HUNG_S = 2.0
"""An eye says something at least every half second; silent for longer than this it hangs."""
START_S = 10.0
"""The time from the start of the process to its first word, on a slow and busy machine."""
TICK_S = 0.25
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 0.8
"""An eye that dies again and again starts again within a second all the same: nobody must wait for it."""
HEALTHY_S = 10.0
"""An eye that lived for so long starts again at once when it dies; others after a pause that doubles."""
WAITING_LOOKS = 64
LEASE_S, RENEW_S = 2.0, 0.5
"""For how long an eye shows what it sees to one who looks, and how often that is renewed."""
PROGRAM = ("-P", "-m", "edge.vision.eye")

PASSED_ON = ("PATH", "LANG", "LC_ALL", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
"""What an eye's environment keeps of ours: nothing that might be a secret."""
OF_ITS_OWN = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",  # each further one takes 64 MB of the address space that is bounded
    "OPENCV_IO_MAX_IMAGE_PIXELS": str(1 << 25),
    "PYDANTIC_DISABLE_PLUGINS": "1",  # looking for them costs a tenth of an eye's start
}


class Eye:
    """One camera's eye. ``looks`` holds what it saw last; when nobody takes them the oldest are dropped.

    With ``forms`` only texts in one of them leave it.
    """

    def __init__(
        self,
        camera: Camera,
        folder: Path,
        symbologies: Collection[str],
        health: Health,
        program: Sequence[str] = PROGRAM,
        forms: Forms | None = None,
    ) -> None:
        self.id, self.adapter = camera.id, camera.adapter
        self.looks: asyncio.Queue[Look] = asyncio.Queue(WAITING_LOOKS)
        self.restarts = 0
        self.pid: int | None = None
        """The process that looks now, None between two."""
        self._health = health
        self._orders = Orders(
            camera.id,
            camera.adapter,
            str(folder),
            tuple(sorted(symbologies)),
            camera.memory_mb,
            camera.engine,
            camera.settings,
            forms=forms or {},
        )
        self._program = tuple(program)
        self._silent_s, self._patience_s = 0.0, START_S
        self._to_tell: dict[type, Told] = {}
        self._has_to_tell = asyncio.Event()
        self._viewers: dict[asyncio.Queue[View], bool] = {}
        self._in_view = ("", "")
        self._sees_until = 0.0

    @property
    def open(self) -> bool:
        """Whether the camera gives pictures now, or may do so unknown to us: between two lives of its eye, say."""
        return time.monotonic() < self._sees_until

    async def run(self) -> None:
        """Keep the eye alive until cancelled; at the end no process is left."""
        clock = asyncio.get_running_loop()
        pause = 0.0
        self._health.set("camera", self.id, State.STARTING, "the eye starts")
        while True:
            started = clock.time()
            why = await self._live()
            self.restarts += 1
            self._health.down("camera", self.id, f"the eye ended ({why}) and starts again", "", self._counted({}))
            pause = pause_after(clock.time() - started, pause)
            await asyncio.sleep(pause)

    def push(self, jpeg: bytes, number: int) -> None:
        """Hand the eye a picture of a pushed camera; one that it has not taken yet is replaced."""
        if self.adapter == "push":
            self._tell(Picture(jpeg, number))

    def aim(self, zone: Zone) -> None:
        """Read only this part of each frame, from the next one on and in every later life; raises ValueError."""
        self._orders = replace(self._orders, zone=in_frame(zone))
        self._tell(Aim(self._orders.zone))

    def lingers(self, seconds: float) -> None:
        """A member's codes have been in view for so many seconds, whatever their texts, which no eye can tell."""
        self._in_view = in_view(seconds)

    async def views(self, picture: bool) -> AsyncGenerator[View, None]:
        """What the eye sees, some five times a second for as long as this is iterated; none while no frame comes.

        Close it (``contextlib.aclosing``) as soon as nobody looks any more: the eye ceases to show at once then, and
        2 s after the last iteration otherwise.
        """
        mine: asyncio.Queue[View] = asyncio.Queue(1)
        self._viewers[mine] = picture
        try:
            while True:
                self._tell(Showing(LEASE_S, any(self._viewers.values())))
                try:
                    # wait_for of Python 3.11 may swallow an end that comes with a view.
                    async with asyncio.timeout(RENEW_S):
                        view = await mine.get()
                except TimeoutError:
                    continue
                yield view if picture else replace(view, jpeg=b"")
        finally:
            del self._viewers[mine]
            self._tell(Showing(LEASE_S if self._viewers else 0.0, any(self._viewers.values())))

    async def _live(self) -> str:
        """One life of the process; how it ended, in a word or two."""
        process = await _started(self._program)
        self.pid = process.pid
        self._sees_until = max(self._sees_until, time.monotonic() + HUNG_S)
        self._silent_s, self._patience_s = 0.0, START_S
        self._to_tell.clear()
        try:
            async with asyncio.TaskGroup() as group:
                beside = [group.create_task(loop(process)) for loop in (self._watch, self._feed)]
                last_words = group.create_task(_last_words(process))
                await self._hear(process)
                _kill(process)
                status = await process.wait()
                for task in beside:
                    task.cancel()
            return _ending(status, last_words.result(), self._silent_s > self._patience_s)
        finally:
            self.pid = None
            _kill(process)
            _close_stdin(process)
            await process.wait()

    async def _hear(self, process: Process) -> None:
        """Take the eye's lines until it ends, speaks another language or says more than an eye has to say."""
        assert process.stdout is not None
        clock = asyncio.get_running_loop()
        left = Allowance(clock.time())
        try:
            async for line in process.stdout:
                left = after(left, len(line), clock.time())
                if left.spent:
                    raise BadLine("it says more than an eye has to say")
                self._silent_s, self._patience_s = 0.0, HUNG_S
                self._take(heard(line, self.id))
        except (BadLine, ValueError) as error:  # ValueError: a line without end
            log.warning("eye %s is killed: %s", self.id, error if isinstance(error, BadLine) else "a line too long")

    def _take(self, said: Look | Pulse | View) -> None:
        """Hand what the eye said to whom it is for."""
        if isinstance(said, Look):
            _put(self.looks, said)
        elif isinstance(said, View):
            for viewer in self._viewers:
                _put(viewer, said)
        else:
            self._sees_until = time.monotonic() + HUNG_S if said.sees else 0.0
            self._health.set("camera", self.id, said.state, *self._words(said), self._counted(said.figures))

    def _words(self, said: Pulse) -> tuple[str, str]:
        """What the eye says of its camera and, while that is up and needs nothing, what ``lingers`` said."""
        if said.state is not State.UP or said.todo or not self._in_view[0]:
            return said.detail, said.todo
        return ", ".join(filter(None, (self._in_view[0], said.detail))), self._in_view[1]

    async def _watch(self, process: Process) -> None:
        """Kill the process once it was silent for too long.

        Silence is counted in ticks in which we ourselves were awake: after a pause of this whole machine
        an eye has nothing to answer for.
        """
        while self._silent_s <= self._patience_s:
            await asyncio.sleep(TICK_S)
            self._silent_s += TICK_S
        _kill(process)

    async def _feed(self, process: Process) -> None:
        """Give the orders, then of each kind of message the latest when the pipe has room."""
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.transport.set_write_buffer_limits(0)
            process.stdin.write(orders_line(self._orders))
            while True:
                await process.stdin.drain()
                await self._has_to_tell.wait()
                self._has_to_tell.clear()
                while self._to_tell:
                    process.stdin.write(wire.message(self._to_tell.pop(next(iter(self._to_tell)))))

    def _tell(self, told: Told) -> None:
        """Tell the eye that lives now, instead of what it has not yet been told of that kind."""
        self._to_tell[type(told)] = told
        self._has_to_tell.set()

    def _counted(self, figures: Mapping[str, float]) -> dict[str, float]:
        return {**figures, "restarts": float(self.restarts)}


def _put(queue: asyncio.Queue[T], item: T) -> None:
    """Put an item in; when nobody takes them the oldest makes room."""
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(item)


def pause_after(lived_s: float, last_pause: float) -> float:
    """How long to wait before the next life of an eye, in seconds."""
    return FIRST_PAUSE_S if lived_s > HEALTHY_S else min(max(2 * last_pause, FIRST_PAUSE_S), LONGEST_PAUSE_S)


async def _started(program: Sequence[str]) -> Process:
    """A new eye's process: our interpreter and packages, little of our environment, no terminal's signals."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *program,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        limit=LONGEST_LINE,
        start_new_session=True,
        env={**kept, **OF_ITS_OWN, "PYTHONPATH": str(Path(edge.__file__).parents[1])},
    )


def _kill(process: Process) -> None:
    """End it whatever it does. Not by its own ``kill``, which asks for its status first, and so takes away from
    the one who waits for it how it ended."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)


def _close_stdin(process: Process) -> None:
    if process.stdin is not None:
        process.stdin.close()


async def _last_words(process: Process) -> str:
    """The last line that the eye or its libraries wrote to stderr, without addresses that may hold a password.

    It goes to the log and the health page: what a terminal would obey is left out of it.
    """
    assert process.stderr is not None
    last = b""
    while part := await process.stderr.read(1 << 14):
        last = (last + part)[-(1 << 14) :]
    lines = last.decode("utf-8", "replace").split("\n")
    line = next((line.strip() for line in reversed(lines) if line.strip()), "")
    plain = "".join(sign if sign.isprintable() else " " for sign in line)
    return re.sub(r"\S*://\S*", "<address>", plain)[:160]


def _ending(status: int, last_words: str, hung: bool) -> str:
    """How a process ended, for the health page; ``status`` as subprocess gives it (negative: a signal)."""
    if hung:
        return f"silent for over {HUNG_S:.0f} s"
    if status < 0:
        return f"signal {-status}"
    return f"status {status}: {last_words}" if last_words else f"status {status}"

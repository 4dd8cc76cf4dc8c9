"""An eye: one camera's frames, gate and readers in a process of their own (``python -m edge.vision.eye``).

A crafted symbol that breaks a reader reaches neither keys nor network, a hung driver is killed without anybody
noticing, and no frame ever leaves: the kernel itself refuses this process every byte written to a file.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import cv2

from edge.config import BadConfig, Settings, checked
from edge.plug import UnknownAdapter, adapter
from edge.ports import Camera, SourceEnded, SourceGone
from edge.vision.stream import Stream
from edge.vision.watch import Watch
from edge.vision.wire import Orders, orders

READ_S = 0.2
"""How long one read waits: pulses must leave every half second whatever the camera does."""
REOPEN_S = 1.0
STALLED_S = 8.0
"""A live camera that gave nothing for so long sits in a driver's call; only a new process is rid of that."""
HUNG_S = 5.0
"""The kernel's alarm ends an eye whose loop stands still although no parent is there to kill it."""

ENDED, BROKEN, STALLED = 0, 2, 3


def main() -> int:
    """Read the orders, lock the process in, watch until stdin ends."""
    told = orders(open(0, "rb", buffering=0, closefd=False).readline())  # noqa: SIM115 - stdin stays open
    out = _own_stdout()
    _lock_in(told.memory_mb)
    watch = Watch(told.camera, Stream(told.symbologies, told.engine), out)
    try:
        return _watch(told, watch)
    except BrokenPipeError:
        return ENDED


def _watch(told: Orders, watch: Watch) -> int:
    watch.pulse(time.monotonic())
    try:
        module = adapter("camera", told.adapter)
        settings = checked(module.Settings, dict(told.settings), f"camera {told.camera}")
    except (BadConfig, UnknownAdapter) as error:
        watch.down(str(error), "Correct the camera's settings.")
        return _idle(watch)
    while not _told_to_end():
        try:
            return _look(module, settings, Path(told.folder), watch)
        except SourceGone as gone:
            watch.down(*(*gone.args, "", "")[:2])
            _idle(watch, REOPEN_S)
        except SourceEnded:
            watch.ended()
            return _idle(watch)
    return ENDED


def _look(module: ModuleType, settings: Settings, folder: Path, watch: Watch) -> int:
    """Open the camera and watch it; raises what its ``read`` raises."""
    live = bool(getattr(module, "LIVE", False))
    with module.open(settings, folder) as camera:
        watch.opened(time.monotonic(), live, getattr(module, "SILENT", ("no picture arrives", "Look at its cable.")))
        while not _told_to_end():
            _one(camera, watch)
            if live and watch.silent_for(time.monotonic()) > STALLED_S:
                return STALLED
    return ENDED


def _one(camera: Camera, watch: Watch) -> None:
    """One frame, if there is one, and the pulse when it is due; never faster than the gate's state asks for."""
    signal.setitimer(signal.ITIMER_REAL, HUNG_S)
    began = time.monotonic()
    frame = camera.read(READ_S)
    if frame is not None:
        watch.see(frame, time.monotonic())
    watch.pulse(time.monotonic())
    rest = began + watch.frame_s - time.monotonic()
    if frame is not None and rest > 0:
        time.sleep(rest)


def _idle(watch: Watch, seconds: float | None = None) -> int:
    """Give signs of life, for some time or until told to end."""
    until = None if seconds is None else time.monotonic() + seconds
    while not _told_to_end() and (until is None or time.monotonic() < until):
        signal.setitimer(signal.ITIMER_REAL, HUNG_S)
        watch.pulse(time.monotonic())
        time.sleep(READ_S)
    return ENDED


def _told_to_end() -> bool:
    """The parent closed our stdin or is dead; what it sent before may still lie unread in the pipe."""
    poll = select.poll()
    poll.register(0, 0)
    return bool(poll.poll(0))


def _own_stdout() -> Callable[[bytes], None]:
    """The pipe to the parent for our lines alone: what a library prints goes to stderr."""
    own = open(os.dup(1), "wb", buffering=0)  # noqa: SIM115 - lives as long as the process
    os.dup2(2, 1)

    def out(line: bytes) -> None:
        rest = memoryview(line)
        while rest:
            rest = rest[own.write(rest) :]

    return out


def _lock_in(memory_mb: int) -> None:
    """Bound the address space; let the kernel refuse every file and every core dump, in which frames would lie."""
    memory = memory_mb << 20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    cv2.setNumThreads(1)


if __name__ == "__main__":
    sys.exit(main())

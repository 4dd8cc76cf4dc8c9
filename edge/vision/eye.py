"""An eye: one camera's frames, gate and readers in a process of their own (``python -m edge.vision.eye``).

A crafted symbol that breaks a reader reaches neither keys nor network, a hung driver is killed without anybody
noticing, and no frame ever leaves: the kernel itself refuses this process every byte written to a file.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType

import cv2

from edge.config import BadConfig, Settings, checked
from edge.plug import UnknownAdapter, adapter
from edge.ports import Camera, Frame, SourceEnded, SourceGone
from edge.vision import box
from edge.vision.forms import sieve
from edge.vision.picture import NO_PIXELS
from edge.vision.stream import Stream
from edge.vision.told import Ear
from edge.vision.watch import Outgrown, Watch
from edge.vision.wire import Orders, orders

READ_S = 0.2
"""How long one read waits: pulses must leave every half second whatever the camera does."""
REOPEN_S = 1.0
STALLED_S = 8.0
"""A live camera that gave nothing for so long sits in a driver's call; only a new process is rid of that."""
HUNG_S = 5.0
"""The kernel's alarm ends an eye whose loop stands still although no parent is there to kill it."""

ENDED, STALLED, OUTGROWN = 0, 3, 4


@dataclass(frozen=True, slots=True)
class Source:
    """The adapter of a camera and its settings; ``wrong`` says why there is none."""

    module: ModuleType | None = None
    settings: Settings | None = None
    wrong: str = ""

    @property
    def network(self) -> bool:
        """Whether the camera is somewhere else, so that its eye must be let out for its pictures."""
        return self._asked("network")

    @property
    def stills(self) -> bool:
        """Whether each picture is another, so that the whole of every one is read."""
        return self._asked("stills")

    def _asked(self, what: str) -> bool:
        """What a function of the adapter's says of its settings, False if it has none."""
        asked = getattr(self.module, what, None)
        return bool(asked is not None and asked(self.settings))


def main() -> int:
    """Read the orders, lock the process in, watch until stdin ends."""
    told = orders(open(0, "rb", buffering=0, closefd=False).readline())  # noqa: SIM115 - stdin stays open
    out = _own_stdout()
    box.bound(told.memory_mb)
    cv2.setNumThreads(1)
    try:
        source = _source(told)
        stream = partial(Stream, told.symbologies, told.engine, source.stills)
        stream()  # whatever a reader imports must be in before the door is shut
        open_door = box.shut(source.network)
        watch = Watch(told.camera, stream, out, told.zone, open_door, sieve(told.forms))
        return _watch(source, Path(told.folder), watch, Ear(0, told.zone))
    except BrokenPipeError:
        return ENDED
    except (MemoryError, Outgrown):
        os.write(2, f"it needs more than its {told.memory_mb} MB of memory\n".encode())
        return OUTGROWN


def _source(told: Orders) -> Source:
    try:
        module = adapter("camera", told.adapter)
        settings = checked(module.Settings, dict(told.settings), f"camera {told.camera}")
    except (BadConfig, UnknownAdapter) as error:
        return Source(wrong=str(error))
    return Source(module, settings)


def _watch(source: Source, folder: Path, watch: Watch, ear: Ear) -> int:
    watch.pulse(time.monotonic())
    if source.module is None:
        watch.down(source.wrong, "Correct the camera's settings.")
        return _idle(watch)
    while not _told_to_end():
        try:
            return _look(source.module, source.settings, folder, watch, ear)
        except SourceGone as gone:
            watch.down(*(*gone.args, "", "")[:2])
            _idle(watch, REOPEN_S)
        except SourceEnded:
            watch.ended()
            return _idle(watch)
    return ENDED


def _look(module: ModuleType, settings: Settings | None, folder: Path, watch: Watch, ear: Ear) -> int:
    """Open the camera and watch it; raises what its ``read`` raises."""
    live = bool(getattr(module, "LIVE", False))
    pushed = (ear,) if getattr(module, "PUSHED", False) else ()
    with module.open(settings, folder, *pushed) as camera:
        watch.opened(time.monotonic(), live, getattr(module, "SILENT", ("no picture arrives", "Look at its cable.")))
        while not _told_to_end():
            watch.told(ear.zone, ear.lease)
            _one(camera, watch)
            if live and watch.silent_for(time.monotonic()) > STALLED_S:
                return STALLED
    return ENDED


def _one(camera: Camera, watch: Watch) -> None:
    """One frame, if there is one, and the pulse when it is due; never faster than the gate's state asks for."""
    _lives()
    began = time.monotonic()
    try:
        frame = camera.read(READ_S)
    except cv2.error:  # a picture that its adapter could not make gray of
        frame = Frame(NO_PIXELS)
    if frame is not None:
        watch.see(frame, time.monotonic())
    watch.pulse(time.monotonic(), getattr(camera, "note", ""))
    rest = began + watch.frame_s - time.monotonic()
    if frame is not None and rest > 0:
        time.sleep(rest)


def _idle(watch: Watch, seconds: float | None = None) -> int:
    """Give signs of life, for some time or until told to end."""
    until = None if seconds is None else time.monotonic() + seconds
    while not _told_to_end() and (until is None or time.monotonic() < until):
        _lives()
        watch.pulse(time.monotonic())
        time.sleep(READ_S)
    return ENDED


def _lives() -> None:
    """Put the kernel's alarm off; raises Outgrown."""
    signal.setitimer(signal.ITIMER_REAL, HUNG_S)
    if not box.room():
        raise Outgrown


def _told_to_end() -> bool:
    """The parent closed our stdin or is dead; what it sent before may still lie unread in the pipe."""
    poll = select.poll()
    poll.register(0, 0)
    return bool(poll.poll(0))


def _own_stdout() -> Callable[[bytes], None]:
    """The pipe to the parent for our lines alone: what a library prints goes to stderr.

    It stays open until the process is gone, as its end is the parent's sign to kill what is left.
    """
    own = os.dup(1)
    os.dup2(2, 1)

    def out(line: bytes) -> None:
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(own, rest) :]

    return out


if __name__ == "__main__":
    os._exit(main())  # what hangs in a driver's thread must not keep a process that has ended

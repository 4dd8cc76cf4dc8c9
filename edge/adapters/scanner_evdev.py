"""A scanner that acts as a keyboard, read below the desktop: its keys reach us and neither the page nor a console."""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal

from pydantic import Field

from edge import config
from edge.ports import Scanner
from edge.vision import devices
from edge.vision.keys import EV_SYN, Keyboard
from edge.vision.layouts import LAYOUTS
from edge.vision.lines import Lines

KIND = "keyboard"
EVENT = struct.Struct("llHHi")
"""``struct input_event``: seconds and microseconds, then type, code and value."""
EVIOCGRAB = 0x40044590
EV_LED, LED_CAPS_LOCK = 0x11, 1
INPUT_MAJOR = 13
"""The major number of Linux's input devices."""


class Settings(config.Settings):
    """``device`` is the scanner's stable path, ``/dev/input/by-id/…-event-kbd``.

    ``layout`` is the keyboard that the scanner itself is set to, whatever the desktop uses. ``gap_s`` is the silence
    after which a code that has not ended is void.
    """

    device: str
    layout: Literal["us", "jp"] = "us"
    gap_s: float = Field(0.3, gt=0, le=5)


class Wedge:
    """The codes that an open keyboard device types."""

    def __init__(self, descriptor: int, path: Path, settings: Settings) -> None:
        self._descriptor, self._path, self._gap_s = descriptor, path, settings.gap_s
        self._keyboard = Keyboard(LAYOUTS[settings.layout])
        self._rest = b""

    async def texts(self) -> AsyncIterator[str]:
        """Each code that the scanner ended with Enter or Tab."""
        lines = Lines()
        while True:
            patience = self._gap_s if lines.waiting else None
            part = await devices.chunk(self._descriptor, self._path, KIND, patience)
            for code in lines.feed(self._typed(part)) if part else lines.quiet():
                yield code.decode("latin-1")

    def _typed(self, part: bytes) -> bytes:
        """What the events mean; a piece may end within one."""
        whole = self._rest + part
        end = len(whole) - len(whole) % EVENT.size
        self._rest = whole[end:]
        return b"".join(self._keyboard.event(*event[2:]) for event in EVENT.iter_unpack(whole[:end]))


@asynccontextmanager
async def open(settings: Settings, where: Path) -> AsyncIterator[Scanner]:
    """The scanner, held for us alone; raises SourceGone while it is away or another program holds it."""
    path = where / settings.device
    real = _is_input(path)
    descriptor = devices.opened(path, KIND, os.O_RDWR if real else os.O_RDONLY)
    try:
        if real:
            _grab(descriptor, path)
        yield Wedge(descriptor, path, settings)
    finally:
        os.close(descriptor)


def _is_input(path: Path) -> bool:
    """A kernel's input device, which can be held; a pipe gives the same events and needs no holding."""
    try:
        status = path.stat()
    except OSError:
        return False
    return stat.S_ISCHR(status.st_mode) and os.major(status.st_rdev) == INPUT_MAJOR


def _grab(descriptor: int, path: Path) -> None:
    """Take its keys away from everybody else, and its CapsLock lamp out: many scanners type to suit the lamp."""
    try:
        fcntl.ioctl(descriptor, EVIOCGRAB, 1)
    except OSError as error:
        raise devices.gone(path, KIND, error.errno or 0) from None
    with suppress(OSError):
        os.write(descriptor, EVENT.pack(0, 0, EV_LED, LED_CAPS_LOCK, 0) + EVENT.pack(0, 0, EV_SYN, 0, 0))

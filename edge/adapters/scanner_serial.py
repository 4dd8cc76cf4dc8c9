"""A scanner on a serial line: USB in its COM mode (CDC), or real RS-232. The first choice: no layout, no focus."""

from __future__ import annotations

import fcntl
import os
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal

from pydantic import Field

from edge import config
from edge.ports import Scanner, SourceGone
from edge.vision import devices
from edge.vision.lines import Lines

KIND = "serial"


class Settings(config.Settings):
    """``device`` is the scanner's stable path, ``/dev/serial/by-id/…``.

    ``baud`` counts for real RS-232 alone, with 8 bits, no parity and one stop bit. ``gap_s`` is the silence after
    which a code that has not ended is void.
    """

    device: str
    baud: Literal[1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200] = 9600
    gap_s: float = Field(0.3, gt=0, le=5)


class Serial:
    """The codes that arrive on an open line."""

    def __init__(self, descriptor: int, path: Path, gap_s: float) -> None:
        self._descriptor, self._path, self._gap_s = descriptor, path, gap_s

    async def texts(self) -> AsyncIterator[str]:
        """Each code that the scanner ended with CR, LF or Tab."""
        lines = Lines()
        while True:
            patience = self._gap_s if lines.waiting else None
            part = await devices.chunk(self._descriptor, self._path, KIND, patience)
            for code in lines.feed(part) if part else lines.quiet():
                yield code.decode("latin-1")


@asynccontextmanager
async def open(settings: Settings, where: Path) -> AsyncIterator[Scanner]:
    """The scanner; raises SourceGone while it is away, or what is there is no serial device."""
    path = where / settings.device
    descriptor = devices.opened(path, KIND, os.O_RDWR)
    try:
        _set_raw(descriptor, path, settings.baud)
        yield Serial(descriptor, path, settings.gap_s)
    finally:
        os.close(descriptor)


def _set_raw(descriptor: int, path: Path, baud: int) -> None:
    """Bytes as they come, for us alone; what came before we listened is nobody's greeting."""
    speed = getattr(termios, f"B{baud}")
    control = termios.CS8 | termios.CREAD | termios.CLOCAL
    try:
        signs = termios.tcgetattr(descriptor)[6]
        signs[termios.VMIN], signs[termios.VTIME] = 1, 0
        termios.tcsetattr(descriptor, termios.TCSANOW, [termios.IGNBRK, 0, control, 0, speed, speed, signs])
        termios.tcflush(descriptor, termios.TCIFLUSH)
    except termios.error:
        raise SourceGone(f"{path} is no serial device", "Choose the scanner's path below /dev/serial/by-id.") from None
    with suppress(OSError):
        fcntl.ioctl(descriptor, termios.TIOCEXCL)

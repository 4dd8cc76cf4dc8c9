"""The parent side of a hand scanner: to the rest of the edge it is one more eye, whose looks are what it read."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from edge import config, plug
from edge.health import Health, State
from edge.model import Code, Look
from edge.ports import Scanner, SourceGone
from edge.vision.lines import CUT_OFF
from edge.vision.scanned import code_of

REOPEN_S = 1.0
WAITING_LOOKS = 64
A_SECOND, AT_ONCE = 5.0, 10.0
"""Nobody scans more codes in a second, or more in a row without pause; what comes faster is dropped."""
NO_END = ("its last code had no end or was too long", "Set the scanner to send Enter (CR) after each code.")


class ScannerEye:
    """One hand scanner. ``looks`` holds what it read last; when nobody takes them the oldest are dropped."""

    def __init__(self, scanner: config.Scanner, folder: Path, health: Health) -> None:
        self.id = scanner.id
        self.looks: asyncio.Queue[Look] = asyncio.Queue(WAITING_LOOKS)
        self._scanner, self._folder, self._health = scanner, folder, health
        self._taken = self._refused = 0
        self._allowed, self._last = AT_ONCE, 0.0

    async def run(self) -> None:
        """Listen until cancelled, opening the device again whenever it comes back; raises config.BadConfig."""
        module = plug.adapter("scanner", self._scanner.adapter)
        settings = config.checked(module.Settings, self._scanner.settings, f"scanner {self.id}")
        self._tell(State.STARTING, "the scanner is looked for")
        while True:
            try:
                async with module.open(settings, self._folder) as scanner:
                    await self._listen(scanner)
            except SourceGone as gone:
                self._tell(State.DOWN, *(*gone.args, "", "")[:2])
            await asyncio.sleep(REOPEN_S)

    async def _listen(self, scanner: Scanner) -> None:
        self._tell(State.UP)
        async for text in scanner.texts():
            self._take(text, time.monotonic())

    def _take(self, text: str, now: float) -> None:
        """Pass on what may be a code; of anything else only that it came is known."""
        code = code_of(text, self._scanner.symbology)
        if code is None or not self._in_time(now):
            self._refused += 1
        else:
            self._taken += 1
            self._see(code, now)
        self._tell(State.UP, *(NO_END if text == CUT_OFF.decode() else ()))

    def _in_time(self, now: float) -> bool:
        """One more code now is no flood."""
        self._allowed = min(AT_ONCE, self._allowed + (now - self._last) * A_SECOND)
        self._last = now
        if self._allowed < 1:
            return False
        self._allowed -= 1
        return True

    def _see(self, code: Code, now: float) -> None:
        if self.looks.full():
            self.looks.get_nowait()
        self.looks.put_nowait(Look(self.id, (code,), now, self._taken))

    def _tell(self, state: State, detail: str = "", todo: str = "") -> None:
        figures = {"taken": float(self._taken), "refused": float(self._refused)}
        self._health.set("scanner", self.id, state, detail, todo, figures)

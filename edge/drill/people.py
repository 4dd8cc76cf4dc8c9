"""People who scan their codes at a store's scanners, one after the other, whatever else goes on."""

from __future__ import annotations

import asyncio
import base64
import os
import pty
import time
import tty
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.members.issue import issue

EACH_S = 0.25
"""Between two scans at one scanner: a little less than the fastest that it is believed (5 a second)."""
CARDS_EACH = 20
"""Of so many codes one is a fixed number, as few of them count in a minute; the others are tokens of an app."""
LIFE_S = 60
FLAGS = 0b101
"""The member shows personalised content and lets the contact be recorded."""


class Scanners:
    """Hand scanners on pseudo-terminals, at ``folder/NAME``; ``scans`` counts the codes that were held up."""

    def __init__(self, folder: Path, names: Sequence[str], issuer: Ed25519PrivateKey, dice: Random) -> None:
        self.scans = 0
        self._folder, self._names, self._issuer, self._dice = folder, tuple(names), issuer, dice
        self._lines: Mapping[str, tuple[int, int]] = {}
        self._resting = False

    def rest(self) -> None:
        """Nobody scans any more."""
        self._resting = True

    def plug_in(self) -> None:
        """A new line for each: one that a killed store held alone is no more to be opened by everybody."""
        self.unplug()
        self._lines = {name: pty.openpty() for name in self._names}
        for name, (ours, theirs) in self._lines.items():
            tty.setraw(ours)
            os.set_blocking(ours, False)
            link = self._folder / name
            link.unlink(missing_ok=True)
            link.symlink_to(os.ttyname(theirs))

    def unplug(self) -> None:
        """Pull them all out."""
        for ends in self._lines.values():
            for end in ends:
                os.close(end)
        self._lines = {}

    async def scan(self) -> None:
        """Hold up one code after another at each scanner, until ``rest``."""
        while not self._resting:
            for line, _ in list(self._lines.values()):
                code = self._code()
                with suppress(BlockingIOError):  # nobody reads the line: the store is down or stands still
                    os.write(line, code.encode() + b"\r")
                    self.scans += 1
            await asyncio.sleep(EACH_S)

    def _code(self) -> str:
        """A card's number or a fresh token, of a member who was hardly here before."""
        if self._dice.randrange(CARDS_EACH) == 0:
            return card(self._dice.randrange(10**10))
        sub = base64.urlsafe_b64encode(self._dice.randbytes(9)).decode()
        now = int(time.time())
        return issue(self._issuer, sub, now, now + LIFE_S, flags=FLAGS)


def card(member: int) -> str:
    """A member's number in a JAN of the store's own prefix, with its check digit."""
    digits = f"29{member:010d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"

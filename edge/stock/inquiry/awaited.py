"""How far comparisons are, for whoever waits for them: a bar on a terminal, a line each minute elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any, Protocol, Self, TextIO

from edge.stock.inquiry.printed import clock

BAR = 24
EVERY_S = 60.0


class Progress(Protocol):
    """Shows what the service says of comparisons while they are awaited."""

    def show(self, found: Mapping[str, Any]) -> None:
        """How far they are now; called several times a second."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def progress(stream: TextIO, zone: tzinfo | None) -> Progress:
    """What suits a stream; times are told in the zone (None: this machine's)."""
    return Bar(stream) if stream.isatty() else Lines(stream, zone)


class Bar:
    """How far comparisons are, on one line of a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            self._stream.write("\n")

    def show(self, found: Mapping[str, Any]) -> None:
        """Show how far it is."""
        read, rows = sum(map(_read, found["channels"])), sum(each["rows"] for each in found["channels"])
        full = BAR * read // rows if rows else 0
        text = f"\r{'█' * full}{'░' * (BAR - full)} {read:,} of {rows:,} rows"
        if text != self._shown:
            self._stream.write(text)
            self._stream.flush()
            self._shown = text


class Lines:
    """For logs and pipes: what is awaited, in a line at the start and one each minute."""

    def __init__(self, stream: TextIO, zone: tzinfo | None = None, mono: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._zone, self._mono = stream, zone, mono
        self._next: float | None = None

    def __enter__(self) -> Self:
        self._say("comparing; what is awaited is said here each minute")
        return self

    def __exit__(self, *_: object) -> None:
        """What came of it is for others to say."""

    def show(self, found: Mapping[str, Any]) -> None:
        """Say what is awaited, unless that was said within the minute."""
        now = self._mono()
        if self._next is not None and now < self._next:
            return
        self._next = now + EVERY_S
        said = "; ".join(_awaited(each, self._zone) for each in found["channels"] if not each["done"])
        if said:
            self._say(f"waiting: {said}")

    def _say(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()


def _read(each: Mapping[str, Any]) -> int:
    rows: int = each["rows"]
    return rows if each["done"] else min(each["read"], rows)


def _awaited(each: Mapping[str, Any], zone: tzinfo | None) -> str:
    """What one channel's comparison waits for, and until when as far as that is known."""
    read = f"{_read(each):,} of {each['rows']:,} rows read" if each["begun"] else "not begun"
    budget = f", its budget of calls is used up until {clock(each['due_s'], zone)} at the latest"
    return f"{each['channel']}: {read}{budget if each['due_s'] else ''}"

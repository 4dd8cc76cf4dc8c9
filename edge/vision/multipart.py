"""The pictures of a camera that serves motion JPEG over HTTP (multipart/x-mixed-replace), with everything bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.message import Message

LONGEST_PART = 4 << 20
LONGEST_HEADER = 8 << 10
LONGEST_BETWEEN = 64 << 10
"""What may stand before the first part and between two."""


class NoStream(Exception):
    """What comes is no such stream; the text says what is wrong with it."""


class Ended(Exception):
    """The camera ended the stream."""


class Body:
    """Bytes as they are needed; ``more`` gives the next piece, b"" at the end."""

    def __init__(self, more: Callable[[], bytes]) -> None:
        self._more, self._kept = more, bytearray()

    def until(self, mark: bytes, most: int) -> bytes:
        """What stands before the next ``mark``, which is passed; raises NoStream if it is not among ``most`` bytes."""
        looked = 0
        while (at := self._kept.find(mark, looked)) < 0:
            if len(self._kept) > most:
                raise NoStream(f"no end within {most} bytes")
            looked = max(0, len(self._kept) - len(mark) + 1)
            self._take_more()
        found = bytes(self._kept[:at])
        del self._kept[: at + len(mark)]
        return found

    def exactly(self, count: int) -> bytes:
        """So many bytes."""
        while len(self._kept) < count:
            self._take_more()
        found = bytes(self._kept[:count])
        del self._kept[:count]
        return found

    def _take_more(self) -> None:
        part = self._more()
        if not part:
            raise Ended
        self._kept += part


def boundary(content_type: str) -> bytes:
    """What parts the pictures, by the answer's Content-Type; raises NoStream for another kind of answer."""
    header = Message()
    header["Content-Type"] = content_type
    mark = header.get_boundary()
    if header.get_content_maintype() != "multipart" or not mark:
        raise NoStream(f"it gives {header.get_content_type()[:40]}")
    return b"--" + mark.lstrip("-").encode("latin-1", "replace")  # cameras disagree on whose the hyphens are


def parts(more: Callable[[], bytes], mark: bytes) -> Iterator[bytes]:
    """The pictures, each as soon as it is whole; raises NoStream or, when the camera ends the stream, Ended."""
    body = Body(more)
    body.until(mark, LONGEST_BETWEEN)
    while True:
        length = _length(body)
        if length is None:  # only the next picture's coming tells that this one is whole
            yield body.until(mark, LONGEST_PART)
            continue
        yield body.exactly(length)
        body.until(mark, LONGEST_BETWEEN)


def _length(body: Body) -> int | None:
    """The part's own length if its header tells it; the header is passed."""
    if body.until(b"\n", LONGEST_HEADER).startswith(b"--"):
        raise Ended
    length, room = None, LONGEST_HEADER
    while line := body.until(b"\n", room).strip():
        room = max(0, room - len(line))
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = _number(value.strip())
    return length


def _number(value: bytes) -> int:
    if not value.isdigit() or len(value) > 9 or int(value) > LONGEST_PART:
        raise NoStream("a picture of impossible length")
    return int(value)

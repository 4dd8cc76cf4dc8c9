"""Frames that carry a watermark, and the search for it in everything that was written on a machine since."""

from __future__ import annotations

import base64
import os
import re
import secrets
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from edge.ports import Gray

HEIGHT, WIDTH = 480, 640
ROW, NEEDLE = 64, 24
"""The random bytes that every row repeats, and how many in a row are looked for: chance makes none."""
PIECE = 4 << 20
UNREAL = (
    *("proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "securityfs", "debugfs", "tracefs", "pstore"),
    *("bpf", "configfs", "fusectl", "autofs"),
)
"""Kinds of mounts that hold no files."""


@dataclass(frozen=True)
class Mark:
    """Random bytes that lie in a frame as an eye holds it, and in the JPEG in which it comes."""

    row: bytes = field(default_factory=lambda: secrets.token_bytes(ROW))

    def frame(self, seed: int) -> Gray:
        """A frame whose every second row is the mark again and again; the others differ from seed to seed."""
        frame = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH), np.uint8)
        frame[::2] = np.frombuffer(self.row * (WIDTH // ROW), np.uint8)
        return frame

    def jpeg(self) -> bytes:
        """A JPEG of such a frame, the same each time."""
        return cv2.imencode(".jpg", self.frame(7))[1].tobytes()

    def needles(self) -> tuple[bytes, ...]:
        """What is looked for: the frame's bytes, those of the JPEG, of what is decoded from it, and of its base64."""
        jpeg = self.jpeg()
        decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert decoded is not None
        inside = [jpeg[len(jpeg) * part // 8 :][: 2 * NEEDLE] for part in (3, 5)]
        in_text = [base64.b64encode(jpeg[at:])[len(jpeg) // 2 :][:NEEDLE] for at in range(3)]
        rows = [decoded[row].tobytes()[100:] for row in (100, 300)]
        return tuple(bytes(one[:NEEDLE]) for one in (self.row, *inside, *in_text, *rows))


def mounts() -> list[Path]:
    """Where files can be written."""
    lines = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    writable = [point for _, point, kind, options, *_ in lines if kind not in UNREAL and "rw" in options.split(",")]
    return [Path(point.encode().decode("unicode_escape")) for point in dict.fromkeys(writable)]


def written_since(began: float, roots: Sequence[Path], but: Sequence[Path] = ()) -> Iterator[Path]:
    """Every file below the roots whose bytes or entry changed since (UNIX seconds), each mount by itself."""
    left_out = {os.fspath(path) for path in but}
    for root in roots:
        yield from _below(os.fspath(root), os.lstat(root).st_dev, began, left_out)


def _below(folder: str, device: int, began: float, left_out: set[str]) -> Iterator[Path]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError:
            continue
        if stat.S_ISDIR(found.st_mode):
            if found.st_dev == device and entry.path not in left_out:
                yield from _below(entry.path, device, began, left_out)
        elif stat.S_ISREG(found.st_mode) and max(found.st_ctime, found.st_mtime) >= began:
            yield Path(entry.path)


def holds(file: Path, needles: Sequence[bytes]) -> bool:
    """Whether one of the needles lies in a file; one that is gone or not ours to read holds none."""
    last = b""
    try:
        with file.open("rb") as opened:
            while piece := opened.read(PIECE):
                if any(needle in last + piece for needle in needles):
                    return True
                last = piece[-NEEDLE:]
    except OSError:
        pass
    return False


def in_memory(pid: int, needles: Sequence[bytes]) -> bool | None:
    """Whether one of the needles lies in a process's memory now; None where nobody may look."""
    try:
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            maps = Path(f"/proc/{pid}/maps").read_text()
            for begin, end in re.findall(r"^(\w+)-(\w+) rw", maps, re.MULTILINE):
                if _region(memory.fileno(), int(begin, 16), int(end, 16), needles):
                    return True
    except PermissionError:
        return None
    return False


def _region(memory: int, begin: int, end: int, needles: Sequence[bytes]) -> bool:
    try:
        return any(
            any(needle in os.pread(memory, PIECE + NEEDLE, at) for needle in needles) for at in range(begin, end, PIECE)
        )
    except OSError:
        return False

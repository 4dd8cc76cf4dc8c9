"""What the kernel tells of running processes (``/proc``, proc(5)): CPU time, memory, children. Linux alone."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Process:
    """A process at one moment: its parent, the seconds of CPU it has used, its resident memory in MB."""

    pid: int
    parent: int
    cpu_s: float
    rss_mb: float


def process(pid: int) -> Process | None:
    """The process as it is now, None if it is gone."""
    try:
        return parsed((PROC / str(pid) / "stat").read_text(), os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE"))
    except (FileNotFoundError, ProcessLookupError):
        return None


def parsed(stat: str, ticks: int, page: int) -> Process:
    """A line of ``/proc/PID/stat``; a name may hold blanks and brackets, so the fields count from the last bracket."""
    pid, rest = stat.split(" ", 1)
    fields = rest.rpartition(")")[2].split()
    user, system, pages = int(fields[11]), int(fields[12]), int(fields[21])
    return Process(int(pid), int(fields[1]), (user + system) / ticks, round(pages * page / 2**20, 1))


def children(parent: int) -> Iterator[Process]:
    """The processes that it started itself and that still run."""
    for folder in PROC.iterdir():
        found = process(int(folder.name)) if folder.name.isdecimal() else None
        if found is not None and found.parent == parent:
            yield found


def bound_mb(pid: int) -> int:
    """The bound of the process's address space in MB, -1 without one."""
    soft, _ = resource.prlimit(pid, resource.RLIMIT_AS)
    return -1 if soft == resource.RLIM_INFINITY else soft >> 20

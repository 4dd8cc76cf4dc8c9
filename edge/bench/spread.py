"""Work spread over the machine's cores, a process each, with a word on stderr about how far it is."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TypeVar

import cv2

A = TypeVar("A")
B = TypeVar("B")

WORD_S = 15.0
"""Where stderr is no terminal, a word is said so often."""


class ReaderDied(Exception):
    """A reader took its process down with it, so nothing is left to compare."""


def spread(work: Callable[[A], B], jobs: Sequence[A], what: str) -> list[B]:
    """What ``work`` gives for each job, in the jobs' order; raises what it raises, and ReaderDied.

    OpenCV gets one thread, as in an eye.
    """
    workers = max(1, min(os.cpu_count() or 1, len(jobs)))
    with ProcessPoolExecutor(workers, get_context("spawn"), cv2.setNumThreads, (1,)) as pool:
        try:
            return list(told(pool.map(work, jobs), len(jobs), what))
        except BrokenProcessPool:
            raise ReaderDied(f"one of the readers ended its process, at one of {len(jobs)} {what}") from None


def told(done: Iterator[B], total: int, what: str) -> Iterator[B]:
    """The same things, counted on stderr: all the time on a terminal, now and then elsewhere."""
    on_terminal, last = sys.stderr.isatty(), time.monotonic()
    for count, one in enumerate(done, start=1):
        yield one
        if on_terminal or time.monotonic() - last > WORD_S:
            sys.stderr.write(f"\r{what}: {count} of {total}" if on_terminal else f"{what}: {count} of {total}\n")
            sys.stderr.flush()
            last = time.monotonic()
    if on_terminal and total:
        sys.stderr.write("\r\x1b[K")

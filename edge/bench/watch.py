"""A look at running processes every quarter of a second while something is measured: their CPU, and their memory."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from itertools import pairwise
from types import TracebackType

from edge.bench.processes import Process, process

LOOK_S = 0.25


class Watch:
    """Processes by part, looked at as long as the block lasts, at least at its start and at its end."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._looks: dict[str, list[Process]] = {part: [] for part in pids}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Watch:
        self._look()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def cpu_s(self) -> dict[str, float]:
        """Seconds of CPU of each part over the block."""
        return {part: looks[-1].cpu_s - looks[0].cpu_s for part, looks in self._looks.items() if looks}

    def busiest(self) -> dict[str, float]:
        """The largest share of one core that each part took between two looks."""
        return {
            part: max((after.cpu_s - before.cpu_s) / LOOK_S for before, after in pairwise(looks))
            for part, looks in self._looks.items()
            if len(looks) > 1
        }

    def rss_mb(self) -> dict[str, tuple[float, float, float]]:
        """Resident MB of each part: at the start, the most in the first half of the looks, the most in the second."""
        return {part: _halves([look.rss_mb for look in looks]) for part, looks in self._looks.items() if looks}

    def _run(self) -> None:
        while not self._over.wait(LOOK_S):
            self._look()

    def _look(self) -> None:
        for part, pid in self._pids.items():
            found = process(pid)
            if found is not None:
                self._looks[part].append(found)


def _halves(sizes: list[float]) -> tuple[float, float, float]:
    middle = (len(sizes) + 1) // 2
    return sizes[0], max(sizes[:middle]), max(sizes[middle:] or sizes)

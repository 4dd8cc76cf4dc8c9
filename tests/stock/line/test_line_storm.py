"""A chain that starts at once: each edge has its rows, the hub makes them once, and no source hears of it.

``TENTOU_SOAK_STORM`` says how many edges; ``./run soak storm`` asks for 300, spread over 60 s. The hub is a process of
its own, so that what it takes can be told from what the edges take, which are some to a process: the threads of 300 in
one would stand in each other's way.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge.stock.line.counter import KEEPS_S
from tests.stock.line.office import PLACES

EDGES = int(os.environ.get("TENTOU_SOAK_STORM", "0"))
EACH = 75
"""Edges in a process."""
ROOT = Path(__file__).parents[3]


@contextmanager
def office(rows: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """A hub's address, and, once it is over, what it took."""
    figures: dict[str, Any] = {}
    command = [sys.executable, "-m", "tests.stock.line.office", str(rows)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as hub:
        assert hub.stdout is not None
        yield hub.stdout.readline().strip(), figures
        said, _ = hub.communicate("")
        figures |= json.loads(said)


def stores(url: str, rows: int, edges: int, spread_s: float) -> dict[str, float]:
    """What so many edges took until all had their rows: the longest time, the processor's all together."""
    some = [min(EACH, edges - first) for first in range(0, edges, EACH)]
    command = [sys.executable, "-m", "tests.stock.line.stores", url]
    started = [
        subprocess.Popen([*command, str(number), str(rows), str(spread_s)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for number in some
    ]
    told = []
    for process in started:
        with process:
            said, _ = process.communicate()
            told.append(json.loads(said))
    took_s = max(each["took_s"] for each in told)
    return {"took_s": took_s, **{name: sum(each[name] for each in told) for name in ("cpu_s", "wholes")}}


def test_a_chain_that_starts_at_once_has_its_rows_and_no_source_hears_of_it() -> None:
    edges, rows, spread_s = (EDGES, 3_000, 60.0) if EDGES else (12, 60, 0.2)
    with office(rows) as (url, figures):
        took = stores(url, rows, edges, spread_s)
    sys.stdout.write(
        f"{edges} edges, {rows} rows at {len(PLACES)} places: all had them after {took['took_s']:.1f} s. The hub took "
        f"{figures['cpu_s']:.2f} s of the processor ({figures['cpu_s'] / edges * 1000:.1f} ms an edge; the edges "
        f"{took['cpu_s']:.1f} s), made {figures['made']} shelves, gave {figures['answers']} answers of "
        f"{figures['bytes'] / 1e6:.1f} MB, stood still for {figures['stood_ms']:.0f} ms at most, and had "
        f"{figures['peak_mb']:.0f} MB at most\n"
    )
    assert (figures["asked"], took["wholes"]) == (1, edges * len(PLACES))
    lasted_s = took["took_s"] + 5  # from the first start of a process to the last
    assert len(PLACES) <= figures["made"] <= len(PLACES) * (1 + lasted_s // KEEPS_S)

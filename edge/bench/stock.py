"""The stock cache at its largest beside bare sqlite3 with the same rows: start, deltas, look-ups, memory."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edge.bench import stock_child
from edge.bench.figures import number, ratio, table
from edge.bench.stock_goods import PLACES, missed
from edge.bench.store import NotStarted

BARE = "bare sqlite3"
BOUNDS = {"cold_start_s": 10.0, "deltas_s": 5.0, "lookup_p99_ms": 5.0}
"""What is promised of 100,000 items at 3 locations."""
_COMPARED = (*BOUNDS, "rss_mb", "rows_mb")
Figures = dict[str, Any]


def measure(items: int, seconds: float, seed: int) -> Figures:
    """Both sides on the same rows, one after the other, each in a fresh process."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "stock.sqlite"
        asyncio.run(stock_child.fill(path, items, seed))
        ours, bare = (_child(kind, path, items, seconds, seed) for kind in ("ours", "bare"))
    return {
        "n": items,
        "locations": len(PLACES),
        "seed": seed,
        "ours": ours,
        "peers": {BARE: bare},
        "ratio": {figure: ratio(ours[figure], bare[figure]) for figure in _COMPARED},
        "findings": list(findings(ours)),
    }


def _child(kind: str, path: Path, items: int, seconds: float, seed: int) -> Figures:
    words = [sys.executable, "-m", "edge.bench.stock_child", kind, str(path), str(items), str(seconds), str(seed)]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise NotStarted(f"{kind}: {ran.stderr.strip()[-500:]}")
    read: Figures = json.loads(ran.stdout)
    return read


def findings(ours: Mapping[str, float]) -> Iterator[str]:
    """What is above its bound."""
    for figure, bound in BOUNDS.items():
        if ours[figure] > bound:
            yield f"{figure}: {ours[figure]:.2f}, above {bound:g}"


def words(result: Figures) -> Iterator[str]:
    """The table."""
    size = f"{result['n']} items at {result['locations']} locations"
    yield from (f"stock: {size}, seed {result['seed']}, on {result['machine']}", "")
    sides = {"ours": result["ours"], **result["peers"]}
    head = (
        "",
        "start s",
        f"{missed(result['n'])} deltas s",
        "style p50 ms",
        "style p99 ms",
        "memory MB",
        "of it rows MB",
    )
    shown = ("cold_start_s", "deltas_s", "lookup_p50_ms", "lookup_p99_ms", "rss_mb", "rows_mb")
    yield from table(head, ((name, *(number(of[figure], 2) for figure in shown)) for name, of in sides.items()))
    ours = result["ours"]
    yield from (
        "",
        f"  a screen is answered (being asked for) after {ours['first_answer_s']:.2f} s, while the rows are still read",
        f"  a whole report of all rows, most of them changed: {ours['whole_s']:.1f} s, the loop stood still for"
        f" {ours['stall_ms']:.0f} ms at most ({ours['idle_stall_ms']:.0f} ms while nothing came)",
    )

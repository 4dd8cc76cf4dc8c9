"""Figures that every benchmark prints alike."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence


def machine() -> str:
    """What it was measured on."""
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 of a sample, by the nearest rank, rounded to 0.1; nothing of an empty one."""
    ordered = sorted(values)
    if not ordered:
        return {}
    return {f"p{p}": round(ordered[max(0, -(-len(ordered) * p // 100) - 1)], 1) for p in (50, 95, 99)}

"""Phones with a code in a shop, as a camera would see them: our own pictures for the benchmarks, each from a seed."""

from edge.bench.scenes.clips import SIZES, Clip, Still, clip, empty, idle, still
from edge.bench.scenes.faults import DEGRADATIONS

__all__ = ["DEGRADATIONS", "SIZES", "Clip", "Still", "clip", "empty", "idle", "still"]

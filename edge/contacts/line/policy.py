"""Head office's word on how the chain's edges return after an outage: how fast, and over how long they spread."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

MOST_BYTES = 4_096
FASTEST = 100_000.0
LONGEST_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Policy:
    """``drain_eps``: messages a second of a backlog, 0 for no bound; ``connect_spread_s``: seconds. None: our own."""

    drain_eps: float | None = None
    connect_spread_s: float | None = None


class BadPolicy(ValueError):
    """A message on the policy's topic that is none."""


def read_policy(payload: bytes) -> Policy:
    """A policy; unknown keys mean nothing, an empty message takes it back. Raises BadPolicy."""
    if not payload:
        return Policy()
    if len(payload) > MOST_BYTES:
        raise BadPolicy("too large")
    try:
        values = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise BadPolicy("no JSON") from error
    if not isinstance(values, dict):
        raise BadPolicy("no object")
    return Policy(
        _number(values.get("drain_eps"), FASTEST, "drain_eps"),
        _number(values.get("connect_spread_s"), LONGEST_S, "connect_spread_s"),
    )


def _number(value: Any, most: float, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadPolicy(f"{name} is no number")
    if not 0 <= value <= most:
        raise BadPolicy(f"{name} is not between 0 and {most:g}")
    return float(value)

"""What the desk says as plain values, for JSON: the same from a service that runs and from its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from edge.ports import Comparison
from edge.stock.inquiry.explained import Explained, Figure, Place
from edge.stock.inquiry.standing import Standing


def channels(found: Sequence[Standing], live: bool, at_s: float) -> dict[str, Any]:
    """How the channels stand; ``live`` says that a service runs."""
    return {"live": live, "at_s": round(at_s, 3), "channels": [_channel(each) for each in found]}


def _channel(told: Standing) -> dict[str, Any]:
    more = {"word": told.word, "age_s": _rounded(told.age_s), "reasons": [asdict(each) for each in told.reasons]}
    compared = told.comparison
    found = asdict(compared) | {"first": is_first(compared)} if compared is not None else None
    return asdict(told) | more | {"comparison": found}


def is_first(compared: Comparison) -> bool:
    """Whether the last comparison was the first reading of all: every row was news."""
    return compared.ended == 1 and 0 < compared.rows <= compared.differed


def explained(found: Explained, live: bool, at_s: float) -> dict[str, Any]:
    """Where the numbers of a SKU come from."""
    offered = found.offers
    return {
        "live": live,
        "at_s": round(at_s, 3),
        "query": found.query,
        "sku": found.sku,
        "item": asdict(found.item) if found.item else None,
        "places": [_place(place) for place in found.places],
        "offers": {tongue: [asdict(each) for each in some] for tongue, some in offered.items()} if offered else None,
        "near": list(found.near),
    }


def _place(place: Place) -> dict[str, Any]:
    lines = {tongue: asdict(line) for tongue, line in place.lines.items()}
    return asdict(place) | {"lines": lines, "figures": [_figure(each) for each in place.figures]}


def _figure(figure: Figure) -> dict[str, Any]:
    return asdict(figure) | {"age_s": _rounded(figure.age_s)}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)

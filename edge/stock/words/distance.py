"""How far a place is from this store, to read and to put places in order. Pure."""

from __future__ import annotations

import math

from edge.config import Location

PACE = 80.0
"""Metres that are walked in a minute, as Japanese property advertising reckons; it orders stores, nobody reads it."""
EARTH_M = 6_371_000.0


def rounded(metres: float) -> str:
    """A distance as people say it: to the nearest 50 m, from a kilometre on to the nearest 100 m."""
    return f"{max(50, round(metres / 50) * 50)}m" if metres < 975 else f"{metres / 1000:.1f}km"


def walk(here: Location | None, place: Location) -> float:
    """Minutes on foot, to put stores in order; infinite where nobody knows."""
    metres = distance(here, place)
    if place.minutes is not None:
        return place.minutes
    return math.inf if metres is None else metres / PACE


def distance(here: Location | None, place: Location) -> float | None:
    """Metres between two places as the crow flies (haversine, a round earth: right to 0.6 %).

    None if one of them lies nowhere.
    """
    if here is None or None in (here.lat, here.lon, place.lat, place.lon):
        return None
    lat, lon, other, away = (math.radians(float(each or 0)) for each in (here.lat, here.lon, place.lat, place.lon))
    chord = math.sin((other - lat) / 2) ** 2 + math.cos(lat) * math.cos(other) * math.sin((away - lon) / 2) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(min(1.0, chord)))

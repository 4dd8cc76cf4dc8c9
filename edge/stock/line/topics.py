"""The MQTT topics of stock; a location's id and a channel's come from the settings and hold no slash."""

from __future__ import annotations

import re
from collections.abc import Iterable

_STOCK = re.compile(r"d/v1/loc/(?P<location>[a-z0-9-]{1,63})/stock/(?P<channel>[a-z0-9-]{1,63})(?P<beat>/beat)?")
_BEAT = "/beat"


def changes(location: str, channel: str) -> str:
    """Where the hub publishes what changed in a channel's stock of a location, in order."""
    return f"d/v1/loc/{location}/stock/{channel}"


def beat(location: str, channel: str) -> str:
    """Where the hub says every few seconds how far that stock is, and how old its word; retained."""
    return changes(location, channel) + _BEAT


def heard(locations: Iterable[str]) -> tuple[str, ...]:
    """What an edge of these locations subscribes to: all channels, changes and beats."""
    return tuple(f"d/v1/loc/{location}/stock/#" for location in sorted(locations))


def of_stock(topic: str) -> bool:
    """Whether a topic is one of this wire."""
    return topic.startswith("d/v1/")


def read(topic: str) -> tuple[str, str, bool] | None:
    """The channel, the location and whether it is a beat; None for a topic that is none of these."""
    match = _STOCK.fullmatch(topic)
    return (match["channel"], match["location"], match["beat"] is not None) if match else None

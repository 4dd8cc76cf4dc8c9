"""A shelf is what one channel says of one location: numbered, digested and aged as one; these are its values."""

from __future__ import annotations

from dataclasses import dataclass

from edge.ports import StockItem, StockLevel

Key = tuple[str, str]
"""A channel and a location."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a shelf stands. Each committed change raises ``n`` by one, however many rows it has; ``epoch`` is drawn with
    the shelf, so that numbers of two epochs are not compared.

    ``watermark_s`` is when it was the source's word, ``full_s`` when it was last told whole (UNIX seconds, 0: never);
    ``heard`` says that this run heard it whole. ``rows`` is how many SKUs it lists.
    """

    epoch: int
    n: int
    watermark_s: float
    heard: bool
    rows: int
    full_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a shelf as they are now: ``levels``, SKUs that are ``gone``, and what is known of the SKUs themselves.

    ``n`` is the number up to which nothing is missing; 0 with ``epoch`` 0 for a shelf that does not exist.
    """

    epoch: int = 0
    n: int = 0
    levels: tuple[StockLevel, ...] = ()
    gone: tuple[str, ...] = ()
    items: tuple[StockItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """One committed change of a shelf, the ``n``-th. One without any content was too large: ``rows_after`` has it."""

    channel: str
    location: str
    epoch: int
    n: int
    levels: tuple[StockLevel, ...]
    gone: tuple[str, ...]
    items: tuple[StockItem, ...]
    watermark_s: float


@dataclass(frozen=True, slots=True)
class Word:
    """What one channel says of a SKU at a location, as a person asks for it: ``level`` None if it lists none there,
    ``age`` in seconds, None if nobody can tell; ``hidden`` if its contract keeps it off the screens."""

    channel: str
    level: StockLevel | None
    age: float | None
    hidden: bool


def channel_of(channel: str) -> str:
    """The configured channel of one that may be a part of it."""
    return channel.partition("/")[0]

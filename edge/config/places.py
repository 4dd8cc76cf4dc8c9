"""The places that have stock, as tiles and offers name them: how far they are, when they are open, what they do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import time
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from edge.config.base import Id, Settings

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""As ``datetime.weekday()`` counts them."""
DAY = 24 * 60

_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-9]):([0-5][0-9])")


def span(text: str) -> tuple[int, int]:
    """From when to when a place is open, in minutes of a day that may end after midnight; raises ValueError.

    ``22:00-05:00`` and ``22:00-29:00``, as Japanese shops write it, are the same.
    """
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"'{text}' must read like '10:00-20:00'")
    opens, closes = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if closes <= opens:
        closes += DAY
    if not opens < closes <= opens + DAY:
        raise ValueError(f"'{text}' is longer than a day; write '00:00-24:00' for always open")
    return opens, closes


class Location(Settings):
    """A place that has stock, as tiles name it: this store (here), a neighbour (near), the online shop (online).

    ``lat`` and ``lon`` are degrees, ``minutes`` how long it takes there on foot from this store. ``hours`` is when it
    is open, every day or by weekday (one that is not named is closed). ``pickup`` says that shoppers can fetch what it
    has, ``orders`` that it sends to this store (取り寄せ), ``ships`` that it delivers to homes; ``cutoff`` until when,
    by the store's clock, it takes what is to go out the same day. What is not set is not offered.
    """

    id: Id
    place: Annotated[str, Field(pattern="^(here|near|online)$")]
    name: dict[str, str]
    lat: float | None = Field(None, ge=-90, le=90)
    lon: float | None = Field(None, ge=-180, le=180)
    minutes: int | None = Field(None, ge=0, le=240)
    hours: str | dict[Weekday, str] = ""
    pickup: bool = False
    orders: bool = False
    ships: bool = False
    cutoff: time | None = None

    @field_validator("hours")
    @classmethod
    def _are_hours(cls, hours: str | dict[Weekday, str]) -> str | dict[Weekday, str]:
        for text in _texts(hours):
            span(text)
        return hours

    @model_validator(mode="after")
    def _lies_somewhere(self) -> Self:
        if (self.lat is None) != (self.lon is None):
            raise ValueError("a place lies at lat and lon; set both or neither")
        return self

    @model_validator(mode="after")
    def _can_do_that(self) -> Self:
        if self.place == "here" and (self.orders or self.ships):
            raise ValueError("this store sends nothing to itself; set orders and ships at the places that do")
        if self.place == "online" and self.pickup:
            raise ValueError("nothing is picked up online; set pickup at stores")
        return self

    def opening(self, weekday: int) -> tuple[int, int] | None:
        """From when to when it is open on a weekday (0 is Monday), in minutes; None if it is not or nobody said."""
        text = self.hours if isinstance(self.hours, str) else self.hours.get(WEEKDAYS[weekday % 7], "")
        return span(text) if text else None


def _texts(hours: str | Mapping[Weekday, str]) -> Iterator[str]:
    yield from filter(None, [hours] if isinstance(hours, str) else hours.values())

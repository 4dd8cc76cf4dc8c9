"""The settings that every adapter of a shop's or a till's own system has, and the names it goes by."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from edge import asking
from edge.config import Id
from edge.ports import StockAway
from edge.stock.system import Delivery, Kept, Page, Pushed, Since, Unsigned, Wish


class Settings(asking.Settings):
    """``url`` is where the system answers. ``locations`` gives our id for each place, by the system's own id of it;
    a system without places has one, under ``"*"``. What is not named here is not read.

    ``display_allowed`` false keeps what the system says off every screen. ``poll_s`` is how often changes are asked
    for, ``compare_s`` how often everything is read and compared, both only as the budgets allow (None: each hour, or,
    where nothing else vouches, as often as they do). ``since`` says whether asking for changes finds every one
    ("sure") or not ("blind"), over the documentation and over what comparisons find out. ``calls_per_hour`` is a
    budget besides the documented ones. ``secret_file`` holds what signs its webhooks, ``hook_url`` their address as
    the system knows it. ``names`` is a CSV file (their, sku, gtin) where the system's own numbers are not ours.
    """

    locations: dict[str, Id] = Field(min_length=1)
    display_allowed: bool = True
    poll_s: float = Field(5.0, ge=0.01, le=3600)
    compare_s: float | None = Field(None, ge=0.05, le=86_400)
    since: Literal["sure", "blind", "none"] | None = None
    calls_per_hour: int | None = Field(None, ge=1, le=10_000_000)
    timeout_s: float = Field(5.0, gt=0, le=30)
    secret_file: Path | None = None
    hook_url: str = ""
    names: Path | None = None

    @field_validator("url")
    @classmethod
    def _safe(cls, text: str) -> str:
        return asking.safe(text)

    @property
    def vowed(self) -> Since | None:
        """What somebody says of asking for changes, which nothing overrules."""
        return Since(self.since) if self.since else None

    def place(self, theirs: str) -> str | None:
        """Our id of a place of theirs, None for one that is not read."""
        return self.locations.get(theirs)


class OnePlace(Settings):
    """Of a system that has one stock and no places: ``locations`` is ``{"*" = "our id"}``."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if set(self.locations) != {"*"}:
            raise ValueError('this system has one stock and no places: locations must be {"*" = "<location>"}')
        return self

    @property
    def only(self) -> str:
        """Our id of its stock."""
        return self.locations["*"]


class ReadOnly:
    """What a StockSystem does of which only ``everything``, ``read`` and ``key`` are to be had; CAN says so too."""

    def changed(self, since_s: float) -> AsyncIterator[Page]:
        """Raises StockAway: it cannot be asked for changes."""
        raise StockAway("this system cannot be asked for what changed")

    def pushed(self, delivery: Delivery) -> Pushed:
        """Raises Unsigned: nothing that claims to come from it does."""
        raise Unsigned("this system sends no webhooks")

    async def reserve(self, wish: Wish) -> Kept:
        """Raises StockAway: it keeps no unit for anybody."""
        raise StockAway("this system keeps nothing for anybody without an order")

    async def reserved(self, key: str) -> Kept:
        """Raises StockAway: it never kept one."""
        raise StockAway("this system keeps nothing for anybody without an order")

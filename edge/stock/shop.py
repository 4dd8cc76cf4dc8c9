"""The settings that every adapter of a shop's or a till's own system has, and the names it goes by."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from edge import asking
from edge.config import Id


class Settings(asking.Settings):
    """``url`` is where the system answers. ``locations`` gives our id for each place, by the system's own id of it;
    a system without places has one, under ``"*"``. What is not named here is not read.

    ``display_allowed`` false keeps what the system says off every screen. ``poll_s`` is how often changes are asked
    for, ``compare_s`` how often everything is read and compared, both only as the budgets allow; ``calls_per_hour``
    is a budget besides the documented ones. ``secret_file`` holds what signs its webhooks, ``hook_url`` their address
    as the system knows it. ``names`` is a CSV file (their, sku, gtin) where the system's own numbers are not ours.
    """

    locations: dict[str, Id] = Field(min_length=1)
    display_allowed: bool = True
    poll_s: float = Field(5.0, ge=0.01, le=3600)
    compare_s: float = Field(3600.0, ge=0.05, le=86_400)
    calls_per_hour: int | None = Field(None, ge=1, le=10_000_000)
    timeout_s: float = Field(5.0, gt=0, le=30)
    secret_file: Path | None = None
    hook_url: str = ""
    names: Path | None = None

    @field_validator("url")
    @classmethod
    def _safe(cls, text: str) -> str:
        return asking.safe(text)

    def place(self, theirs: str) -> str | None:
        """Our id of a place of theirs, None for one that is not read."""
        return self.locations.get(theirs)

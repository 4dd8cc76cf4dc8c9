"""What every group of settings is made of, and those that an edge and a hub share."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator

from edge.complaints import near

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""Ids go into MQTT topics and file names, so their alphabet is strict (RELIABILITY.md 4.1, T12)."""


class Settings(BaseModel):
    """A group of settings; what it does not name is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Adapter(Settings):
    """An adapter by name and its own settings, which the adapter itself checks."""

    adapter: str
    settings: dict[str, Any] = {}


class Device(Settings):
    """Who and where this edge is. ``data`` is the folder for all that it keeps.

    ``clock`` "checked" believes the time only while the kernel says that it is synchronised (MEMBER_CODES 4);
    "trusted" is for a machine whose time somebody else keeps, such as a virtual machine's host. ``closing`` is when
    the store closes, until which a picture that staff show now stays.
    """

    chain: Id
    store: Id
    id: Id
    timezone: str = "Asia/Tokyo"
    language: str = "ja"
    data: Path = Path("data")
    clock: Annotated[str, Field(pattern="^(checked|trusted)$")] = "checked"
    closing: time = time(21)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"no time zone '{name}'{near(name, available_timezones())}") from error
        return name


class Web(Settings):
    """Where the pages are served. ``frame_ancestors`` may frame them, ``start_page`` is where ``/`` leads.

    ``names`` are the public DNS names by which they may be asked for; addresses and local names always may.
    """

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    frame_ancestors: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    start_page: str = ""


class Outbox(Settings):
    """The ledger's queue on the disk. ``rows`` and ``megabytes`` are its caps, ``ballast_mb`` a file that is given up
    when the disk is full, so that what waits can still be deleted (RELIABILITY.md 2.7).

    ``overflow`` says what goes when contacts of the first class fill it. ``drain`` is how many messages a second go out
    of a backlog, 0 for as fast as the broker takes them; head office's policy may set another. ``batch`` is the most
    events in one of them, 1 for none. ``quarantine_days`` is how long a spoilt file, or an event that
    was set aside, is kept.
    """

    rows: int = Field(1_000_000, ge=1_000, le=50_000_000)
    megabytes: int = Field(1_024, ge=1, le=1_048_576)
    ballast_mb: int = Field(16, ge=0, le=1_024)
    overflow: Literal["drop_oldest", "refuse_new"] = "drop_oldest"
    drain: float = Field(5.0, ge=0, le=100_000)
    batch: int = Field(50, ge=1, le=500)
    quarantine_days: int = Field(90, ge=1, le=3_650)

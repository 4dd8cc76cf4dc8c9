"""What goes over a screen's WebSocket, both ways (UI.md 2.5), checked where it comes in from a page."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from content.model import LoopItem
from edge.model import Loop, Show, spoken
from edge.screens.tongues import TONGUES

Short = Annotated[str, Field(max_length=128)]
Long = Annotated[str, Field(max_length=512)]

MESSAGE_BYTES = 8192
"""The largest message a page may send: one played item with long names is under 2 kB."""


class BadMessage(Exception):
    """A page sent something that is no message of ours; the text repeats nothing of it."""


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Touch(_Said):
    """A finger on a button of a scene; ``session`` is that of the scene on which it landed."""

    session: Short
    action: Literal["end", "more", "personal", "product", "handoff", "keep", "call", "language"]
    value: Short = ""


class Item(_Said):
    """A loop item as a page repeats it."""

    url: Long
    kind: Literal["image", "video"]
    seconds: float = Field(ge=0, le=86400)
    content: Short
    sha256: Short = ""
    version: int = 1
    campaign: Short = ""
    rule: Short = ""
    title: Long = ""
    arm: Short = ""

    def loop_item(self) -> LoopItem:
        """The value that the ledger takes."""
        return LoopItem(**self.model_dump())


class Play(_Said):
    """One play; ``n`` counts a page's plays from 1, ``ago_ms`` is how long before sending it began."""

    n: int = Field(ge=1)
    ago_ms: float = Field(ge=0, le=40 * 86400 * 1000)
    seconds: float = Field(ge=0, le=86400)
    complete: bool
    item: Item


class Playing(_Said):
    """What a page began to play just now."""

    loop: Short
    content: Short


class Vitals(_Said):
    """How a page is: its size in CSS pixels, bytes of its scripts' heap (0: its browser does not say), elements in it,
    frames of videos that it could not show in time, and whether it is on top."""

    w: int = Field(ge=0, le=100_000)
    h: int = Field(ge=0, le=100_000)
    heap: int = Field(ge=0, le=2**40)
    nodes: int = Field(ge=0, le=10_000_000)
    dropped: int = Field(ge=0, le=2**40)
    visible: bool


class FromPage(_Said):
    """One message of a page; each part may be missing."""

    hb: int | None = None
    ack: int | None = None
    painted_ms: float | None = None
    touch: Touch | None = None
    played: Play | None = None
    playing: Playing | None = None
    vitals: Vitals | None = None


def read(text: str) -> FromPage:
    """A page's message; raises BadMessage."""
    try:
        return FromPage.model_validate_json(text)
    except ValidationError as error:
        raise BadMessage(f"{error.error_count()} faults in a page's message") from None


def hello(boot: str, version: str) -> str:
    """The first message on a connection: which run of the service, serving which version of the page."""
    return _text({"hello": {"boot": boot, "version": version}})


def beat(number: int, version: str) -> str:
    """The heartbeat, that a page must hear about each second."""
    return _text({"hb": number, "version": version})


def scene(event: int, show: Show, html: str, passed: float) -> str:
    """The scene of an event, ``passed`` seconds after it began."""
    left = None if show.seconds is None else max(0.0, show.seconds - passed)
    return _text(
        {
            "event": event,
            "scene": show.scene,
            "session": show.session,
            "html": html,
            "language": TONGUES[spoken(show.language)].tag,
            "seconds": left,
            "limit": show.limit if show.limit is not None else show.seconds,
        }
    )


def loop_values(loop: Loop) -> dict[str, Any]:
    """A loop as JSON: also the body of ``/screens/{id}/loop.json``."""
    return asdict(loop)


def loop(loop: Loop) -> str:
    """The loop to play from the next item's boundary on."""
    return _text({"loop": loop_values(loop)})


def eyes(open: bool) -> str:
    """Whether a camera of the screen gives pictures now, so that its notice must be seen."""
    return _text({"eyes": open})


def got(play: int) -> str:
    """All plays of this page up to this number are in the service's hands."""
    return _text({"got": play})


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

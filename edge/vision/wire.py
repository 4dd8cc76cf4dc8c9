"""What goes through an eye's two pipes: both ends of the wire in one place.

In by stdin: one line of JSON, the orders; then messages: 1 byte of kind, 4 bytes of length (big-endian), the body,
which is a pushed picture, a reading zone, or the wish to see what the eye sees. Its end tells the eye to end. Out by
stdout: lines of JSON, each codes, a pulse, or while it is wished for a view; nothing else. An eye reads hostile
pictures, so what it says is checked like any stranger's word.
"""

from __future__ import annotations

import base64
import json
import math
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from edge.config import WHOLE, Zone, in_frame
from edge.health import State
from edge.model import Code, Look
from edge.vision.forms import Forms
from edge.vision.symbology import READERS, SYMBOLOGIES

LONGEST_TEXT = 512
"""More of a text is cut off: no member code is as long, and what is cut matches none (MEMBER_CODES 1 and 2)."""
LONGEST_WORDS = 300
MOST_CODES = 32
LONGEST_LINE = 1 << 20
LONGEST_PICTURE = 2 << 20
LONGEST_VIEW = LONGEST_LINE // 2
"""The largest JPEG of a view: in base64 it must fit a line."""
FIGURES = frozenset(
    {"fps", "decode_ms", "decode_max_ms", "brightness", "sharpness", "motion", "errors", "age_s", "width"},
)

HEADER = struct.Struct(">BI")
PICTURE, ZONE, SHOW = 1, 2, 3
_NUMBER, _FOUR, _LEASE = struct.Struct(">Q"), struct.Struct(">4d"), struct.Struct(">d?")
LONGEST_BODY = _NUMBER.size + LONGEST_PICTURE

ROWS, COLUMNS, SHADES = 9, 32, 5
"""A view's sketch: its rows, the digits of each, and how many shades a digit tells apart."""


class BadLine(Exception):
    """An eye said something that is not in its language: it is broken or taken over."""


def zone(shares: Sequence[float]) -> Zone:
    """The zone of four shares; raises ValueError, in words, for one that is too small or not inside the frame."""
    left, top, width, height = (float(share) for share in shares)
    return in_frame((left, top, width, height))


@dataclass(frozen=True, slots=True)
class Orders:
    """What an eye is told at its start. ``folder`` is where relative paths of ``settings`` lead; ``forms`` are those
    of the texts that may leave it (all, if there are none)."""

    camera: str
    adapter: str
    folder: str
    symbologies: tuple[str, ...]
    memory_mb: int
    engine: str = "zxing"
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    zone: Zone = WHOLE
    forms: Forms = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Picture:
    """A pushed picture and its sender's number for it."""

    jpeg: bytes = field(repr=False)
    number: int


@dataclass(frozen=True, slots=True)
class Aim:
    """Read this part of every frame from the next one on."""

    zone: Zone


@dataclass(frozen=True, slots=True)
class Showing:
    """Somebody looks: send views for so many seconds more (0: no longer), with the picture or the sketch alone."""

    seconds: float
    picture: bool


Told = Picture | Aim | Showing


@dataclass(frozen=True, slots=True)
class View:
    """What an eye sees, for the one who sets it up: ``jpeg`` is the whole frame in gray, at most 640 pixels wide, and
    empty unless the picture was asked for; ``shades`` 9 rows of 32 digits, 0 black to 4 white; ``codes`` how many it
    reads now; ``figures`` those of the zone; ``at`` seconds of the monotonic clock."""

    jpeg: bytes = field(repr=False)
    shades: str
    codes: int
    figures: Mapping[str, float]
    at: float


@dataclass(frozen=True, slots=True)
class Pulse:
    """How an eye is, at least every half second; ``todo`` is the next step for a person when it is not up.

    ``sees`` tells that the camera gives pictures, good or bad ones: people must be told so (``notice``).
    """

    state: State
    detail: str = ""
    todo: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    sees: bool = False


def orders_line(orders: Orders) -> bytes:
    """The first line of an eye's stdin."""
    return json.dumps(asdict(orders), default=str).encode() + b"\n"


def orders(line: bytes) -> Orders:
    """The orders of that line; raises ValueError or TypeError for anything else."""
    values = json.loads(line)
    forms = {name: tuple(each) for name, each in values["forms"].items()}
    read = {"symbologies": tuple(values["symbologies"]), "zone": zone(values["zone"]), "forms": forms}
    return Orders(**{**values, **read})


def picture(jpeg: bytes, number: int) -> bytes:
    """A pushed picture as an eye's stdin takes it."""
    return message(Picture(jpeg, number))


def message(told: Told) -> bytes:
    """What an eye is told, as its stdin takes it."""
    match told:
        case Picture(jpeg, number):
            kind, body = PICTURE, _NUMBER.pack(number) + jpeg
        case Aim(zone):
            kind, body = ZONE, _FOUR.pack(*zone)
        case Showing(seconds, with_picture):
            kind, body = SHOW, _LEASE.pack(seconds, with_picture)
    return HEADER.pack(kind, len(body)) + body


def told(kind: int, body: bytes) -> Told:
    """What a message means; raises ValueError or struct.error for one of no known kind."""
    if kind == PICTURE:
        return Picture(body[_NUMBER.size :], *_NUMBER.unpack_from(body))
    if kind == ZONE:
        return Aim(zone(_FOUR.unpack(body)))
    if kind == SHOW:
        return Showing(*_LEASE.unpack(body))
    raise ValueError(f"no message of kind {kind}")


def look_line(codes: tuple[Code, ...], frame: int, at: float) -> bytes:
    """The codes of one frame; nothing of its pixels."""
    found = [[code.text[:LONGEST_TEXT], code.symbology, code.engine] for code in codes[:MOST_CODES]]
    return json.dumps({"codes": found, "frame": frame, "at": at}).encode() + b"\n"


def view_line(view: View) -> bytes:
    """What the eye sees; the only line that ever holds pixels."""
    return json.dumps({**asdict(view), "jpeg": base64.b64encode(view.jpeg).decode()}).encode() + b"\n"


def pulse_line(pulse: Pulse) -> bytes:
    """A sign of life, one line whatever its words."""
    words = {"detail": _one_line(pulse.detail), "todo": _one_line(pulse.todo)}
    return json.dumps({**asdict(pulse), **words}).encode() + b"\n"


def _one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)


def heard(line: bytes, eye: str) -> Look | Pulse | View:
    """What a line of an eye's stdout says; raises BadLine, whose text quotes nothing of the line."""
    try:
        said = json.loads(line)
        if "shades" in said:
            return _view(said)
        return _look(said, eye) if "codes" in said else _pulse(said)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise BadLine(f"a line of {len(line)} bytes is no eye's ({type(error).__name__})") from None


def _look(said: dict[str, Any], eye: str) -> Look:
    codes = tuple(_code(*triple) for triple in said["codes"][:MOST_CODES])
    return Look(eye, codes, at=_number(said["at"]), frame=int(_number(said["frame"])))


def _code(text: object, symbology: object, engine: object) -> Code:
    if not isinstance(text, str) or len(text) > LONGEST_TEXT or symbology not in SYMBOLOGIES or engine not in READERS:
        raise ValueError("no code")
    return Code(text, str(symbology), str(engine))


def _pulse(said: dict[str, Any]) -> Pulse:
    return Pulse(
        State(said["state"]), _plain(said["detail"]), _plain(said["todo"]), _figures(said), said.get("sees") is True
    )


def _view(said: dict[str, Any]) -> View:
    jpeg = base64.b64decode(said["jpeg"], validate=True)
    if (jpeg and jpeg[:2] != b"\xff\xd8") or not _SKETCH.fullmatch(said["shades"]):
        raise ValueError("no view")
    return View(jpeg, said["shades"], int(_number(said["codes"])), _figures(said), _number(said["at"]))


_SKETCH = re.compile(rf"([0-{SHADES - 1}]{{{COLUMNS}}}\n){{{ROWS - 1}}}[0-{SHADES - 1}]{{{COLUMNS}}}")


def _figures(said: dict[str, Any]) -> dict[str, float]:
    return {name: _number(value) for name, value in said["figures"].items() if name in FIGURES}


def _plain(text: object) -> str:
    if not isinstance(text, str) or not text.isprintable():
        raise ValueError("no plain line")
    return text[:LONGEST_WORDS]


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("no number")
    return value

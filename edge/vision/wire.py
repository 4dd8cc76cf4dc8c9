"""What goes through an eye's two pipes: both ends of the wire in one place.

In by stdin: one line of JSON, the orders; then, for a pushed camera, pictures: 4 bytes of length, 8 bytes of frame
number (big-endian), the JPEG. Its end tells the eye to end. Out by stdout: lines of JSON, each codes or a pulse,
nothing else. An eye reads hostile pictures, so what it says is checked like any stranger's word.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from edge.health import State
from edge.model import Code, Look
from edge.vision.symbology import ENGINES, SYMBOLOGIES

LONGEST_TEXT = 512
"""More of a text is cut off: no member code is as long, and what is cut matches none (MEMBER_CODES 1 and 2)."""
LONGEST_WORDS = 300
MOST_CODES = 32
LONGEST_LINE = 1 << 20
LONGEST_PICTURE = 2 << 20
HEADER = struct.Struct(">IQ")
FIGURES = frozenset({"fps", "decode_ms", "brightness", "sharpness", "age_s"})


class BadLine(Exception):
    """An eye said something that is not in its language: it is broken or taken over."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What an eye is told at its start. ``folder`` is where relative paths of ``settings`` lead."""

    camera: str
    adapter: str
    folder: str
    symbologies: tuple[str, ...]
    memory_mb: int
    engine: str = "zxing"
    settings: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Pulse:
    """How an eye is, at least every half second; ``todo`` is the next step for a person when it is not up."""

    state: State
    detail: str = ""
    todo: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)


def orders_line(orders: Orders) -> bytes:
    """The first line of an eye's stdin."""
    return json.dumps(asdict(orders), default=str).encode() + b"\n"


def orders(line: bytes) -> Orders:
    """The orders of that line; raises ValueError or TypeError for anything else."""
    values = json.loads(line)
    return Orders(**{**values, "symbologies": tuple(values["symbologies"])})


def picture(jpeg: bytes, number: int) -> bytes:
    """A pushed picture as an eye's stdin takes it."""
    return HEADER.pack(len(jpeg), number) + jpeg


def look_line(codes: tuple[Code, ...], frame: int, at: float) -> bytes:
    """The codes of one frame; nothing of its pixels."""
    found = [[code.text[:LONGEST_TEXT], code.symbology, code.engine] for code in codes[:MOST_CODES]]
    return json.dumps({"codes": found, "frame": frame, "at": at}).encode() + b"\n"


def pulse_line(pulse: Pulse) -> bytes:
    """A sign of life, one line whatever its words."""
    words = {"detail": _one_line(pulse.detail), "todo": _one_line(pulse.todo)}
    return json.dumps({**asdict(pulse), **words}).encode() + b"\n"


def _one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)


def heard(line: bytes, eye: str) -> Look | Pulse:
    """What a line of an eye's stdout says; raises BadLine, whose text quotes nothing of the line."""
    try:
        said = json.loads(line)
        return _look(said, eye) if "codes" in said else _pulse(said)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise BadLine(f"a line of {len(line)} bytes is no eye's ({type(error).__name__})") from None


def _look(said: dict[str, Any], eye: str) -> Look:
    codes = tuple(_code(*triple) for triple in said["codes"][:MOST_CODES])
    return Look(eye, codes, at=_number(said["at"]), frame=int(_number(said["frame"])))


def _code(text: object, symbology: object, engine: object) -> Code:
    if not isinstance(text, str) or len(text) > LONGEST_TEXT or symbology not in SYMBOLOGIES or engine not in ENGINES:
        raise ValueError("no code")
    return Code(text, str(symbology), str(engine))


def _pulse(said: dict[str, Any]) -> Pulse:
    figures = {name: _number(value) for name, value in said["figures"].items() if name in FIGURES}
    return Pulse(State(said["state"]), _plain(said["detail"]), _plain(said["todo"]), figures)


def _plain(text: object) -> str:
    if not isinstance(text, str) or not text.isprintable():
        raise ValueError("no plain line")
    return text[:LONGEST_WORDS]


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("no number")
    return value

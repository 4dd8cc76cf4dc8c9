"""JSON from outside, read strictly: what another reader could take otherwise is refused (RFC 8259 leaves it open)."""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any, NoReturn

MOST_DEPTH = 64
_TOKENS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)
_STEPS = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
"""A half of a surrogate pair; alone it is no character and could not be written to a disk."""


class CannotAsk(Exception):
    """Why there is no answer, without secrets: a token file that cannot be used, an answer that is too large."""


class BadJson(CannotAsk):
    """What is no JSON for us; the text quotes nothing of it."""


def strict(body: bytes) -> Any:
    """The value of a JSON text in UTF-8; raises BadJson for nesting beyond 64, NaN, infinity, numbers beyond a float's
    range, a key that stands twice, half a character."""
    if body.count(b"[") + body.count(b"{") > MOST_DEPTH and _depth(body) > MOST_DEPTH:
        raise BadJson(f"nested deeper than {MOST_DEPTH}")
    try:
        value = json.loads(body.decode(), parse_constant=_constant, parse_float=_finite, object_pairs_hook=_once)
        if _HALF.search(body):
            json.dumps(value, ensure_ascii=False).encode()
    except BadJson:
        raise
    except UnicodeError:
        raise BadJson("not UTF-8") from None
    except (ValueError, RecursionError):
        raise BadJson("no JSON") from None
    return value


def _depth(body: bytes) -> int:
    return max(accumulate(_STEPS.get(token[0], 0) for token in _TOKENS.finditer(body)), default=0)


def _constant(_: str) -> NoReturn:
    raise BadJson("a number that is none")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise BadJson("a number beyond all bounds")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise BadJson("a key that stands twice")
    return value

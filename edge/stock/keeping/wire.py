"""A wish and what became of it as both ends of the wire write and read them; and what of an answer can be believed."""

from __future__ import annotations

import json
import re
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.asking import CannotAsk, strict
from edge.config import Id
from edge.stock.system import Keeping, Kept, Wish

PATH = "/v1/stock/reserve"
KEY = re.compile(r"[0-9a-f]{32}")
MOST = 4096
"""Bytes of a wish or an answer; one of ours has some 120."""
SKEW_S = 300.0
"""How far a shop's clock may be from ours before its word on time is nonsense."""
FAR_S = 366 * 86_400.0

Slip = Annotated[str, Field(max_length=32, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$")]


class BadWord(ValueError):
    """A wish or an answer that is none of ours; the text quotes nothing of it."""


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: str = Field(pattern=f"^{KEY.pattern}$")
    sku: str = Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")
    location: Id


class _Told(BaseModel):
    state: Keeping
    slip: Slip = ""
    until: float = Field(0.0, ge=0, le=1e11, allow_inf_nan=False)


def write_wish(wish: Wish) -> bytes:
    """A wish as JSON."""
    return json.dumps({"key": wish.key, "sku": wish.sku, "location": wish.location}).encode()


def read_wish(body: bytes) -> Wish:
    """A wish from JSON; raises BadWord."""
    asked = _read(_Asked, body, "a wish has key (32 digits of hex), sku and location")
    return Wish(asked.key, asked.sku, asked.location)


def write_kept(kept: Kept) -> bytes:
    """What became of a wish as JSON; what nobody knows is left out."""
    told: dict[str, object] = {"state": kept.state.value}
    if kept.state is Keeping.CONFIRMED:
        told |= {"slip": kept.slip, "until": kept.until_s}
    return json.dumps(told).encode()


def read_kept(body: bytes) -> Kept:
    """What became of a wish from JSON; raises BadWord."""
    told = _read(_Told, body, "an answer has state, slip and until")
    return Kept(told.state, told.slip, told.until)


_Model = TypeVar("_Model", bound=BaseModel)


def _read(model: type[_Model], body: bytes, needed: str) -> _Model:
    if len(body) > MOST:
        raise BadWord(f"more than {MOST} bytes; {needed}")
    try:
        return model.model_validate(strict(body))
    except (CannotAsk, ValidationError):
        raise BadWord(needed) from None


def believed(kept: Kept, now_s: float) -> Kept:
    """An answer as far as it can be believed: kept until a time that is past, or under no clear number, is unknown."""
    if kept.state is not Keeping.CONFIRMED:
        return Kept(kept.state)
    told = {"state": kept.state, "slip": kept.slip, "until": kept.until_s}
    try:
        _Told.model_validate(told)
    except ValidationError:
        return Kept(Keeping.UNKNOWN)
    ends = kept.until_s == 0 or now_s - SKEW_S < kept.until_s < now_s + FAR_S
    return kept if ends else Kept(Keeping.UNKNOWN)

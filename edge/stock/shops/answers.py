"""What a shop's system answers, as values: figures that come as numbers or strings, moments, names, all bounded.

For pydantic models at the rim of the adapters: a field of these types takes what such systems really send and refuses
what no stock is (NaN, 1e308, a moment without a zone).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ValidationError

from edge import asking
from edge.asking import CannotAsk, strict
from edge.ports import StockAway
from edge.stock import gtin
from edge.stock.document import MOST
from edge.stock.system import BadDelivery

M = TypeVar("M", bound=BaseModel)
LONGEST_SKU = 128
LONGEST_NAME = 200
_LONGEST_FIGURE = 40
AXES = {
    "color": ("color", "colour", "カラー", "色", "色柄", "カラーバリエーション"),
    "size": ("size", "サイズ", "寸法"),
}
"""What shops call the two axes of a style's table, in small letters."""


def whole(value: Any) -> int:
    """A figure as the whole number of units that are surely there: rounded down, below nothing is nothing.

    Takes integers and decimal strings ("3", "2.50000", "-1.0"); raises ValueError for all else, and for more than any
    shop has of one product in one place.
    """
    if isinstance(value, bool) or not isinstance(value, int | str | float):
        raise ValueError("no figure")
    text = str(value).strip()
    if len(text) > _LONGEST_FIGURE:
        raise ValueError("no figure")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("no figure") from None
    if not number.is_finite() or abs(number) > MOST:
        raise ValueError(f"a figure must be at most {MOST}")
    return max(0, int(number.to_integral_value(ROUND_FLOOR)))


def milliseconds(value: Any) -> int:
    """A moment of RFC 3339 as milliseconds since 1970, rounded down; raises ValueError, also where it names no zone."""
    if not isinstance(value, str) or len(value) > _LONGEST_FIGURE:
        raise ValueError("no moment")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    seconds = (moment.replace(microsecond=0) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    if not 0 <= seconds < 32_503_680_000:
        raise ValueError("no moment of these times")
    return int(seconds) * 1000 + moment.microsecond // 1000


def moment(since_s: float) -> str:
    """UNIX seconds as RFC 3339 in UTC with milliseconds, never later than what was given."""
    whole_ms = int(since_s * 1000)
    at = datetime.fromtimestamp(whole_ms // 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{whole_ms % 1000:03d}Z"


def sku(value: Any) -> str:
    """A SKU that can be a key here; empty for what is none: nothing, too long, with signs that cannot be printed."""
    text = value.strip() if isinstance(value, str) else ""
    return text if len(text) <= LONGEST_SKU and text.isprintable() else ""


def name(value: Any) -> str:
    """A name for people: of one line, without control characters, cut off at 200 characters."""
    if not isinstance(value, str):
        return ""
    seen = value[: 2 * LONGEST_NAME]
    plain = "".join(sign if unicodedata.category(sign)[0] != "C" else " " for sign in seen)
    return " ".join(plain.split())[:LONGEST_NAME]


def number14(value: Any) -> str:
    """The 14 digits of a GTIN whose check digit is right; empty for all else."""
    text = value.strip() if isinstance(value, str) else ""
    return gtin.checked(text) or ""


def _id(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("no id")
    text = str(value)
    if not 0 < len(text) <= LONGEST_NAME or not text.isprintable():
        raise ValueError("no id")
    return text


Figure = Annotated[int, BeforeValidator(whole)]
Moment = Annotated[int, BeforeValidator(milliseconds)]
Sku = Annotated[str, BeforeValidator(sku)]
Name = Annotated[str, BeforeValidator(name)]
Gtin = Annotated[str, BeforeValidator(number14)]
TheirId = Annotated[str, BeforeValidator(_id)]
"""An id of the system's own, given as text or as a number."""


def axes(options: Mapping[str, str]) -> tuple[str, str]:
    """(color, size) out of a variant's options by what the shop calls them; empty where it has no such option."""
    small = {key.strip().lower(): value for key, value in options.items()}
    color, size = (
        next((name(small[word]) for word in AXES[axis] if small.get(word)), "") for axis in ("color", "size")
    )
    return color, size


async def headers(settings: asking.Settings, where: Path) -> dict[str, str]:
    """The headers of a question for JSON with the settings' bearer token, read anew; raises StockAway."""
    try:
        return await asking.headers(settings, where, "no-store")
    except CannotAsk as error:
        raise StockAway(str(error)) from None


async def token(path: Path) -> str:
    """The one token that a file holds, read anew so that a changed one counts at once; raises StockAway."""
    try:
        return await asking.secret(path)
    except CannotAsk as error:
        raise StockAway(str(error)) from None


def read(model: type[M], value: Any, who: str) -> M:
    """A part of an answer as a model; raises StockAway, which names ``who`` and the field and quotes nothing."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise StockAway(f"{who} answered in a form that is not documented ({_place(error)})") from None


def told(model: type[M], body: bytes) -> M:
    """A webhook's body as a model; raises BadDelivery, which quotes nothing of it."""
    try:
        return model.model_validate(strict(body))
    except CannotAsk:
        raise BadDelivery("the body is no JSON") from None
    except ValidationError as error:
        raise BadDelivery(f"the body has not the documented form ({_place(error)})") from None


def _place(error: ValidationError) -> str:
    """Where an answer is wrong: the fields' names are the model's own, never the sender's."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    return ".".join(str(step) for step in first["loc"]) or "the whole"

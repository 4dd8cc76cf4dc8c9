"""Plain values as TOML text: the standard library reads TOML but does not write it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def dumps(values: Mapping[str, Any], head: str = "") -> str:
    """``values`` as TOML, the same text for the same values; ``head`` goes first, as comments.

    Raises ValueError for what TOML cannot say (None, bytes).
    """
    comments = [f"# {line}".rstrip() for line in head.splitlines()]
    return "\n".join([*comments, *([""] if comments else []), *_table(values, ())]).strip("\n") + "\n"


def _table(values: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """A table's plain keys first, as those after a header would belong to it."""
    later: list[tuple[str, Any]] = []
    for key, value in values.items():
        if isinstance(value, Mapping) or _is_tables(value):
            later.append((key, value))
        else:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in later:
        name = ".".join(_key(step) for step in (*path, key))
        many = not isinstance(value, Mapping)
        for one in value if many else (value,):
            yield ""
            yield f"[[{name}]]" if many else f"[{name}]"
            yield from _table(one, (*path, key))


def _is_tables(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str | Path):
        return _text(str(value))
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    raise ValueError(f"TOML has no word for {type(value).__name__}")

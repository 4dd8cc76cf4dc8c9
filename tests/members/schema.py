"""As much of JSON Schema (2020-12) as the vectors' schemas use, so that a key word they need is never passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
SILENT = {"$schema", "$defs", "title", "description", "properties", "items"}


def faults(schema: dict[str, Any], value: Any, whole: dict[str, Any] | None = None, where: str = "$") -> Iterator[str]:
    """Where a value breaks a schema; raises KeyError for a key word that is not known here."""
    root = schema if whole is None else whole
    for word, wanted in schema.items():
        if word not in SILENT and not _holds(word, wanted, value, schema, root):
            yield f"{where}: {word}"
    if isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                yield from faults(inner, value[name], root, f"{where}.{name}")
    if isinstance(value, list) and "items" in schema:
        for at, one in enumerate(value):
            yield from faults(schema["items"], one, root, f"{where}[{at}]")


def _holds(word: str, wanted: Any, value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    match word:
        case "$ref":
            return not list(faults(root["$defs"][wanted.removeprefix("#/$defs/")], value, root))
        case "anyOf":
            return any(not list(faults(one, value, root)) for one in wanted)
        case "type":
            return any(_is(value, name) for name in ([wanted] if isinstance(wanted, str) else wanted))
        case "const":
            return bool(value == wanted)
        case "enum":
            return value in wanted
        case "required":
            return not isinstance(value, dict) or set(wanted) <= set(value)
        case "additionalProperties":
            return wanted or not isinstance(value, dict) or set(value) <= set(schema["properties"])
        case "pattern":
            return not isinstance(value, str) or re.search(wanted, value) is not None
        case "minimum" | "maximum":
            return not isinstance(value, int) or (value >= wanted if word == "minimum" else value <= wanted)
        case "minItems" | "minLength":
            return not isinstance(value, list | str) or len(value) >= wanted
        case "maxItems":
            return not isinstance(value, list) or len(value) <= wanted
    raise KeyError(word)


def _is(value: Any, name: str) -> bool:
    return isinstance(value, TYPES[name]) and (not isinstance(value, bool) or name == "boolean")

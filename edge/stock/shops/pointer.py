"""JSON Pointers (RFC 6901): where in a document something lies."""

from __future__ import annotations

import re
from typing import Any

_POINTER = re.compile(r"(?:/(?:[^/~]|~[01])*)*")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


def steps(pointer: str) -> tuple[str, ...]:
    """The steps of a pointer; raises ValueError for what is none."""
    if not _POINTER.fullmatch(pointer):
        raise ValueError("a JSON Pointer is empty or begins with '/'; '~' and '/' in a name are ~0 and ~1 (RFC 6901)")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def found(value: Any, pointer: tuple[str, ...]) -> Any:
    """What lies there; None if nothing does."""
    for step in pointer:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and _INDEX.fullmatch(step) and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def stands(value: Any, pointer: tuple[str, ...]) -> bool:
    """Whether anything lies there, be it null."""
    if not pointer:
        return True
    parent = found(value, pointer[:-1])
    return pointer[-1] in parent if isinstance(parent, dict) else found(parent, pointer[-1:]) is not None


def text(value: Any, pointer: tuple[str, ...]) -> str:
    """The text or whole number that lies there, as text; empty for all else."""
    there = found(value, pointer)
    return str(there) if isinstance(there, str | int) and not isinstance(there, bool) else ""

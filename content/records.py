"""How content's values lie in the library's database and in files: JSON, checked when it is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from content.model import Campaign, Media, Playlist

T = TypeVar("T", bound=Media | Playlist | Campaign)

KINDS: Mapping[str, type[Media] | type[Playlist] | type[Campaign]] = {
    "media": Media,
    "playlist": Playlist,
    "campaign": Campaign,
    "draft": Campaign,
}


class BadRecord(Exception):
    """A file or a row of content cannot be used; the text names the entry and what is wrong with it."""


def dumped(value: Media | Playlist | Campaign) -> str:
    """A value as JSON, the same text for the same value."""
    plain = TypeAdapter(type(value)).dump_python(value)
    return json.dumps(_ordered(plain), ensure_ascii=False, sort_keys=True, default=str)


def loaded(kind: type[T], text: str | bytes, whose: str) -> T:
    """The value that was dumped; fields that this version does not know are left out.

    Raises BadRecord for what another version wrote otherwise, or the disk spoilt.
    """
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        raise _bad(whose, error) from error


def read(kind: type[T], raw: Mapping[str, Any], whose: str) -> T:
    """A value that a person wrote into a file; an unknown key is refused. Raises BadRecord."""
    known = {each.name for each in fields(kind)}
    if unknown := sorted(set(raw) - known):
        raise BadRecord(f"{whose}: unknown key '{unknown[0]}'; known: {', '.join(sorted(known))}")
    try:
        return TypeAdapter(kind).validate_python(dict(raw))
    except ValidationError as error:
        raise _bad(whose, error) from error


def _bad(whose: str, error: ValidationError) -> BadRecord:
    first = error.errors()[0]
    where = ".".join(str(step) for step in first["loc"])
    return BadRecord(": ".join(filter(None, [whose, where, first["msg"]])))


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _ordered(each) for key, each in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, (list, tuple)):
        return [_ordered(each) for each in value]
    return value

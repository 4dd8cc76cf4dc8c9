"""What is wrong with settings, told so that a person can mend it: key, file, line, and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from provisioning.layers import BadLayer, Layered, load

M = TypeVar("M", bound=BaseModel)


class BadConfig(Exception):
    """A setting cannot be used; each line names the key, its file and line, and what would be right."""


def checked(model: type[M], settings: dict[str, Any], whose: str) -> M:
    """An adapter's settings as its own model; raises BadConfig."""
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        raise BadConfig("\n".join(f"{whose}: {line}" for line in complaints(model, error))) from error


def placed(model: type[M], values: Any, layered: Layered, base: str = "") -> M:
    """The values below a key as a model; raises BadConfig with the file and line of each thing that is wrong."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        lines = []
        for problem, text in zip(error.errors(), complaints(model, error, base), strict=True):
            key = _key(base, problem["loc"])
            lines.append(f"{layered.where(key).removesuffix(f' [{key}]')}: {text}")
        raise BadConfig("\n".join(lines)) from error


def layers(folder: Path, names: Sequence[str]) -> Layered:
    """The merged layers of a directory; raises BadConfig."""
    if not any((folder / name).exists() for name in names):
        what = "`tentou provision config` or `bundle install` writes them" if len(names) > 1 else "see edge/README.md"
        raise BadConfig(f"{folder}: no settings here, neither {' nor '.join(names)}; {what}")
    try:
        return load(folder, names)
    except BadLayer as error:
        raise BadConfig(str(error)) from error


def complaints(model: type[BaseModel], error: ValidationError, base: str = "") -> Iterator[str]:
    """A line for each thing that is wrong, in the order of the error."""
    for problem in error.errors():
        key = _key(base, problem["loc"])
        if problem["type"] != "extra_forbidden":
            yield f"{key}: {_in_words(problem['type'], problem['msg'], problem['input'])}"
            continue
        names = _names_beside(model, problem["loc"])
        hint = near(str(problem["loc"][-1]), names) or f"; known here: {', '.join(names)}"
        yield f"unknown key '{key}'{hint}"


def _in_words(kind: str, message: str, given: Any) -> str:
    if kind == "missing":
        return "is needed, and no layer sets it"
    if kind == "string_pattern_mismatch" and "a-z0-9-" in message:
        return f"'{given}' cannot be an id; use a to z, 0 to 9 and '-', at most 63, as in 'ginza-1'"
    return message.removeprefix("Value error, ")


def _key(base: str, steps: tuple[int | str, ...]) -> str:
    """The dotted key of what is wrong: that of the table itself where no single setting is."""
    return (base + ".".join(map(str, steps))).rstrip(".")


def near(name: str, known: Iterable[str]) -> str:
    """A question for the nearest known name, to follow a complaint; empty if none is near."""
    close = difflib.get_close_matches(name, sorted(known), 1)
    return f"; did you mean '{close[0]}'?" if close else ""


def _names_beside(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    """The names that are known where an unknown key stood."""
    here: Any = model
    for step in path[:-1]:
        if isinstance(step, int):
            continue
        here = here.model_fields[step].annotation
        while not (isinstance(here, type) and issubclass(here, BaseModel)):
            here = next(kind for kind in here.__args__ if kind is not type(None) and kind is not ...)
    return sorted(here.model_fields)

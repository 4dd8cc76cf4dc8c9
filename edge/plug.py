"""Adapters by file name: ``adapter = "csv"`` of the port ``stock`` is ``edge/adapters/stock_csv.py``."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent / "adapters"


class UnknownAdapter(Exception):
    """A setting names an adapter that no file provides."""


def known(port: str) -> list[str]:
    """The names of the adapters of a port, in order."""
    names = (module.name for module in pkgutil.iter_modules([str(HERE)]))
    return sorted(name.removeprefix(f"{port}_") for name in names if name.startswith(f"{port}_"))


def adapter(port: str, name: str) -> ModuleType:
    """The module of an adapter, imported now; an import error inside it is not hidden."""
    names = known(port)
    if name not in names:
        bare = name.removeprefix(f"{port}_")
        near = [bare] if bare in names else difflib.get_close_matches(bare, names, 1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise UnknownAdapter(f"no {port} adapter '{name}'; known: {', '.join(names)}{hint}")
    return importlib.import_module(f"edge.adapters.{port}_{name}")

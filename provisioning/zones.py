"""The reading zones that IT saves on the cameras' pages: the machine-written layer ``zones.toml``, and the one before.

A zone is left, top, width and height as shares of the frame; whether one can be used is for the edge to judge.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from provisioning import toml
from provisioning.files import write
from provisioning.layers import STORE_LAYERS, WRITTEN, BadLayer, load

FILE = "zones.toml"
BEFORE = "zones.before.toml"
HEAD = f"""\
Written by the cameras' pages, /it/cameras/ID/; it wins over all other layers.
Shares of the frame: left, top, width, height. Without its line a camera takes its zone from the layers below.
{BEFORE} is this file as it was before the last save."""


def save(folder: Path, camera: str, zone: Sequence[float], cameras: Collection[str]) -> None:
    """Write a camera's zone beside those of the other ``cameras``, whole or not at all; raises OSError.

    The file as it was, even a broken one, is kept as ``zones.before.toml``.
    """
    path = folder / FILE
    others = {name: other for name, other in _zones(path).items() if name in cameras}
    write(folder / BEFORE, path.read_bytes() if path.exists() else b"")
    write(path, toml.dumps({"zone": others | {camera: list(zone)}}, HEAD))


def before(folder: Path, camera: str) -> Any:
    """A camera's zone before the last save: the file's, else the one of the layers below, else the whole frame.

    None while nothing was saved. It is what the file says: whether it can be used is for the edge to judge.
    """
    if not (folder / BEFORE).exists():
        return None
    zones = _zones(folder / BEFORE)
    return zones[camera] if camera in zones else _below(folder, camera) or [0, 0, 1, 1]


def _below(folder: Path, camera: str) -> Any:
    """What the layers that people write say of a camera's zone."""
    try:
        layered = load(folder, [name for name in STORE_LAYERS if name not in WRITTEN])
    except BadLayer:
        return None
    return layered.values.get("zone", {}).get(camera)


def _zones(path: Path) -> dict[str, Any]:
    """The table ``zone`` of a file; empty if it is missing or cannot be read."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("zone")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    return dict(table) if isinstance(table, dict) else {}

"""The shop of ``bench eyes``: as many screens and cameras as wanted, and everything else that an edge does."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.demo.people import people
from edge.demo.seed import goods, opening_stock, sow
from edge.demo.settings import members_table

HERE = "s001"
MEMORY_MB = 2048
"""The bound of the first eye; each further one has a megabyte more, by which the kernel tells one from another."""


def screens(n: int) -> list[str]:
    """A screen a camera, every other one a kiosk."""
    return [f"screen-{turn}{':kiosk' if turn % 2 else ''}" for turn in range(n)]


def settings(folders: Sequence[Path], fps: int) -> dict[str, Any]:
    """Its settings; each camera shows the pictures of its folder."""
    return {
        "camera": [_camera(turn, folder, fps) for turn, folder in enumerate(folders)],
        "location": [{"id": HERE, "place": "here", "name": {"ja": "渋谷店", "en": "Shibuya"}}],
        "stock": [{"id": "pos", "adapter": "csv", "settings": {"path": "pos.csv"}}],
        "members": {"adapter": "csv", "settings": {"path": "members.csv"}},
        "upstream": {"adapter": "file", "settings": {"path": "contacts.jsonl"}},
    }


def _camera(turn: int, folder: Path, fps: int) -> dict[str, Any]:
    return {
        "id": f"cam-{turn}",
        "screen": f"screen-{turn}",
        "adapter": "folder",
        "memory_mb": MEMORY_MB + turn,
        "settings": {"path": str(folder), "fps": fps, "film": True},
    }


def furnish(folder: Path) -> None:
    """The files that its settings name, and the sample shop's content."""
    sow(folder / "seed")
    levels = opening_stock([good.sku for good in goods()], HERE)
    rows = "".join(f"{sku},{HERE},{count}\n" for sku, count in levels.items())
    (folder / "pos.csv").write_text(f"sku,location,available\n{rows}")
    (folder / "members.csv").write_text(members_table(people(), secrets.token_bytes(32)), encoding="utf-8")

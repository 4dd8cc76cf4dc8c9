"""The password of a camera in the network, from a file of its own, so that it stands in no settings."""

from __future__ import annotations

from pathlib import Path

from edge.ports import SourceGone


def password(file: Path | None, where: Path) -> str:
    """What the file holds, "" without one; raises SourceGone if it cannot be read."""
    if file is None:
        return ""
    try:
        return (where / file).read_text().strip()
    except (OSError, ValueError):
        raise SourceGone(f"{file} cannot be read", "Put the camera's password into it.") from None

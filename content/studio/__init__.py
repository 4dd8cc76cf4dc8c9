"""The staff's studio at ``/staff/``: pictures, playlists, campaigns, what screens show and why, undo."""

from __future__ import annotations

from content.studio.desk import Screen
from content.studio.rooms import routes

__all__ = ["Screen", "routes"]

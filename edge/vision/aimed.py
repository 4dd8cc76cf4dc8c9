"""What the calibration pages of all cameras share: the eyes, the zones in force, and who looks now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from edge.config import WHOLE, Zone, in_frame
from edge.health import Part
from edge.vision.eyes import Eye
from provisioning import zones
from provisioning.accounts import Account
from provisioning.signin import Guard


@dataclass(slots=True)
class Aimed:
    """One edge's cameras as IT aims them. ``zones`` are those in force; ``saved`` is told of each save."""

    eyes: Mapping[str, Eye]
    guard: Guard
    folder: Path
    zones: dict[str, Zone]
    parts: Callable[[], Iterable[Part]]
    saved: Callable[[], None]
    title: str = ""
    lookers: dict[str, tuple[web.WebSocketResponse, Account]] = field(default_factory=dict)
    _saving: asyncio.Lock = field(default_factory=asyncio.Lock)

    def zone(self, camera: str) -> Zone:
        """The zone that holds until another one is saved."""
        return self.zones.get(camera, WHOLE)

    def before(self, camera: str) -> Zone | None:
        """The zone before the last save; None if that was another camera's, or nothing was saved."""
        with suppress(ValueError, TypeError):
            zone = zone_of(zones.before(self.folder, camera))
            return None if zone == self.zone(camera) else zone
        return None

    async def save(self, eye: Eye, zone: Zone) -> None:
        """Write a zone down and read by it from now on; raises OSError and changes nothing."""
        async with self._saving:
            await asyncio.to_thread(zones.save, self.folder, eye.id, zone, tuple(self.eyes))
            self.zones[eye.id] = zone
        eye.aim(zone)
        self.saved()


def zone_of(shares: Any) -> Zone:
    """The zone of four numbers; raises ValueError or TypeError for anything else."""
    try:
        left, top, width, height = (round(float(share), 4) for share in shares)
    except OverflowError as error:
        raise ValueError("a share is at most 1") from error
    return in_frame((left, top, width, height))

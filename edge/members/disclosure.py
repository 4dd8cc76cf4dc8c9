"""How much a screen may show for a code (MEMBER_CODES 6): min(device, credential, flags), and nothing raises it."""

from __future__ import annotations

from edge.members.classify import Recognised, Rejected
from edge.model import DeviceClass, Level, lowest

CAP = {DeviceClass.SIGNAGE: Level.SEGMENT, DeviceClass.KIOSK: Level.PERSONAL}


def device_cap(device_class: DeviceClass) -> Level:
    """The most that a screen of this class ever shows."""
    return CAP[device_class]


def level(device_class: DeviceClass, credential: Recognised | Rejected | None, touched: bool) -> Level:
    """What may be shown now. ``touched`` is the shopper's own touch on 表示する in this session."""
    if not isinstance(credential, Recognised):
        return Level.LOOP
    asked = Level.PERSONAL if touched else Level.SEGMENT
    return lowest(device_cap(device_class), credential.credential, asked)

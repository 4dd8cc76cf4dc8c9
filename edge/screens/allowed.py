"""Which of a template's variables each level may use (MEMBER_CODES 6): one table, and both walls stand on it.

Sessions build a scene's values by it, and the renderer drops whatever else it is handed, so that neither a template
nor a mistake before it can show more than the level of the session allows.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from edge.model import LEVELS, Level, Show

log = logging.getLogger(__name__)

_ABOUT = frozenset({"product", "missing", "handoffs", "matrix", "offers", "wished", "asked"})
_ANYBODY = _ABOUT | {"hint", "touch", "warning"}
_MEMBERS = _ANYBODY | {"headline", "text", "picture", "tiles"}
_SEGMENT = _MEMBERS | {"greeting", "nickname", "may_open"}

ALLOWED: Mapping[Level, frozenset[str]] = {
    Level.LOOP: _ANYBODY,
    Level.MEMBERS: _MEMBERS,
    Level.SEGMENT: _SEGMENT,
    Level.PERSONAL: _SEGMENT | {"favourites", "coupons"},
}
"""``product`` and what belongs to it are about a product that somebody, known or not, holds up or touched."""

LEAST: Mapping[str, Level] = {"members": Level.MEMBERS, "member": Level.SEGMENT}
"""The level that a scene needs at all; one that is not named here is for anybody."""


class BeyondLevel(Exception):
    """A scene was asked for at a level that it is not for: a fault of ours, and nothing of it is shown."""


def allowed(show: Show) -> dict[str, Any]:
    """The values of a Show that its level may use; raises BeyondLevel for a scene above the level.

    What is dropped is a fault before us: its name goes to the log, never its value.
    """
    least = LEAST.get(show.scene, Level.LOOP)
    if LEVELS.index(show.level) < LEVELS.index(least):
        raise BeyondLevel(f"scene '{show.scene}' needs level {least} and was asked for at {show.level}")
    if beyond := sorted(name for name, value in show.values.items() if value and name not in ALLOWED[show.level]):
        log.error("%s: left out of scene '%s' at level %s: %s", show.screen, show.scene, show.level, ", ".join(beyond))
    return {name: value for name, value in show.values.items() if name in ALLOWED[show.level]}

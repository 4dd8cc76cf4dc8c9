"""The members' source that the settings choose."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from edge import config, plug
from edge.health import Health
from edge.ports import Members


async def opened(
    stack: AsyncExitStack, chosen: config.Adapter | None, folder: Path, health: Health, todo: str
) -> Members | None:
    """The source, open for as long as the stack; None where none is chosen, or with a word to health and ``todo``
    where it cannot be opened. Raises config.BadConfig."""
    if chosen is None:
        return None
    module = plug.adapter("members", chosen.adapter)
    settings = config.checked(module.Settings, chosen.settings, "members.settings")
    try:
        source: Members = await stack.enter_async_context(module.open(settings, folder))
    except OSError as error:
        health.down("members", "profiles", f"cannot be opened: {error.strerror}", todo)
        return None
    return source

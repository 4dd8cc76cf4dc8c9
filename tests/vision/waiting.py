"""Waiting for what an eye or a scanner does in its own time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from edge.health import Health, Part, State
from edge.model import Look

WAIT_S = 30.0
"""Nothing of this takes so long on any machine."""


class Looking(Protocol):
    """An eye, or a hand scanner."""

    looks: asyncio.Queue[Look]


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not true():
            await asyncio.sleep(0.02)


async def next_text(eye: Looking) -> str:
    """The text of the next look that shows a code."""
    async with asyncio.timeout(WAIT_S):
        while not (codes := (await eye.looks.get()).codes):
            pass
    return codes[0].text


def forget(eye: Looking) -> None:
    """What was seen until now."""
    while not eye.looks.empty():
        eye.looks.get_nowait()


def part(health: Health, name: str = "door", kind: str = "camera") -> Part:
    """What health says of it now."""
    unknown = Part(kind, name, State.STARTING, 0.0)
    return next((part for part in health.parts() if part.name == name), unknown)

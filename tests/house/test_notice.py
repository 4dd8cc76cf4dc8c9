"""The camera notice in a whole edge: it follows what the eye really sees."""

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from edge import app
from tests.house.test_app import store
from tests.noticed import NOTICE

CAMERA = f"""
{NOTICE}
[[camera]]
id = "door"
screen = "kiosk-1"
adapter = "push"
"""
JPEG = cv2.imencode(".jpg", np.full((72, 128), 90, np.uint8))[1].tobytes()


async def until(parts: app.Parts, shown: bool, beside: Callable[[], object]) -> None:
    """Wait until the screen is told that its camera sees, or that it does not, doing something meanwhile."""
    async with asyncio.timeout(60):
        while parts.screens._board("kiosk-1").eyes is not shown:
            beside()
            await asyncio.sleep(0.1)


async def test_the_notice_is_there_while_pictures_come_and_only_then(tmp_path: Path) -> None:
    number = itertools.count(1)
    async with store(tmp_path, CAMERA) as (parts, _):
        assert parts.screens._board("kiosk-1").eyes is True, "until the eye says otherwise"
        await until(parts, False, lambda: None)
        await until(parts, True, lambda: parts.eyes["door"].push(JPEG, next(number)))
        await until(parts, False, lambda: None)

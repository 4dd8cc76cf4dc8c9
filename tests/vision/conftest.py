"""Pictures of codes, and eyes that are surely closed again."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import segno

from edge.config import Camera
from edge.health import Health
from edge.ports import Gray
from edge.vision import eyes
from edge.vision.eyes import Eye

Draw = Callable[..., Gray]
Open = Callable[..., AbstractAsyncContextManager[Eye]]


def drawn(symbol: segno.QRCode, scale: int = 5, border: int = 4) -> Gray:
    """A symbol as a gray picture."""
    file = io.BytesIO()
    symbol.save(file, kind="png", scale=scale, border=border)
    return np.asarray(cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


def placed(*symbols: Gray, size: tuple[int, int] = (480, 640), ground: int = 120) -> Gray:
    """Symbols side by side on a gray ground of height x width."""
    scene = np.full(size, ground, np.uint8)
    left = 20
    for symbol in symbols:
        height, width = symbol.shape
        scene[20 : 20 + height, left : left + width] = symbol
        left += width + 30
    return scene


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No eye is taken for hung because this machine has no time for it."""
    monkeypatch.setattr(eyes, "HUNG_S", 600.0)
    monkeypatch.setattr(eyes, "START_S", 600.0)


@pytest.fixture
def symbol() -> Draw:
    """Draw a QR of a text."""
    return lambda text, **how: drawn(segno.make(text, micro=False, error="l"), **how)


@pytest.fixture
def parts() -> Draw:
    """Draw the first symbol of a structured-append sequence."""
    return lambda text, **how: drawn(segno.make_sequence(text, symbol_count=2)[0], **how)


@pytest.fixture
def scene() -> Draw:
    """Symbols side by side before a camera."""
    return placed


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[..., Path]:
    """A folder of pictures, in the order given."""

    def write(*scenes: Gray) -> Path:
        folder = tmp_path / "pictures"
        folder.mkdir(exist_ok=True)
        for number, picture in enumerate(scenes):
            cv2.imwrite(str(folder / f"{number:03}.png"), picture)
        return folder

    return write


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """An eye that runs until the end of the block; when it has ended no process of it is left."""

    @asynccontextmanager
    async def open_eye(adapter: str, health: Health | None = None, **settings: Any) -> AsyncIterator[Eye]:
        name, engine = settings.pop("name", "door"), settings.pop("engine", "zxing")
        camera = Camera(id=name, screen="s1", adapter=adapter, engine=engine, settings=settings)
        eye = Eye(camera, tmp_path, {"qrcode"}, health or Health())
        running = asyncio.create_task(eye.run())
        try:
            yield eye
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    return open_eye

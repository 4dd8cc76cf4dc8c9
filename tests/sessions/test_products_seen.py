"""Pictures of bars, links and codes that are nobody's business, through a real eye: what comes of them."""

from __future__ import annotations

import asyncio
import io
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
import segno

from edge.config import Camera
from edge.demo.phone import PAYMENT, bars
from edge.health import Health
from edge.model import Held, Scan, Sight
from edge.ports import Gray
from edge.sessions.goods import Wares
from edge.sessions.sight import follow
from edge.vision.eyes import Eye

LINKED, BARRED, UPC = "09520123456788", "04901234567894", "00036000291452"
MEMBER = "MC1:HELD UP BESIDE A PRODUCT"
PATIENCE_S = 60.0
WARES = Wares(("ean13", "qrcode"), {LINKED, BARRED, UPC}.__contains__)


def qr(text: str) -> Gray:
    file = io.BytesIO()
    segno.make(text, micro=False).save(file, kind="png", scale=5)
    return np.asarray(cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


def ean(digits: str) -> Gray:
    row = np.array([0 if bar == "1" else 255 for bar in bars(digits)], np.uint8)
    return np.pad(np.repeat(np.repeat(row[None], 110, axis=0), 3, axis=1), 30, constant_values=255)


def scene(*symbols: Gray) -> Gray:
    """Symbols one below the other before a camera."""
    frame, top = np.full((720, 640), 120, np.uint8), 20
    for symbol in symbols:
        frame[top : top + symbol.shape[0], 60 : 60 + symbol.shape[1]] = symbol
        top += symbol.shape[0] + 40
    return frame


@pytest.mark.timeout(120)
@pytest.mark.promise("V-3")
@pytest.mark.promise("V-6")
@pytest.mark.parametrize("boxed", [True, False], ids=["dropped in the eye", "dropped behind it"])
async def test_a_real_eye_tells_products_apart_from_members_and_from_what_is_none(tmp_path: Path, boxed: bool) -> None:
    shown = [
        scene(qr("https://shop.example/campaign?p=4901234567894")),
        scene(qr(PAYMENT)),
        scene(qr(f"https://shop.example/01/{LINKED}/21/7?linkType=all"), qr(PAYMENT)),
        scene(ean(UPC[1:]), qr("https://shop.example/")),
        scene(qr(MEMBER), ean(BARRED[1:])),
    ]
    for number, picture in enumerate(picture for picture in shown for _ in range(5)):
        cv2.imwrite(str(tmp_path / f"{number:03}.png"), picture)
    health = Health()
    settings = {"path": str(tmp_path), "fps": 10}
    camera = Camera(id="cam", screen="k1", adapter="folder", settings=settings)
    forms = {"qrcode": ("MC1:.*", *WARES.forms["qrcode"]), "ean13": WARES.forms["ean13"]}
    eye = Eye(camera, tmp_path, {"qrcode", "ean13"}, health, forms=forms if boxed else None)
    told = await sights(eye, 4)
    assert [each.gtin if isinstance(each, Held) else type(each) for each in told] == [LINKED, UPC, Scan, BARRED]
    assert not any(word in repr((told, health.parts())) for word in ("shop.example", PAYMENT, MEMBER))


async def sights(eye: Eye, many: int) -> list[Sight]:
    """The first sights of an eye."""
    told = asyncio.Queue[Sight]()
    mine = follow(eye.looks, lambda code: code.text if code.text == MEMBER else "", told.put_nowait, wares=WARES)
    running = [asyncio.create_task(eye.run()), asyncio.create_task(mine)]
    try:
        async with asyncio.timeout(PATIENCE_S):
            return [await told.get() for _ in range(many)]
    finally:
        for task in running:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

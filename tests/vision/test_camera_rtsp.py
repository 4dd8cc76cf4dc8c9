"""A network camera by RTSP, seen by a real eye: its loss, its silence and its return."""

from __future__ import annotations

import cv2
import pytest

from edge.health import Health, State
from tests.vision.conftest import Draw, Open
from tests.vision.rtsp import NetworkCamera
from tests.vision.waiting import forget, next_text, part, until

TEXT = "MC1:SEEN BY RTSP"


@pytest.fixture
def picture(symbol: Draw, scene: Draw) -> bytes:
    return cv2.imencode(".jpg", cv2.cvtColor(scene(symbol(TEXT)), cv2.COLOR_GRAY2BGR))[1].tobytes()


@pytest.mark.promise("V-5")
async def test_a_network_camera_that_lost_its_power_is_named_and_seen_again(opened: Open, picture: bytes) -> None:
    camera, health = NetworkCamera(picture), Health()
    async with opened("opencv", health, source=f"rtsp://127.0.0.1:{camera.port}/live") as eye:
        assert await next_text(eye) == TEXT
        camera.unplug()
        await until(lambda: part(health).state is State.DOWN)
        assert part(health).detail == "the stream of 127.0.0.1 is away"
        assert "power and network cable" in part(health).todo
        back = NetworkCamera(picture, camera.port)
        forget(eye)
        assert await next_text(eye) == TEXT
        back.unplug()


@pytest.mark.promise("V-5")
async def test_a_network_camera_that_falls_silent_is_named_and_seen_again(
    opened: Open, picture: bytes, patient: None
) -> None:
    camera, health = NetworkCamera(picture), Health()
    async with opened("opencv", health, source=f"rtsp://127.0.0.1:{camera.port}/live") as eye:
        assert await next_text(eye) == TEXT
        camera.mute.set()
        await until(lambda: part(health).state is State.DOWN)
        assert "the camera gives no picture" in part(health).detail
        camera.mute.clear()
        forget(eye)
        assert await next_text(eye) == TEXT
        assert eye.restarts == 0
    camera.unplug()

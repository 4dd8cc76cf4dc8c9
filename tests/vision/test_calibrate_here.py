"""A camera's page through a proxy that says nothing of itself, and for somebody whose session is over."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request

from edge.vision.calibrate import local
from edge.vision.shown import SIGNED_OUT
from tests.vision.calibrating import OURS, PAGE, Looked, aimed, closed, entered, seen, served


@pytest.mark.promise("V-3")
@pytest.mark.parametrize(
    ("origin", "here"),
    [
        ("http://localhost:8080", True),
        ("http://[::1]:8080", True),
        ("https://front.ginza.example", False),
        ("http://192.168.1.7", False),
        ("http://localhost.ginza.example", False),
        ("null", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_a_page_that_was_opened_by_another_name_is_elsewhere_though_a_proxy_here_asks(origin: str, here: bool) -> None:
    headers = {"Host": "127.0.0.1:8080", "Origin": origin}
    request = make_mocked_request("GET", f"{PAGE}look", headers=headers).clone(remote="127.0.0.1")
    assert local(request) is here


@pytest.mark.promise("X-4")
async def test_a_zone_wished_for_after_the_session_is_not_tried(tmp_path: Path) -> None:
    eye = Looked()
    room = aimed(tmp_path, eye)
    async with (
        served(room) as site,
        entered(site, room) as browser,
        browser.ws_connect(f"{PAGE}look", headers=OURS) as socket,
    ):
        await seen(socket)
        eye.away = True
        room.guard.accounts.remove("taro")
        await socket.send_json({"try": [0, 0, 0.5, 0.5]})
        assert await closed(socket) == SIGNED_OUT
    assert eye.aims in ([], [(0.0, 0.0, 1.0, 1.0)])

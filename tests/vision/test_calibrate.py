"""IT's page of a camera: who may see through it and from where, when its pictures end, and what a save does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest
from aiohttp import ClientSession, WSCloseCode, WSServerHandshakeError
from aiohttp.test_utils import TestServer, make_mocked_request
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from edge.config import WHOLE
from edge.health import Health
from edge.vision import meters
from edge.vision.aimed import Aimed
from edge.vision.calibrate import WEB, local
from edge.vision.shown import BUSY, REPLACED, SIGNED_OUT
from provisioning import signin
from provisioning.i18n import words
from tests.vision.calibrating import OURS, PAGE, PICTURE, Looked, aimed, closed, entered, seen, served
from tests.vision.conftest import Draw, Open
from tests.vision.waiting import until

ZONE = (0.25, 0.25, 0.5, 0.5)


@pytest.fixture
def eye() -> Looked:
    return Looked()


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def room(tmp_path: Path, eye: Looked, health: Health) -> Aimed:
    return aimed(tmp_path, eye, health)


@pytest.fixture
async def site(room: Aimed) -> AsyncIterator[TestServer]:
    async with served(room) as server:
        yield server


@pytest.fixture
async def taro(site: TestServer, room: Aimed) -> AsyncIterator[ClientSession]:
    async with entered(site, room) as browser:
        yield browser


async def refusal(browser: ClientSession, path: str = f"{PAGE}look", **headers: str) -> int:
    """With which status a page is refused a look."""
    with pytest.raises(WSServerHandshakeError) as refused:
        await browser.ws_connect(path, headers={**OURS, **headers})
    return refused.value.status


async def post(browser: ClientSession, zone: object, **headers: str) -> int:
    body, sent = {"zone": zone}, {**OURS, **headers}
    async with browser.post(f"{PAGE}zone", json=body, headers=sent, allow_redirects=False) as answer:
        return answer.status


@pytest.mark.promise("V-3")
@pytest.mark.promise("X-4")
@pytest.mark.parametrize("name", ["", "hanako"])
async def test_a_stranger_and_the_staff_get_nothing(site: TestServer, eye: Looked, room: Aimed, name: str) -> None:
    async with entered(site, room, name) as browser:
        async with browser.get(PAGE, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, f"/signin?role=it&next={PAGE}")
        assert await refusal(browser) in (200, 303)  # the sign-in page, which is no WebSocket
        assert await post(browser, ZONE) == 303
    assert (eye.given, eye.aims, list(room.folder.glob("zones*"))) == (0, [], [])


@pytest.mark.promise("V-3")
@pytest.mark.parametrize(
    "headers",
    [{"Host": "front.ginza.example"}, {"Host": "192.168.1.20:8080"}, {"X-Forwarded-For": "192.168.1.9"}],
)
async def test_who_is_on_another_machine_is_told_how_to_get_there_and_gets_nothing(
    taro: ClientSession, eye: Looked, headers: dict[str, str]
) -> None:
    async with taro.get(PAGE, headers=headers) as answer:
        text = await answer.text()
    assert "ssh -L" in text
    assert "calibrate.js" not in text
    assert await refusal(taro, **headers) == 403
    assert await post(taro, ZONE, **headers) == 403
    assert (eye.given, eye.aims) == (0, [])


@pytest.mark.promise("V-3")
@pytest.mark.parametrize(
    ("sender", "host", "here"),
    [
        ("127.0.0.1", "127.0.0.1:8080", True),
        ("127.0.0.9", "localhost:8080", True),
        ("::1", "[::1]:8080", True),
        ("::ffff:127.0.0.1", "kiosk.localhost", True),
        ("192.168.1.9", "127.0.0.1:8080", False),
        ("fe80::1", "localhost", False),
        ("::ffff:192.168.1.9", "localhost", False),
        ("127.0.0.1", "localhost.example", False),
        ("", "localhost", False),
    ],
)
def test_only_loopback_is_this_machine(sender: str, host: str, here: bool) -> None:
    request = make_mocked_request("GET", PAGE, headers={"Host": host}).clone(remote=sender)
    assert local(request) is here


@pytest.mark.promise("X-4")
async def test_a_page_of_another_site_gets_nothing(taro: ClientSession, eye: Looked) -> None:
    assert await refusal(taro, **{"Sec-Fetch-Site": "cross-site"}) == 403
    assert await post(taro, ZONE, **{"Sec-Fetch-Site": "cross-site"}) == 403
    assert (eye.given, eye.aims) == (0, [])


async def test_a_camera_that_is_not_there_has_no_page(taro: ClientSession) -> None:
    async with taro.get("/it/cameras/none/") as answer:
        assert answer.status == 404
    assert await refusal(taro, "/it/cameras/none/look") == 404


@pytest.mark.promise("V-3")
async def test_pictures_end_with_the_page_and_the_log_knows_who_looked(
    taro: ClientSession, eye: Looked, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with taro.get(PAGE) as page:
        assert (page.status, page.headers["Cache-Control"], eye.lookers) == (200, "no-store", 0)
    async with taro.ws_connect(f"{PAGE}look?language=en", headers=OURS) as socket:
        told, picture = await seen(socket)
        assert (picture, told["codes"], told["guide"], told["trouble"]) == (PICTURE, 1, 0.1, "")
        assert [(row["label"], row["word"]) for row in told["meters"]][:1] == [("Code in view", "read")]
        assert eye.lookers == 1
    await until(lambda: "no longer looks" in caplog.text)
    assert eye.lookers == 0
    assert "taro looks at the pictures of camera door" in caplog.text
    assert "a picture" not in caplog.text


async def test_a_second_page_is_told_who_looks_and_may_take_over(
    site: TestServer, room: Aimed, taro: ClientSession
) -> None:
    async with entered(site, room, "jiro") as jiro, taro.ws_connect(f"{PAGE}look", headers=OURS) as first:
        await seen(first)
        async with jiro.ws_connect(f"{PAGE}look", headers=OURS) as refused:
            closing = await refused.receive()
            assert (closing.data, closing.extra) == (BUSY, "taro")
        async with jiro.ws_connect(f"{PAGE}look?take=1", headers=OURS) as second:
            assert await closed(first) == REPLACED
            assert (await seen(second))[1] == PICTURE


@pytest.mark.promise("X-4")
async def test_pictures_end_when_the_account_is_taken_away(taro: ClientSession, room: Aimed, eye: Looked) -> None:
    async with taro.ws_connect(f"{PAGE}look", headers=OURS) as socket:
        await seen(socket)
        room.guard.accounts.remove("taro")
        assert await closed(socket) == SIGNED_OUT
    await until(lambda: eye.lookers == 0)


async def test_a_camera_that_is_away_is_said_in_healths_words_and_the_pages_language(
    taro: ClientSession, eye: Looked, health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.vision.shown.AWAY_S", 0.05)
    eye.away = True
    health.down("camera", "door", "/dev/video0 is unplugged", "Plug it in.")
    async with taro.ws_connect(f"{PAGE}look", headers=OURS) as socket:
        assert (await seen(socket))[0] == {"away": "/dev/video0 がつながっていません", "todo": "Plug it in."}


async def test_a_picture_that_health_finds_wrong_is_shown_with_its_words(taro: ClientSession, health: Health) -> None:
    health.down("camera", "door", "the lens is covered", "Look at the lens.")
    async with taro.ws_connect(f"{PAGE}look", headers=OURS) as socket:
        assert (await seen(socket))[0]["trouble"] == "レンズがふさがれています – Look at the lens."


async def test_a_zone_is_tried_while_the_page_is_open_and_the_saved_one_holds_after_it(
    taro: ClientSession, eye: Looked
) -> None:
    async with taro.ws_connect(f"{PAGE}look", headers=OURS) as socket:
        await socket.send_json({"try": ZONE})
        await until(lambda: eye.aims == [ZONE])
    await until(lambda: eye.aims == [ZONE, WHOLE])


@pytest.mark.promise("X-3")
@pytest.mark.parametrize("said", ["", "{", "[]", '{"try": 3}', '{"try": [0, 0, 2, 1]}', '{"try": [0, 0, NaN, 1]}'])
async def test_a_wish_that_is_none_ends_the_connection(taro: ClientSession, eye: Looked, said: str) -> None:
    async with taro.ws_connect(f"{PAGE}look", headers=OURS) as socket:
        await socket.send_str(said)
        assert await closed(socket) == WSCloseCode.UNSUPPORTED_DATA
    await until(lambda: eye.aims == [WHOLE])


async def test_a_save_holds_at_once_and_the_zone_before_it_can_be_had_again(taro: ClientSession, eye: Looked) -> None:
    for zone, before in ((ZONE, WHOLE), (WHOLE, ZONE)):
        async with taro.post(f"{PAGE}zone", json={"zone": zone}, headers=OURS) as answer:
            assert await answer.json() == {"zone": list(zone), "before": list(before)}
    assert eye.aims == [ZONE, WHOLE]


async def test_a_code_outside_the_saved_zone_is_not_read_and_one_inside_is(
    tmp_path: Path, opened: Open, pictures: Callable[..., Path], symbol: Draw, scene: Draw
) -> None:
    pictures(scene(symbol("MC1:IN THE UPPER LEFT")))
    async with opened("folder", path="pictures", fps=10) as real:
        room = aimed(tmp_path, real)
        async with served(room) as site, entered(site, room) as browser, asyncio.timeout(60):
            for zone, read in ((0.0, 0.0, 0.6, 0.6), True), ((0.6, 0.6, 0.4, 0.4), False), (WHOLE, True):
                assert await post(browser, zone) == 200
                while bool((await real.looks.get()).codes) is not read:
                    pass
                async with aclosing(real.views(False)) as views:
                    async for view in views:
                        if bool(view.codes) is read:
                            break


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "zone",
    [None, "all", [], [0, 0, 1], [0, 0, 1, 1, 1], [0, 0, 0.05, 1], [0.5, 0, 0.6, 1], [10**400, 0, 1, 1], "x" * 2000],
)
async def test_a_zone_that_is_none_is_refused(taro: ClientSession, eye: Looked, room: Aimed, zone: object) -> None:
    assert await post(taro, zone) == 400
    assert (eye.aims, list(room.folder.glob("zones*"))) == ([], [])


async def test_a_disk_that_refuses_changes_nothing(taro: ClientSession, eye: Looked, room: Aimed) -> None:
    room.folder = room.folder / "accounts.json"  # a file, in which no file can be
    async with taro.post(f"{PAGE}zone", json={"zone": ZONE}, headers=OURS) as answer:
        assert (answer.status, (await answer.json())["error"]) == (500, "File exists")
    assert (eye.aims, room.zone("door")) == ([], WHOLE)


def test_every_text_is_translated_and_no_translation_is_left_over() -> None:
    templates = [("calibrate.html", "jinja2")]
    found = extract_from_dir(str(WEB / "templates"), templates, options_map={"calibrate.html": {"silent": "0"}})
    used = {str(message) for _, _, message, _, _ in found} | meters.words()
    with (WEB / "locales" / "ja.po").open("rb") as file:
        translated = {str(one.id) for one in read_po(file) if one.id and one.string}
    others = words(signin.HERE / "locales", "ja").gettext
    assert translated == {text for text in used if others(text) == text}  # the IT's other pages have the rest


def test_the_page_holds_no_inline_script_or_style() -> None:
    text = (WEB / "templates" / "calibrate.html").read_text()
    assert " style=" not in text
    assert not re.search(r"\son[a-z]+=", text)
    assert text.count("<script") == text.count('<script type="module" src=')

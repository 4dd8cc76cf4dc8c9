"""Eyes as real processes: what they see, what they never write, and that they come back whatever ends them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.config import Camera, Zone
from edge.health import Health, State
from edge.model import Look
from edge.vision.eyes import HUNG_S, Eye, pause_after
from edge.vision.wire import Orders, Showing, View, heard, message, orders_line
from tests.vision.conftest import Draw, Open
from tests.vision.waiting import WAIT_S, forget, next_text, part, until

TEXT = "MC1:SEEN BY AN EYE"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(pictures: Callable[..., Path], symbol: Draw, scene: Draw) -> Path:
    return pictures(scene(symbol(TEXT)))


async def test_an_eye_sees_the_code_of_a_picture_and_tells_its_health(opened: Open, folder: Path) -> None:
    health = Health()
    async with opened("folder", health, path=str(folder)) as eye:
        assert await next_text(eye) == TEXT
        await until(lambda: part(health).state is State.UP)
        figures = part(health).figures
        assert {"fps", "decode_ms", "brightness", "sharpness", "age_s", "restarts"} <= set(figures)


async def test_a_camera_is_read_by_the_library_that_its_settings_name(opened: Open, folder: Path) -> None:
    async with opened("folder", path=str(folder), engine="pyzbar") as eye, asyncio.timeout(WAIT_S):
        look = await eye.looks.get()
    assert [(code.text, code.engine) for code in look.codes] == [(TEXT, "pyzbar")]


async def test_a_frames_number_travels_from_the_push_to_the_look(opened: Open, symbol: Draw, scene: Draw) -> None:
    jpeg = cv2.imencode(".jpg", scene(symbol(TEXT)))[1].tobytes()
    async with opened("push") as eye:
        look = await pushed_until_seen(eye, jpeg, number=2**40 + 7)
    assert look.frame == 2**40 + 7
    assert look.codes[0].text == TEXT


async def pushed_until_seen(eye: Eye, jpeg: bytes, number: int) -> Look:
    async with asyncio.timeout(WAIT_S):
        while eye.looks.empty():
            eye.push(jpeg, number)
            await asyncio.sleep(0.05)
        return await eye.looks.get()


async def killed(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


async def stopped(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)


async def starved(pid: int) -> None:
    """No byte of memory more: its next allocation fails."""
    resource.prlimit(pid, resource.RLIMIT_AS, (1 << 20, 1 << 20))


@pytest.mark.promise("V-4")
@pytest.mark.parametrize("fault", [killed, stopped, starved])
async def test_an_eye_that_ends_or_hangs_is_back_while_another_goes_on(
    fault: Callable[[int], Awaitable[None]], opened: Open, folder: Path, patient: None
) -> None:
    health = Health()

    def back() -> bool:
        if left.pid == old:
            left._patience_s = HUNG_S
        return left.pid not in (None, old)

    async with (
        opened("folder", health, name="left", path=str(folder), fps=10) as left,
        opened("folder", health, name="right", path=str(folder), fps=10) as right,
    ):
        await asyncio.gather(next_text(left), next_text(right))
        old, other = left.pid, right.pid
        assert old is not None
        await fault(old)
        await until(back)
        forget(left)
        forget(right)
        assert await next_text(left) == TEXT
        assert await next_text(right) == TEXT
        assert (right.pid, right.restarts, left.restarts) == (other, 0, 1)
        with pytest.raises(ProcessLookupError):
            os.kill(old, 0)


@pytest.mark.promise("V-4")
def test_an_eye_that_dies_again_and_again_waits_no_longer_than_a_second() -> None:
    pauses = [0.0]
    for _ in range(8):
        pauses.append(pause_after(0.4, pauses[-1]))
    assert pauses[1:] == [0.05, 0.1, 0.2, 0.4, 0.8, 0.8, 0.8, 0.8]
    assert pause_after(60.0, 0.8) == 0.05


@pytest.mark.promise("V-4")
async def test_the_memory_of_an_eye_is_bounded_by_the_kernel(opened: Open, folder: Path) -> None:
    async with opened("folder", path=str(folder)) as eye:
        await next_text(eye)
        assert eye.pid is not None
        assert resource.prlimit(eye.pid, resource.RLIMIT_AS) == (2048 << 20, 2048 << 20)


async def test_no_process_is_left_when_an_eye_is_closed(opened: Open, folder: Path) -> None:
    async with opened("folder", path=str(folder)) as eye:
        await next_text(eye)
        pid = eye.pid
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.promise("V-5")
async def test_a_camera_that_is_away_is_named_and_seen_again_when_it_is_back(
    opened: Open, tmp_path: Path, symbol: Draw, scene: Draw
) -> None:
    health = Health()
    async with opened("folder", health, path="later") as eye:
        await until(lambda: part(health).state is State.DOWN)
        assert part(health).detail == "no pictures in later"
        assert part(health).todo
        pid = eye.pid
        (tmp_path / "later").mkdir()
        cv2.imwrite(str(tmp_path / "later" / "1.png"), scene(symbol(TEXT)))
        assert await next_text(eye) == TEXT
        await until(lambda: part(health).state is State.UP)
        assert eye.pid == pid


@pytest.mark.parametrize(
    ("adapter", "settings", "words"),
    [("folder", {"path": ".", "speed": 3}, "unknown key 'speed'"), ("floppy", {}, "no camera adapter 'floppy'")],
)
async def test_wrong_settings_are_named_on_the_health_page_and_not_tried_again(
    adapter: str, settings: dict[str, Any], words: str, opened: Open, patient: None
) -> None:
    health = Health()
    async with opened(adapter, health, **settings) as eye:
        await until(lambda: part(health).state is State.DOWN)
        assert words in part(health).detail
        assert eye.restarts == 0


async def some_views(eye: Eye, picture: bool, count: int = 2) -> list[View]:
    async with asyncio.timeout(WAIT_S), aclosing(eye.views(picture)) as views:
        return [await anext(views) for _ in range(count)]


async def test_who_looks_away_in_the_moment_of_a_view_looks_no_more(tmp_path: Path) -> None:
    eye = Eye(Camera(id="cam", screen="k1", adapter="push"), tmp_path, ("qrcode",), Health())
    views = eye.views(picture=False)
    looking = asyncio.ensure_future(anext(views))
    while not eye._viewers:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    eye._take(View(b"", "", 0, {}, 0.0))
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
    assert not eye._viewers


async def test_who_sets_a_camera_up_sees_its_picture_until_he_looks_away(opened: Open, folder: Path) -> None:
    health = Health()
    async with opened("folder", health, path=str(folder), fps=30) as eye:
        async with asyncio.timeout(WAIT_S), aclosing(eye.views(picture=True)) as views:
            view = await anext(views)
            await until(lambda: part(health).detail == "shown on the calibration page")
        picture = cv2.imdecode(np.frombuffer(view.jpeg, np.uint8), cv2.IMREAD_UNCHANGED)
        assert picture is not None
        assert picture.shape == (480, 640)
        assert view.codes == 1
        assert {"brightness", "sharpness"} <= set(view.figures)
        await until(lambda: part(health).detail == "")


async def test_a_sketch_alone_holds_no_picture_and_is_not_said_to_be_shown(opened: Open, folder: Path) -> None:
    health = Health()
    async with opened("folder", health, path=str(folder), fps=30) as eye:
        views = await some_views(eye, picture=False, count=4)
        assert [view.jpeg for view in views] == [b""] * 4
        assert set(views[0].shades) <= set("01234\n")
        assert part(health).detail != "shown on the calibration page"


@pytest.mark.parametrize(("zone", "seen"), [((0.0, 0.0, 0.6, 1.0), True), ((0.6, 0.6, 0.4, 0.4), False)])
async def test_only_what_lies_within_the_zone_is_read_in_this_life_and_the_next(
    zone: Zone, seen: bool, opened: Open, folder: Path
) -> None:
    async with opened("folder", path=str(folder), fps=30) as eye:
        eye.aim(zone)
        assert [view.codes for view in (await some_views(eye, False, 3))[1:]] == [seen, seen]
        os.kill(eye.pid or 0, signal.SIGKILL)
        await until(lambda: eye.restarts)
        assert (await some_views(eye, False))[0].codes == seen


@pytest.mark.parametrize(
    "zone", [(0.0, 0.0, 0.05, 1.0), (0.5, 0.0, 0.6, 1.0), (-0.1, 0.0, 1.0, 1.0), (0.0, 0.0, float("nan"), 1.0)]
)
def test_a_zone_that_is_not_within_the_picture_is_refused(zone: Zone, tmp_path: Path) -> None:
    eye = Eye(Camera(id="door", screen="s1", adapter="push"), tmp_path, {"qrcode"}, Health())
    with pytest.raises(ValueError, match="not inside the frame|too small"):
        eye.aim(zone)


def eye_process(folder: Path, workplace: Path) -> subprocess.Popen[bytes]:
    """An eye in a working directory, home and temporary folder of its own."""
    places = {name: str(workplace) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "edge.vision.eye"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=workplace,
        env={"PYTHONPATH": str(ROOT), **places},
    )


def open_files(pid: int) -> set[str]:
    """What a process holds open; of an eye nobody but root may even ask."""
    try:
        return {os.readlink(file) for file in Path(f"/proc/{pid}/fd").iterdir()}
    except PermissionError:
        assert os.geteuid() != 0
        return set()


PARENT = """
import asyncio, sys
from pathlib import Path
from edge.config import Camera
from edge.health import Health
from edge.vision.eyes import Eye

async def main():
    camera = Camera(id="door", screen="s1", adapter="folder", settings={"path": sys.argv[1]})
    eye = Eye(camera, Path(sys.argv[1]), {"qrcode"}, Health())
    running = asyncio.create_task(eye.run())
    await eye.looks.get()
    print(eye.pid, flush=True)
    await running

asyncio.run(main())
"""


@pytest.mark.parametrize("first", [signal.SIGCONT, signal.SIGSTOP])
async def test_an_eye_dies_with_its_parent_even_while_it_hangs(first: signal.Signals, folder: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={"PYTHONPATH": str(ROOT)}) as parent:
        assert parent.stdout is not None
        pid = int(await asyncio.to_thread(parent.stdout.readline))
        os.kill(pid, first)
        parent.kill()
    await until(lambda: gone(pid))


def gone(pid: int) -> bool:
    """No such process runs; one that nobody has taken note of yet is gone as well."""
    try:
        return " Z " in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.promise("V-3")
def test_an_eye_writes_no_file_holds_none_open_and_says_nothing_but_codes_and_pulses(
    folder: Path, tmp_path: Path
) -> None:
    workplace = tmp_path / "workplace"
    workplace.mkdir()
    with eye_process(folder, workplace) as eye:
        assert eye.stdin is not None
        assert eye.stdout is not None
        told = Orders("door", "folder", str(folder), ("qrcode",), 2048, settings={"path": ".", "fps": 30})
        eye.stdin.write(orders_line(told))
        eye.stdin.flush()
        lines = [eye.stdout.readline() for _ in range(40)]
        held = open_files(eye.pid)
        limits = Path(f"/proc/{eye.pid}/limits").read_text()
        said, complaints = eye.communicate()
    assert list(workplace.iterdir()) == []
    assert {re.sub(r"\W.*", "", name) for name in held} <= {"pipe"}
    assert re.search(r"Max file size +0 +0 ", limits)
    assert re.search(r"Max core file size +0 +0 ", limits)
    assert all(set(json.loads(line)) in (LOOK_KEYS, PULSE_KEYS) for line in [*lines, *said.splitlines()])
    assert any(isinstance(heard(line, "door"), Look) for line in lines)
    assert (eye.returncode, complaints) == (0, b"")


@pytest.mark.promise("V-3")
@pytest.mark.parametrize("last", [Showing(0.0, True), Showing(0.3, True)])
def test_an_eye_shows_its_picture_no_longer_than_it_was_told_to(last: Showing, folder: Path, tmp_path: Path) -> None:
    with eye_process(folder, tmp_path) as eye:
        assert eye.stdin is not None
        assert eye.stdout is not None
        told = Orders("door", "folder", str(folder), ("qrcode",), 2048, settings={"path": ".", "fps": 30})
        eye.stdin.write(orders_line(told) + message(Showing(60.0, True)))
        eye.stdin.flush()
        while not isinstance(shown := heard(eye.stdout.readline(), "door"), View):
            pass
        eye.stdin.write(message(last))
        eye.stdin.flush()
        later = [heard(eye.stdout.readline(), "door") for _ in range(45)]
        eye.communicate()
    assert shown.jpeg
    assert not any(isinstance(said, View) for said in later[25:])


LOOK_KEYS = {"codes", "frame", "at"}
PULSE_KEYS = {"state", "detail", "todo", "figures", "sees"}


@pytest.mark.promise("V-3")
async def test_neither_a_log_nor_a_health_page_ever_holds_a_codes_text(
    opened: Open, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    health = Health()
    async with opened("folder", health, path=str(folder)) as eye:
        await next_text(eye)
        look = await eye.looks.get()
        os.kill(eye.pid or 0, signal.SIGABRT)
        await until(lambda: eye.restarts)
    assert TEXT not in caplog.text + repr(health.parts()) + repr(look)


def test_an_eye_starts_without_the_webs_or_the_second_readers_packages() -> None:
    code = "import sys, edge.vision.eye; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    assert {"cv2", "zxingcpp"} <= set(loaded)
    assert not {"aiohttp", "pyzbar", "jinja2", "paho", "sqlite3", "PIL", "cryptography"} & set(loaded)

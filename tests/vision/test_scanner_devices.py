"""Scanners as devices: a line on a pseudo-terminal, keys on a pipe, pulled out and put back."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from edge import config
from edge.adapters import scanner_evdev
from edge.health import Health, Part, State
from edge.plug import adapter, known
from edge.ports import SourceGone
from edge.vision.devices import stable_name, there
from edge.vision.keys import EV_KEY, EV_SYN
from edge.vision.scanner import AT_ONCE, ScannerEye
from tests import terminal
from tests.vision.test_scanner_keys import strokes
from tests.vision.waiting import next_text, part, until

TOKEN = "MC1:0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


class Line:
    """The far end of a serial line: what a scanner's own chip does."""

    adapter = "serial"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ends: list[int] = []
        self.plug_in()

    def plug_in(self) -> None:
        ours, theirs = terminal.opened()
        tty.setraw(ours)
        self.path.symlink_to(os.ttyname(theirs))
        self.ends = [ours, theirs]

    def send(self, text: str, end: str = "\r") -> None:
        os.write(self.ends[0], (text + end).encode())

    def unplug(self) -> None:
        self.path.unlink()
        while self.ends:
            os.close(self.ends.pop())


class Keys(Line):
    """The events of a keyboard on a pipe."""

    adapter = "evdev"

    def plug_in(self) -> None:
        os.mkfifo(self.path)
        self.ends = [os.open(self.path, os.O_RDWR)]

    def send(self, text: str, end: str = "\n") -> None:
        events = [(EV_KEY, *stroke) for stroke in strokes(text + end, "us")]
        whole = b"".join(scanner_evdev.EVENT.pack(1, 2, *event) for pair in events for event in (pair, (EV_SYN, 0, 0)))
        os.write(self.ends[0], whole)


@pytest.fixture(params=[Line, Keys])
def scanner(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Line]:
    plugged: Line = request.param(tmp_path / "scanner")
    yield plugged
    if plugged.ends:
        plugged.unplug()


@asynccontextmanager
async def listening(name: str, folder: Path, health: Health | None = None, **more: Any) -> AsyncIterator[ScannerEye]:
    settings = {"device": "scanner", **more}
    told = config.Scanner(id="hand", screen="window", adapter=name, settings=settings)
    eye = ScannerEye(told, folder, health or Health())
    running = asyncio.create_task(eye.run())
    try:
        yield eye
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def hand(health: Health) -> Part:
    return part(health, "hand", "scanner")


async def up(health: Health) -> None:
    await until(lambda: hand(health).state is State.UP)


@pytest.mark.parametrize("name", known("scanner"))
def test_every_scanner_has_settings_that_refuse_unknown_keys(name: str) -> None:
    with pytest.raises(config.BadConfig, match="colour"):
        config.checked(adapter("scanner", name).Settings, {"device": "x", "colour": "red"}, "scanner s1")


@pytest.mark.parametrize("name", known("scanner"))
async def test_every_scanner_that_is_away_says_so_when_it_is_opened(name: str, tmp_path: Path) -> None:
    module = adapter("scanner", name)
    with pytest.raises(SourceGone) as gone:
        async with module.open(module.Settings(device="none"), tmp_path):
            pass
    assert gone.value.args == (f"{tmp_path / 'none'} is unplugged", "Plug the device in.")


async def test_what_a_scanner_reads_is_a_look(scanner: Line, tmp_path: Path) -> None:
    health = Health()
    async with listening(scanner.adapter, tmp_path, health) as eye:
        await up(health)
        scanner.send(TOKEN)
        scanner.send("4901234567894")
        assert await next_text(eye) == TOKEN
        look = await eye.looks.get()
    assert (look.eye, look.codes[0].symbology, look.codes[0].engine) == ("hand", "ean13", "scanner")
    assert hand(health).figures == {"taken": 2, "refused": 0}


@pytest.mark.promise("V-5")
async def test_a_scanner_that_is_pulled_out_is_named_and_works_again_when_it_is_back(
    scanner: Line, tmp_path: Path
) -> None:
    health = Health()
    async with listening(scanner.adapter, tmp_path, health) as eye:
        await up(health)
        scanner.unplug()
        await until(lambda: hand(health).state is State.DOWN)
        assert "is unplugged" in hand(health).detail
        assert hand(health).todo
        scanner.plug_in()
        await up(health)
        scanner.send(TOKEN)
        assert await next_text(eye) == TOKEN


async def test_a_code_that_broke_off_does_not_stick_to_the_next(scanner: Line, tmp_path: Path) -> None:
    health = Health()
    async with listening(scanner.adapter, tmp_path, health, gap_s=0.05) as eye:
        await up(health)
        scanner.send("MC1:HALF", end="")
        await until(lambda: hand(health).figures["refused"] == 1)
        assert "no end" in hand(health).detail
        assert "Enter" in hand(health).todo
        scanner.send(TOKEN)
        assert await next_text(eye) == TOKEN
        assert hand(health).detail == ""


async def test_a_code_in_pieces_comes_whole(tmp_path: Path) -> None:
    draw, line, health = random.Random(3), Line(tmp_path / "scanner"), Health()
    async with listening("serial", tmp_path, health, gap_s=5.0) as eye:
        await up(health)
        for number in range(8):
            rest = f"{TOKEN}{number}\r"
            while rest:
                size = draw.randint(1, 20)
                line.send(rest[:size], end="")
                rest = rest[size:]
                await asyncio.sleep(0)
            assert await next_text(eye) == f"{TOKEN}{number}"
    line.unplug()


@pytest.mark.promise("X-3")
async def test_a_scanner_gone_mad_is_bounded_and_the_next_code_is_read(tmp_path: Path) -> None:
    line, health = Line(tmp_path / "scanner"), Health()
    garbage = random.Random(5).randbytes(4000).replace(b"\r", b"").replace(b"\n", b"").replace(b"\t", b"")
    async with listening("serial", tmp_path, health, gap_s=0.05) as eye:
        await up(health)
        for _ in range(50):
            await asyncio.to_thread(os.write, line.ends[0], garbage)
        line.send("")
        await until(lambda: hand(health).figures["refused"])
        line.send(TOKEN)
        assert await next_text(eye) == TOKEN
    line.unplug()


@pytest.mark.promise("X-3")
def test_more_codes_than_a_hand_can_scan_are_dropped(tmp_path: Path) -> None:
    health = Health()
    eye = ScannerEye(config.Scanner(id="hand", screen="window", adapter="serial"), tmp_path, health)
    for _ in range(500):
        eye._take("MC1:FLOOD", 100.0)
    assert hand(health).figures == {"taken": AT_ONCE, "refused": 500 - AT_ONCE}
    eye._take("MC1:LATER", 101.0)
    assert hand(health).figures["taken"] == AT_ONCE + 1
    assert eye.looks.qsize() == AT_ONCE + 1


def test_when_nobody_takes_the_looks_the_oldest_are_dropped(tmp_path: Path) -> None:
    eye = ScannerEye(config.Scanner(id="hand", screen="window", adapter="serial"), tmp_path, Health())
    for number in range(100):
        eye._take(f"MC1:{number}", float(number))
    assert eye.looks.full()
    assert eye.looks.get_nowait().codes[0].text == f"MC1:{100 - eye.looks.maxsize}"


async def test_no_text_of_a_scanner_is_logged_or_on_the_health_page(
    scanner: Line, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    health = Health()
    async with listening(scanner.adapter, tmp_path, health) as eye:
        await up(health)
        scanner.send(TOKEN)
        scanner.send("]E4" + TOKEN)
        await until(lambda: hand(health).figures["refused"])
        await next_text(eye)
    assert "0123456789" not in caplog.text + str(health.parts())


async def test_a_file_is_no_serial_device(tmp_path: Path) -> None:
    health = Health()
    (tmp_path / "scanner").write_text("x")
    async with listening("serial", tmp_path, health):
        await until(lambda: hand(health).state is State.DOWN)
    assert "is no serial device" in hand(health).detail


def test_devices_are_found_by_names_that_stay(tmp_path: Path) -> None:
    by_id, by_path = tmp_path / "input/by-id", tmp_path / "input/by-path"
    for folder in (by_id, by_path):
        folder.mkdir(parents=True)
    for name in ("event3", "event4"):
        (tmp_path / "input" / name).touch()
    (by_id / "usb-Denso_123-event-kbd").symlink_to("../event3")
    (by_id / "usb-Denso_123-mouse").symlink_to("../event9")
    (by_path / "pci-0-event-kbd").symlink_to("../event3")
    (by_path / "pci-1-event-kbd").symlink_to("../event4")
    found = there("keyboard", tmp_path)
    assert [link.name for link in found] == ["usb-Denso_123-event-kbd", "pci-1-event-kbd"]
    assert stable_name(tmp_path / "input/event3", "keyboard", tmp_path) == found[0]
    assert stable_name(found[1], "keyboard", tmp_path) is None


def test_a_keyboard_that_another_program_holds_is_said_to_be_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []

    def ioctl(_: int, request: int, value: int) -> int:
        asked.append((request, value))
        raise OSError(errno.EBUSY, "busy")

    monkeypatch.setattr("fcntl.ioctl", ioctl)
    with pytest.raises(SourceGone, match="is used by another program"):
        scanner_evdev._grab(-1, tmp_path)
    assert asked == [(0x40044590, 1)]

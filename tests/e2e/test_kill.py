"""Every process of the demo is killed in turn while people go on scanning; nothing accepted is lost or doubled."""

import asyncio
import contextlib
import os
import re
import signal
from collections import Counter
from functools import partial
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser, expect

from edge.demo.settings import CAMERAS
from tests.e2e.running import Running, alive, eventually, opened

VICTIMS = ("eye", "eye", "broker", "hub", "edge")
"""The second eye is the other one: it is the elder then."""
GOES_ON = 6
"""So many more contacts must have been accepted before the next process is killed."""


def eyes_of(edge: int) -> list[int]:
    """The eyes are children of the edge; the eldest first."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, _, rest = stat.read_text().partition(" ")
            _, parent, *fields = rest.rsplit(") ", 1)[1].split()
            if parent == str(edge) and b"edge.vision.eye" in stat.with_name("cmdline").read_bytes():
                found.append((int(fields[17]), int(pid)))  # proc(5): field 22 is the time of its start
    return [pid for _, pid in sorted(found)]


def pid_of(demo: Running, name: str) -> int:
    return eyes_of(demo.pid("edge"))[0] if name == "eye" else demo.pid(name)


async def people(demo: Running) -> None:
    """Member after member holds a phone up and takes it away."""
    members = re.findall(r'<option value="(\w+)"', await page_of(demo))
    while True:
        for member in members:
            await demo.post("/app/hold", camera="cam-kiosk", member=member)
            await asyncio.sleep(2.5)
            await demo.post("/app/release", camera="cam-kiosk")
            await asyncio.sleep(1.0)


async def page_of(demo: Running) -> str:
    async with aiohttp.ClientSession() as session, session.get(demo.url("world", "/app/")) as answer:
        return await answer.text()


@pytest.mark.timeout(480)
@pytest.mark.promise("L-1")
@pytest.mark.promise("L-2")
@pytest.mark.promise("L-3")
@pytest.mark.promise("V-4")
@pytest.mark.promise("S-3")
async def test_whatever_is_killed_the_loop_returns_and_every_contact_arrives_once(
    demo: Running, browser: Browser
) -> None:
    screen = await opened(browser, demo.url("edge", "/screens/kiosk-1"))
    scanning = asyncio.create_task(people(demo))
    try:
        for victim in VICTIMS:
            await expect(screen.locator("body")).to_have_attribute("data-scene", "member")
            pid = pid_of(demo, victim)
            os.kill(pid, signal.SIGKILL)
            await eventually(partial(gone, pid))
            if victim == "edge":
                await expect(screen.locator("body")).to_have_attribute("data-scene", "loop", timeout=10_000)
            await eventually(partial(started_again, demo, victim, pid))
            before = demo.accepted()[1]
            await eventually(partial(went_on, demo, before))
            assert not scanning.done()
            assert await screen.evaluate("document.querySelector('#loop').getBoundingClientRect().height") > 0
        await expect(screen.locator("body")).to_have_attribute("data-scene", "member")
    finally:
        scanning.cancel()
        await asyncio.gather(scanning, return_exceptions=True)
    await demo.post("/app/release", camera="cam-kiosk")
    await expect(screen.locator("body")).to_have_attribute("data-scene", "loop")
    await screen.close()
    await every_accepted_contact_is_there_once(demo)


def gone(pid: int) -> bool:
    return not alive(pid)


def went_on(demo: Running, before: int) -> bool:
    return demo.accepted()[1] >= before + GOES_ON


def started_again(demo: Running, victim: str, old: int) -> bool:
    try:
        if victim == "eye":
            eyes = eyes_of(demo.pid("edge"))
            return len(eyes) == len(CAMERAS) and old not in eyes
        return demo.pid(victim) != old
    except KeyError:
        return False


async def every_accepted_contact_is_there_once(demo: Running) -> None:
    def settled() -> bool:
        stream, accepted = demo.accepted()
        return accepted > 0 and sum(event["stream"] == stream for event in demo.contacts()) >= accepted

    await eventually(settled, 60)
    stream, accepted = demo.accepted()
    events = [event for event in demo.contacts() if event["stream"] == stream]
    assert [int(event["sequence"]) for event in events] == list(range(1, len(events) + 1))
    assert len(events) >= accepted
    kinds = Counter(event["type"].split(".")[2] for event in events)
    assert kinds["scan"] >= len(VICTIMS)
    assert kinds["gap"] == 0

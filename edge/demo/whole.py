"""The demo as a whole: makes its folder, grows its processes, says where to go, and ends."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import webbrowser
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from edge.demo.settings import IT, STAFF, Demo, find_ports, prepare
from edge.demo.start import answers
from edge.demo.tree import Child, grown

LOOK_S = 0.1
PATIENCE_S = 30.0
"""After so long without a screen the demo says where to look, and goes on trying."""

READY = """
  Tentou 店頭

  はじめに / start here   {start}
  画面 / the screen       {screen}
  スタッフ / staff, IT     {staff}  {it}
                          sign in as '{staff_name}' or '{it_name}', password {password}

  Ctrl-C ends everything. Logs: {logs}
"""


def children(demo: Demo) -> tuple[Child, ...]:
    """The demo's processes."""
    python = (sys.executable, "-m")
    folder = demo.folder
    return (
        Child("broker", (*python, "edge.demo.broker", "--port", str(demo.ports.broker))),
        Child("hub", (*python, "edge", "hub", "--config", str(folder / "hub"))),
        Child("edge", (*python, "edge", "run", "--config", str(folder / "edge"))),
        Child("world", (*python, "edge.demo.world", "--folder", str(folder))),
    )


async def run(port: int, seconds: float | None, folder: Path | None, browser: bool, say: Callable[[str], None]) -> int:
    """Run until told to end, or for so many seconds; gives the exit code. Raises PortTaken."""
    with _folder(folder) as home:
        async with _told() as told:
            demo = prepare(home, find_ports(port))
            async with grown(home, children(demo)):
                greeting = asyncio.create_task(_greet(demo, browser, say))
                try:
                    await asyncio.wait_for(told.wait(), seconds)
                except TimeoutError:
                    say("the time is over")
                finally:
                    greeting.cancel()
    return 0


async def _greet(demo: Demo, browser: bool, say: Callable[[str], None]) -> None:
    """Say where to go once the screen and the start page answer."""
    clock = asyncio.get_running_loop()
    patience = clock.time() + PATIENCE_S
    wanted = [demo.url("edge", "/screens/kiosk-1"), demo.url("world")]
    while not all(await asyncio.gather(*map(answers, wanted))):
        if clock.time() > patience:
            say(f"the screen does not answer yet; see {demo.folder / 'logs'}")
            patience = clock.time() + PATIENCE_S
        await asyncio.sleep(LOOK_S)
    say(
        READY.format(
            start=demo.url("world"),
            screen=wanted[0],
            staff=demo.url("edge", "/staff/"),
            it=demo.url("edge", "/it/"),
            staff_name=STAFF,
            it_name=IT,
            password=demo.password,
            logs=demo.folder / "logs",
        )
    )
    if browser and (sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        await asyncio.to_thread(webbrowser.open, demo.url("world"))


@contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    """The folder to keep everything in, or a temporary one that is gone afterwards."""
    if wanted is not None:
        wanted.mkdir(parents=True, exist_ok=True)
        yield wanted.resolve()
        return
    made = Path(tempfile.mkdtemp(prefix="tentou-demo-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@asynccontextmanager
async def _told() -> AsyncIterator[asyncio.Event]:
    """An event that SIGTERM and Ctrl-C set."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, told.set)
    try:
        yield told
    finally:
        for ending in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(ending)

"""The process tree: what dies starts again, and nothing outlives the demo."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.demo.tree import Child, Tree, grown

SLEEPER = Child("sleeper", (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"))
STUBBORN = Child(
    "stubborn",
    (
        sys.executable,
        "-c",
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
    ),
)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not true():
            await asyncio.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def started(tree: Tree, name: str, others: int = 0) -> int:
    """The pid of a child other than ``others``, once it runs and the file says so."""
    file = tree.folder / "processes.json"
    await until(lambda: tree.pids.get(name, 0) not in (0, others))
    await until(lambda: json.loads(file.read_text()).get(name) == tree.pids[name])
    return tree.pids[name]


async def test_a_child_that_is_killed_starts_again_and_the_file_knows_its_new_id(tmp_path: Path) -> None:
    async with grown(tmp_path, [SLEEPER]) as tree:
        first = await started(tree, "sleeper")
        os.kill(first, signal.SIGKILL)
        second = await started(tree, "sleeper", others=first)
        assert alive(second)
    assert not alive(second)
    assert json.loads((tmp_path / "processes.json").read_text()) == {}


async def test_a_child_that_ends_in_the_moment_in_which_it_is_made_to_is_in_no_file_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill = Process.kill

    def too_late(process: Process) -> None:
        kill(process)
        raise ProcessLookupError

    monkeypatch.setattr(Process, "kill", too_late)
    monkeypatch.setattr("edge.demo.tree.GRACE", 0.0)
    async with grown(tmp_path, [STUBBORN]) as tree:
        await started(tree, "stubborn")
    assert json.loads((tmp_path / "processes.json").read_text()) == {}


async def test_a_child_that_does_not_listen_is_made_to_end(tmp_path: Path) -> None:
    async with grown(tmp_path, [STUBBORN]) as tree:
        pid = await started(tree, "stubborn")
        await until(lambda: b"up" in (tmp_path / "logs" / "stubborn.log").read_bytes())
    assert not alive(pid)


async def test_children_end_when_the_demo_itself_is_killed(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys, pathlib\n"
        "from edge.demo.tree import Child, grown\n"
        "async def main():\n"
        f"    async with grown(pathlib.Path({str(tmp_path)!r}), [Child('sleeper', {SLEEPER.argv!r})]):\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    log, told = tmp_path / "logs" / "sleeper.log", tmp_path / "processes.json"
    await until(lambda: told.exists() and log.exists() and b"up" in log.read_bytes())
    pid = json.loads(told.read_text())["sleeper"]
    parent.kill()
    assert await parent.wait() == -9
    await until(lambda: not alive(pid))
    assert not alive(pid)

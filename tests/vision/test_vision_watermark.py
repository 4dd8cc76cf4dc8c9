"""No frame is ever written: watermarked ones are shown to the eyes of a whole ``tentou run``, which are crashed in
every way, and whatever was written on the machine since is searched for the mark.

The short form looks where programs of ours could write; ``./run soak frames`` goes on for ten minutes and looks at
every file of every writable mount.
"""

from __future__ import annotations

import ast
import asyncio
import itertools
import os
import resource
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import cv2
import numpy as np
import pytest

from edge.bench import processes, store
from edge.bench.sample import furnish, settings
from edge.bench.store import Bench, answers, running
from tests.vision.watermark import Mark, holds, in_memory, mounts, written_since

ROOT = Path(__file__).parents[2]
MINUTES = float(os.environ.get("TENTOU_SOAK_MINUTES", "0"))
WAIT_S = 120.0
FRAMES = 4
CAMERAS = ("cam-0", "cam-1", "cam-2")
PUSHED = "cam-2"


def starve(pid: int) -> None:
    """No byte of memory more: its next allocation fails."""
    resource.prlimit(pid, resource.RLIMIT_AS, (1 << 20, 1 << 20))


CRASHES: tuple[Callable[[int], None], ...] = (
    lambda pid: os.kill(pid, signal.SIGKILL),
    lambda pid: os.kill(pid, signal.SIGSEGV),
    lambda pid: os.kill(pid, signal.SIGABRT),
    starve,
    lambda pid: os.kill(pid, signal.SIGSTOP),
)


@contextmanager
def cores_allowed() -> Iterator[None]:
    """As on a machine that is set up to keep cores."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


@contextmanager
def edge_on(source: Path) -> Iterator[Bench]:
    """A whole edge: two cameras on the pictures below a folder, one that is pushed, everything else on."""
    told: dict[str, Any] = settings([source / "raw", source / "jpeg"], 15)
    told["camera"].append({"id": PUSHED, "screen": "screen-2", "adapter": "push"})
    with cores_allowed(), running([f"screen-{turn}" for turn in range(3)], told, furnish) as bench:
        yield bench


def drawn(mark: Mark, source: Path) -> None:
    for kind in ("raw", "jpeg"):
        (source / kind).mkdir(parents=True)
    for seed in range(FRAMES):
        cv2.imwrite(str(source / "raw" / f"{seed}.png"), mark.frame(seed))
    (source / "jpeg" / "1.jpg").write_bytes(mark.jpeg())


@asynccontextmanager
async def pushing(bench: Bench, jpeg: bytes) -> AsyncIterator[None]:
    """A page that sends its pictures, ten a second."""

    async def push() -> None:
        async with aiohttp.ClientSession() as session, session.ws_connect(bench.url(f"/cameras/{PUSHED}/push")) as page:
            while True:
                await page.send_bytes((1).to_bytes(8) + jpeg)
                await asyncio.sleep(0.1)

    task = asyncio.create_task(push())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def looking(bench: Bench) -> dict[str, float]:
    """Frames a second of every camera, once all give some; how often each eye was started again is among them."""
    async with asyncio.timeout(WAIT_S), aiohttp.ClientSession() as session:
        while True:
            async with session.get(bench.url("/readyz")) as answer:
                parts = (await answer.json(content_type=None))["parts"]
            figures = {part["name"]: part["figures"] for part in parts if part["kind"] == "camera"}
            if all(figures.get(name, {}).get("fps") for name in CAMERAS):
                return {name: figures[name]["restarts"] for name in CAMERAS}
            await asyncio.sleep(0.2)


def eyes(bench: Bench) -> list[int]:
    found = [one.pid for one in processes.children(bench.process.pid)]
    return [pid for pid in found if b"edge.vision.eye" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def crashed(bench: Bench, crash: Callable[[int], None], turn: int) -> None:
    """Crash one of the eyes and wait until all look again."""
    before = sum((await looking(bench)).values())
    crash(sorted(eyes(bench))[turn % len(CAMERAS)])
    async with asyncio.timeout(WAIT_S):
        while sum((await looking(bench)).values()) == before:
            await asyncio.sleep(0.1)


async def drill(bench: Bench, mark: Mark, until: float) -> list[bool | None]:
    """Every crash in turn, and again until the time is over; whether the eyes' memory held the mark before."""
    await answers(bench)
    async with pushing(bench, mark.jpeg()):
        await looking(bench)
        held = [in_memory(pid, mark.needles()) for pid in eyes(bench)]
        for turn in itertools.count():
            if turn >= len(CRASHES) and time.monotonic() > until:
                break
            await crashed(bench, CRASHES[turn % len(CRASHES)], turn)
    return held


def places() -> list[Path]:
    """Where a program of ours could write; in the long form every writable mount."""
    if MINUTES:
        return mounts()
    homes = (tempfile.gettempdir(), "/tmp", "/var/tmp", "/var/crash", "/var/lib/systemd/coredump", "/dev/shm", "/run")
    named = {Path(name).resolve() for name in (*homes, Path.home(), Path.cwd())}
    return [place for place in sorted(named) if place.is_dir() and not named & set(place.parents)]


@pytest.mark.promise("V-3")
@pytest.mark.timeout(60 * MINUTES + 600)
def test_after_every_crash_no_file_holds_a_frame_that_an_eye_has_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "START_S", WAIT_S)
    mark, source, began = Mark(), tmp_path / "source", time.time() - 1
    drawn(mark, source)
    with edge_on(source) as bench:
        held = asyncio.run(drill(bench, mark, time.monotonic() + 60 * MINUTES))
        bench.process.send_signal(signal.SIGSEGV)
        bench.process.wait(WAIT_S)
        files = list(written_since(began, places(), but=[source]))
        found = [file for file in files if holds(file, mark.needles())]
    print(f"\n{told(files)}")  # noqa: T201 - the long form is read by people
    assert found == []
    assert all(one is not False for one in held)
    assert len(files) > 5


def told(files: list[Path]) -> str:
    """What a reader of the long form's output must know to believe it."""
    swaps = Path("/proc/swaps").read_text().splitlines()[1:]
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    return (
        f"{sum(file.stat().st_size for file in files if file.exists()) >> 20} MB in {len(files)} files searched, "
        f"below {', '.join(map(str, places()))}; cores go to '{pattern}'; temporary files to {tempfile.gettempdir()}; "
        f"swap: {', '.join(swap.split()[0] for swap in swaps) or 'none'}"
    )


def as_raw(mark: Mark, folder: Path) -> None:
    np.save(folder / "frame.npy", mark.frame(1))


def as_jpeg(mark: Mark, folder: Path) -> None:
    (folder / "frame").write_bytes(b"x" * 777 + mark.jpeg())


def as_text(mark: Mark, folder: Path) -> None:
    from edge.vision.wire import View, view_line

    (folder / "log.txt").write_bytes(b"a line\n" + view_line(View(mark.jpeg(), "", 0, {}, 0.0)))


def as_decoded(mark: Mark, folder: Path) -> None:
    decoded = cv2.imdecode(np.frombuffer(mark.jpeg(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert decoded is not None
    (folder / "core").write_bytes(b"\0" * (5 << 20) + decoded.tobytes())


@pytest.mark.parametrize("plant", [as_raw, as_jpeg, as_text, as_decoded])
def test_the_search_finds_a_frame_wherever_and_however_it_was_written(
    plant: Callable[[Mark, Path], None], tmp_path: Path
) -> None:
    mark, began = Mark(), time.time() - 1
    (tmp_path / "deep").mkdir()
    plant(mark, tmp_path / "deep")
    (planted,) = written_since(began, [tmp_path])
    assert holds(planted, mark.needles())
    assert not holds(planted, Mark().needles())
    assert list(written_since(began, [tmp_path], but=[tmp_path / "deep"])) == []


WRITERS = frozenset({"imwrite", "imwritemulti", "tofile", "savez", "savetxt", "memmap", "dump", "write_bytes"})
"""What of OpenCV, numpy and Pillow writes pixels to a file, and what of pathlib writes bytes."""
SAVERS, CONSTRUCTED = frozenset({"np", "numpy", "cv2", "Image", "gray", "picture", "frame"}), "VideoWriter"
SEEING = sorted([*ROOT.glob("edge/vision/*.py"), *ROOT.glob("edge/adapters/camera_*.py")])


def written_by(code: str) -> set[str]:
    """The calls and names in a module's code by which it could write a picture."""
    nodes = list(ast.walk(ast.parse(code)))
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute)} & WRITERS
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            if node.func.attr == CONSTRUCTED or (node.func.attr == "save" and owner in SAVERS):
                names.add(node.func.attr)
    return names


@pytest.mark.promise("V-3")
@pytest.mark.parametrize("file", SEEING, ids=lambda file: file.stem)
def test_no_code_that_sees_frames_can_write_one(file: Path) -> None:
    assert written_by(file.read_text()) == set()


@pytest.mark.parametrize(
    "code",
    [
        "cv2.imwrite('x.png', gray)",
        "gray.tofile('x')",
        "np.save('x', gray)",
        "cv2.VideoWriter('x.avi', 0, 15, (640, 480))",
        "Path('x').write_bytes(view.jpeg)",
    ],
)
def test_code_that_writes_a_picture_would_be_found(code: str) -> None:
    assert written_by(code)


@pytest.mark.promise("V-3")
def test_only_the_calibration_page_asks_an_eye_for_its_picture() -> None:
    asking = {}
    for file in ROOT.glob("edge/**/*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "views":
                asking[file.name] = ast.unparse(node.args[0] if node.args else node.keywords[0].value)
    assert {name for name, picture in asking.items() if picture != "False"} == {"shown.py"}

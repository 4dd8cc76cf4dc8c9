"""An eye that was taken over: whatever it says, its parent believes nothing, quotes nothing and starts it again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from heapq import merge
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import Camera
from edge.health import Health, Part, State
from edge.model import Look
from edge.vision.allowance import PIECE, Allowance, after
from edge.vision.eyes import WAITING_LOOKS, Eye
from edge.vision.wire import (
    FIGURES,
    LONGEST_TEXT,
    LONGEST_VIEW,
    LONGEST_WORDS,
    MOST_CODES,
    BadLine,
    Pulse,
    View,
    heard,
    look_line,
    pulse_line,
)

WAIT_S = 30.0
PULSE, LOOK = pulse_line(Pulse(State.UP)), look_line((), 1, 1.0)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("x" * 600),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(FIGURES)), inner, max_size=3),
    max_leaves=8,
)
TRIPLES = st.lists(st.tuples(st.text(max_size=9) | ANYTHING, st.just("qrcode"), st.just("zxing")), max_size=50)
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "codes": TRIPLES | ANYTHING,
        "frame": st.integers() | ANYTHING,
        "at": st.floats() | ANYTHING,
        "state": st.sampled_from(State) | ANYTHING,
        "detail": st.text(max_size=400) | ANYTHING,
        "todo": st.just("") | ANYTHING,
        "figures": st.just({}) | ANYTHING,
        "shades": st.just("\n".join(["0" * 32] * 9)) | ANYTHING,
        "jpeg": st.just("/9j/") | ANYTHING,
    },
)


def bounded(said: Look | Pulse | View) -> bool:
    """What an eye may make its parent keep."""
    match said:
        case Look(codes=codes):
            return len(codes) <= MOST_CODES and all(len(code.text) <= LONGEST_TEXT for code in codes)
        case Pulse(detail=detail, todo=todo, figures=figures):
            return (
                (detail + todo).isprintable() and max(len(detail), len(todo)) <= LONGEST_WORDS and {*figures} <= FIGURES
            )
        case View(figures=figures):
            return {*figures} <= FIGURES


@pytest.mark.promise("X-3")
@given(NEARLY | st.tuples(NEARLY, NEARLY).map(lambda two: two[0] | json.loads(PULSE) | two[1]) | ANYTHING)
def test_a_line_that_is_nearly_right_is_bounded_or_refused(said: Any) -> None:
    with suppress(BadLine):
        assert bounded(heard(json.dumps(said).encode(), "door"))


def program(body: str) -> tuple[str, str]:
    """An eye of our making: ``say`` writes to its parent, and it lives until that lets go of it."""
    frame = "import os, sys, time\nsay = lambda line: os.write(1, line)\n{}\nsys.stdin.buffer.read()"
    return "-c", frame.format(body)


async def heard_of(body: str, tmp_path: Path, enough: Any) -> tuple[Eye, Part]:
    """What the parent of such an eye thinks of it when there is ``enough``."""
    health = Health()
    camera = Camera(id="door", screen="s1", adapter="folder", settings={})
    eye = Eye(camera, tmp_path, {"qrcode"}, health, program=program(body))
    running = asyncio.create_task(eye.run())
    try:
        async with asyncio.timeout(WAIT_S):
            while not enough(eye):
                await asyncio.sleep(0.02)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    return eye, health.parts()[0]


@pytest.mark.promise("V-4")
@pytest.mark.parametrize(
    "body",
    [
        f"say({PULSE!r}); say(b'SECRET of a shopper\\n')",
        f"say({PULSE!r}); say(b'\\xff\\x00\\xfe\\n')",
        "say(b'[' * 500000 + b'\\n')",
        "while True: say(b'x' * 4096)",
        'say(b\'{"codes": [["MC1:X", "qrcode", "scanner"]], "frame": 1, "at": 1}\\n\')',
        "say(b'SECRET without an end'); sys.exit(0)",
        "sys.stderr.write('SECRET://address'); os.abort()",
        "os.close(1)",
    ],
)
async def test_an_eye_that_speaks_another_language_is_ended_and_started_again(
    body: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    eye, part = await heard_of(body, tmp_path, lambda eye: eye.restarts >= 2)
    assert eye.looks.empty()
    assert part.state is State.DOWN
    assert "SECRET" not in caplog.text + repr(part)


@pytest.mark.promise("V-4")
@pytest.mark.parametrize("words", [f"{PULSE!r} * 999", f"{LOOK!r} * 999", f"{LOOK.strip()!r} + b' ' * 999999 + b'\\n'"])
async def test_an_eye_that_floods_is_ended_and_fills_no_memory_of_its_parent(
    words: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    eye, _ = await heard_of(f"while True: say({words})", tmp_path, lambda eye: eye.restarts >= 2)
    assert eye.looks.qsize() <= WAITING_LOOKS
    assert "eye door is killed: it says more than an eye has to say" in caplog.text


def told(allowance: Allowance, lines: Iterable[tuple[float, int]]) -> Iterator[Allowance]:
    """What is left after each line, of a time and a size."""
    for at, size in lines:
        allowance = after(allowance, size, at)
        yield allowance


def test_an_eye_that_says_all_it_can_have_to_say_is_never_ended() -> None:
    looks = ((tick / 32, 20_000) for tick in range(3200))
    views = ((tick / 5, LONGEST_VIEW * 4 // 3) for tick in range(500))
    assert not any(left.spent for left in told(Allowance(0.0), merge(looks, views)))


def test_a_pipe_that_ran_full_while_the_parent_slept_ends_no_eye() -> None:
    *_, used = told(Allowance(0.0), ((tick / 40, 99) for tick in range(400)))
    assert not any(left.spent for left in told(used, [(70.0, 60)] * 1100))


def test_what_is_too_much_is_too_much_however_it_is_cut() -> None:
    for size, count in ((50, 2000), (PIECE * 20, 100)):
        assert list(told(Allowance(0.0), [(1.0, size)] * count))[-1].spent


@pytest.mark.promise("X-3")
async def test_no_last_word_of_an_eye_commands_the_terminal_that_shows_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = "os.write(2, b'\\x1b[2J it ends \\x07\\xc2\\x9b\\r of\\x0b itself \\xe2\\x80\\xae\\n'); sys.exit(3)"
    _, part = await heard_of(words, tmp_path, lambda eye: eye.restarts >= 1)
    assert "status 3" in part.detail
    assert "it ends" in part.detail
    assert all(text.isprintable() for text in (part.detail, *(record.getMessage() for record in caplog.records)))

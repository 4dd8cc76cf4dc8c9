"""The last resort for what a hand holds still: whom the stronger reader is asked about, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from edge.bench import scenes
from edge.model import Code
from edge.ports import Gray
from edge.vision import deep
from edge.vision.deep import CHEAP_S, DEAREST, EARNED_S, EFFORTS, SAVED_S, Deep
from edge.vision.place import Place
from edge.vision.readers import Found, Reader
from edge.vision.region import Box
from edge.vision.stream import Stream
from tests.vision.conftest import Open

SHAPE = (720, 1280)
BOX = Box(600, 300, 800, 500)
PATTERN: Gray = np.kron(
    np.random.default_rng(4).integers(0, 2, (180, 320), np.uint8) * 160 + 40, np.ones((4, 4))
).astype(np.uint8)
HAND, WALKER = 2, 9
"""Pixels a frame."""


class Asked:
    """A stronger reader that keeps how it was asked, and finds a code when told to."""

    def __init__(self) -> None:
        self.how: list[str] = []
        self.finds = False
        self.seconds, self.takes = 0.0, 0.01

    def __call__(self, how: str, _: object) -> Reader:
        def read(gray: Gray) -> tuple[Found, ...]:
            self.how.append(how)
            self.seconds += self.takes
            return (Found(Code("MC1:X", "qrcode", "tapirscan"), Box(1, 2, 3, 4)),) if self.finds else ()

        return read

    def clock(self) -> float:
        return self.seconds


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    reader = Asked()
    monkeypatch.setattr(deep, "strong", reader)
    return reader


def seen(step: float, frames: int) -> Iterator[tuple[Gray, list[Place]]]:
    """Frames in which a place moves by so many pixels each, and the place after each of them."""
    place = Place(BOX)
    for number in range(frames):
        gray = np.roll(PATTERN, round(step * number), 1)
        place.meet([BOX], SHAPE)
        place.fuse(gray, float("inf"))
        yield gray, [place]


def asks(asked: Asked, step: float, frames: int) -> int:
    watching = Deep({"qrcode"}, asked.clock)
    for gray, places in seen(step, frames):
        watching.look(gray, places)
    return len(asked.how)


def test_what_a_hand_holds_still_is_asked_about_once_of_each_row_a_frame(asked: Asked) -> None:
    assert asks(asked, HAND, 4) == 3 * len(EFFORTS)


@pytest.mark.parametrize("step", [WALKER, 0], ids=["who walks by", "a shelf"])
def test_about_what_no_hand_holds_nobody_is_asked(asked: Asked, step: int) -> None:
    assert asks(asked, step, 12) == 0


def test_every_way_to_ask_has_its_turn(asked: Asked) -> None:
    watching = Deep({"qrcode"}, clock=lambda: 0.0)
    for gray, places in seen(HAND, 8):
        watching.look(gray, places)
    assert set(asked.how) == {effort.how for row in EFFORTS for effort in row}


def test_what_is_found_lies_in_the_place_and_ends_the_asking(asked: Asked) -> None:
    watching, found = Deep({"qrcode"}, asked.clock), []
    asked.finds = True
    for gray, places in seen(HAND, 2):
        found += watching.look(gray, places)
    assert [(one.code.text, one.box) for one in found] == [("MC1:X", BOX)]
    assert len(asked.how) == 1


def test_a_purse_bounds_how_much_is_asked_and_fills_slowly(asked: Asked) -> None:
    watching, frames = Deep({"qrcode"}, asked.clock), 400
    ((gray, places),) = list(seen(HAND, 5))[-1:]
    for _ in range(frames):
        watching.look(gray, places)
    assert SAVED_S <= asked.seconds <= SAVED_S + frames * EARNED_S + 0.02


def test_of_what_is_full_of_detail_the_dearest_effort_is_not_asked(asked: Asked) -> None:
    """Of noise it takes so long that an eye could be taken for hung."""
    asks(asked, HAND, 8)
    assert DEAREST in asked.how
    asked.how.clear()
    asked.takes = 2 * CHEAP_S
    asks(asked, HAND, 8)
    assert asked.how
    assert DEAREST not in asked.how


def test_the_place_that_is_there_the_longest_is_asked_about(asked: Asked) -> None:
    asked.finds = True
    ((gray, (old,)),) = list(seen(HAND, 6))[-1:]
    ((_, (new,)),) = list(seen(HAND, 3))[-1:]
    new.box = Box(0, 0, 100, 100)
    (found,) = Deep({"qrcode"}, asked.clock).look(gray, [new, old])
    assert found.box == old.box


def test_without_the_stronger_reader_all_else_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deep, "strong", lambda *_: None)
    watching = Deep({"qrcode"}, clock=lambda: next(count()))
    assert [watching.look(gray, places) for gray, places in seen(HAND, 4)] == [[]] * 4
    shown = scenes.clip(1, (1280, 720), "clean")
    stream = Stream({"qrcode"})
    assert any(code.text == shown.text for frame in shown.frames for code in stream.look(frame))


@pytest.mark.parametrize(("kind", "seed"), [("hunting", 35), ("glare", 31)])
def test_a_code_that_no_look_finds_is_read_all_the_same(kind: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = scenes.clip(seed, (1280, 720), kind)
    monkeypatch.setattr("edge.vision.stream.Deep", partial(Deep, clock=lambda: 0.0))  # however slow this machine is

    def read() -> bool:
        stream = Stream({"qrcode"})
        frames = [*[shown.frames[0]] * 3, *shown.frames[: shown.leaves]]
        return any(code.text == shown.text for frame in frames for code in stream.look(frame))

    with_it = read()
    monkeypatch.setattr(deep, "strong", lambda *_: None)
    assert (with_it, read()) == (True, False)


async def test_an_eye_that_is_locked_in_asks_too(opened: Open, pictures: Callable[..., Path]) -> None:
    shown = scenes.clip(35, (1280, 720), "hunting")
    folder = pictures(*[shown.frames[0]] * 3, *shown.frames[: shown.leaves])
    async with asyncio.timeout(60), opened("folder", path=str(folder), film=True, fps=5) as eye:
        while not (codes := (await eye.looks.get()).codes):
            continue
    assert [(code.text, code.engine) for code in codes] == [(shown.text, "tapirscan")]

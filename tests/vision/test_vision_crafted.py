"""Crafted symbols beside a member's code: nothing is raised, no eye dies, and the code is read all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
import segno

from edge.health import Health, State
from edge.ports import Gray
from edge.vision.cascade import Cascade
from edge.vision.readers import reader
from edge.vision.stream import Stream
from edge.vision.symbology import SYMBOLOGIES
from tests.vision import crafted
from tests.vision.conftest import Open
from tests.vision.conftest import drawn as by_segno
from tests.vision.crafted import drawn, good_text

Way = Callable[[Gray], Iterator[str]]
Frames = Iterable[tuple[str, str, Gray]]
"""Names, the good text that each holds, and the frames."""

LOOKS = 10
"""A code held up for 0.7 s is in so many frames (promise V-1)."""
GOOD = 40
"""So many good codes take turns."""
TEXTS = {
    "control characters": "".join(map(chr, range(1, 32))) + "\x7f\x85",
    "a zero in the middle": "MC1:\0MC1:",
    "a text turned around": "\u202egnp.1CM\u202c\u2066\u200f",
    "letters of three alphabets": "МС1:ΑΒC",
    "marks upon marks": "e" + "\u0301" * 90,
    "beyond the first plane": "🛒" * 40,
    "as long as a symbol can be": "A" * 4296,
    "as many digits as can be": "7" * 7089,
    "an address": "https://example.com/01/04901234567894?x=" + "y" * 300,
    "a line of the eye's own language": '{"codes": [["MC1:X", "qrcode", "zxing"]], "frame": 1, "at": 1}\n',
}
WAYS: dict[str, Callable[[], Way]] = {
    "zxing": lambda: by_reader("zxing"),
    "pyzbar": lambda: by_reader("pyzbar"),
    "a still": lambda: by_still("zxing"),
    "a still, pyzbar first": lambda: by_still("pyzbar"),
    "a stream": lambda: by_stream("zxing"),
    "a stream by pyzbar": lambda: by_stream("pyzbar"),
    "a stream of all symbologies": lambda: by_stream("zxing", SYMBOLOGIES),
}
RANDOM = dict.fromkeys(WAYS, 100) | dict.fromkeys(("zxing", "pyzbar", "a still", "a stream"), 2000)


def by_reader(engine: str) -> Way:
    """One library on one frame."""
    read = reader(engine, {"qrcode"})
    return lambda picture: (found.code.text for found in read(picture))


def by_still(engine: str) -> Way:
    """The cascade as it reads a still."""
    cascade = Cascade({"qrcode"}, engine)
    return lambda picture: (code.text for code in cascade.decode(picture))


def by_stream(engine: str, symbologies: Collection[str] = ("qrcode",)) -> Way:
    """One camera, before which the symbols are held up one after the other."""
    stream = Stream(symbologies, engine)
    return lambda picture: (code.text for _ in range(LOOKS) for code in stream.look(picture))


@cache
def good(number: int) -> Gray:
    """A code like a member's: version 6, level L, alphanumeric."""
    text = good_text(number)
    signs = [crafted.ALPHANUMERIC.index(sign) for sign in text]
    pairs = [(11, 45 * one + other) for one, other in zip(signs[::2], signs[1::2], strict=False)]
    fields = crafted.counted(crafted.ALNUM, 9, len(text), *pairs, (6, signs[-1]))
    return drawn(crafted.symbol(crafted.stream(fields, 6), 6))


def framed(pictures: Iterable[tuple[str, Gray]], left: bool = False) -> Iterator[tuple[str, str, Gray]]:
    """Frames of one picture each and a good code beside it."""
    for number, (name, picture) in enumerate(pictures):
        code = good(number % GOOD)
        yield name, good_text(number % GOOD), crafted.frame((code, picture) if left else (picture, code), width=400)


def lost(way: Way, frames: Frames) -> list[str]:
    """The names of the frames in which the good code is not found."""
    return [name for name, text, picture in frames if all(found != text for found in way(picture))]


@cache
def strange() -> dict[str, Gray]:
    """Every crafted symbol but the random ones."""
    other = crafted.symbol(crafted.stream(crafted.said(b"MC1:OTHER"), 2), 2)
    outer = crafted.symbol(crafted.stream(crafted.said(b"MC1:OUTER"), 10, "h"), 10, "h")
    pictures = {name: drawn(matrix) for name, matrix in (crafted.malformed() | crafted.other_kinds()).items()}
    for name, text in TEXTS.items():
        pictures[name] = by_segno(segno.make(text, micro=False, error="l", boost_error=False), scale=3)
    for count in (2, 16):
        for number, part in enumerate(segno.make_sequence("x" * 600, symbol_count=count)):
            pictures[f"part {number} of {count}"] = by_segno(part, scale=3)
    return pictures | {
        "mirrored": drawn(np.fliplr(other)),
        "inverted": np.subtract(255, drawn(other)),
        "mirrored and inverted": np.subtract(255, drawn(np.fliplr(other))),
        "upside down": drawn(np.rot90(other, 2)),
        "a code in a code": crafted.nested(outer, drawn(other, scale=2)),
        **{f"noise {seed}": drawn(crafted.noise_with_finders(seed)) for seed in range(30)},
    }


@cache
def some_random() -> list[crafted.Matrix]:
    """The 2,000 symbols of random codewords."""
    return list(crafted.random_symbols(20_261_122, 2000))


def test_the_crafted_symbols_are_what_they_are_said_to_be() -> None:
    assert len(crafted.malformed()) >= 64
    assert segno.make("A" * 4296, error="l").version == 40
    for version in (1, 6, 7, 10, 27, 40):
        for level, mask in zip("lmqhlmqh", range(8), strict=True):
            fields = crafted.counted(crafted.BYTE, 8 if version < 10 else 16, 5, *((8, sign) for sign in b"hello"))
            symbol = crafted.symbol(crafted.stream(fields, version, level), version, level, mask)
            assert list(by_reader("zxing")(drawn(symbol))) == ["hello"]


@pytest.mark.promise("V-6")
@pytest.mark.parametrize("way", WAYS)
def test_beside_any_strange_symbol_the_good_code_is_read(way: str) -> None:
    assert lost(WAYS[way](), framed(strange().items())) == []


@pytest.mark.promise("V-6")
@pytest.mark.parametrize("way", WAYS)
def test_beside_an_empty_part_that_comes_after_the_last_the_good_code_is_read(way: str) -> None:
    fields = ((4, crafted.PARTS), (4, 5), (4, 2), (8, 0xAC), (4, crafted.END))
    symbol = crafted.symbol(crafted.stream(fields, 2), 2)
    assert lost(WAYS[way](), framed([("part 6 of 3", drawn(symbol))])) == []


@pytest.mark.promise("V-6")
@pytest.mark.parametrize("way", WAYS)
def test_beside_random_symbols_the_good_code_is_read(way: str) -> None:
    """zbar misses a few codes by where they lie, hostile neighbours or not: those are held up on the other side."""
    read, symbols = WAYS[way](), {str(n): symbol for n, symbol in enumerate(some_random()[: RANDOM[way]])}
    missed = lost(read, framed((name, drawn(symbol)) for name, symbol in symbols.items()))
    assert lost(read, framed(((name, drawn(symbols[name])) for name in missed), left=True)) == []
    assert len(missed) <= 0.01 * len(symbols)


@pytest.mark.promise("V-6")
@pytest.mark.parametrize("side", [4, 8, 12])
def test_a_poster_full_of_finder_patterns_hides_no_code_that_is_held_up_beside_it(side: int) -> None:
    """Four by four of them hide a code from zxing-cpp on a whole frame, as it tries a bounded number of triples."""
    storm, code, shop = crafted.finder_storm(side), good(0), np.full((720, 1280), 130, np.uint8)
    shop[200 : 200 + storm.shape[0], 300 : 300 + storm.shape[1]] = storm
    held = shop.copy()
    held[200 : 200 + code.shape[0], 900 : 900 + code.shape[1]] = code
    stream = Stream({"qrcode"})
    assert not any(stream.look(shop) for _ in range(20))
    assert good_text(0) in {code.text for _ in range(LOOKS) for code in stream.look(held)}


@pytest.mark.promise("V-6")
async def test_a_real_eye_reads_the_good_code_of_every_frame_and_lives(opened: Open, tmp_path: Path) -> None:
    health = Health()
    texts = filmed(tmp_path)
    seen = dict.fromkeys(range(len(texts)), False)
    async with asyncio.timeout(90), opened("folder", health, path=str(tmp_path), fps=60) as eye:
        while not all(seen.values()):
            look = await eye.looks.get()
            at = (look.frame - 1) % len(texts)
            seen[at] |= texts[at] in {"", *(code.text for code in look.codes)}
        pulse = health.parts()[0]
        assert (eye.restarts, pulse.state, pulse.figures["errors"]) == (0, State.UP, 0), pulse.detail


def filmed(folder: Path) -> list[str]:
    """A folder of frames of one size, and the good text of each; beside a storm of finders none is asked for."""
    several = islice(strange().items(), 120)
    chance = ((f"random {n}", drawn(symbol)) for n, symbol in enumerate(some_random()[:20]))
    frames = [*framed([*several, *chance]), ("storm", "", crafted.frame([good(0), crafted.finder_storm()], width=400))]
    for number, (_, _, picture) in enumerate(frames):
        whole = np.full((768, 640), 130, np.uint8)
        whole[: picture.shape[0], : picture.shape[1]] = picture
        cv2.imwrite(str(folder / f"{number:03}.pgm"), whole)
    return [text for _, text, _ in frames]

"""From keys to signs, under both layouts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edge.vision.keys import CAPS_LOCK, EV_KEY, EV_SYN, SYN_DROPPED, Keyboard
from edge.vision.layouts import ENTER, LAYOUTS, PAD, SPACE, TAB

SHIFT, CTRL, ALT = 42, 29, 56
EVERY = "".join(map(chr, range(0x20, 0x7F)))
MC1 = "MC1:0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


def strokes(text: str, layout: str) -> Iterator[tuple[int, int]]:
    """The keys (code, value) that a keyboard of this layout sends for a text."""
    places = {sign: (key, shift) for key, signs in LAYOUTS[layout].items() for shift, sign in enumerate(signs)}
    places |= {"\n": (ENTER[0], 0), "\t": (TAB, 0), " ": (SPACE, 0)}
    for sign in text:
        key, shift = places[sign]
        yield from [(SHIFT, 1)] * shift + [(key, 1), (key, 0)] + [(SHIFT, 0)] * shift


def typed(keyboard: Keyboard, *keys: tuple[int, int]) -> bytes:
    return b"".join(keyboard.event(EV_KEY, code, value) + keyboard.event(EV_SYN, 0, 0) for code, value in keys)


@pytest.mark.parametrize("layout", ["us", "jp"])
def test_every_sign_of_a_layout_can_be_typed(layout: str) -> None:
    assert typed(Keyboard(LAYOUTS[layout]), *strokes(EVERY, layout)) == EVERY.encode()


@pytest.mark.parametrize(
    ("text", "corrupt"),
    [
        ("4901234567894", "4901234567894"),
        ("M1:ABCDEF0123456789", "M1+ABCDEF0123456789"),
        ("https://m.example/c?id=Ab_9-x.Zt&k=v+1", "https+//m.example/c?id^Ab=9-x.Zt'k^v~1"),
    ],
)
def test_the_wrong_layout_corrupts_as_it_was_measured(text: str, corrupt: str) -> None:
    assert typed(Keyboard(LAYOUTS["jp"]), *strokes(text, "us")) == corrupt.encode()


@pytest.mark.parametrize("layout", ["us", "jp"])
def test_caps_lock_turns_letters_alone(layout: str) -> None:
    keys = [(CAPS_LOCK, 1), (CAPS_LOCK, 0), *strokes("mc1:a-Z", layout), (CAPS_LOCK, 1), (CAPS_LOCK, 0)]
    assert typed(Keyboard(LAYOUTS[layout]), *keys, *strokes("a", layout)) == b"MC1:A-za"


@pytest.mark.parametrize("layout", ["us", "jp"])
def test_the_number_pad_types_its_digits_without_alt(layout: str) -> None:
    assert typed(Keyboard(LAYOUTS[layout]), *((key, value) for key in PAD for value in (1, 0))) == b"0123456789"


def test_a_key_that_is_held_counts_once() -> None:
    assert typed(Keyboard(LAYOUTS["us"]), (30, 1), (30, 2), (30, 2), (30, 0)) == b"a"


def alt_typed(number: str) -> list[tuple[int, int]]:
    pad = {digit: key for key, digit in PAD.items()}
    return [(ALT, 1), *((pad[digit], value) for digit in number for value in (1, 0)), (ALT, 0)]


def test_alt_and_the_number_pad_type_a_sign_by_its_number() -> None:
    keys = [key for sign in MC1 for key in alt_typed(f"{ord(sign):04}")]
    assert typed(Keyboard(LAYOUTS["jp"]), *keys, (96, 1), (96, 0)) == MC1.encode() + b"\n"


@pytest.mark.parametrize("number", ["65", "065", "0065", "99990065", "9" * 1000 + "0065"])
def test_alt_numbers_of_any_length_end_when_alt_goes_and_take_no_room(number: str) -> None:
    keyboard = Keyboard(LAYOUTS["us"])
    assert typed(keyboard, *alt_typed(number)[:-1]) == b""
    assert len(repr(vars(keyboard)["_number"])) <= len("'0065'")
    assert typed(keyboard, alt_typed(number)[-1]) == b"A"


@pytest.mark.parametrize(
    "keys", [[(CTRL, 1), (27, 1), (27, 0), (CTRL, 0)], [(1, 1), (1, 0)], [(59, 1), (59, 0)], alt_typed("256")]
)
def test_keys_that_no_code_holds_spoil_the_code_they_fall_into(keys: list[tuple[int, int]]) -> None:
    assert typed(Keyboard(LAYOUTS["us"]), *strokes("A", "us"), *keys, *strokes("B\n", "us")) == b"A\0B\n"


def test_keys_that_the_kernel_dropped_spoil_the_code_and_hold_nothing_down() -> None:
    keyboard = Keyboard(LAYOUTS["us"])
    typed(keyboard, (SHIFT, 1))
    assert keyboard.event(EV_SYN, SYN_DROPPED, 0) == b"\0"
    assert typed(keyboard, *strokes("a", "us")) == b"a"

"""100,000 texts that are no good tokens, or just about: no exception, and nothing accepted but what another reader of
CBOR finds to be rightly signed claims in time. The order is the same on every run."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import cbor2
import pytest

from edge.members import base45
from edge.members.classify import Context, Recognised, classify
from edge.members.clock import ClockState
from edge.members.keyset import KeySet
from edge.members.mc1 import PREFIX
from edge.members.vectors_build import EXP, IAT, ITEMS, KEYS, LISTED, MAIN, NOW, as_keys, claims, make, values
from edge.members.vectors_make import cases

CONTEXT = Context(NOW, ClockState.SYNCED, KeySet("fuzz", 1, 0, 2**32, as_keys(LISTED)), (), b"k" * 32, lambda _: False)
SEEDS = [case.made.cose for case in cases() if case.made is not None and case.now == NOW]
SIGNS = base45.ALPHABET + "abz#\n\t\x00\xa0０Ａ\ufeff"
EDGES = (0, 1, 23, 24, 59, 60, 255, 256, 65535, 65536, NOW, IAT, EXP, EXP - 7260, 2**31, 2**32 - 1, 2**32, 2**64 - 1)


def accepted(text: str) -> bool:
    return isinstance(classify(text, "qrcode", CONTEXT), Recognised)


def changed(chance: random.Random, data: list[int], top: int) -> list[int]:
    """A sequence with one to three places replaced, doubled, left out, exchanged or cut."""
    for _ in range(chance.randint(1, 3)):
        at, other = chance.randrange(len(data)), chance.randrange(len(data))
        match chance.randrange(7):
            case 0:
                data[at] = chance.randrange(top)
            case 1:
                data[at] ^= 1 << chance.randrange(top.bit_length() - 1)
                data[at] %= top
            case 2:
                data.insert(at, chance.randrange(top))
            case 3:
                del data[at]
            case 4:
                data[at], data[other] = data[other], data[at]
            case 5:
                data[at:at] = data[other : other + chance.randint(1, 5)]
            case 6 if at > 0:
                del data[max(at, len(data) - 3) :]
        if not data:
            return [0]
    return data


def as_text(chance: random.Random) -> str:
    text = PREFIX + base45.encode(chance.choice(SEEDS))
    if chance.random() < 0.1:
        other, at = PREFIX + base45.encode(chance.choice(SEEDS)), chance.randrange(4, 190)
        return text[:at] + other[at:]
    signs = [SIGNS.index(sign) for sign in text]
    return "".join(SIGNS[place] for place in changed(chance, signs, len(SIGNS)))


def as_bytes(chance: random.Random) -> str:
    return PREFIX + base45.encode(bytes(changed(chance, list(chance.choice(SEEDS)), 256)))


def at_random(chance: random.Random) -> str:
    length = chance.randrange(200)
    if chance.random() < 0.5:
        return PREFIX + base45.encode(b"\x84\x49\xa2\x01\x32\x04\x44" + MAIN.kid + chance.randbytes(length % 117))
    signs = SIGNS if chance.random() < 0.5 else base45.ALPHABET
    return chance.choice((PREFIX, "", "MC2:")) + "".join(chance.choices(signs, k=length))


@pytest.mark.promise("M-2")
@pytest.mark.parametrize(("spoil", "count"), [(as_text, 40_000), (as_bytes, 30_000), (at_random, 10_000)])
def test_no_spoilt_text_is_accepted_or_upsets_anything(spoil: Callable[[random.Random], str], count: int) -> None:
    chance, good = random.Random(20_260_401), {PREFIX + base45.encode(cose) for cose in SEEDS}
    assert all(map(accepted, good))
    tried = 0
    while tried < count:
        text = spoil(chance)
        if text not in good:
            assert not accepted(text), repr(text)
            tried += 1


def sound(payload: bytes) -> bool:
    """The rules of the table once more, over another reader of CBOR."""
    try:
        said = cbor2.loads(payload)
        if cbor2.dumps(said, canonical=True) != payload or [type(key) for key in said] != [int] * 5:
            return False
    except (cbor2.CBORError, ValueError, TypeError, OverflowError):
        return False
    if list(said) != [2, 4, 6, 7, -65537]:
        return False
    sub, exp, iat, cti, ext = said.values()
    if [type(one) for one in (sub, exp, iat, cti)] != [str, int, int, bytes] or not isinstance(ext, list | tuple):
        return False
    letters = all(sign.isascii() and (sign.isalnum() or sign in "-_") for sign in sub)
    small = all(type(number) is int and 0 <= number < 65536 for number in ext)
    in_time = 60 <= exp - iat <= 7260 and MAIN.nbf <= iat <= MAIN.exp and exp - 90 <= NOW <= exp + 30
    return len(sub) == 12 and letters and len(cti) == 4 and 1 <= len(ext) <= 6 and small and in_time


def near(chance: random.Random) -> object:
    """Some value of a claim, seldom one that may be."""
    match chance.randrange(9):
        case 0 | 1:
            return chance.choice(EDGES) + chance.randint(-1, 1)
        case 2:
            return [chance.choice((*EDGES, -1, "1", None, 1.0)) for _ in range(chance.randrange(8))]
        case 3:
            return "".join(chance.choices("AZaz09-_+/= é", k=chance.choice((11, 12, 12, 12, 13))))
        case 4:
            return b"\x40" + chance.randbytes(chance.randrange(6))
        case 5:
            return cbor2.dumps(chance.randbytes(chance.choice((3, 4, 4, 5))))
        case 6:
            return chance.choice((None, True, False, 1.5, -1, {}, [], [1], cbor2.CBORTag(1, EXP)))
        case 7:
            return EXP + chance.randint(-7300, 7300)
    return chance.randbytes(chance.randint(1, 9))


def misstated(chance: random.Random) -> bytes:
    """A payload that says something else: a claim of another value, claims in another order, or bytes changed."""
    match chance.randrange(4):
        case 0:
            return bytes(changed(chance, list(claims(ext=[chance.randrange(40)])), 256))
        case 1:
            names = chance.sample(ITEMS, chance.choice((4, 5, 5)))
            each = values(ext=[1])
            return bytes([0xA0 + len(names)]) + b"".join(KEYS[name] + each[name] for name in names)
        case 2:
            return claims(**{chance.choice(ITEMS): near(chance), "ext": [1, 2, 3][: chance.randint(0, 3)]})
    return claims(**{name: near(chance) for name in chance.sample(ITEMS, chance.randint(1, 2))})


@pytest.mark.promise("M-2")
def test_of_20000_rightly_signed_claims_those_are_accepted_that_another_reader_finds_sound() -> None:
    chance, came = random.Random(20_260_402), Counter[bool]()
    for _ in range(20_000):
        made = make(misstated(chance))
        fits = 100 <= len(made.cose) <= 127
        expected = fits and sound(made.payload)
        assert accepted(made.text) is expected, made.payload.hex()
        came[expected] += 1
    assert came[True] > 500
    assert came[False] > 5000

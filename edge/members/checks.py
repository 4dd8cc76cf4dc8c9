"""Check digits of member numbers, each over the whole text that a rule matched.

Digit checks skip every other sign (start and stop letters, hyphens); the check stands last, or last before the stop.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

CODABAR = "0123456789-$:/.+ABCD"
CODE39 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"

_VERHOEFF_PERMUTATION = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


def _digits(text: str) -> list[int]:
    return [int(sign) for sign in text if "0" <= sign <= "9"]


def _weighted(text: str, weights: tuple[int, ...]) -> int:
    """The sum of the digits before the check digit, weighted from the right."""
    body = _digits(text)[-2::-1]
    return sum(digit * weight for digit, weight in zip(body, cycle(weights), strict=False))


def _last(text: str) -> int:
    digits = _digits(text)
    return digits[-1] if len(digits) > 1 else -1


def none(_: str) -> bool:
    """No check digit."""
    return True


def luhn(text: str) -> bool:
    """ISO/IEC 7812-1 annex B: weights 2 and 1, the digits of a product summed apart."""
    body = _digits(text)[-2::-1]
    doubled = (digit * weight for digit, weight in zip(body, cycle((2, 1)), strict=False))
    return _last(text) == -sum(divmod(product, 10)[0] + product % 10 for product in doubled) % 10


def m10w21(text: str) -> bool:
    """Modulus 10, weights 2 and 1, products summed whole (一括)."""
    return _last(text) == -_weighted(text, (2, 1)) % 10


def m10w31(text: str) -> bool:
    """Modulus 10, weights 3 and 1, for any length (GS1 General Specifications 7.9)."""
    return _last(text) == -_weighted(text, (3, 1)) % 10


def ean13(text: str) -> bool:
    """13 digits and nothing else, with the check digit of GS1."""
    return len(text) == 13 == len(_digits(text)) and m10w31(text)


def m11(text: str) -> bool:
    """Modulus 11, weights 2 to 7; a result of 10 or 11 is written 0 (the rule of 個人番号 too)."""
    rest = 11 - _weighted(text, (2, 3, 4, 5, 6, 7)) % 11
    return _last(text) == (0 if rest >= 10 else rest)


def mod16(text: str) -> bool:
    """NW-7 (Codabar): the values of all signs, start and stop included, add up to a multiple of 16."""
    return len(text) > 2 and all(sign in CODABAR for sign in text) and sum(map(CODABAR.index, text)) % 16 == 0


def mod43(text: str) -> bool:
    """Code 39: the last sign is the sum of the values of those before it, modulo 43."""
    if len(text) < 2 or not all(sign in CODE39 for sign in text):
        return False
    return CODE39.index(text[-1]) == sum(map(CODE39.index, text[:-1])) % 43


def mod97(text: str) -> bool:
    """ISO/IEC 7064 MOD 97-10 over the digits, two check digits at the end."""
    digits = "".join(map(str, _digits(text)))
    return len(digits) > 2 and int(digits) % 97 == 1


def damm(text: str) -> bool:
    """Damm's quasigroup of order 10."""
    digits, state = _digits(text), 0
    for digit in digits:
        state = int(_DAMM[state][digit])
    return len(digits) > 1 and state == 0


def verhoeff(text: str) -> bool:
    """Verhoeff's dihedral check."""
    digits, state = _digits(text), 0
    for place, digit in enumerate(reversed(digits)):
        for _ in range(place % 8):
            digit = _VERHOEFF_PERMUTATION[digit]
        state = _dihedral(state, digit)
    return len(digits) > 1 and state == 0


def _dihedral(a: int, b: int) -> int:
    """The product of two elements of the dihedral group of order 10."""
    if a < 5:
        return (a + b) % 5 if b < 5 else 5 + (a + b) % 5
    return 5 + (a - b) % 5 if b < 5 else (a - b) % 5


CHECKS: dict[str, Callable[[str], bool]] = {
    check.__name__: check for check in (none, luhn, ean13, m10w31, m10w21, m11, mod16, mod43, mod97, damm, verhoeff)
}

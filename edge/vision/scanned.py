"""What a scanner's text is: its symbology, told by the scanner itself, by the settings or by its form. Pure."""

from __future__ import annotations

import re

from edge.model import Code

ENGINE = "scanner"
PLAIN = re.compile(r"[\x20-\x7e]{1,512}")
AIM = re.compile(r"]([A-Za-z])([0-9A-Za-z])")
"""An AIM identifier (ISO/IEC 15424), which many scanners can be set to send before each code."""
KINDS = {"Q": "qrcode", "C": "code128", "A": "code39", "F": "codabar", "I": "itf"}
EAN13 = re.compile(r"[0-9]{13}")
UPC_A = re.compile(r"[0-9]{12}")


def code_of(text: str, told: str = "") -> Code | None:
    """The code of a scanner's text, None for what is none of ours; ``told`` is the symbology of the settings.

    Without either word, 13 digits whose check digit is right are an EAN-13 and all else is a QR code.
    """
    if not PLAIN.fullmatch(text):
        return None
    aim = AIM.match(text)
    plain = text[aim.end() :] if aim else text
    kind = told or (_named(aim[1], aim[2]) if aim else _guessed(plain))
    if kind == "ean13" and UPC_A.fullmatch(plain):
        plain = "0" + plain  # a UPC-A is the EAN-13 that begins with a 0
    return Code(plain, kind, ENGINE) if kind and plain else None


def _named(letter: str, modifier: str) -> str:
    """The symbology of an AIM identifier; ``E`` holds EAN-8 and add-ons as well, which are no EAN-13."""
    if letter == "E":
        return "ean13" if modifier == "0" else ""
    return KINDS.get(letter, "")


def _guessed(text: str) -> str:
    return "ean13" if EAN13.fullmatch(text) and checked(text) else "qrcode"


def checked(digits: str) -> bool:
    """The last digit is the check digit of those before it (GS1 General Specifications 7.9)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return total % 10 == 0

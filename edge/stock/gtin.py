"""A product's number (GTIN) out of what a reader found: the bars of a JAN, EAN or UPC, or a GS1 Digital Link.

A Digital Link is a web address that says which product it is about; its number is taken and the address is never
opened. Pure: nothing of a text but the number survives, neither serial nor lot nor address.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

LONGEST = 400
"""Characters of a Digital Link; those of the field have some 120. An eye cuts texts at 512 (``vision.wire``), so
what was cut off in the middle of a number is never taken for one."""

_LENGTHS = (8, 12, 13, 14)
_BARS = 13
_HOST = r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
_VALUE = r"(?:[A-Za-z0-9!'()*+,.:;=&_-]|%[0-9A-Fa-f]{2})"
_LINK = re.compile(
    rf"(?:https?|HTTPS?)://{_HOST}(?:/[^/?#\s]*)*?/01/(?P<gtin>(?:[0-9]|%3[0-9]){{8,14}})"
    rf"(?:(?:/22/{_VALUE}{{1,20}})?(?:/10/{_VALUE}{{1,20}})?(?:/21/{_VALUE}{{1,20}})?|/235/{_VALUE}{{1,28}})"
    r"(?:\?[^#\s]*)?(?:#\S*)?",
    re.ASCII,
)
"""GS1 Digital Link Standard: URI Syntax 1.x, uncompressed: any domain and path, the key 01, then its qualifiers in
their order (22 10 21, or 235), then attributes, which do not matter here. The short names of 1.0 and 1.1 ("/gtin/")
are withdrawn and not known."""

FORMS = {"ean13": r"[0-9]{13}", "qrcode": _LINK.pattern}
"""The form of a product's text in each symbology that can bear one; whether its number is right is seen behind it."""

_LOCAL = ("02", "04", "05", "19", "2", "98", "99")


def product(text: str, symbology: str) -> str | None:
    """The GTIN in 14 digits that a text names, its check digit right; None for every other text. Never raises.

    Bars (``ean13``) have 13 digits; readers and scanners give a UPC-A's 12 with a zero before them. In a ``qrcode``
    only a Digital Link counts: a number alone there may be anybody's.
    """
    if symbology == "ean13":
        return checked(text) if len(text) == _BARS else None
    if symbology == "qrcode" and len(text) <= LONGEST:
        found = _LINK.fullmatch(text)
        return checked(unquote(found["gtin"])) if found else None
    return None


def local(gtin: str) -> bool:
    """Whether GS1 gave this number to nobody, so that it names a product only in a shop that says so.

    Prefixes 02, 04 and 20 to 29 are each shop's own: its weighed goods, but also the cards of somebody else's members;
    05, 98 and 99 are coupons and receipts; 19 is the second row on a Japanese book (its class and price). Of 8-digit
    numbers those that begin with 0 or 2 (GS1 General Specifications 1.4, 2.1; GS1 Japan for 19).
    """
    short = gtin.startswith("000000")
    return gtin[6] in "02" if short else gtin[0] == "0" and gtin[1:].startswith(_LOCAL)


def worth(gtin: str | None, known: Callable[[str], bool]) -> str | None:
    """The GTIN if a shopper may ask for it here: every product's in the world, a local one only where it is known."""
    return gtin if gtin is not None and (not local(gtin) or known(gtin)) else None


def checked(digits: str) -> str | None:
    """The digits in 14, if their length and their check digit are a GTIN's (GS1 General Specifications 7.9)."""
    if len(digits) not in _LENGTHS or not (digits.isascii() and digits.isdigit()):
        return None
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return digits.zfill(14) if total % 10 == 0 and int(digits) else None

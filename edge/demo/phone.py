"""A member's phone: a code that changes every 30 s, the codes with which somebody might try to cheat, products'."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.demo.camera import Matrix
from edge.demo.people import Person, pseudonym
from edge.demo.seed import goods
from edge.members import base45
from edge.members.issue import issue
from edge.members.mc1 import PREFIX

REDRAW_S = 30
LIFE_S = 60
VARIANTS = ("fresh", "frozen", "expired", "forged", "static", "other", "jan", "link", "payment")
LINK = "https://id.tentou.example/01/{gtin}/10/DEMO?linkType=all"
"""A shelf label's GS1 Digital Link."""
PAYMENT = base64.b64encode(bytes.fromhex("8505435056303161104f07f0000000000001500554454d4f31")).decode()
"""A payment app's code as EMV has it (CPV01), of a scheme that does not exist."""
_LEFT = ["0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011"]
_PARITY = ["LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL"]
"""EAN-13's bars and parities (GS1 General Specifications 5.2.1)."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a phone shows: its text, whether as ``qrcode`` or ``ean13``, and since when (UNIX seconds)."""

    text: str = field(repr=False)
    symbology: str
    since: float
    rotates: bool = True

    def left(self, now: float) -> float:
        """Seconds until the app draws another; of a code that never changes, always all of them."""
        return max(0.0, REDRAW_S - (now - self.since)) if self.rotates else float(REDRAW_S)


class Phones:
    """All phones of the demo. ``key`` signs for the chain, ``secret`` makes its members' pseudonyms."""

    def __init__(self, key: Ed25519PrivateKey, secret: bytes, members: Mapping[str, Person]) -> None:
        self.members = members
        self._secret = secret
        self._key = key
        self._foreign = Ed25519PrivateKey.generate()
        self._shown: dict[tuple[str, str], Shown] = {}
        self._presented: dict[str, Shown] = {}

    def shown(self, member: str, variant: str, now: float) -> Shown:
        """What the member's phone shows now; a rotating code changes every 30 s. Raises KeyError."""
        known = self._shown.get((member, variant))
        if known is None or (known.rotates and now - known.since >= REDRAW_S):
            known = self._shown[member, variant] = self._made(self.members[member], variant, now)
        return known

    def present(self, member: str, variant: str, now: float) -> Shown:
        """What the phone shows as it is held up: an app that is opened again has a code never shown before."""
        code = self.shown(member, variant, now)
        if variant == "fresh":
            self._shown.pop((member, "frozen"), None)
            if code == self._presented.get(member):
                self._shown.pop((member, variant))
                code = self.shown(member, variant, now)
            self._presented[member] = code
        return code

    def _made(self, person: Person, variant: str, now: float) -> Shown:
        if variant in ("static", "jan", "link", "payment"):
            return Shown(*_printed(person, variant), now, rotates=False)
        if variant == "frozen":
            last = self._presented.get(person.id) or self.shown(person.id, "fresh", now)
            return Shown(last.text, "qrcode", now, rotates=False)
        iat = int(now) - (600 if variant == "expired" else 0)
        text = issue(
            self._foreign if variant == "other" else self._key,
            pseudonym(self._secret, person.id),
            iat,
            iat + LIFE_S,
            person.bits,
            person.tier,
            person.numbers,
        )
        return Shown(forged(text) if variant == "forged" else text, "qrcode", now)


def _printed(person: Person, variant: str) -> tuple[str, str]:
    """A code that never changes, and its symbology; the product is the member's first favourite, else any."""
    if variant == "static":
        return person.card, "ean13"
    if variant == "payment":
        return PAYMENT, "qrcode"
    wanted = {good.sku: good for good in goods()}
    good = wanted[person.favourites[0]] if person.favourites else next(iter(wanted.values()))
    return (good.gtin, "ean13") if variant == "jan" else (LINK.format(gtin=good.gtin.zfill(14)), "qrcode")


def bars_of(sku: str, now: float) -> Shown:
    """A product's own bars, as on its label; raises KeyError for a SKU that there is not."""
    return Shown({good.sku: good.gtin for good in goods()}[sku], "ean13", now, rotates=False)


def forged(text: str) -> str:
    """A token with one bit of its signature changed: everything about it looks right."""
    sealed = bytearray(base45.decode(text.removeprefix(PREFIX)))
    sealed[-1] ^= 1
    return PREFIX + base45.encode(bytes(sealed))


def symbol(code: Shown) -> Matrix:
    """The code's modules: a QR of level L, or the bars of an EAN-13 as one row."""
    if code.symbology == "ean13":
        return np.array([[bar == "1" for bar in bars(code.text)]])
    made = segno.make_qr(code.text, error="l", boost_error=False)
    return np.array([[module > 0 for module in row] for row in made.matrix])


def bars(digits: str) -> str:
    """The 95 modules of an EAN-13, "1" is dark."""
    first, rest = int(digits[0]), [int(digit) for digit in digits[1:]]
    left = "".join(
        _LEFT[digit] if parity == "L" else "".join("10"[int(bit)] for bit in reversed(_LEFT[digit]))
        for digit, parity in zip(rest[:6], _PARITY[first], strict=True)
    )
    right = "".join("".join("10"[int(bit)] for bit in _LEFT[digit]) for digit in rest[6:])
    return f"101{left}01010{right}101"


def as_svg(modules: Matrix) -> str:
    """The modules as SVG, dark on light with a quiet zone; bars are drawn a third as high as they are wide."""
    rows, columns = modules.shape
    quiet = 4 if rows > 1 else 9
    tall = 1 if rows > 1 else columns // 3
    path = "".join(
        f"M{x + quiet} {y * tall + quiet}h1v{tall}h-1z" for y in range(rows) for x in range(columns) if modules[y, x]
    )
    wide, high = columns + 2 * quiet, rows * tall + 2 * quiet
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" shape-rendering="crispEdges">'
        f'<rect width="{wide}" height="{high}" fill="#fff"/><path d="{path}" fill="#111"/></svg>'
    )

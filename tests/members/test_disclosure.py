"""The level shown is the lowest of device, credential and flags, in every combination (MEMBER_CODES 6)."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from cbor2 import dumps
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.members.classify import Context, Reason, Rejected, classify
from edge.members.clock import ClockState
from edge.members.disclosure import device_cap, level
from edge.members.issue import issue, seal
from edge.model import LEVELS, DeviceClass, Level

IAT, EXP = 1_790_000_000, 1_790_000_660
SIGNAGE, KIOSK = DeviceClass

TABLE = {
    "none": ("L0", "L0", "L0"),
    "rejected": ("L0", "L0", "L0"),
    "static": ("L0s", "L0s", "L0s"),
    "floor": ("L0s", "L0s", "L0s"),
    "stale": ("L0s", "L0s", "L0s"),
    "P=0": ("L0s", "L0s", "L0s"),
    "P=1": ("L1", "L1", "L2"),
}
"""Signage (touched or not), kiosk, kiosk touched."""


@pytest.mark.promise("M-3")
@pytest.mark.parametrize(("row", "device", "touched"), list(product(TABLE, DeviceClass, (False, True))))
def test_the_table_of_the_document_holds(
    row: str, device: DeviceClass, touched: bool, context: Context, issuer: Ed25519PrivateKey
) -> None:
    assert context.keyset is not None
    stale = replace(context, keyset=replace(context.keyset, not_after=0))
    token = issue(issuer, "AAECAwQFBgcI", IAT, EXP, 0b11111, 9, (1, 2, 3))
    credential = {
        "none": None,
        "rejected": classify(token[:-1], "qrcode", context),
        "static": classify("2912345678906", "ean13", context),
        "floor": classify(token, "qrcode", replace(context, clock=ClockState.FLOOR)),
        "stale": classify(token, "qrcode", stale),
        "P=0": classify(issue(issuer, "AAECAwQFBgcI", IAT, EXP, 0b11110), "qrcode", context),
        "P=1": classify(token, "qrcode", context),
    }[row]
    signage, kiosk, opened = TABLE[row]
    assert level(device, credential, touched) == (signage if device is SIGNAGE else opened if touched else kiosk)


@pytest.mark.promise("M-2")
@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize(("device", "touched"), list(product(DeviceClass, (False, True))))
def test_a_rejected_code_shows_the_loop_whatever_the_reason(device: DeviceClass, touched: bool, reason: Reason) -> None:
    assert level(device, Rejected(reason), touched) is Level.LOOP


@pytest.mark.promise("M-3")
@pytest.mark.parametrize(("device", "touched"), list(product(DeviceClass, (False, True))))
def test_no_flags_of_a_token_raise_a_devices_cap(
    device: DeviceClass, touched: bool, context: Context, issuer: Ed25519PrivateKey
) -> None:
    for bits in (*range(64), *(1 << place for place in range(16)), 0xFFFE, 0xFFFF):
        claims = {2: "AAECAwQFBgcI", 4: EXP, 6: IAT, 7: b"abcd", -65537: [bits, 65535]}
        shown = level(device, classify(seal(issuer, dumps(claims, canonical=True)), "qrcode", context), touched)
        assert LEVELS.index(shown) <= LEVELS.index(device_cap(device))
        assert LEVELS.index(shown) <= LEVELS.index(Level.PERSONAL if touched else Level.SEGMENT)
        assert bits & 1 or shown is Level.MEMBERS


def test_the_caps_are_those_of_the_document() -> None:
    assert (device_cap(SIGNAGE), device_cap(KIOSK)) == (Level.SEGMENT, Level.PERSONAL)

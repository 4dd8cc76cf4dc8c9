"""Issuing MC1 tokens: what the member server does, here for tests, the demo and as the reference for others.

Nothing that runs on an edge imports this: an edge holds public keys alone.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from collections.abc import Sequence

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.members import base45
from edge.members.keyset import kid_of
from edge.members.mc1 import ALGORITHMS, KNOWN_FLAGS, MAX_CHARS, PREFIX, WINDOW, to_be_signed

PACK = 120
"""Tokens in a pack: two hours of them."""


def sub_of(sub_key: bytes, member_id: str) -> str:
    """A member's pseudonym in tokens; only the issuer has the chain's ``sub_key``."""
    digest = hmac.digest(sub_key, b"mc1-sub|" + member_id.encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:9]).decode()


def issue(
    key: Ed25519PrivateKey,
    sub: str,
    iat: int,
    exp: int,
    flags: int = 0,
    tier: int = 0,
    segments: Sequence[int] = (),
    cti: bytes | None = None,
    alg: int = -19,
) -> str:
    """The text of one token; last segments are dropped until it fits 195 characters. The kid follows from the key.

    ``iat`` is the real time of signing. ``exp`` is not checked against it: tests need tokens that are wrong.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{12}", sub):
        raise ValueError("sub must be 12 signs of A-Z a-z 0-9 _ -")
    kept = list(segments)[:4]
    nonce = secrets.token_bytes(4) if cti is None else cti
    while True:
        ext = [flags & KNOWN_FLAGS, tier, *kept]
        claims = {2: sub, 4: exp, 6: iat, 7: nonce, -65537: ext}
        text = seal(key, cbor2.dumps(claims, canonical=True), alg)
        if len(text) <= MAX_CHARS or not kept:
            return text
        kept.pop()


def seal(key: Ed25519PrivateKey, payload: bytes, alg: int = -19) -> str:
    """Sign an encoded payload, whatever it says."""
    kid = kid_of(key.public_key().public_bytes_raw())
    protected = b"\xa2\x01" + ALGORITHMS[alg] + b"\x04\x44" + kid
    signature = key.sign(to_be_signed(protected, payload))
    return PREFIX + base45.encode(cbor2.dumps([protected, {}, payload, signature]))


def pack(
    key: Ed25519PrivateKey,
    sub: str,
    iat: int,
    flags: int = 0,
    tier: int = 0,
    segments: Sequence[int] = (),
    count: int = PACK,
) -> list[tuple[int, str]]:
    """(exp, text) of tokens for consecutive minutes from ``iat`` on, as an app fetches them for use without network."""
    ends = [iat + WINDOW * (number + 1) for number in range(count)]
    return [(exp, issue(key, sub, iat, exp, flags, tier, segments)) for exp in ends]

"""Tokens put together piece by piece, right or wrong, for ``mc1-vectors.json``: the same bytes on every run.

Every key here is public. They are for tests alone: an edge that believed one would believe everybody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.members import base45
from edge.members.keyset import Key, Status, kid_of
from edge.members.mc1 import PREFIX, to_be_signed
from edge.members.reasons import Reason

IAT, EXP = 1_790_000_000, 1_790_000_660
NOW = EXP - 30
ORDER = 2**252 + 27742317777372353535851937790883648493
"""The order of the base point (RFC 8032 5.1): S and S + ORDER satisfy one equation."""

RFC8032_TEST_1 = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
IDENTITY = b"\x01" + bytes(31)
FORGED = IDENTITY + bytes(32)
"""R the identity and S zero: a signature that holds for a key of small order, for one message in eight at the least."""

WEAK = {
    "order-1": IDENTITY,
    "order-1-sign-set": IDENTITY[:-1] + b"\x80",
    "order-1-respelled": b"\xee" + b"\xff" * 30 + b"\x7f",
    "order-2": b"\xec" + b"\xff" * 30 + b"\x7f",
    "order-4": bytes(32),
    "order-8": bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
}
NO_POINT = b"\x02" + bytes(31)


def seed(name: str | int) -> bytes:
    """The secret part of a test key, from its name."""
    return hashlib.sha256(f"tentou mc1 test key, never to be believed {name}".encode()).digest()


@dataclass(frozen=True, slots=True)
class VectorKey:
    """A key of the vectors; without a seed nobody holds its secret part."""

    name: str
    public: bytes
    seed: bytes | None = field(default=None, repr=False)
    nbf: int = IAT - 86_400
    exp: int = IAT + 86_400
    status: Status = Status.ACTIVE

    @property
    def kid(self) -> bytes:
        return kid_of(self.public)

    def sign(self, message: bytes) -> bytes:
        assert self.seed is not None
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)


def _key(
    name: str, secret: bytes, nbf: int = IAT - 86_400, exp: int = IAT + 86_400, status: str = "active"
) -> VectorKey:
    public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    return VectorKey(name, public, secret, nbf, exp, Status(status))


MAIN = _key("main", RFC8032_TEST_1)
RETIRING = _key("retiring", seed("retiring"), status="retiring")
REVOKED = _key("revoked", seed("revoked"), status="revoked")
NARROW = _key("narrow", seed("narrow"), IAT, IAT + 3600)
EVER = _key("ever", seed("ever"), 0, 2**32 - 1)
STRANGER = _key("stranger", seed("stranger"))
TWIN, OTHER_TWIN = _key("twin", seed(49535)), _key("other-twin", seed(58279))
"""Two keys with one kid, found by trying 58,280: the kid is 4 bytes, and only one of the two is in the set."""

NOT_LISTED = (STRANGER, OTHER_TWIN)
WEAK_KEYS = tuple(VectorKey(name, public) for name, public in WEAK.items())
BROKEN = VectorKey("no-point", NO_POINT)
LISTED = (MAIN, RETIRING, REVOKED, NARROW, EVER, TWIN, *WEAK_KEYS, BROKEN)


def as_keys(keys: Iterable[VectorKey]) -> dict[bytes, Key]:
    """Test keys as a key set holds them."""
    return {key.kid: Key(key.kid, key.public, key.nbf, key.exp, key.status) for key in keys}


@dataclass(frozen=True, slots=True)
class Case:
    """One test: a text, a time and what must come of it; ``made`` are the parts of a token that is accepted."""

    name: str
    text: str
    reason: Reason | None
    now: int = NOW
    made: Made | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """The parts of a token: what is signed, and the whole."""

    protected: bytes
    payload: bytes
    signature: bytes
    cose: bytes

    @property
    def text(self) -> str:
        return text_of(self.cose)


def text_of(cose: bytes) -> str:
    """Bytes as a token's text, whatever they are."""
    return PREFIX + base45.encode(cose)


def hexed(text: str) -> bytes:
    """Bytes of hex with spaces."""
    return bytes.fromhex(text)


SUB, CTI = hexed("6C 414145434177514642676349"), hexed("44 00000000")
EXT_KEY = hexed("3A 00010000")
ITEMS = ("sub", "exp", "iat", "cti", "ext")
KEYS = {"sub": b"\x02", "exp": b"\x04", "iat": b"\x06", "cti": b"\x07", "ext": EXT_KEY}


def values(**changed: object) -> dict[str, bytes]:
    """The encoded values of good claims, some changed: bytes stand as they are, all else is encoded."""
    good: dict[str, object] = {"sub": SUB, "exp": EXP, "iat": IAT, "cti": CTI, "ext": [11, 2]}
    return {name: value if isinstance(value, bytes) else cbor2.dumps(value) for name, value in (good | changed).items()}


def claims(**changed: object) -> bytes:
    """The five claims in their order, with these values."""
    each = values(**changed)
    return b"\xa5" + b"".join(KEYS[name] + each[name] for name in ITEMS)


def protected(key: VectorKey, alg: bytes = b"\x32") -> bytes:
    """The protected header of a token of this key."""
    return b"\xa2\x01" + alg + b"\x04\x44" + key.kid


def make(
    payload: bytes,
    key: VectorKey = MAIN,
    header: bytes | None = None,
    signature: bytes | None = None,
    change: Callable[[bytes], bytes] = lambda signature: signature,
) -> Made:
    """A token of these parts; signed as it should be unless a signature is given, which ``change`` may then spoil."""
    head = protected(key) if header is None else header
    signed = key.sign(to_be_signed(head, payload)) if signature is None else signature
    final = change(signed)
    return Made(head, payload, final, cbor2.dumps([head, {}, payload, final]))

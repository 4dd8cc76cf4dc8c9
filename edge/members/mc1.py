"""MC1: the rotating token that a retailer's server signs (MEMBER_CODES 2), checked in the order given there."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.members import base45, cbor
from edge.members.clock import ClockState
from edge.members.keyset import Key, KeySet, Status, weak
from edge.members.reasons import Reason, Refused

PREFIX = "MC1:"
SYMBOLOGY = "qrcode"
MAX_CHARS = 195
MIN_BYTES, MAX_BYTES = 100, 127
WINDOW = 60
SKEW = 30
MIN_LIFE, MAX_LIFE = 60, 7260
KNOWN_FLAGS = 0b11111
"""P, N, C, R, T; the other bits mean nothing and are sent as 0."""

ALGORITHMS = {-19: b"\x32", -8: b"\x27"}

_PROTECTED = re.compile(rb"\xa2\x01[\x32\x27]\x04\x44(.{4})", re.DOTALL)
_SUB = re.compile(r"[A-Za-z0-9_-]{12}")
_SUB_KEY, _EXP_KEY, _IAT_KEY, _CTI_KEY, _EXT_KEY = b"\x02", b"\x04", b"\x06", b"\x07", b"\x3a\x00\x01\x00\x00"
_CLAIM_KEYS = [_SUB_KEY, _EXP_KEY, _IAT_KEY, _CTI_KEY, _EXT_KEY]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A token whose outer form holds; nothing in it is believed yet."""

    cose: bytes = field(repr=False)
    protected: bytes = field(repr=False)
    kid: bytes
    payload: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @property
    def to_be_signed(self) -> bytes:
        """RFC 9052 4.4: what the signature stands over."""
        return to_be_signed(self.protected, self.payload)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. Times are UNIX seconds; ``flags`` holds all bits as sent."""

    sub: str = field(repr=False)
    iat: int
    exp: int
    cti: bytes = field(repr=False)
    flags: int
    tier: int = 0
    segments: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """A token that may be believed, and the hash under which its use is remembered (MEMBER_CODES 5)."""

    claims: Claims
    replay: bytes = field(repr=False)


def token(text: str, symbology: str) -> bool:
    """Whether a code means to be a token, good or not: only a QR code carries one."""
    return symbology == SYMBOLOGY and text.startswith(PREFIX)


def to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """The Sig_structure over encoded protected headers and an encoded payload, external_aad empty."""
    return b"\x84\x6aSignature1" + bstr(protected) + b"\x40" + bstr(payload)


def bstr(data: bytes) -> bytes:
    """A byte string of under 256 bytes with its CBOR head."""
    return (bytes([0x40 + len(data)]) if len(data) < 24 else bytes([0x58, len(data)])) + data


def verify(text: str, keyset: KeySet | None, now: float, clock: ClockState = ClockState.SYNCED) -> Token:
    """All checks that need no memory, from ``oversize`` to ``not_yet``; raises Refused.

    At the floor ``now`` is only a lower bound: what it says is past is past, what it says is not yet may well be.
    """
    sealed = unseal(text)
    key = _known(sealed.kid, keyset)
    _signed(sealed, key)
    claims = read_claims(sealed.payload)
    if not MIN_LIFE <= claims.exp - claims.iat <= MAX_LIFE:
        raise Refused(Reason.LIFETIME)
    if not key.nbf <= claims.iat <= key.exp:
        raise Refused(Reason.KEY_PERIOD)
    if now > claims.exp + SKEW:
        raise Refused(Reason.EXPIRED)
    if now < claims.exp - WINDOW - SKEW and clock is not ClockState.FLOOR:
        raise Refused(Reason.NOT_YET)
    return Token(claims, replay_hash(sealed.kid, claims))


def unseal(text: str) -> Sealed:
    """The outer form of a token, from ``oversize`` to ``header``; raises Refused."""
    if len(text) > MAX_CHARS:
        raise Refused(Reason.OVERSIZE)
    if not text.startswith(PREFIX):
        raise Refused(Reason.NOT_MC1)
    try:
        cose = base45.decode(text[len(PREFIX) :])
    except base45.BadBase45:
        raise Refused(Reason.ENCODING) from None
    if not MIN_BYTES <= len(cose) <= MAX_BYTES:
        raise Refused(Reason.SIZE)
    try:
        item = cbor.decode(cose)
    except cbor.BadCbor:
        raise Refused(Reason.CBOR) from None
    return _sign1(cose, item)


def _sign1(cose: bytes, item: cbor.Item) -> Sealed:
    match item:
        case [bytes(protected), dict(unprotected), bytes(payload), bytes(signature)]:
            if unprotected or len(signature) != 64:
                raise Refused(Reason.COSE)
        case _:
            raise Refused(Reason.COSE)
    header = _PROTECTED.fullmatch(protected)
    if header is None:
        raise Refused(Reason.HEADER)
    return Sealed(cose, protected, header[1], payload, signature)


def _known(kid: bytes, keyset: KeySet | None) -> Key:
    key = keyset.keys.get(kid) if keyset else None
    if key is None:
        raise Refused(Reason.UNKNOWN_KEY)
    if key.status is Status.REVOKED:
        raise Refused(Reason.REVOKED_KEY)
    return key


def _signed(sealed: Sealed, key: Key) -> None:
    if not holds(sealed.signature, sealed.to_be_signed, key.public):
        raise Refused(Reason.SIGNATURE)


def holds(signature: bytes, message: bytes, public: bytes) -> bool:
    """Whether an Ed25519 signature stands over a message; never with a key for which anybody can sign.

    cryptography's verify refuses S >= L, so that a signature cannot be respelled (RFC 8032 5.1.7).
    """
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return not weak(public)


def read_claims(payload: bytes) -> Claims:
    """The claims of a payload in their one encoding; raises Refused."""
    try:
        item = cbor.decode(payload)
    except cbor.BadCbor:
        raise Refused(Reason.CLAIMS) from None
    if not isinstance(item, dict) or list(item) != _CLAIM_KEYS:
        raise Refused(Reason.CLAIMS)
    match list(item.values()):
        case [str(sub), int(exp), int(iat), bytes(cti), list(ext)]:
            ok = _SUB.fullmatch(sub) and _uint(exp, 32) and _uint(iat, 32) and len(cti) == 4
        case _:
            raise Refused(Reason.CLAIMS)
    numbers = [number for number in ext if isinstance(number, int) and _uint(number, 16)]
    if not ok or not 1 <= len(ext) <= 6 or numbers != ext:
        raise Refused(Reason.CLAIMS)
    return Claims(sub, iat, exp, cti, numbers[0], numbers[1] if len(numbers) > 1 else 0, tuple(numbers[2:]))


def _uint(number: int, bits: int) -> bool:
    return 0 <= number < 1 << bits


def replay_hash(kid: bytes, claims: Claims) -> bytes:
    """SHA-256(kid | sub | exp | cti)[0..15], all of fixed length, exp in 4 bytes big-endian."""
    return hashlib.sha256(kid + claims.sub.encode() + claims.exp.to_bytes(4) + claims.cti).digest()[:16]

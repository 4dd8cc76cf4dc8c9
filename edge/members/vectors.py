"""Test vectors of the form ``mc1-vectors/1`` (MEMBER_CODES 3), by which any implementation is held to any other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, FiniteFloat, ValidationError

from edge.members import mc1
from edge.members.clock import ClockState
from edge.members.keyset import Key, KeySet, Status, kid_of
from edge.members.mc1 import Claims, Sealed
from edge.members.reasons import Refused

FOR_EVER = 2**32


class BadVectors(Exception):
    """A file that is not of the form; the text says where."""


class _Key(BaseModel):
    kid: str
    public_hex: str
    nbf: int = 0
    exp: int = FOR_EVER
    status: Status = Status.ACTIVE


class _Test(BaseModel):
    id: str | int
    text: str
    now: FiniteFloat | None = None
    result: Literal["accept", "reject"]
    reason: str | None = None
    claims: dict[str, Any] | None = None
    intermediates: dict[str, str | None] | None = None


class Vectors(BaseModel):
    """One file. What it holds beyond the form is left alone, as other issuers write it too."""

    format: Literal["mc1-vectors/1"]
    defaults: dict[str, Any] = {}
    keys: list[_Key]
    tests: list[_Test]


@dataclass(frozen=True, slots=True)
class Difference:
    """One test that came out otherwise."""

    id: str
    what: str
    expected: Any
    got: Any


def read_vectors(text: str) -> Vectors:
    """The file's contents; raises BadVectors."""
    try:
        return Vectors.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadVectors(f"{'.'.join(map(str, first['loc'])) or 'JSON'}: {first['msg']}") from error


def keyset_of(vectors: Vectors) -> KeySet:
    """The keys as a key set that no root signed; raises BadVectors when a kid does not belong to its key."""
    keys = []
    for entry in vectors.keys:
        try:
            public = bytes.fromhex(entry.public_hex)
        except ValueError as error:
            raise BadVectors(f"key {entry.kid}: public_hex is not hex") from error
        if kid_of(public).hex() != entry.kid.lower():
            raise BadVectors(f"key {entry.kid}: kid is not the hash of its key")
        keys.append(Key(kid_of(public), public, entry.nbf, entry.exp, entry.status))
    return KeySet("vectors", 1, 0, FOR_EVER, {key.kid: key for key in keys})


def differences(vectors: Vectors) -> Iterator[Difference]:
    """Every point in which this implementation differs from the file."""
    keyset = keyset_of(vectors)
    for test in vectors.tests:
        now = test.now if test.now is not None else vectors.defaults.get("now")
        if not isinstance(now, int | float):
            raise BadVectors(f"test {test.id}: no 'now', neither its own nor a default")
        yield from _differences(test, keyset, now)


def verdict(text: str, keyset: KeySet, now: float) -> dict[str, Any]:
    """``{"result", "reason", "claims"}`` of a text, as ``tentou code verify --json`` prints it."""
    try:
        claims = mc1.verify(text, keyset, now, ClockState.SYNCED).claims
    except Refused as refused:
        return {"result": "reject", "reason": str(refused.reason), "claims": None}
    return {"result": "accept", "reason": None, "claims": claims_json(claims)}


def claims_json(claims: Claims) -> dict[str, Any]:
    """Claims as vectors and the command spell them."""
    return {
        "sub": claims.sub,
        "iat": claims.iat,
        "exp": claims.exp,
        "cti_hex": claims.cti.hex(),
        "flags": claims.flags,
        "tier": claims.tier,
        "segments": list(claims.segments),
    }


def _differences(test: _Test, keyset: KeySet, now: float) -> Iterator[Difference]:
    got = verdict(test.text, keyset, now)
    for what, value in (("result", test.result), ("reason", test.reason)):
        if got[what] != value:
            yield Difference(str(test.id), what, value, got[what])
    if test.result == got["result"] == "accept":
        yield from _claims(test, got["claims"])
        yield from _steps(test, mc1.unseal(test.text))


def _claims(test: _Test, got: dict[str, Any]) -> Iterator[Difference]:
    """Claim by claim. What the format ignores is not held against a file: it may leave out flags without a meaning,
    and say nothing of a tier that a token does not name."""
    ours = {name: _plain(name, value) for name, value in got.items()}
    theirs = {name: _plain(name, value) for name, value in (test.claims or {}).items() if name in got}
    if any(ours[name] != value for name, value in theirs.items()):
        yield Difference(str(test.id), "claims", test.claims, got)


def _plain(name: str, value: Any) -> Any:
    if name == "flags" and isinstance(value, int):
        return value & mc1.KNOWN_FLAGS
    if name == "cti_hex" and isinstance(value, str):
        return value.lower()
    return value or 0 if name == "tier" else value


def _steps(test: _Test, sealed: Sealed) -> Iterator[Difference]:
    """Byte strings may be given with or without their CBOR head, as implementations hand out either."""
    ours = {
        "protected_hex": sealed.protected,
        "payload_hex": sealed.payload,
        "to_be_signed_hex": sealed.to_be_signed,
        "signature_hex": sealed.signature,
        "cose_hex": sealed.cose,
    }
    for what, value in (test.intermediates or {}).items():
        if what in ours and value and value.lower() not in (ours[what].hex(), mc1.bstr(ours[what]).hex()):
            yield Difference(str(test.id), what, value, ours[what].hex())

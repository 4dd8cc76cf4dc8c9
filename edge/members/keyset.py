"""Key sets (MEMBER_CODES 3): the public keys that an edge believes, signed by a root pinned at provisioning."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge.members.envelope import (
    BadSigned,
    Form,
    Version,
    from_base64url,
    newest,
    read_inner,
    to_base64url,
    weak,
)
from edge.members.paper import Paper, Seconds

__all__ = [
    "BadKeySet", "Key", "KeySet", "Status", "from_base64url", "kid_of", "make_keyset", "newer", "read_keyset",
    "sign_keyset", "to_base64url", "weak",
]  # fmt: skip

DOMAIN = b"MC1-KEYSET-V1\n"
MAX_CHARS = 16_384
FORM = Form("key set", "keyset", DOMAIN, MAX_CHARS)

BadKeySet = BadSigned
"""A key set that must not be used; the text says whose fault it is."""


class Status(StrEnum):
    """``retiring`` signs nothing new and is believed like ``active``; ``revoked`` is not believed."""

    ACTIVE = "active"
    RETIRING = "retiring"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Key:
    """A public key and the time in which it may sign (UNIX seconds, both ends included)."""

    kid: bytes
    public: bytes
    nbf: int
    exp: int
    status: Status = Status.ACTIVE


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of one chain by kid. ``inner`` are the signed bytes, by which two sets of one version are compared."""

    chain: str
    version: int
    issued_at: int
    not_after: int
    keys: Mapping[bytes, Key]
    inner: bytes = field(default=b"", repr=False)

    def stale(self, now: float) -> bool:
        """Past its ``not_after`` a set is too old to trust with anything personal."""
        return now > self.not_after


class _Key(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kid: str = Field(pattern=r"^[0-9a-f]{8}$")
    alg: Annotated[int, Field(ge=-19, le=-19)]  # a Literal takes -19.0, too
    x: str = Field(pattern=r"^[0-9a-f]{64}$")
    nbf: Seconds
    exp: Seconds
    status: Status


class _Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    typ: Literal["mc1-keyset"]
    chain: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    version: Version
    issued_at: Seconds
    not_after: Seconds
    keys: list[_Key] = Field(max_length=16)


def kid_of(public: bytes) -> bytes:
    """The key's id: the first 4 bytes of the SHA-256 of the raw public key."""
    return hashlib.sha256(public).digest()[:4]


def newer(held: KeySet | None, offered: KeySet) -> KeySet:
    """The set to hold from now on; raises BadKeySet for another chain's or an older one, as versions only grow."""
    return newest(FORM, held, offered)


def _parse(inner: bytes) -> KeySet:
    parsed = read_inner(FORM, inner, _Inner)
    keys = [_key(entry) for entry in parsed.keys]
    if len({key.kid for key in keys}) != len(keys):
        raise BadKeySet("key set names one kid twice")
    if parsed.not_after < parsed.issued_at:
        raise BadKeySet("key set ends before it is issued")
    by_kid = {key.kid: key for key in keys}
    return KeySet(parsed.chain, parsed.version, parsed.issued_at, parsed.not_after, by_kid, inner)


def _key(entry: _Key) -> Key:
    public = bytes.fromhex(entry.x)
    kid = kid_of(public)
    if kid.hex() != entry.kid:
        raise BadKeySet(f"key {entry.kid}: kid is not the hash of x, which would be {kid.hex()}")
    if weak(public):
        raise BadKeySet(f"key {entry.kid}: a point of small order, for which anybody can sign")
    if entry.exp < entry.nbf:
        raise BadKeySet(f"key {entry.kid}: exp is before nbf")
    return Key(kid, public, entry.nbf, entry.exp, entry.status)


KEYSET = Paper(FORM, _parse)


def make_keyset(chain: str, version: int, issued_at: int, not_after: int, keys: Sequence[Key]) -> bytes:
    """The inner bytes of a key set, to be signed by the root; raises BadKeySet for what no edge would take."""
    inner = {
        "typ": "mc1-keyset",
        "chain": chain,
        "version": version,
        "issued_at": issued_at,
        "not_after": not_after,
        "keys": [
            {"kid": key.kid.hex(), "alg": -19, "x": key.public.hex(), "nbf": key.nbf, "exp": key.exp}
            | {"status": str(key.status)}
            for key in keys
        ],
    }
    return KEYSET.make(inner)


sign_keyset, read_keyset = KEYSET.sign, KEYSET.read

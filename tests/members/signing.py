"""A chain's offline root and issuer for tests, and the signed files and tokens that they make."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.config import Device, MemberCode
from edge.health import Health, Part
from edge.members.deny import make_deny, sign_deny
from edge.members.desk import Desk, desk
from edge.members.issue import issue
from edge.members.keyset import Key, kid_of, make_keyset, sign_keyset, to_base64url
from edge.model import Code

ROOT, SECOND, ISSUER = (Ed25519PrivateKey.from_private_bytes(bytes([fill]) * 32) for fill in (1, 2, 3))
SUB = "AAECAwQFBgcI"
NOW = int(time.time())


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def keyset(
    version: int = 1,
    root: Ed25519PrivateKey = ROOT,
    chain: str = "acme",
    issued_at: int = NOW - 1000,
    last: int = 10_000,
) -> str:
    """A key set with the one issuer, that ends ``last`` seconds from now."""
    key = Key(kid_of(public(ISSUER)), public(ISSUER), issued_at - 100_000, NOW + 100_000)
    return sign_keyset(make_keyset(chain, version, issued_at, NOW + last, [key]), root)


def deny(
    version: int = 1,
    refs: Sequence[str] = (SUB,),
    root: Ed25519PrivateKey = ROOT,
    chain: str = "acme",
    last: int = 10_000,
) -> str:
    """A deny list that ends ``last`` seconds from now."""
    return sign_deny(make_deny(chain, version, NOW - 20_000, NOW + last, refs), root)


def token(sub: str = SUB, later: int = 0) -> Code:
    """A token that is shown now, or ``later``, with flag P and C."""
    now = int(time.time()) + later
    return Code(issue(ISSUER, sub, now, now + 60, flags=5), "qrcode", "zxing")


def nothing(_: bytes) -> bool:
    return False


def told(health: Health, kind: str, name: str) -> Part | None:
    """What health says of a part, None if it says nothing."""
    return next((part for part in health.parts() if (part.kind, part.name) == (kind, name)), None)


@asynccontextmanager
async def opened(
    folder: Path, health: Health | None = None, clock: str = "trusted", device: str = "e1", **settings: Any
) -> AsyncIterator[Desk]:
    """A desk of chain acme, store s1, that pins both roots and keeps its data beside its settings."""
    roots = (to_base64url(public(ROOT)), to_base64url(public(SECOND)))
    who = Device(chain="acme", store="s1", id=device, clock=clock)
    async with desk(MemberCode(roots=roots, **settings), who, folder, folder / "data", health or Health()) as made:
        yield made

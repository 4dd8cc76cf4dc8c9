"""Ed25519 keys in files, and the signed key set by which edges know the issuers of member codes (MEMBER_CODES 3)."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from provisioning.files import SECRET, Refused, write

KEYSET_DOMAIN = b"MC1-KEYSET-V1\n"
DAY = 86_400
EDDSA = -19
"""The COSE algorithm of Ed25519, fully specified (RFC 9864)."""


def make(path: Path) -> Ed25519PrivateKey:
    """A new key in a file that only its owner reads (PKCS #8 PEM); raises Refused rather than replace one."""
    if path.exists():
        raise Refused(f"{path} exists; a key is never overwritten")
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write(path, pem, SECRET)
    return key


def load(path: Path) -> Ed25519PrivateKey:
    """The key that ``make`` wrote; raises Refused."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise Refused(f"{path} cannot be read ({error.strerror}); bring the chain's offline keys") from error
    except (ValueError, TypeError) as error:
        raise Refused(f"{path} is no private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused(f"{path} is no Ed25519 key")
    return key


def public(key: Ed25519PrivateKey) -> bytes:
    """The 32 raw bytes of the public half."""
    return key.public_key().public_bytes_raw()


def b64url(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64url(text: str) -> bytes:
    """What ``b64url`` wrote; raises Refused."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
    except ValueError as error:
        raise Refused("not base64url") from error


def signed_by(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the holder of the private half signed exactly this message."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def kid(public_key: bytes) -> bytes:
    """The first four bytes of SHA-256 of a raw public key (MEMBER_CODES 2)."""
    return hashlib.sha256(public_key).digest()[:4]


def keyset(chain: str, issuer: bytes, root: Ed25519PrivateKey, *, version: int, issued_at: int, not_after: int) -> str:
    """The signed key set with one active issuer, valid from a day before (clocks differ); times are UNIX seconds."""
    entry = {
        "kid": kid(issuer).hex(),
        "alg": EDDSA,
        "x": issuer.hex(),
        "nbf": issued_at - DAY,
        "exp": not_after,
        "status": "active",
    }
    inner = {
        "typ": "mc1-keyset",
        "chain": chain,
        "version": version,
        "issued_at": issued_at,
        "not_after": not_after,
        "keys": [entry],
    }
    carried = json.dumps(inner, separators=(",", ":")).encode()
    signature = root.sign(KEYSET_DOMAIN + carried)
    outer = {"keyset": b64url(carried), "root": b64url(public(root)), "sig": b64url(signature)}
    return json.dumps(outer, indent=1) + "\n"

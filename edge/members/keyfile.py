"""Signing keys in files, for the member server's side: PEM (PKCS 8), or the JSON of ``tentou code keygen --test``."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from edge.members.keyset import kid_of, to_base64url

_SECRET = re.compile(r"[A-Za-z0-9_+/=-]{43,}|[A-Za-z0-9_-]{12}|s1\.[A-Za-z0-9_-]{16}|\d{8,}")
"""What may be a seed, a reference or a member number, given where a file's name belongs."""


class BadKeyFile(Exception):
    """A file that holds no Ed25519 private key; the text never quotes its contents."""


def named(path: object, error: OSError) -> str:
    """What is wrong with a file, by its name; a name that may be a secret given in its place is not quoted."""
    name = "that file" if _SECRET.fullmatch(str(path)) else path
    return f"{name}: {error.strerror}"


def read_key(path: Path) -> Ed25519PrivateKey:
    """The private key in a file; raises BadKeyFile."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadKeyFile(named(path, error)) from error
    try:
        key = load_pem_private_key(data, None) if data.startswith(b"-----") else _from_json(data)
    except (ValueError, TypeError, KeyError, UnsupportedAlgorithm) as error:
        raise BadKeyFile(f"{path}: neither an unencrypted PEM key nor the JSON of keygen") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKeyFile(f"{path}: not an Ed25519 key")
    return key


def _from_json(data: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(json.loads(data)["seed_hex"]))


def describe(key: Ed25519PrivateKey, secret: bool = False) -> dict[str, str]:
    """A key's id and public part in the spellings that files and commands use; with ``secret`` its seed too."""
    public = key.public_key().public_bytes_raw()
    parts = {"kid": kid_of(public).hex(), "public_hex": public.hex(), "public_base64url": to_base64url(public)}
    return parts | ({"seed_hex": key.private_bytes_raw().hex()} if secret else {})


def write_key(path: Path, key: Ed25519PrivateKey) -> None:
    """Write a key's JSON, readable by its owner alone; raises FileExistsError rather than replace a key."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(describe(key, secret=True), indent=1) + "\n")

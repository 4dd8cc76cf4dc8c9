"""``tentou code keygen`` and ``keyset``: keys for tests, and the signed sets of public keys that edges believe."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.members.command.saying import add_json, checked, now_of, say
from edge.members.command.signing import add_signing
from edge.members.keyfile import describe, write_key
from edge.members.keyset import KEYSET, Key, KeySet, Status, kid_of, make_keyset

KEY_HELP = (
    "a key, the first and last UNIX second at which it signs, and active (if absent), retiring or revoked; repeat. "
    "'keyset verify' prints those of a set in this form"
)


def add(kinds: Any) -> None:
    """Add ``keygen`` and the three of ``keyset``. What these make is JSON with and without ``--json``."""
    keygen = kinds.add_parser("keygen", help="make a signing key for tests")
    keygen.add_argument("--test", action="store_true", help="say that the key is for tests: it lies in a plain file")
    keygen.add_argument("--out", type=Path, metavar="FILE", help="where to; standard output if absent")
    add_json(keygen)
    keygen.set_defaults(run=checked(_keygen))
    keysets = kinds.add_parser("keyset", help="key sets").add_subparsers(metavar="WHAT", required=True)
    make = keysets.add_parser("make", help="print the inner part of a key set")
    make.add_argument("--chain", required=True, help="the chain's id, such as acme")
    make.add_argument("--version", type=int, required=True, help="higher than that of the set that edges hold")
    make.add_argument("--issued-at", type=int, help="UNIX seconds; now if absent")
    make.add_argument("--not-after", type=int, required=True, help="UNIX seconds; then all its codes count as numbers")
    make.add_argument("--key", action="append", default=[], metavar="PUBLIC_HEX:NBF:EXP[:STATUS]", help=KEY_HELP)
    add_json(make)
    make.set_defaults(run=checked(_make))
    add_signing(keysets, KEYSET, _words)


def _keygen(arguments: argparse.Namespace) -> int:
    if not arguments.test:
        raise ValueError("a real key is made where it stays (an HSM, the member server); for tests say --test")
    key = Ed25519PrivateKey.generate()
    if arguments.out is not None:
        write_key(arguments.out, key)
    told = describe(key, secret=arguments.out is None)
    say(arguments, told, json.dumps(told))
    return 0


def _make(arguments: argparse.Namespace) -> int:
    keys = [_key(text) for text in arguments.key]
    issued_at = int(now_of(arguments.issued_at))
    inner = make_keyset(arguments.chain, arguments.version, issued_at, arguments.not_after, keys).decode()
    say(arguments, json.loads(inner), inner)
    return 0


def _key(text: str) -> Key:
    """A key as one argument. What is wrong with it is not quoted: it may be a seed that was taken for a public key."""
    parts = text.split(":")
    try:
        public_hex, nbf, exp, status = parts if len(parts) == 4 else (*parts, Status.ACTIVE)
        public = bytes.fromhex(public_hex)
        return Key(kid_of(public), public, int(nbf), int(exp), Status(status))
    except ValueError:
        raise ValueError("--key must be PUBLIC_HEX:NBF:EXP or PUBLIC_HEX:NBF:EXP:STATUS") from None


def _words(keyset: KeySet, now: float) -> tuple[dict[str, Any], str]:
    stale = keyset.stale(now)
    keys = [
        {"kid": key.kid.hex(), "public_hex": key.public.hex(), "nbf": key.nbf, "exp": key.exp, "status": key.status}
        for key in keyset.keys.values()
    ]
    lines = [f"  --key {key.public.hex()}:{key.nbf}:{key.exp}:{key.status}" for key in keyset.keys.values()]
    plain = f"{len(keys)} keys, {'stale' if stale else 'fresh'}"
    return {"not_after": keyset.not_after, "stale": stale, "keys": keys}, "\n".join([plain, *lines])

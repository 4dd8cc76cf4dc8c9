"""``tentou code``: issue, verify and inspect member codes and key sets from the command line."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.members import issue as issuing
from edge.members import vectors
from edge.members.keyfile import BadKeyFile, describe, read_key, write_key
from edge.members.keyset import BadKeySet, Key, Status, from_base64url, kid_of, make_keyset, read_keyset, sign_keyset

ISSUING = (
    (("--key",), {"type": Path, "required": True, "help": "the signing key: PEM, or the JSON of keygen"}),
    (("--sub",), {"required": True, "help": "the member's pseudonym, 12 signs"}),
    (("--iat",), {"type": int, "help": "UNIX seconds of signing; now if absent"}),
    (("--flags",), {"type": lambda text: int(text, 0), "default": 5, "help": "1 P, 2 N, 4 C, 8 R, 16 T; 5 if absent"}),
    (("--tier",), {"type": int, "default": 0}),
    (("--segments",), {"default": "", "help": "up to 4 numbers, with commas between"}),
    (("--json",), {"action": "store_true"}),
)


# A sub-parsers action is generic only in typeshed; at run time the name takes no parameter.
BASE64URL = ("--root", "--sub")
"""Options whose values may begin with a hyphen, which argparse would take for an option."""


def joined(arguments: Sequence[str]) -> list[str]:
    """The arguments with each of those options and its value made one, as in ``--root=-U2H…``."""
    told: list[str] = []
    for one in arguments:
        if told and told[-1] in BASE64URL:
            told[-1] = f"{told[-1]}={one}"
        else:
            told.append(one)
    return told


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``code`` and its sub-commands."""
    code = commands.add_parser("code", help="member codes: issue, pack, verify, key sets, test vectors")
    kinds = code.add_subparsers(metavar="WHAT", required=True)
    _add_issuing(kinds)
    _add_verify(kinds)
    _add_keys(kinds)
    checks = kinds.add_parser("vectors", help="test vectors").add_subparsers(metavar="WHAT", required=True)
    check = checks.add_parser("check", help="hold this implementation to a file of mc1-vectors/1")
    check.add_argument("file", type=Path)
    check.add_argument("--json", action="store_true")
    check.set_defaults(run=_checked(_vectors))


def _add_issuing(kinds: Any) -> None:
    one = kinds.add_parser("issue", help="sign one token")
    many = kinds.add_parser("pack", help="sign tokens for consecutive minutes, as an app fetches them")
    for names, settings in ISSUING:
        one.add_argument(*names, **settings)
        many.add_argument(*names, **settings)
    one.add_argument("--exp", type=int, help="UNIX seconds; a minute after --iat if absent")
    one.add_argument("--cti-hex", help="4 bytes; random if absent")
    one.set_defaults(run=_checked(_issue))
    many.add_argument("--count", type=int, default=issuing.PACK, choices=range(1, issuing.PACK + 1), metavar="N")
    many.set_defaults(run=_checked(_pack))


def _add_verify(kinds: Any) -> None:
    verify = kinds.add_parser("verify", help="what an edge with this key set says to a token")
    verify.add_argument("--keyset", type=Path, required=True, metavar="FILE")
    verify.add_argument("--root", action="append", required=True, metavar="B64URL", help="may be given twice")
    verify.add_argument("--now", type=_seconds, help="UNIX seconds; the present if absent")
    verify.add_argument("--json", action="store_true")
    verify.add_argument("text", metavar="TEXT", help="the token; - reads it from standard input")
    verify.set_defaults(run=_checked(_verify))


def _add_keys(kinds: Any) -> None:
    keygen = kinds.add_parser("keygen", help="make a signing key for tests")
    keygen.add_argument("--test", action="store_true", help="say that the key is for tests: it lies in a plain file")
    keygen.add_argument("--out", type=Path, metavar="FILE", help="where to; standard output if absent")
    keygen.set_defaults(run=_checked(_keygen))
    keysets = kinds.add_parser("keyset", help="key sets").add_subparsers(metavar="WHAT", required=True)
    make = keysets.add_parser("make", help="print the inner part of a key set")
    make.add_argument("--chain", required=True)
    make.add_argument("--version", type=int, required=True)
    make.add_argument("--issued-at", type=int, help="UNIX seconds; now if absent")
    make.add_argument("--not-after", type=int, required=True)
    make.add_argument("--key", action="append", default=[], metavar="PUBLIC_HEX:NBF:EXP[:STATUS]")
    make.set_defaults(run=_checked(_make))
    sign = keysets.add_parser("sign", help="sign an inner part with an offline root")
    sign.add_argument("--root-key", type=Path, required=True, metavar="FILE")
    sign.add_argument("inner", type=Path, metavar="FILE")
    sign.set_defaults(run=_checked(_sign))
    verify = keysets.add_parser("verify", help="what an edge with these roots says to a key set")
    verify.add_argument("--root", action="append", required=True, metavar="B64URL")
    verify.add_argument("--now", type=_seconds, help="UNIX seconds; the present if absent")
    verify.add_argument("--json", action="store_true")
    verify.add_argument("file", type=Path, metavar="FILE")
    verify.set_defaults(run=_checked(_verify_keyset))


def _seconds(text: str) -> float:
    """A time that can be compared: "nan" would be neither past nor to come."""
    if not math.isfinite(seconds := float(text)):
        raise argparse.ArgumentTypeError("UNIX seconds, such as 1790000620")
    return seconds


def _checked(act: Any) -> Any:
    """Wrong use is told in one line and exits 2."""

    def run(arguments: argparse.Namespace) -> int:
        try:
            return int(act(arguments))
        except (BadKeyFile, BadKeySet, vectors.BadVectors, OSError, ValueError, OverflowError) as error:
            print(f"tentou code: {error}", file=sys.stderr)
            return 2

    return run


def _issue(arguments: argparse.Namespace) -> int:
    iat = _now(arguments.iat)
    exp = arguments.exp if arguments.exp is not None else iat + 60
    cti = bytes.fromhex(arguments.cti_hex) if arguments.cti_hex else None
    text = issuing.issue(read_key(arguments.key), arguments.sub, iat, exp, *_ext(arguments), cti)
    _print_token(exp, text, arguments.json, text)
    return 0


def _pack(arguments: argparse.Namespace) -> int:
    key, iat = read_key(arguments.key), _now(arguments.iat)
    for exp, text in issuing.pack(key, arguments.sub, iat, *_ext(arguments), arguments.count):
        _print_token(exp, text, arguments.json, f"{exp}\t{text}")
    return 0


def _ext(arguments: argparse.Namespace) -> tuple[int, int, list[int]]:
    segments = [int(number) for number in arguments.segments.split(",") if number]
    if not all(0 <= number < 1 << 16 for number in (arguments.tier, *segments)) or len(segments) > 4:
        raise ValueError("tier and segments are numbers below 65536, and at most 4 segments")
    return arguments.flags, arguments.tier, segments


def _now(given: int | None) -> int:
    return int(time.time()) if given is None else given


def _print_token(exp: int, text: str, as_json: bool, plain: str) -> None:
    print(json.dumps({"exp": exp, "text": text}) if as_json else plain)


def _verify(arguments: argparse.Namespace) -> int:
    keyset = read_keyset(arguments.keyset.read_text(encoding="utf-8"), _roots(arguments.root))
    text = sys.stdin.read().removesuffix("\n") if arguments.text == "-" else arguments.text
    now = time.time() if arguments.now is None else arguments.now
    verdict = vectors.verdict(text, keyset, now)
    if arguments.json:
        print(json.dumps(verdict))
    else:
        print(verdict["result"] if verdict["reason"] is None else f"{verdict['result']}: {verdict['reason']}")
    return 0 if verdict["result"] == "accept" else 1


def _roots(texts: list[str]) -> list[bytes]:
    return [from_base64url(text) for text in texts]


def _keygen(arguments: argparse.Namespace) -> int:
    if not arguments.test:
        raise ValueError("a real key is made where it stays (an HSM, the member server); for tests say --test")
    key = Ed25519PrivateKey.generate()
    if arguments.out is not None:
        write_key(arguments.out, key)
    print(json.dumps(describe(key, secret=arguments.out is None)))
    return 0


def _make(arguments: argparse.Namespace) -> int:
    keys = [_key(text) for text in arguments.key]
    issued_at = _now(arguments.issued_at)
    print(make_keyset(arguments.chain, arguments.version, issued_at, arguments.not_after, keys).decode())
    return 0


def _key(text: str) -> Key:
    if text.count(":") not in (2, 3):
        raise ValueError(f"--key '{text}' must be PUBLIC_HEX:NBF:EXP or PUBLIC_HEX:NBF:EXP:STATUS")
    public_hex, nbf, exp, *status = text.split(":")
    public = bytes.fromhex(public_hex)
    return Key(kid_of(public), public, int(nbf), int(exp), Status(status[0]) if status else Status.ACTIVE)


def _sign(arguments: argparse.Namespace) -> int:
    print(sign_keyset(arguments.inner.read_bytes().strip(), read_key(arguments.root_key)))
    return 0


def _verify_keyset(arguments: argparse.Namespace) -> int:
    now = time.time() if arguments.now is None else arguments.now
    text, roots = arguments.file.read_text(encoding="utf-8"), _roots(arguments.root)
    try:
        keyset = read_keyset(text, roots, now)
    except BadKeySet as error:
        verdict: dict[str, Any] = {"result": "reject", "reason": str(error)}
        print(json.dumps(verdict) if arguments.json else f"reject: {error}")
        return 1
    keys = [
        {"kid": key.kid.hex(), "nbf": key.nbf, "exp": key.exp, "status": key.status} for key in keyset.keys.values()
    ]
    verdict = {"result": "accept", "reason": None, "chain": keyset.chain, "version": keyset.version}
    verdict |= {"issued_at": keyset.issued_at, "not_after": keyset.not_after, "stale": keyset.stale(now), "keys": keys}
    age = "stale" if keyset.stale(now) else "fresh"
    plain = f"accept: {keyset.chain} version {keyset.version}, {len(keys)} keys, {age}"
    print(json.dumps(verdict) if arguments.json else plain)
    return 0


def _vectors(arguments: argparse.Namespace) -> int:
    read = vectors.read_vectors(arguments.file.read_text(encoding="utf-8"))
    found = list(vectors.differences(read))
    if arguments.json:
        each = [{"id": one.id, "what": one.what, "expected": one.expected, "got": one.got} for one in found]
        print(json.dumps({"result": "differs" if found else "agrees", "tests": len(read.tests), "differences": each}))
        return 1 if found else 0
    for one in found:
        print(f"{one.id}: {one.what}: expected {one.expected}, got {one.got}")
    print(f"{len(read.tests)} tests, {len({one.id for one in found})} differ")
    return 1 if found else 0

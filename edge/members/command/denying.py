"""``tentou code deny``: the signed list of references that edges refuse in the urgent case (MEMBER_CODES 3)."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from edge.members.command.saying import add_json, add_signing, checked, now_of, read, roots_of, say
from edge.members.deny import make_deny, read_deny, sign_deny
from edge.members.envelope import BadSigned
from edge.members.keyfile import read_key


def add(kinds: Any) -> None:
    """Add ``deny`` and its three. References are read from a file, so that no shell's history keeps them."""
    lists = kinds.add_parser("deny", help="deny lists").add_subparsers(metavar="WHAT", required=True)
    make = lists.add_parser("make", help="print the inner part of a deny list")
    make.add_argument("--chain", required=True)
    make.add_argument("--version", type=int, required=True)
    make.add_argument("--issued-at", type=int, help="UNIX seconds; now if absent")
    make.add_argument("--not-after", type=int, required=True, help="UNIX seconds; it denies nobody after that")
    make.add_argument("refs", type=Path, metavar="FILE", help="a reference a line; - reads them from standard input")
    add_json(make)
    make.set_defaults(run=checked(_make))
    add_signing(lists, "deny list", _sign, _verify)


def _make(arguments: argparse.Namespace) -> int:
    given = sys.stdin.read() if str(arguments.refs) == "-" else read(arguments.refs)
    refs = [line.strip() for line in given.splitlines() if line.strip()]
    issued_at = int(now_of(arguments.issued_at))
    inner = make_deny(arguments.chain, arguments.version, issued_at, arguments.not_after, refs).decode()
    say(arguments, json.loads(inner), inner)
    return 0


def _sign(arguments: argparse.Namespace) -> int:
    envelope = sign_deny(arguments.inner.read_bytes().strip(), read_key(arguments.root_key))
    say(arguments, json.loads(envelope), envelope)
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    now = now_of(arguments.now)
    text, roots = read(arguments.file), roots_of(arguments)
    try:
        found = read_deny(text, roots, now)
    except BadSigned as error:
        say(arguments, {"result": "reject", "reason": str(error)}, f"reject: {error}")
        return 1
    names = ("chain", "version", "issued_at", "not_after")
    told = {name: getattr(found, name) for name in names} | {"ended": found.ended(now), "refs": len(found.refs)}
    age = "ended" if found.ended(now) else "in force"
    plain = f"accept: {found.chain} version {found.version}, {len(found.refs)} references, {age}"
    say(arguments, {"result": "accept", "reason": None} | told, plain)
    return 0

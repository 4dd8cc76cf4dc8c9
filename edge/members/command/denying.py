"""``tentou code deny``: the signed list of references that edges refuse in the urgent case (MEMBER_CODES 3)."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from edge.members.command.saying import add_json, checked, now_of, read_refs, say
from edge.members.command.signing import add_signing
from edge.members.deny import DENY, DenyList, make_deny


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
    add_signing(lists, DENY, _words)


def _make(arguments: argparse.Namespace) -> int:
    issued_at = int(now_of(arguments.issued_at))
    refs = read_refs(arguments.refs)
    inner = make_deny(arguments.chain, arguments.version, issued_at, arguments.not_after, refs).decode()
    say(arguments, json.loads(inner), inner)
    return 0


def _words(found: DenyList, now: float) -> tuple[dict[str, Any], str]:
    ended = found.ended(now)
    told = {"not_after": found.not_after, "ended": ended, "refs": len(found.refs)}
    return told, f"{len(found.refs)} references, {'ended' if ended else 'in force'}"

"""``tentou code erase``: the signed list of members whom no contact may name any more."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from edge.members.command.saying import add_json, checked, now_of, read, read_refs, say
from edge.members.command.signing import add_signing
from edge.members.erasure import ERASURE, KEPT_DAYS, ErasureList, make_erasure

BEFORE_HELP = f"the signed list before: whom it named goes on for {KEPT_DAYS} days after the request"


def add(kinds: Any) -> None:
    """Add ``erase`` and its three. Pseudonyms are read from a file, so that no shell's history keeps them."""
    lists = kinds.add_parser("erase", help="erasure lists").add_subparsers(metavar="WHAT", required=True)
    make = lists.add_parser("make", help="print the inner part of an erasure list")
    make.add_argument("--chain", required=True)
    make.add_argument("--version", type=int, required=True, help="higher than that of the list before")
    make.add_argument("--issued-at", type=int, help="UNIX seconds of these requests; now if absent")
    make.add_argument("--before", type=Path, metavar="FILE", help=BEFORE_HELP)
    make.add_argument("refs", type=Path, metavar="FILE", help="a pseudonym a line; - reads them from standard input")
    add_json(make)
    make.set_defaults(run=checked(_make))
    add_signing(lists, ERASURE, _words)


def _make(arguments: argparse.Namespace) -> int:
    before = ERASURE.read(read(arguments.before), None) if arguments.before else None
    issued_at = int(now_of(arguments.issued_at))
    refs = read_refs(arguments.refs)
    inner = make_erasure(arguments.chain, arguments.version, issued_at, refs, before).decode()
    say(arguments, json.loads(inner), inner)
    return 0


def _words(found: ErasureList, now: float) -> tuple[dict[str, Any], str]:
    old = len(found.asked) - len(found.young(int(now)))
    return {"members": len(found.asked), "old": old}, f"{len(found.asked)} members, {old} of them asked long ago"

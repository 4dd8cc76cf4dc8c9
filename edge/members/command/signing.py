"""``sign`` and ``verify``, which every signed file has beside its ``make``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from edge.members.command.saying import add_json, add_roots, checked, now_of, read, roots_of, say
from edge.members.envelope import BadSigned, S
from edge.members.keyfile import read_key
from edge.members.paper import Paper

Words = Callable[[S, float], tuple[dict[str, Any], str]]
"""What is told of a good file at a time beside its chain, version and date: for ``--json``, and in words."""


def add_signing(kinds: Any, paper: Paper[S], words: Words[S]) -> None:
    """Add the two commands of one kind of file."""
    signing = kinds.add_parser("sign", help="sign an inner part with an offline root")
    signing.add_argument("--root-key", type=Path, required=True, metavar="FILE")
    signing.add_argument("inner", type=Path, metavar="FILE")
    add_json(signing)
    signing.set_defaults(run=checked(partial(_sign, paper)))
    verifying = kinds.add_parser("verify", help=f"what an edge with these roots says to a {paper.form.word}")
    add_roots(verifying)
    add_json(verifying)
    verifying.add_argument("file", type=Path, metavar="FILE")
    verifying.set_defaults(run=checked(partial(_verify, paper, words)))


def _sign(paper: Paper[S], arguments: argparse.Namespace) -> int:
    envelope = paper.sign(arguments.inner.read_bytes().strip(), read_key(arguments.root_key))
    say(arguments, json.loads(envelope), envelope)
    return 0


def _verify(paper: Paper[S], words: Words[S], arguments: argparse.Namespace) -> int:
    now = now_of(arguments.now)
    text, roots = read(arguments.file), roots_of(arguments)
    try:
        found = paper.read(text, roots, now)
    except BadSigned as error:
        say(arguments, {"result": "reject", "reason": str(error)}, f"reject: {error}")
        return 1
    told = {name: getattr(found, name) for name in ("chain", "version", "issued_at")}
    more, plain = words(found, now)
    accepted = {"result": "accept", "reason": None} | told | more
    say(arguments, accepted, f"accept: {found.chain} version {found.version}, {plain}")
    return 0

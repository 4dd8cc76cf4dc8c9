"""``tentou code vectors``: the test vectors of rotating codes and of static rules, made anew or held against this
implementation."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.members import vectors, vectors_make, vectors_static_make
from edge.members.command.saying import add_json, checked, read, say


def add(kinds: Any) -> None:
    """Add the two commands."""
    group = kinds.add_parser("vectors", help="test vectors").add_subparsers(metavar="WHAT", required=True)
    make = group.add_parser("make", help="print mc1-vectors.json, the same on every run")
    make.add_argument("--static", action="store_true", help="static-vectors.json instead")
    make.add_argument("--out", type=Path, metavar="FILE", help="write it there and print how many tests it holds")
    add_json(make, "with --out: one object")
    make.set_defaults(run=checked(_make))
    check = group.add_parser("check", help="hold this implementation to a file of mc1-vectors/1")
    check.add_argument("file", type=Path, metavar="FILE")
    add_json(check)
    check.set_defaults(run=checked(_check))


def _make(arguments: argparse.Namespace) -> int:
    text = vectors_static_make.made_static() if arguments.static else vectors_make.made()
    if arguments.out is None:
        arguments.json = False  # what is made is JSON already, and its bytes are what counts
        say(arguments, {}, text.removesuffix("\n"))
        return 0
    arguments.out.write_text(text, encoding="utf-8")
    say(arguments, {"file": str(arguments.out), "bytes": len(text)}, f"{arguments.out}: {len(text)} bytes")
    return 0


def _check(arguments: argparse.Namespace) -> int:
    whole = vectors.read_vectors(read(arguments.file))
    return tell(arguments, len(whole.tests), list(vectors.differences(whole)))


def tell(arguments: argparse.Namespace, tests: int, found: Sequence[vectors.Difference]) -> int:
    """How many tests there were and every difference; the exit code."""
    each = [{"id": one.id, "what": one.what, "expected": one.expected, "got": one.got} for one in found]
    lines = [f"{one.id}: {one.what}: expected {one.expected}, got {one.got}" for one in found]
    lines.append(f"{tests} tests, {len({one.id for one in found})} differ")
    result = "differs" if found else "agrees"
    say(arguments, {"result": result, "tests": tests, "differences": each}, "\n".join(lines))
    return 1 if found else 0

"""``tentou code verify`` and ``inspect``: whether a token is believed, and what its bytes say."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge.members import inspect, picture, vectors
from edge.members.command.saying import add_json, add_roots, add_text, checked, now_of, read, roots_of, say, text_of
from edge.members.keyset import read_keyset


def add(kinds: Any) -> None:
    """Add the two commands."""
    verify = kinds.add_parser("verify", help="what an edge with this key set says to a token")
    verify.add_argument("--keyset", type=Path, required=True, metavar="FILE")
    add_roots(verify)
    add_json(verify)
    add_text(verify)
    verify.set_defaults(run=checked(_verify))
    look = kinds.add_parser("inspect", help="a token's bytes, line by line, sound or not; it asks for no key")
    add_json(look)
    look.add_argument("--svg", type=Path, metavar="FILE", help="draw it, as an app would")
    add_text(look)
    look.set_defaults(run=checked(_inspect))


def _verify(arguments: argparse.Namespace) -> int:
    keyset, now = read_keyset(read(arguments.keyset), roots_of(arguments)), now_of(arguments.now)
    verdict = vectors.verdict(text_of(arguments), keyset, now) | {"stale": keyset.stale(now)}
    reason = verdict["reason"]
    good = "accept, as a plain number: the key set has ended" if verdict["stale"] else "accept"
    say(arguments, verdict, good if reason is None else f"reject: {reason}")
    return 0 if reason is None else 1


def _inspect(arguments: argparse.Namespace) -> int:
    text = text_of(arguments)
    zone = datetime.now(UTC).astimezone().tzinfo or UTC
    seen = inspect.inspect(text)
    say(arguments, inspect.as_json(seen, zone), "\n".join(inspect.lines(seen, zone)))
    if arguments.svg is not None:
        picture.save(text, arguments.svg)
    return 0 if seen.reason is None else 1

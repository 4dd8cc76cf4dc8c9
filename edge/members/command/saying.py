"""What the commands of ``tentou code`` have in common: how they print, and how they say that they were used wrongly."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge.members.keyfile import BadKeyFile, named
from edge.members.keyset import BadKeySet, from_base64url
from edge.members.vectors import BadVectors

WRONG_USE = (BadKeyFile, BadKeySet, BadVectors, OSError, ValueError, OverflowError)


Act = Callable[[argparse.Namespace], int]


def checked(act: Act) -> Act:
    """Wrong use is told in one line and exits 2."""

    def run(arguments: argparse.Namespace) -> int:
        try:
            return act(arguments)
        except WRONG_USE as error:
            print(f"tentou code: {_words(error)}", file=sys.stderr)
            return 2

    return run


def _words(error: Exception) -> str:
    return named(error.filename, error) if isinstance(error, OSError) else str(error)


def say(arguments: argparse.Namespace, told: Mapping[str, Any], plain: str) -> None:
    """One finding: an object on a line with ``--json``, else in words."""
    print(json.dumps(told, ensure_ascii=False) if arguments.json else plain)


def add_json(parser: argparse.ArgumentParser, words: str = "one object") -> None:
    """The option that every command has."""
    parser.add_argument("--json", action="store_true", help=words)


def add_text(parser: argparse.ArgumentParser, what: str = "the token", optional: bool = False) -> None:
    """The argument for a text, quoted or from standard input. Any number is taken, as argparse prints what is over."""
    words = f"{what} in quotes; - reads it from standard input"
    parser.add_argument("text", nargs="*" if optional else "+", metavar="TEXT", help=words)


def text_of(arguments: argparse.Namespace) -> str:
    """The text that was given. A token holds spaces and stars: without quotes a shell takes it apart."""
    if len(arguments.text) > 1:
        raise ValueError("one text: put it in quotes, or write - and give it on standard input")
    given = str(arguments.text[0])
    return sys.stdin.read().removesuffix("\n").removesuffix("\r") if given == "-" else given


def add_roots(parser: argparse.ArgumentParser) -> None:
    """Which roots are believed, and at what time."""
    parser.add_argument("--root", action="append", required=True, metavar="B64URL", help="may be given twice")
    parser.add_argument("--now", type=_seconds, help="UNIX seconds; the present if absent")


def roots_of(arguments: argparse.Namespace) -> list[bytes]:
    """The public keys of those roots; raises ValueError."""
    return [from_base64url(text) for text in arguments.root]


def _seconds(text: str) -> float:
    """A time that can be compared: "nan" would be neither past nor to come."""
    try:
        if math.isfinite(seconds := float(text)):
            return seconds
    except ValueError:
        pass
    raise argparse.ArgumentTypeError("UNIX seconds, such as 1790000620")


def now_of(given: float | None) -> float:
    """A time that was given, else the present."""
    return time.time() if given is None else given


def read_refs(path: Path) -> list[str]:
    """The references of a file, one a line, ``-`` for standard input; raises OSError or ValueError."""
    given = sys.stdin.read() if str(path) == "-" else read(path)
    return [line.strip() for line in given.splitlines() if line.strip()]


def read(path: Path) -> str:
    """A file's text; raises OSError or ValueError."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8") from error

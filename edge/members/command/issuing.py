"""``tentou code issue`` and ``pack``: tokens as the member server signs them, for tests and pilots."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from edge.members import issue as issuing
from edge.members import picture
from edge.members.command.saying import add_json, checked, now_of, say
from edge.members.keyfile import read_key


def add(kinds: Any) -> None:
    """Add the two commands."""
    one = kinds.add_parser("issue", help="sign one token")
    many = kinds.add_parser("pack", help="sign tokens for consecutive minutes, as an app fetches them")
    for command in (one, many):
        _add_claims(command)
    one.add_argument("--exp", type=int, help="UNIX seconds; a minute after --iat if absent")
    one.add_argument("--cti-hex", help="4 bytes; random if absent")
    one.add_argument("--svg", type=Path, metavar="FILE", help="draw it, as an app would")
    one.set_defaults(run=checked(_issue))
    many.add_argument("--count", type=int, default=issuing.PACK, choices=range(1, issuing.PACK + 1), metavar="N")
    many.add_argument("--svg", type=Path, metavar="DIR", help="draw each into this folder, named by its exp")
    many.set_defaults(run=checked(_pack))


def _add_claims(command: argparse.ArgumentParser) -> None:
    command.add_argument("--key", type=Path, required=True, help="the signing key: PEM, or the JSON of keygen")
    command.add_argument("--sub", required=True, help="the member's pseudonym, 12 signs")
    command.add_argument("--iat", type=int, help="UNIX seconds of signing; now if absent")
    command.add_argument("--flags", type=_bits, default=5, help="1 P, 2 N, 4 C, 8 R, 16 T; 5 if absent")
    command.add_argument("--tier", type=int, default=0)
    command.add_argument("--segments", default="", help="up to 4 numbers, with commas between")
    add_json(command, "one object a token, on a line")


def _bits(text: str) -> int:
    return int(text, 0)


def _issue(arguments: argparse.Namespace) -> int:
    iat = int(now_of(arguments.iat))
    exp = arguments.exp if arguments.exp is not None else iat + 60
    cti = bytes.fromhex(arguments.cti_hex) if arguments.cti_hex else None
    text = issuing.issue(read_key(arguments.key), arguments.sub, iat, exp, *_ext(arguments), cti)
    if arguments.svg is not None:
        picture.save(text, arguments.svg)
    say(arguments, {"exp": exp, "text": text}, text)
    return 0


def _pack(arguments: argparse.Namespace) -> int:
    key, iat = read_key(arguments.key), int(now_of(arguments.iat))
    tokens = issuing.pack(key, arguments.sub, iat, *_ext(arguments), arguments.count)
    if arguments.svg is not None:
        arguments.svg.mkdir(parents=True, exist_ok=True)
        for exp, text in tokens:
            picture.save(text, arguments.svg / f"{exp}.svg")
    for exp, text in tokens:
        say(arguments, {"exp": exp, "text": text}, f"{exp}\t{text}")
    return 0


def _ext(arguments: argparse.Namespace) -> tuple[int, int, list[int]]:
    segments = [int(number) for number in arguments.segments.split(",") if number]
    if not all(0 <= number < 1 << 16 for number in (arguments.tier, *segments)) or len(segments) > 4:
        raise ValueError("tier and segments are numbers below 65536, and at most 4 segments")
    return arguments.flags, arguments.tier, segments

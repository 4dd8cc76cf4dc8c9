"""``tentou code issue`` and ``pack``: tokens as the member server signs them, for tests and pilots."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from edge.members import issue as issuing
from edge.members import mc1, picture
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
    many.add_argument("--count", type=_count, default=issuing.PACK, metavar="N", help="1 to 120; 120 if absent")
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
    """Flags with a meaning; the others are sent as 0."""
    if re.fullmatch(r"0x[0-9A-Fa-f]{1,4}|[0-9]{1,5}", text) and not (bits := int(text, 0)) & ~mc1.KNOWN_FLAGS:
        return bits
    raise argparse.ArgumentTypeError("the sum of 1 P, 2 N, 4 C, 8 R, 16 T, such as 5 or 0x05")


def _count(text: str) -> int:
    if re.fullmatch(r"[0-9]{1,3}", text) and 1 <= int(text) <= issuing.PACK:
        return int(text)
    raise argparse.ArgumentTypeError(f"1 to {issuing.PACK} tokens")


def _issue(arguments: argparse.Namespace) -> int:
    iat = int(now_of(arguments.iat))
    exp = arguments.exp if arguments.exp is not None else iat + 60
    if not mc1.MIN_LIFE <= exp - iat <= mc1.MAX_LIFE:
        raise ValueError(f"no edge takes it: exp must be {mc1.MIN_LIFE} to {mc1.MAX_LIFE} s after iat")
    _check_times(iat, exp)
    cti = _cti(arguments.cti_hex)
    text = issuing.issue(read_key(arguments.key), arguments.sub, iat, exp, *_ext(arguments), cti)
    if arguments.svg is not None:
        picture.save(text, arguments.svg)
    say(arguments, {"exp": exp, "text": text}, text)
    return 0


def _pack(arguments: argparse.Namespace) -> int:
    key, iat = read_key(arguments.key), int(now_of(arguments.iat))
    _check_times(iat, iat + mc1.WINDOW * arguments.count)
    tokens = issuing.pack(key, arguments.sub, iat, *_ext(arguments), arguments.count)
    if arguments.svg is not None:
        arguments.svg.mkdir(parents=True, exist_ok=True)
        for exp, text in tokens:
            picture.save(text, arguments.svg / f"{exp}.svg")
    for exp, text in tokens:
        say(arguments, {"exp": exp, "text": text}, f"{exp}\t{text}")
    return 0


def _check_times(*times: int) -> None:
    if not all(0 <= time < 1 << 32 for time in times):
        raise ValueError("iat and exp are UNIX seconds in 32 bits, such as 1790000000")


def _cti(text: str | None) -> bytes | None:
    if text is not None and not re.fullmatch(r"[0-9A-Fa-f]{8}", text):
        raise ValueError("--cti-hex must be 4 bytes: 8 hex digits")
    return bytes.fromhex(text) if text is not None else None


def _ext(arguments: argparse.Namespace) -> tuple[int, int, list[int]]:
    given = arguments.segments.split(",") if arguments.segments else []
    segments = [int(number) if re.fullmatch(r"[0-9]{1,5}", number) else -1 for number in given]
    if not all(0 <= number < 1 << 16 for number in (arguments.tier, *segments)) or len(segments) > 4:
        raise ValueError("tier and segments are numbers below 65536, and at most 4 segments")
    return arguments.flags, arguments.tier, segments

"""What a token's bytes say, line by line, for whoever builds an issuer or an app. Nothing here is believed: that is
``mc1.verify``'s, which also knows keys and the time. What is malformed is read as far as it goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from edge.members import base45, mc1
from edge.members.annotate import Row, Stop, annotate
from edge.members.mc1 import Claims, Sealed
from edge.members.reasons import Reason, Refused
from edge.members.vectors import claims_json

WIDTH = 42
"""Columns for the hex of a line; what is longer goes on below."""

FLAGS = {1: "P personalised content", 2: "N nickname", 4: "C contact recorded", 8: "R restrict goods", 16: "T test"}
_WHY = {
    Reason.OVERSIZE: f"more than {mc1.MAX_CHARS} characters",
    Reason.NOT_MC1: f"it does not begin with {mc1.PREFIX}",
    Reason.SIZE: f"the bytes must be {mc1.MIN_BYTES} to {mc1.MAX_BYTES}",
    Reason.CBOR: "not one item of core deterministic CBOR",
    Reason.COSE: "must be an untagged array of protected, {}, payload and a signature of 64 bytes",
    Reason.HEADER: "the protected header must be A2 01, 32 or 27, 04 44, and 4 bytes of kid",
    Reason.CLAIMS: "must be sub, exp, iat, cti, ext with the types and in the order of the table",
    Reason.LIFETIME: f"exp - iat must be {mc1.MIN_LIFE} to {mc1.MAX_LIFE} s",
}


@dataclass(frozen=True, slots=True)
class Inspected:
    """``reason`` is the first fault of form, None if all that needs neither key nor time holds; ``stop`` is where
    bytes could not be read on, ``faults`` what was read though it must not be so."""

    characters: int
    size: int
    rows: tuple[Row, ...] = field(repr=False)
    faults: tuple[Stop, ...]
    reason: Reason | None
    why: str
    sealed: Sealed | None = field(repr=False)
    claims: Claims | None = field(repr=False)


def inspect(text: str) -> Inspected:
    """Everything that can be said of a text without a key; never raises."""
    cose, place = _bytes(text)
    rows, faults = annotate(cose)
    sealed, claims, reason = _form(text)
    why = _why(reason, place, faults) if reason else ""
    return Inspected(len(text), len(cose), rows, faults, reason, why, sealed, claims)


def _why(reason: Reason, place: int, faults: tuple[Stop, ...]) -> str:
    if reason is Reason.ENCODING:
        return f"character {place + 1} does not fit base45"
    within = {Reason.CBOR: "token", Reason.HEADER: "headers", Reason.CLAIMS: "claims"}.get(reason)
    told = [f"byte {fault.at}: {fault.why}" for fault in faults if fault.within == within]
    return told[0] if told else _WHY[reason]


def _form(text: str) -> tuple[Sealed | None, Claims | None, Reason | None]:
    sealed = claims = None
    try:
        sealed = mc1.unseal(text)
        claims = mc1.read_claims(sealed.payload)
    except Refused as refused:
        return sealed, None, refused.reason
    long = mc1.MIN_LIFE <= claims.exp - claims.iat <= mc1.MAX_LIFE
    return sealed, claims, None if long else Reason.LIFETIME


def _bytes(text: str) -> tuple[bytes, int]:
    """The bytes of a text up to the first group that is no base45, and where in the text that group begins."""
    if not text.startswith(mc1.PREFIX):
        return b"", 0
    body, good = text[len(mc1.PREFIX) :], b""
    for at in range(0, len(body), 3):
        try:
            good += base45.decode(body[at : at + 3])
        except base45.BadBase45:
            return good, len(mc1.PREFIX) + at
    return good, len(text)


def lines(seen: Inspected, zone: tzinfo) -> Iterator[str]:
    """What a person reads: the bytes, what they mean, and what is wrong with them; times in UTC and in ``zone``."""
    yield f"{seen.characters} characters, {seen.size} bytes"
    yield from table(seen.rows)
    if seen.claims is not None:
        for name, value in _meaning(seen, zone):
            yield f"{name:<11}{value}"
    for fault in seen.faults:
        yield f"byte {fault.at}: {fault.why}"
    yield (
        "form: good; whether it is believed, `tentou code verify` says"
        if seen.reason is None
        else (f"form: refused as {seen.reason}: {seen.why}")
    )


def table(rows: tuple[Row, ...]) -> Iterator[str]:
    """The rows as hex, indented by depth, each with its meaning; a long one goes on in lines without."""
    for row in rows:
        indent = "  " * row.depth
        first, *more = _wrapped(row.hex, WIDTH - len(indent))
        yield f"{indent + first:<{WIDTH}}  {row.means}"
        yield from (indent + part for part in more)


def _wrapped(text: str, width: int) -> list[str]:
    """A row's hex in lines; a long string is cut after an even number of digits, under where it began."""
    if len(text) <= width:
        return [text]
    lead = text.rfind(" ") + 1
    room = (width - lead) // 8 * 8
    cut = [text[at : at + room] for at in range(lead, len(text), room)]
    return [text[:lead] + cut[0], *(" " * lead + part for part in cut[1:])]


def _meaning(seen: Inspected, zone: tzinfo) -> Iterator[tuple[str, str]]:
    assert seen.claims is not None
    assert seen.sealed is not None
    claims = seen.claims
    yield "kid", seen.sealed.kid.hex()
    yield "flags", "; ".join(flag_names(claims.flags)) or "none"
    yield "tier", f"{claims.tier}, segments {', '.join(map(str, claims.segments)) or 'none'}"
    yield "signed", _both(claims.iat, zone)
    yield "valid from", _both(claims.exp - mc1.WINDOW, zone)
    yield "valid to", f"{_both(claims.exp, zone)}; {mc1.SKEW} s of skew either way"


def flag_names(bits: int) -> list[str]:
    """The flags that are set, by letter and meaning; bits without a meaning by their number."""
    unknown = bits & ~sum(FLAGS)
    return [name for bit, name in FLAGS.items() if bits & bit] + ([f"0x{unknown:02x} ignored"] if unknown else [])


def _both(seconds: int, zone: tzinfo) -> str:
    utc = datetime.fromtimestamp(seconds, UTC)
    return f"{utc:%Y-%m-%d %H:%M:%S} UTC, {utc.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def as_json(seen: Inspected, zone: tzinfo) -> dict[str, Any]:
    """The same as one object. Rows have ``at`` (byte), ``depth``, ``hex`` and ``means``."""
    known = seen.sealed is not None and seen.claims is not None
    return {
        "form": "good" if seen.reason is None else "refused",
        "reason": seen.reason,
        "why": seen.why or None,
        "characters": seen.characters,
        "bytes": seen.size,
        "rows": [{"at": row.at, "depth": row.depth, "hex": row.hex, "means": row.means} for row in seen.rows],
        "faults": [{"at": fault.at, "why": fault.why} for fault in seen.faults],
        "kid": seen.sealed.kid.hex() if seen.sealed else None,
        "claims": claims_json(seen.claims) if seen.claims else None,
        "flags": flag_names(seen.claims.flags) if seen.claims else None,
        "valid": _window(seen.claims, zone) if known and seen.claims else None,
    }


def _window(claims: Claims, zone: tzinfo) -> dict[str, dict[str, Any]]:
    ends = {"from": claims.exp - mc1.WINDOW, "to": claims.exp}
    return {
        name: {
            "unix": seconds,
            "utc": datetime.fromtimestamp(seconds, UTC).isoformat(),
            "local": datetime.fromtimestamp(seconds, zone).isoformat(),
        }
        for name, seconds in ends.items()
    }

"""A contact as a CloudEvent 1.0, structured JSON: written by the edge, read by the inbox, the same bytes in between."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from edge.model import Contact, Json

CLASS: Mapping[str, int] = {
    "scan": 0,
    "identify": 0,
    "session_start": 0,
    "session_end": 0,
    "content_shown": 0,
    "product_touched": 0,
    "offer_taken": 0,
    "handoff_offered": 0,
    "handoff_used": 0,
    "play": 2,
    "gap": 0,
    "clock_anchor": 1,
    "fault": 1,
}
"""What a kind weighs when room is short (RELIABILITY 2.7): 0 contacts of shoppers and gaps, 1 the edge's own word on
its clock and parts, 2 impressions. A higher class goes first; a gap never goes."""
KINDS = tuple(CLASS)
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
MAX_BODY = 65_536
"""The largest event in bytes; a contact has some 600 (MQTT.md 2.2), so a larger one is a mistake."""

_TYPE = re.compile(r"tentou\.contact\.(?P<kind>[a-z_]{1,32})\.v1")
_SOURCE = re.compile(r"/chains/(?P<chain>[a-z0-9-]+)/stores/(?P<store>[a-z0-9-]+)/devices/(?P<device>[a-z0-9-]+)")
_STREAM = re.compile(r"[0-9a-f]{32}")
_SEQUENCE = re.compile(r"[0-9]{12}")
_HIGHEST = 10**12 - 1

Range = tuple[int, int]


class BadContact(ValueError):
    """A contact that cannot become an event: an unknown kind, data that is no JSON, or too much of it."""


class BadEvent(ValueError):
    """Bytes that are no event of ours; the text says which attribute and never its value."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the outbox adds to a contact: its place in the ledger and its times. ``wall_ms`` is UNIX time, UTC."""

    id: UUID
    stream: str
    seq: int
    source: str
    timezone: str
    bootid: str
    mono_ms: int
    wall_ms: int
    synced: bool


@dataclass(frozen=True, slots=True)
class Received:
    """What the inbox needs to know of an event.

    ``ranges`` are the sequence numbers that a gap accounts for, in the stream ``gap_stream``: its own, or one that
    ended before. ``salvaged`` is the place, stream and sequence, that the event had in an outbox which was spoilt.
    """

    stream: str
    seq: int
    id: str
    type: str
    kind: str
    time: str
    store: str
    device: str
    touchpoint: str
    session: str
    member: str = field(default="", repr=False)
    ranges: tuple[Range, ...] = ()
    gap_stream: str = ""
    salvaged: tuple[str, int] | None = None


def uuid7(wall_ms: int, randomness: bytes | None = None) -> UUID:
    """A UUID of version 7 (RFC 9562 5.7): 48 bits of milliseconds, 74 random bits."""
    tail = randomness if randomness is not None else secrets.token_bytes(10)
    number = int.from_bytes(wall_ms.to_bytes(6, "big") + tail[:10], "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    return UUID(int=number & ~(0x3 << 62) | 0x2 << 62)


def source_of(chain: str, store: str, device: str) -> str:
    """The CloudEvents source of a device."""
    return f"/chains/{chain}/stores/{store}/devices/{device}"


def cloud_event(contact: Contact, stamp: Stamp) -> Json:
    """The event of a contact; the place, session and pseudonym that sessions gave win over data of the same name."""
    data: Json = {**contact.data, "touchpoint": contact.touchpoint, "timezone": stamp.timezone}
    for name, value in (("session", contact.session), ("member", contact.member)):
        data.pop(name, None)
        if value:
            data[name] = value
    return {
        "specversion": "1.0",
        "id": str(stamp.id),
        "source": stamp.source,
        "type": f"tentou.contact.{contact.kind}.v1",
        "subject": contact.touchpoint or "edge",
        "time": rfc3339(stamp.wall_ms),
        "datacontenttype": "application/json",
        "stream": stamp.stream,
        "sequence": f"{stamp.seq:012d}",
        "bootid": stamp.bootid,
        "monotonicms": str(stamp.mono_ms),  # a CloudEvents integer has 32 bits: too few for milliseconds
        "clocksync": stamp.synced,
        "data": data,
    }


def body_of(event: Mapping[str, Any]) -> bytes:
    """The event's bytes, those of the outbox's row, the wire and the inbox; raises BadContact."""
    try:
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise BadContact(f"the data of a contact is no JSON: {type(error).__name__}") from error
    if len(body) > MAX_BODY:
        raise BadContact(f"a contact of {len(body)} bytes is over {MAX_BODY}")
    return body


def gap(reason: str, counts: Mapping[str, int], ranges: Sequence[Range], at: float, stream: str = "") -> Contact:
    """The contact that accounts for others: those of ``ranges`` were dropped, or had no number yet if it is empty.

    ``ranges`` lie in ``stream``, that of an outbox which was spoilt; without one, in the stream the gap itself is in.
    """
    data: Json = {"reason": reason, "counts": dict(counts), "ranges": [list(each) for each in ranges]}
    return Contact("gap", "", at, data | ({"stream": stream} if stream else {}))


def clock_anchor(bootid: str, mono_ms: int, utc_ms: int, at: float) -> Contact:
    """One moment of a boot by its monotonic clock and by the clock that was synchronised then, UNIX milliseconds."""
    data = {"bootid": bootid, "monotonicms": mono_ms, "utc": rfc3339(utc_ms)}
    return Contact("clock_anchor", "", at, data)


def read_event(body: bytes) -> Received:
    """What an event says of itself; unknown kinds and data are welcome, an unreadable place in the ledger is not."""
    try:
        event = _parsed(body)
    except (ValueError, RecursionError) as error:
        raise BadEvent("no JSON") from error
    if not isinstance(event, dict) or event.get("specversion") != "1.0":
        raise BadEvent("no CloudEvent 1.0")
    (store, device), kind = _sender(_text(event, "source")), _kind(_text(event, "type"))
    held = event.get("data")
    data = held if isinstance(held, dict) else {}
    stream, seq = _matched(event, "stream", _STREAM)[0], int(_matched(event, "sequence", _SEQUENCE)[0])
    told = _gap_stream(data, stream) if kind == "gap" else stream
    return Received(
        stream=stream,
        seq=seq,
        id=_text(event, "id"),
        type=_text(event, "type"),
        kind=kind,
        time=_text(event, "time"),
        store=store,
        device=device,
        touchpoint=_text(data, "touchpoint"),
        session=_text(data, "session"),
        member=_text(data, "member"),
        ranges=_ranges(data.get("ranges"), seq - 1 if told == stream else _HIGHEST) if kind == "gap" else (),
        gap_stream=told if kind == "gap" else "",
        salvaged=_salvaged(event, (stream, seq)),
    )


def _parsed(body: bytes) -> Any:
    """JSON by the quick reader; half a surrogate pair, which it refuses, by the patient one."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return json.loads(body)


@lru_cache(maxsize=4_096)
def _sender(source: str) -> tuple[str, str]:
    """The store and the device that a source names; raises BadEvent."""
    match = _SOURCE.fullmatch(source)
    if match is None:
        raise BadEvent("attribute source")
    return match["store"], match["device"]


@lru_cache(maxsize=64)
def _kind(type_: str) -> str:
    """The kind that a type names; raises BadEvent."""
    match = _TYPE.fullmatch(type_)
    if match is None:
        raise BadEvent("attribute type")
    return match["kind"]


def _matched(event: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> re.Match[str]:
    match = pattern.fullmatch(_text(event, name))
    if match is None:
        raise BadEvent(f"attribute {name}")
    return match


def _text(values: Any, name: str) -> str:
    value = values.get(name)
    return value[:512] if isinstance(value, str) else ""


def _gap_stream(data: Mapping[str, Any], own: str) -> str:
    """The stream that a gap speaks of: the one it names, else its own."""
    if "stream" not in data:
        return own
    if not _STREAM.fullmatch(_text(data, "stream")):
        raise BadEvent("stream of a gap")
    return _text(data, "stream")


def _salvaged(event: Mapping[str, Any], own: tuple[str, int]) -> tuple[str, int] | None:
    """Where an event stood before: in an outbox that was spoilt, or lower in its own when it had been set aside.

    Both attributes or neither.
    """
    if "salvagedstream" not in event and "salvagedsequence" not in event:
        return None
    stream = _matched(event, "salvagedstream", _STREAM)[0]
    seq = int(_matched(event, "salvagedsequence", _SEQUENCE)[0])
    if not seq or (stream == own[0] and seq >= own[1]):
        raise BadEvent("attribute salvagedstream")
    return stream, seq


def _ranges(value: Any, highest: int) -> tuple[Range, ...]:
    """The ranges of a gap, none above ``highest``: in its own stream that is the number before the gap's."""
    if not isinstance(value, list):
        raise BadEvent("ranges")
    found = []
    for each in value:
        if not (isinstance(each, list) and len(each) == 2 and all(type(end) is int for end in each)):
            raise BadEvent("ranges")
        if not 1 <= each[0] <= each[1] <= highest:
            raise BadEvent("ranges")
        found.append((each[0], each[1]))
    return tuple(found)


def rfc3339(wall_ms: int) -> str:
    """UNIX milliseconds as an event's ``time`` has them; what lies before 1970 becomes its beginning."""
    moment = datetime.fromtimestamp(max(wall_ms, 0) / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{wall_ms % 1000:03d}Z"

"""Why is there no data: the way of a contact as five stations, each with how it is, and what to do first. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

LONG_S = 3600.0
"""After so long without a scan somebody should look, if the shop is open."""
PATIENT_S = 120.0
"""A backlog younger than this is on its way; older than this it is worth a word."""


class Mood(StrEnum):
    """How a station is: well, waiting (no fault, time mends it), or in need of a hand."""

    WELL = "well"
    WAITING = "waiting"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a contact's way. Ages are seconds, None where nothing has happened since the start.

    ``spool`` is ``ok``, ``degraded`` or ``memory``; ``line`` and ``inbox`` are health's states of the connection and of
    head office's inbox, empty where there is none, ``line_since_s`` and ``inbox_since_s`` for how long; ``_said`` and
    ``_todo`` are health's words and advice. ``ledger_down`` says why the disk takes nothing, ``file_down`` what became
    of the outbox's file. ``puback`` says that a PUBACK alone lets the outbox delete.
    """

    readers: int
    reading: int
    scan_s: float | None
    row_s: float | None
    queue: int
    spool: str
    ledger_down: str
    file_down: str
    file_todo: str
    record_since_s: float | None
    waiting: int
    oldest_s: float | None
    line: str
    line_said: str
    line_todo: str
    line_since_s: float | None
    inbox: str
    inbox_said: str
    inbox_todo: str
    inbox_since_s: float | None
    ack_s: float | None
    puback: bool
    upstream: bool
    dead: Mapping[str, int] = field(default_factory=dict)
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Station:
    """One station: its id, how it is, the word that says so, and when it last did something (age in s); of trouble
    what health says, what to do about it, and for how long it lasts (s)."""

    id: str
    mood: Mood
    word: str
    age_s: float | None = None
    said: str = ""
    todo: str = ""
    since_s: float | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """The stations in the order of the way, the first thing to do, and whether anything needs a hand."""

    stations: tuple[Station, ...]
    first: str
    mood: Mood


def told(facts: Facts) -> Told:
    """The way of a contact as it is now; the first station that needs a hand says what to do."""
    stations = (_scan(facts), _record(facts), _line(facts), _inbox(facts), _aside(facts))
    for mood in (Mood.BAD, Mood.WAITING):
        for station in stations:
            if station.mood is mood:
                return Told(stations, ADVICE[station.word], mood)
    return Told(stations, ADVICE["all well"], Mood.WELL)


def _scan(facts: Facts) -> Station:
    if not facts.readers:
        return Station("scan", Mood.BAD, "no reader", facts.scan_s)
    if not facts.reading:
        return Station("scan", Mood.BAD, "readers down", facts.scan_s)
    if facts.scan_s is None or facts.scan_s > LONG_S:
        return Station("scan", Mood.WAITING, "no scan", facts.scan_s)
    return Station("scan", Mood.WELL, "scans", facts.scan_s)


def _record(facts: Facts) -> Station:
    word = _recorded(facts)
    if word in ("records", "disk full"):
        return Station("record", Mood.WELL if word == "records" else Mood.BAD, word, facts.row_s)
    said, todo = (facts.ledger_down, "") if word == "disk refuses" else (facts.file_down, facts.file_todo)
    return Station("record", Mood.BAD, word, facts.row_s, said, todo, facts.record_since_s)


def _recorded(facts: Facts) -> str:
    refused = bool(facts.ledger_down) and (facts.spool != "degraded" or facts.queue > 0)
    rules = (
        (facts.spool == "memory", "memory only"),
        (refused, "disk refuses"),
        (facts.spool == "degraded", "disk full"),
        (bool(facts.file_down), "file spoilt"),
    )
    return next((word for so, word in rules if so), "records")


def _line(facts: Facts) -> Station:
    if not facts.upstream:
        return Station("line", Mood.BAD, "no upstream")
    if facts.line == "down":
        return Station("line", Mood.BAD, "line down", None, facts.line_said, facts.line_todo, facts.line_since_s)
    if facts.line != "up":
        return Station("line", Mood.WAITING, "connecting")
    if facts.waiting and (facts.oldest_s or 0.0) > PATIENT_S and facts.inbox != "down":
        return Station("line", Mood.WAITING, "draining", facts.oldest_s)
    return Station("line", Mood.WELL, "connected")


def _inbox(facts: Facts) -> Station:
    if not facts.upstream:
        return Station("inbox", Mood.WAITING, "not asked")
    if facts.puback:
        return Station("inbox", Mood.WELL, "puback", facts.ack_s)
    if facts.inbox == "down":
        return Station(
            "inbox", Mood.BAD, "inbox silent", facts.ack_s, facts.inbox_said, facts.inbox_todo, facts.inbox_since_s
        )
    if facts.inbox != "up":
        return Station("inbox", Mood.WAITING, "not heard", facts.ack_s)
    return Station("inbox", Mood.WELL, "confirms", facts.ack_s)


def _aside(facts: Facts) -> Station:
    if facts.dead:
        return Station("aside", Mood.BAD, "set aside")
    if facts.lost:
        return Station("aside", Mood.WAITING, "accounted for")
    return Station("aside", Mood.WELL, "nothing lost")


WORDS: Mapping[str, str] = {
    "no reader": "No camera and no scanner is set up",
    "readers down": "No camera and no scanner works",
    "no scan": "No code was scanned for a long time",
    "scans": "Codes are scanned",
    "memory only": "Kept in memory: a restart loses what is not sent",
    "disk refuses": "The disk takes nothing",
    "disk full": "The disk is nearly full: less important records give way",
    "file spoilt": "Recorded in a new file; the one before was put aside",
    "records": "Contacts are recorded",
    "no upstream": "No way to head office is set up",
    "line down": "No line to the broker",
    "connecting": "Connecting to the broker",
    "draining": "Connected; older contacts go out one after the other",
    "connected": "Connected to the broker",
    "not asked": "Nobody is asked",
    "puback": "The broker's word alone counts",
    "inbox silent": "Head office confirms nothing",
    "not heard": "Head office has not answered yet",
    "confirms": "Head office confirms what it has stored",
    "set aside": "Some records were refused and set aside",
    "accounted for": "Some contacts could not be kept; head office is told which",
    "nothing lost": "Nothing was set aside or lost",
}
"""What each station's word says to a person of IT."""

ADVICE: Mapping[str, str] = {
    "all well": "Every contact recorded here has reached head office, or is on its way.",
    "no reader": "Add a [[camera]] or a [[scanner]] to this device's settings.",
    "readers down": "Look at the camera's or the scanner's cable; the status page names each and what is wrong.",
    "no scan": "If the shop is open, hold a member code before the camera and see whether this page counts it.",
    "memory only": "Make room on this machine's disk, or mend it; do not switch the machine off before all is sent.",
    "disk refuses": "Look at the free space and the state of this machine's disk. Screens go on meanwhile.",
    "file spoilt": "Look at this machine's disk. What could be read was saved, and head office is told of the rest.",
    "disk full": "Make room on this machine's disk. Records of plays give way first, each told to head office.",
    "no upstream": "Set [upstream] in the settings; until then every contact waits here.",
    "line down": "Contacts wait here and nothing is lost. What is in the way stands below, under “The line”.",
    "connecting": "Wait a moment.",
    "draining": "Nothing to do: it takes its time so that all stores do not fill the line at once.",
    "inbox silent": "Start head office's hub, or see its page: its database may refuse, or the broker's access list.",
    "not heard": "Wait for the next contact: head office answers after it has stored one.",
    "not asked": "Set [upstream] in the settings; until then every contact waits here.",
    "set aside": "Mend what refused them (see the reasons), then press “Send again”.",
    "accounted for": "Head office holds a gap record with how many, of which kind, and why. Nothing to do here.",
}
"""The next step for a station's word."""

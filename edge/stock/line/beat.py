"""How far a shelf is, how old its word is, and by whose clock: what the hub says every few seconds of each shelf.

Ages travel as milliseconds beside the hub's own running clock, told from that of another start by ``boot``: two wall
clocks need not agree, and a message that was held up on its way is known to be as much older.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.asking import CannotAsk, strict

MOST = 2**63 - 1
MOST_MS = 10**15
MOST_BYTES = 512
DRIFT = 2e-4
"""How far two running clocks part at most, as a share of the time since they were compared; quartz parts by 1e-4."""
_BOOT = re.compile(r"[0-9a-f]{8,32}")
_DIGEST = re.compile(r"[0-9a-f]{16}")


class BadWord(ValueError):
    """A message of the wire that cannot be used; the text names the field and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Word:
    """A moment by the running clock of the hub's start ``boot``, and how old the shelf's word was then; ``age_ms`` None
    where nobody can tell."""

    boot: str
    at_ms: int
    age_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Beat:
    """A shelf at the hub: ``n`` changes were committed since ``epoch`` began. ``digest`` is that of its rows at ``n``,
    None where it is not told. ``reserve`` says that the channel's system keeps a unit for who asks first, ``looks``
    that it is asked for what screens show before the rest, so that stores tell of theirs."""

    epoch: int
    n: int
    word: Word
    digest: int | None = None
    rows: int = 0
    reserve: bool = False
    looks: bool = False


@dataclass(frozen=True, slots=True)
class HubClock:
    """The hub's running clock: it stood at ``at_ms`` no earlier than ``local_s`` of our own."""

    boot: str
    at_ms: int
    local_s: float

    def closer(self, other: HubClock | None) -> HubClock:
        """Whichever of two readings says more: of one start's the tighter one, else this, the newer."""
        if other is None or other.boot != self.boot:
            return self
        aged = (self.local_s - other.local_s) * DRIFT
        return other if other.ahead_s + aged < self.ahead_s else self

    @property
    def ahead_s(self) -> float:
        """By how much the hub's clock is ahead of ours, at most."""
        return self.at_ms / 1000 - self.local_s

    def age(self, word: Word, now_s: float) -> float | None:
        """How old, in seconds, the source's word is now, at least; None if this clock does not say.

        Rounded to the old side: what the answer took on its way, and what the clocks may have parted since, is added.
        """
        if word.age_ms is None or word.boot != self.boot:
            return None
        said_s = self.local_s + (word.at_ms - self.at_ms) / 1000
        return word.age_ms / 1000 + max(0.0, now_s - said_s) + self.apart_s(now_s)

    def apart_s(self, now_s: float) -> float:
        """By how much the two clocks may have parted since they were compared."""
        return DRIFT * max(0.0, now_s - self.local_s)


def age_ms(age: float | None) -> int | None:
    """Seconds as whole milliseconds, rounded up; None for an age that nobody knows."""
    return None if age is None or not 0 <= age < MOST_MS / 1000 else math.ceil(age * 1000)


def write(beat: Beat) -> str:
    """A beat as one line of ASCII, which fits into a header as well."""
    told: dict[str, Any] = {"e": beat.epoch, "n": beat.n, **word_fields(beat.word)}
    if beat.digest is not None:
        told["d"] = f"{beat.digest:016x}"
    told |= {"rows": beat.rows, "reserve": beat.reserve} | ({"looks": True} if beat.looks else {})
    return json.dumps(told, separators=(",", ":"))


def word_fields(word: Word) -> dict[str, Any]:
    """A word's part of a message."""
    return {"boot": word.boot, "at": word.at_ms, "age_ms": word.age_ms}


def parse(text: bytes) -> Beat:
    """The beat of a message; raises BadWord."""
    if len(text) > MOST_BYTES:
        raise BadWord("a beat that is too long")
    try:
        value = strict(text)
    except CannotAsk as error:
        raise BadWord(str(error)) from None
    return read(value)


def read(value: Any) -> Beat:
    """The beat of a JSON value; raises BadWord."""
    told = fields(value)
    digest = told.get("d")
    if digest is not None and not (isinstance(digest, str) and _DIGEST.fullmatch(digest)):
        raise BadWord("d: 16 hexadecimal digits are needed")
    rows = whole(told, "rows", MOST) if "rows" in told else 0
    number = None if digest is None else int(digest, 16)
    says = _flag(told, "reserve"), _flag(told, "looks")
    return Beat(whole(told, "e", MOST), whole(told, "n", MOST), read_word(told), number, rows, *says)


def read_word(told: Mapping[str, Any]) -> Word:
    """The word in a message's fields; raises BadWord."""
    boot = told.get("boot")
    if not isinstance(boot, str) or not _BOOT.fullmatch(boot):
        raise BadWord("boot: hexadecimal digits are needed")
    age = whole(told, "age_ms", MOST_MS) if told.get("age_ms") is not None else None
    return Word(boot, whole(told, "at", MOST_MS), age)


def fields(value: Any) -> Mapping[str, Any]:
    """A JSON object's fields; raises BadWord for all else."""
    if not isinstance(value, dict):
        raise BadWord("an object is needed")
    return value


def _flag(told: Mapping[str, Any], name: str) -> bool:
    flag = told.get(name, False)
    if not isinstance(flag, bool):
        raise BadWord(f"{name}: true or false is needed")
    return flag


def whole(told: Mapping[str, Any], name: str, most: int) -> int:
    """A whole number from 0 to ``most``; raises BadWord."""
    number = told.get(name)
    if type(number) is not int or not 0 <= number <= most:
        raise BadWord(f"{name}: a whole number from 0 is needed")
    return number

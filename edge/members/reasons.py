"""Why a code is refused (a stable API and the metric's label), and the little of it that a shopper may see."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The reasons of MEMBER_CODES 2 in the order of their checks; ``foreign`` is a text that is no member code."""

    OVERSIZE = "oversize"
    NOT_MC1 = "not_mc1"
    ENCODING = "encoding"
    SIZE = "size"
    CBOR = "cbor"
    COSE = "cose"
    HEADER = "header"
    UNKNOWN_KEY = "unknown_key"
    REVOKED_KEY = "revoked_key"
    SIGNATURE = "signature"
    CLAIMS = "claims"
    LIFETIME = "lifetime"
    KEY_PERIOD = "key_period"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    TIME_UNCERTAIN = "time_uncertain"
    REPLAY = "replay"
    DENIED = "denied"
    RATE = "rate"
    FOREIGN = "foreign"


class Hint(StrEnum):
    """What a shopper is told: show it again, ask staff, or nothing (a code that is not ours, one of too many)."""

    AGAIN = "again"
    ASK = "ask"
    NONE = "none"


_ASK = {Reason.UNKNOWN_KEY, Reason.REVOKED_KEY, Reason.KEY_PERIOD, Reason.TIME_UNCERTAIN}
_NONE = {Reason.FOREIGN, Reason.NOT_MC1, Reason.RATE}


def hint(reason: Reason) -> Hint:
    """The shopper's hint for a reason. Replayed, denied and forged are told alike, so that a thief learns nothing."""
    if reason in _NONE:
        return Hint.NONE
    return Hint.ASK if reason in _ASK else Hint.AGAIN


class Refused(Exception):
    """A check failed; it ends in ``classify`` and never leaves this room."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason

"""Why there is no line, in plain words, and what to do about it: one table for adapters, uplink and health page.

A cause never changes what is kept; it changes what a person is told and how soon the next attempt may be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from edge.ports import LinkLost


class Cause(StrEnum):
    """What kept a connection from being made, or ended it."""

    AWAY = "away"
    NAME = "name"
    NAME_HANGS = "name hangs"
    SILENT = "silent"
    FILES = "files"
    AUTHORITY = "authority"
    HOST = "host"
    EXPIRED = "expired"
    NOT_YET = "not yet"
    CLOCK = "clock"
    OWN_EXPIRED = "own expired"
    OWN_NOT_YET = "own not yet"
    OWN_REFUSED = "own refused"
    OLD_TLS = "old tls"
    NO_TLS = "no tls"
    PORTAL = "portal"
    TLS = "tls"
    VERSION = "version"
    USER = "user"
    RIGHTS = "rights"
    DEAF = "deaf"
    CLONE = "clone"
    WINDOW = "window"
    ELSEWHERE = "elsewhere"
    BUSY = "busy"
    STALLED = "stalled"


@dataclass(frozen=True, slots=True)
class Remedy:
    """``words`` say what is so, ``todo`` what a person can do; ``pause`` is the least number of seconds to a redial."""

    words: str
    todo: str
    pause: float = 0.0


_KEPT = "contacts are kept and sent later"
_WAIT = f"nothing to do in the store: {_KEPT}; check the network if it lasts"
_RENEW = f"give this device a certificate that is valid now; {_KEPT}"
_CLOCK_FIRST = f"let this device get the time (NTP) first; {_KEPT}"

REMEDIES: Mapping[Cause, Remedy] = {
    Cause.AWAY: Remedy("nobody answers there", _WAIT),
    Cause.NAME: Remedy("the broker's name cannot be found", f"check the host's name and the store's DNS; {_KEPT}"),
    Cause.NAME_HANGS: Remedy("the look-up of the broker's name gets no answer", f"check the store's DNS; {_KEPT}"),
    Cause.SILENT: Remedy("the broker does not answer", _WAIT),
    Cause.FILES: Remedy("certificate, key or password cannot be read", "check the files that upstream names"),
    Cause.AUTHORITY: Remedy(
        "the broker's certificate is from an authority that is not trusted here",
        f"check `ca` and the host, and that no gateway or guest network's page stands in between; {_KEPT}",
    ),
    Cause.HOST: Remedy(
        "the broker's certificate names another host",
        f"let `host` be a name that stands in the broker's certificate, or renew that; {_KEPT}",
    ),
    Cause.EXPIRED: Remedy("the broker's certificate has expired", f"renew the broker's certificate; {_KEPT}"),
    Cause.NOT_YET: Remedy(
        "the broker's certificate is not yet valid", f"check the broker's certificate and this device's clock; {_KEPT}"
    ),
    Cause.CLOCK: Remedy(
        "the broker's certificate is not valid at this device's time, but its clock is not synchronised, which is the "
        "likely cause",
        _CLOCK_FIRST,
    ),
    Cause.OWN_EXPIRED: Remedy("this device's own certificate has expired", _RENEW),
    Cause.OWN_NOT_YET: Remedy("this device's own certificate is not yet valid", f"check this device's clock; {_RENEW}"),
    Cause.OWN_REFUSED: Remedy(
        "the broker refuses this device's certificate",
        f"check that the broker trusts the authority of `cert`, and whether it was revoked; {_KEPT}",
    ),
    Cause.OLD_TLS: Remedy("the broker speaks only TLS older than 1.2", f"switch TLS 1.2 on at the broker; {_KEPT}"),
    Cause.NO_TLS: Remedy(
        "what answers there speaks no TLS",
        f"check the port (8883 is usual with TLS), or that no guest network's page stands in between; {_KEPT}",
    ),
    Cause.PORTAL: Remedy(
        "a web page answers instead of the broker",
        f"the network wants a log-in (a guest network's page) or the port is a web server's: check both; {_KEPT}",
    ),
    Cause.TLS: Remedy("TLS could not be agreed on", f"see the broker's log; {_KEPT}"),
    Cause.VERSION: Remedy("the broker speaks another MQTT", 'try `protocol = "3.1.1"` (or "5") in upstream'),
    Cause.USER: Remedy("the broker refuses this name or password", "check `user`, `password_file` and `cert`"),
    Cause.RIGHTS: Remedy("the broker refuses what this edge writes", "let the broker's access list give it its topics"),
    Cause.DEAF: Remedy(
        "the broker refuses a subscription, so that its words would not be heard",
        "let the broker's access list give the topics that are read, not only those that are written",
    ),
    Cause.CLONE: Remedy(
        "another device connected under this one's name: two devices have one identity",
        "SECURITY: find the clone, give each device its own id and certificate, and revoke the copied one",
        60.0,
    ),
    Cause.WINDOW: Remedy("the broker was sent more at once than it takes", "report it to us; the window is halved"),
    Cause.ELSEWHERE: Remedy(
        "the broker names another server, which is never followed",
        "if that is meant, write the new host into upstream",
        60.0,
    ),
    Cause.BUSY: Remedy("the broker is busy or over its quota", f"see the broker's load and quotas; {_KEPT}", 5.0),
    Cause.STALLED: Remedy("no acknowledgement came in time", _WAIT),
}

REASONS: Mapping[int, Cause] = {
    0x01: Cause.VERSION,
    0x84: Cause.VERSION,
    0x86: Cause.USER,
    0x87: Cause.USER,
    0x85: Cause.USER,
    0x8A: Cause.USER,
    0x8C: Cause.USER,
    0x88: Cause.BUSY,
    0x89: Cause.BUSY,
    0x96: Cause.BUSY,
    0x97: Cause.BUSY,
    0x9F: Cause.BUSY,
    0x8E: Cause.CLONE,
    0x93: Cause.WINDOW,
    0x9C: Cause.ELSEWHERE,
    0x9D: Cause.ELSEWHERE,
}
"""What a reason of CONNACK or DISCONNECT means (MQTT 5, 3.2.2.2 and 3.14.2.1); any other is AWAY, and told as it is."""

BLAMELESS = frozenset({Cause.CLONE, Cause.WINDOW, Cause.ELSEWHERE, Cause.BUSY, Cause.STALLED})
"""Ends of a connection for which no event that was out is to be suspected."""


def lost(cause: Cause, detail: str = "") -> LinkLost:
    """The loss in the table's words; ``detail`` must hold no secret."""
    words = REMEDIES[cause].words
    return LinkLost(f"{words}: {detail}" if detail else words, cause)


def remedy(error: LinkLost) -> Remedy:
    """What to do about a loss: the cause's own words, or those for one that has none."""
    return REMEDIES[Cause(error.cause)] if error.cause else REMEDIES[Cause.AWAY]

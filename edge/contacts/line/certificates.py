"""TLS to the broker: what is agreed to, how long our own certificate lasts, and what a refusal means in plain words.

Verification is never off. Where a date is the reason and nobody vouches for our own clock, the clock is named first.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509

from edge.contacts.line.causes import Cause, lost
from edge.ports import LinkLost

DAY_S = 86_400.0

_VERIFY: Mapping[int, Cause] = {9: Cause.NOT_YET, 10: Cause.EXPIRED, 62: Cause.HOST, 63: Cause.HOST, 64: Cause.HOST}
"""OpenSSL's X509_V_ERR codes of dates and names; any other is about who signed."""

_ALERTS: Mapping[str, Cause] = {
    "BAD_CERTIFICATE": Cause.OWN_REFUSED,
    "CERTIFICATE_EXPIRED": Cause.OWN_EXPIRED,
    "CERTIFICATE_REVOKED": Cause.OWN_REFUSED,
    "CERTIFICATE_UNKNOWN": Cause.OWN_REFUSED,
    "CERTIFICATE_REQUIRED": Cause.OWN_REFUSED,
    "UNSUPPORTED_CERTIFICATE": Cause.OWN_REFUSED,
    "UNKNOWN_CA": Cause.OWN_REFUSED,
    "ACCESS_DENIED": Cause.OWN_REFUSED,
    "HANDSHAKE_FAILURE": Cause.OWN_REFUSED,
    "ALERT_PROTOCOL_VERSION": Cause.OLD_TLS,
    "UNSUPPORTED_PROTOCOL": Cause.OLD_TLS,
    "WRONG_SSL_VERSION": Cause.OLD_TLS,
    "HTTP_REQUEST": Cause.PORTAL,
    "WRONG_VERSION_NUMBER": Cause.NO_TLS,
    "RECORD_LAYER_FAILURE": Cause.NO_TLS,
}
"""What stands in OpenSSL's word for an alert that came, or for an answer that is no TLS."""

_WEB = (b"HTTP/", b"<!DOC", b"<!doc", b"<html", b"<HTML")


class Socket(ssl.SSLSocket):
    """Closed when its handshake fails, which paho only forgets; keeps what a later read died of, which paho drops.

    With TLS 1.3 a broker refuses our certificate after the handshake: only the first read tells.
    """

    trouble: OSError | None = None
    first: bytes = b""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        try:
            got = super().recv(buflen, flags)
        except ssl.SSLWantReadError:
            raise
        except OSError as error:
            self.trouble = error
            raise
        if len(self.first) < 8:
            self.first += got
        return got


def context(ca: Path | None, cert: Path | None, key: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or newer, the broker's name and authority verified; raises OSError for files that cannot be read."""
    made = ssl.create_default_context(cafile=str(ca) if ca else None)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.sslsocket_class = Socket
    if cert and key:
        made.load_cert_chain(cert, key)
    return made


def dates(cert: Path) -> tuple[float, float] | None:
    """From when to when a PEM certificate is valid, in UNIX seconds; None if it cannot be read."""
    try:
        found = x509.load_pem_x509_certificate(cert.read_bytes())
    except (OSError, ValueError):
        return None
    # Certificates are in UTC; the library's older accessor gives it without a zone.
    return _unix(found.not_valid_before_utc), _unix(found.not_valid_after_utc)


def _unix(moment: datetime) -> float:
    return moment.astimezone(UTC).timestamp()


def own(valid: tuple[float, float] | None, now: float) -> Cause | None:
    """What is wrong with the dates of our own certificate, if anything."""
    if valid is None or valid[0] <= now <= valid[1]:
        return None
    return Cause.OWN_NOT_YET if now < valid[0] else Cause.OWN_EXPIRED


def loss_of(error: Exception, synced: bool) -> LinkLost:
    """Why a name, a connection or a handshake failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        cause = _VERIFY.get(error.verify_code, Cause.AUTHORITY)
        dated = cause in (Cause.NOT_YET, Cause.EXPIRED)
        return lost(Cause.CLOCK if dated and not synced else cause, error.verify_message)
    if isinstance(error, socket.gaierror):
        return lost(Cause.NAME)
    if isinstance(error, ssl.SSLError):
        return lost(_alert(error.reason or ""), (error.reason or "").lower().replace("_", " "))
    if isinstance(error, TimeoutError):
        return lost(Cause.SILENT)
    return lost(Cause.AWAY, (error.strerror if isinstance(error, OSError) else None) or type(error).__name__)


def _alert(reason: str) -> Cause:
    return next((cause for part, cause in _ALERTS.items() if part in reason), Cause.TLS)


def before_greeting(held: Any, synced: bool) -> LinkLost | None:
    """What the first bytes of a broker that never greeted us tell: a web page, or an alert about our certificate."""
    if isinstance(held, Socket):
        first, trouble = held.first, held.trouble
        if isinstance(trouble, ssl.SSLError):
            return loss_of(trouble, synced)
    else:
        first = _peek(held)
    return lost(Cause.PORTAL) if first.startswith(_WEB) else None


def _peek(held: Any) -> bytes:
    if held is None or held.fileno() < 0:
        return b""
    try:
        return bytes(held.recv(8, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except OSError:
        return b""

"""Whether a webhook is who it says: a HMAC-SHA256 over its raw bytes, by a secret that a file holds."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from pathlib import Path

from edge.stock.system import Unsigned

MOST_SECRETS = 2
"""The one in use and the one before it, which a system may go on using for a while after a change."""

_LONGEST = 4096
Encoded = Callable[[bytes], str]


def base64_(digest: bytes) -> str:
    """As Shopify, Square and WooCommerce send it."""
    return base64.b64encode(digest).decode()


def hex_(digest: bytes) -> str:
    """As EC-CUBE and our own pushes send it."""
    return digest.hex()


def secrets(path: Path | None) -> tuple[bytes, ...]:
    """The secrets of a file, one a line, read anew so that a changed one counts at once; raises Unsigned."""
    if path is None:
        raise Unsigned("no secret_file is set, so no webhook of this channel is believed")
    try:
        text = path.read_bytes()[:_LONGEST]
    except OSError as error:
        raise Unsigned(f"the secret file {path} cannot be read: {error.strerror}") from None
    found = tuple(line for line in (line.strip() for line in text.splitlines()) if line)
    if not 0 < len(found) <= MOST_SECRETS:
        raise Unsigned(f"the secret file {path} must hold one secret, or the new one and the one before it")
    return found


def signed(given: str, message: bytes, path: Path | None, encoded: Encoded) -> None:
    """Nothing if a message bears the signature of one of the file's secrets; raises Unsigned."""
    right = [_same(encoded(hmac.digest(secret, message, "sha256")), given) for secret in secrets(path)]
    if not any(right):
        raise Unsigned("the signature is not right; look at secret_file and hook_url")


def borne(given: str, path: Path | None) -> None:
    """Nothing if a header bears one of the file's secrets itself, where a system signs nothing; raises Unsigned."""
    right = [_same(secret.decode("utf-8", "replace"), given) for secret in secrets(path)]
    if not any(right):
        raise Unsigned("the secret in the header is not right; look at secret_file")


def _same(right: str, given: str) -> bool:
    """Whether two texts are the same, in a time that tells nothing of where they differ."""
    return hmac.compare_digest(right.encode(), given.strip().encode("utf-8", "replace"))

"""Which requests may change something: those of our own pages, never another site's (promise X-4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,511}")


def changes(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request could change something; a WebSocket can, and browsers open it across sites with cookies."""
    return method not in SAFE_METHODS or headers.get("Upgrade", "").lower() == "websocket"


def own(headers: Mapping[str, str], host: str, with_cookie: bool) -> bool:
    """Whether a request comes from our own page or from no page at all (a person's address bar, a program).

    Browsers send Sec-Fetch-Site to https and to this machine, and Origin with everything that changes something;
    what sends neither is taken for a program, which has no business with a person's session.
    """
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("Origin")
    if origin is not None:
        return _place(origin) == host
    return not with_cookie


def _place(origin: str) -> str | None:
    """The host and port of an Origin, None for one that is no address."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def safe_path(text: str, otherwise: str) -> str:
    """A path of this site to return to, or ``otherwise``; never another host, however it is spelled."""
    return text if _PATH.fullmatch(text) or text == "/" else otherwise

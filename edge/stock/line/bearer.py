"""Who may read the hub's stock: whoever bears its token, or everybody where it has none."""

from __future__ import annotations

import hmac

from aiohttp import hdrs, web


def need(request: web.Request, token: str) -> None:
    """Raise 401 unless the request bears the token; an empty token lets everybody in."""
    given = request.headers.get(hdrs.AUTHORIZATION, "")
    if token and not hmac.compare_digest(given.encode(errors="replace"), f"Bearer {token}".encode()):
        raise web.HTTPUnauthorized(headers={hdrs.WWW_AUTHENTICATE: "Bearer"})

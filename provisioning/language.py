"""Which language a person reads a page in: asked for in the address, remembered in a cookie, or the browser's."""

from __future__ import annotations

from aiohttp import web

LANGUAGES = ("ja", "en")
"""The first one is taken where nothing else is known."""
COOKIE = "tentou_language"
YEAR_S = 365 * 86_400


def chosen(request: web.Request) -> str:
    """``?language=``, then the cookie, then Accept-Language, then Japanese."""
    for asked in (request.query.get("language"), request.cookies.get(COOKIE)):
        if asked in LANGUAGES:
            return asked
    return preferred(request.headers.get("Accept-Language", ""))


def preferred(header: str) -> str:
    """The first known language of an Accept-Language header; browsers send them in order of preference."""
    for part in header[:256].split(","):
        tag = part.split(";")[0].strip().lower().split("-")[0]
        if tag in LANGUAGES:
            return tag
    return LANGUAGES[0]


def remember(request: web.Request, response: web.StreamResponse) -> None:
    """Keep a language that was asked for in the address."""
    asked = request.query.get("language")
    if asked in LANGUAGES:
        response.set_cookie(COOKIE, asked, max_age=YEAR_S, samesite="Lax", httponly=True, path="/")

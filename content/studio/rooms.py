"""All routes of the studio, put together from its pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, time

from aiohttp import web

from content.library import Library
from content.ports import Calls, Guard
from content.studio import calls as staff_calls
from content.studio import campaigns, history, home, pictures, playlists, preview
from content.studio.desk import HERE, Desk, Screen, environments_for_studio


def routes(
    library: Library,
    guard: Guard,
    screens: Sequence[tuple[str, str, str]],
    on_screen: Callable[[str], str],
    now: Callable[[], datetime],
    calls: Calls,
    closing: time = time(21),
    looks: Callable[[str], str] = lambda _: "",
    place: Callable[[str, str], str] = lambda id, _: id,
) -> list[web.AbstractRouteDef]:
    """The routes under ``/staff/``; their media come from ``content.library.media_routes``.

    ``screens`` are (id, name, portrait or landscape); ``on_screen`` gives the campaign's or medium's id that a screen
    has confirmed to show, "" if it has confirmed nothing; ``now`` is the store's aware wall clock, ``calls`` what
    shoppers asked of staff, ``closing`` when the store closes, ``looks`` a SKU's colour and size, ``place`` another
    store's name by its id in a language.
    """
    desk = Desk(
        library=library,
        guard=guard,
        screens={each[0]: Screen(*each) for each in screens},
        on_screen=on_screen,
        now=now,
        closing=closing,
        pages=environments_for_studio(),
        calls=calls,
        looks=looks,
        place=place,
    )
    rooms = (home, staff_calls, pictures, playlists, campaigns, preview, history)
    made: list[web.AbstractRouteDef] = [_worded(desk, route) for room in rooms for route in room.routes(desk)]
    missing = _worded(desk, web.get("/staff/{rest:.+}", _missing(desk)))
    return [*made, web.static("/staff/static", HERE / "static"), missing]


def _missing(desk: Desk) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def missing(request: web.Request) -> web.Response:
        """An address under which there is nothing."""
        desk.staff(request)
        raise web.HTTPNotFound

    return missing


def _worded(desk: Desk, route: web.RouteDef) -> web.RouteDef:
    """A route whose "not found" is a page in words with a way on, for a person who asks for a page."""

    async def worded(request: web.Request) -> web.StreamResponse:
        try:
            return await route.handler(request)
        except web.HTTPNotFound:
            if "text/html" not in request.headers.get("Accept", ""):
                raise
            return desk.page(request, "missing.html", 404)

    return web.RouteDef(route.method, route.path, worded, route.kwargs)

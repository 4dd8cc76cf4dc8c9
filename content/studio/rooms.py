"""All routes of the studio, put together from its pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time

from aiohttp import web

from content.library import Library
from content.ports import Guard
from content.studio import campaigns, history, home, pictures, playlists, preview
from content.studio.desk import HERE, Desk, Screen, environments_for_studio


def routes(
    library: Library,
    guard: Guard,
    screens: Sequence[tuple[str, str, str]],
    on_screen: Callable[[str], str],
    now: Callable[[], datetime],
    closing: time = time(21),
) -> list[web.AbstractRouteDef]:
    """The routes under ``/staff/``; their media come from ``content.library.media_routes``.

    ``screens`` are (id, name, portrait or landscape); ``on_screen`` gives the campaign's or medium's id that a screen
    has confirmed to show, "" if it has confirmed nothing; ``now`` is the store's aware wall clock, ``closing`` when
    the store closes.
    """
    desk = Desk(
        library=library,
        guard=guard,
        screens={each[0]: Screen(*each) for each in screens},
        on_screen=on_screen,
        now=now,
        closing=closing,
        pages=environments_for_studio(),
    )
    rooms = (home, pictures, playlists, campaigns, preview, history)
    made: list[web.AbstractRouteDef] = [route for room in rooms for route in room.routes(desk)]
    return [*made, web.static("/staff/static", HERE / "static")]

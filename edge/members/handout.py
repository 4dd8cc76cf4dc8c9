"""What head office hands out to its edges: its signed files, by address with ETag and by letter.

Head office has no pinned roots: it hands on what is whole, of a version that is not lower than the one before, and
leaves it to the edges whom to believe.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import ETag, hdrs, web

from edge.health import Health
from edge.members.papers import KINDS, Watched
from edge.members.shelf import Shelf

LOOK_S = 5.0
"""Seconds between two looks at the files."""


class Handouts:
    """The files of ``papers.KINDS`` that the settings name. ``tell`` gets the name and shelf of each that is new."""

    def __init__(
        self, paths: Mapping[str, Path | None], health: Health, tell: Callable[[str, Shelf[Any]], None]
    ) -> None:
        named = {name: path for name, path in paths.items() if path}
        self.shelves = {name: _shelf(name, health) for name in named}
        self._watched = [Watched(path, self.shelves[name]) for name, path in named.items()]
        self._tell = tell
        self._told: dict[str, str] = {}

    def look(self) -> None:
        """Read what changed, and tell of what is new."""
        for watched in self._watched:
            watched.look()
        for name, shelf in self.shelves.items():
            shelf.tell()
            if shelf.text and shelf.text != self._told.get(name):
                self._told[name] = shelf.text
                self._tell(name, shelf)

    async def run(self) -> None:
        """Look for ever."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_S)

    def routes(self) -> list[web.RouteDef]:
        """``/keyset.json``, ``/deny.json`` and ``/erase.json``, those that the settings name."""
        return [web.get(f"/{name}.json", _answer(shelf)) for name, shelf in self.shelves.items()]


def _shelf(name: str, health: Health) -> Shelf[Any]:
    """A shelf in memory for any chain's file that is whole, whoever signed it."""
    return Shelf(KINDS[name]("", None, time.time), None, health)


def _answer(shelf: Shelf[Any]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        """The signed file, or 304; public, as its signature is what counts."""
        if not shelf.text:
            raise web.HTTPServiceUnavailable(text=f"no good {shelf.word} lies here\n")
        etag = ETag(hashlib.sha256(shelf.text.encode()).hexdigest()[:32])
        known = {each.value for each in request.if_none_match or ()}
        response = web.Response(status=304) if etag.value in known else web.Response(text=shelf.text)
        if response.status == 200:
            response.content_type = "application/json"
        response.headers[hdrs.CACHE_CONTROL] = "no-cache"
        response.etag = etag
        return response

    return answer

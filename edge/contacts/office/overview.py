"""Head office's view of the whole ledger: the table of streams for its page, ``/ledger.json`` and its health."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

from aiohttp import web

from edge.contacts.office.counts import Counting
from edge.contacts.office.lines import PAGE, Asking, Line, as_json, figures, lines, part, told_of
from edge.contacts.office.roster import Roster
from edge.contacts.office.sink import SinkAway
from edge.health import Health, State
from edge.web import need

FRESH_S = 2.0
"""For how long a table is shown again: a page that many look at asks the database once."""
EVERY_S = 10.0
MOST = 1_000
"""Lines in one answer."""
_HIGHEST = 10**6
_ADVICE = (
    "See these stores on the hub's page; an edge that runs and is connected sends what is missing again by itself."
)


class Overview:
    """The table over a sink and what edges told. ``wall`` gives UNIX time."""

    def __init__(self, sink: object, roster: Roster, health: Health, wall: Callable[[], float] = time.time) -> None:
        self._sink, self._roster, self._health, self._wall = sink, roster, health, wall
        self._lines: Sequence[Line] = ()
        self._at = -FRESH_S

    async def lines(self) -> Sequence[Line]:
        """The table, the worst first; raises SinkAway."""
        now = asyncio.get_running_loop().time()
        if isinstance(self._sink, Counting) and now - self._at >= FRESH_S:
            standings = await self._sink.standings()
            self._lines = await asyncio.to_thread(lines, standings, dict(self._roster.edges), self._wall())
            self._at = now
        return self._lines

    async def run(self) -> None:
        """Tell health and metrics how the ledger stands, for ever."""
        while True:
            try:
                every = await self.lines()
            except SinkAway as error:
                self._health.down("ledger", "streams", str(error), "see the sink")
            else:
                why = told_of(every)
                state, todo = (State.DOWN, _ADVICE) if why else (State.UP, "")
                self._health.set("ledger", "streams", state, why, todo, figures(every))
            await asyncio.sleep(EVERY_S)

    def routes(self, token: str, everybody: bool) -> list[web.RouteDef]:
        """``/ledger.json``: to who bears the token, or where there is none to ``everybody`` who can ask."""

        async def ledger(request: web.Request) -> web.Response:
            """Every stream's watermark, holes, gaps, troubles; ``?store=``, ``troubled=1``, ``after=``, ``most=``."""
            need(request, token)
            if not token and not everybody:
                raise web.HTTPForbidden(text="name a token's file as ledger_token in hub.toml\n")
            try:
                found = part(await self.lines(), asking(request.query, MOST))
            except ValueError as error:
                raise web.HTTPBadRequest(text="after and most are numbers\n") from error
            except SinkAway as error:
                raise web.HTTPServiceUnavailable(text=f"{error}\n") from error
            told = {"total": found.total, "after": found.after, "next": found.next}
            return web.json_response({**told, "streams": [as_json(line) for line in found.lines]})

        return [web.get("/ledger.json", ledger)]


def asking(query: Mapping[str, str], most: int = PAGE) -> Asking:
    """What a request asks for; raises ValueError."""
    after, wanted = int(query.get("after", 0)), int(query.get("most", most))
    return Asking(
        query.get("store", "")[:63],
        query.get("troubled", "") not in ("", "0"),
        min(max(after, 0), _HIGHEST),
        min(max(wanted, 1), most),
    )

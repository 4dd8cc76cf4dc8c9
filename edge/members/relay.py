"""Head office's end of the members' wire: one profile to a store that bears the token, as ``members_http`` reads it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from aiohttp import hdrs, web

from edge.members import document
from edge.members.rate import Rate
from edge.members.text import REF
from edge.ports import Members, MembersAway
from edge.web import need

MOST, EACH_S = 60, 10.0
"""Questions from one address in so many seconds: a large store at its busiest; nobody reads a chain's members so."""

ASK_S = 3.0
AGAIN_S = 5


class _Relay:
    """Answers for one members' source; neither a log nor an error ever names who was asked for."""

    def __init__(
        self, members: Members | None, token: str, tell: Callable[[str], None], mono: Callable[[], float]
    ) -> None:
        self._members = members
        self._token = token
        self._tell = tell
        self._mono = mono
        self._rate = Rate(MOST, EACH_S)

    async def answer(self, request: web.Request) -> web.Response:
        """One member's profile; 404 if there is none or no more, 503 while the source is away."""
        if self._rate.hasty(request.remote or "", self._mono()):
            raise web.HTTPTooManyRequests(headers={hdrs.RETRY_AFTER: f"{EACH_S:.0f}"})
        need(request, self._token)
        if self._members is None:
            raise web.HTTPServiceUnavailable(text="no members' source is open here; see members.adapter of this hub")
        ref = request.match_info["ref"]
        if not REF.fullmatch(ref):
            raise web.HTTPNotFound(text="no such member")
        try:
            async with asyncio.timeout(ASK_S):
                profile = await self._members.profile(ref)
        except (MembersAway, TimeoutError) as error:
            self._tell(str(error) or f"no answer within {ASK_S:.0f} s")
            headers = {hdrs.RETRY_AFTER: str(AGAIN_S)}
            raise web.HTTPServiceUnavailable(text="the members' source cannot answer now", headers=headers) from None
        self._tell("")
        if profile is None:
            raise web.HTTPNotFound(text="no such member")
        body = document.write(profile)
        return web.Response(body=body, content_type="application/json", headers={hdrs.CACHE_CONTROL: "no-store"})


def routes(
    members: Members | None,
    token: str = "",
    tell: Callable[[str], None] = lambda _: None,
    mono: Callable[[], float] = time.monotonic,
) -> Iterable[web.AbstractRouteDef]:
    """``GET /members/{ref}``; ``tell`` hears why the source gives no answer, or an empty text when it does."""
    return [web.get("/members/{ref}", _Relay(members, token, tell, mono).answer, allow_head=False)]

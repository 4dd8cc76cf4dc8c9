"""The camera notice as a page to print and to hang at the door (``/it/notice``), for accounts of role it."""

from __future__ import annotations

from aiohttp import web

from edge.config import Notice
from edge.screens.render import Renderer
from provisioning.accounts import Role
from provisioning.signin import Guard

UNSAID = "Nobody is named who answers for cameras: set notice.operator and notice.address, then restart the service.\n"


def routes(renderer: Renderer, notice: Notice, guard: Guard) -> list[web.AbstractRouteDef]:
    """``/it/notice``; a store without cameras may leave it unset, and then there is nothing to print."""

    async def printed(request: web.Request) -> web.Response:
        """The camera notice in four languages, to print."""
        guard.require(request, Role.IT)
        if not (notice.operator and notice.address):
            raise web.HTTPNotFound(text=UNSAID)
        return web.Response(text=renderer.printed(notice), content_type="text/html")

    return [web.get("/it/notice", printed)]

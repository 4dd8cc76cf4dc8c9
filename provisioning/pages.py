"""The IT's pages at ``/it/``: what is up or down since when and what to do, and where each setting comes from."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from aiohttp import web

from provisioning import language, signin
from provisioning.accounts import Role
from provisioning.dashboard import PartLike, board
from provisioning.i18n import words
from provisioning.layers import Layered, dotted
from provisioning.masking import masked
from provisioning.signin import Guard


def routes(
    parts: Callable[[], Iterable[PartLike]],
    guard: Guard,
    settings: Callable[[], Layered] | None = None,
    title: str = "",
) -> list[web.AbstractRouteDef]:
    """``/it/``, ``/it/state.json``, ``/it/config`` and their static files, for accounts of role it.

    ``parts`` is asked at each poll, ``settings`` at each look at them; ``title`` names this machine, as in
    ``acme · ginza · front``.
    """
    environments = signin.pages()
    says = {tongue: words(signin.HERE / "locales", tongue).gettext for tongue in language.LANGUAGES}

    def page(request: web.Request, template: str, **values: Any) -> web.Response:
        account = guard.require(request, Role.IT)
        environment = environments[language.chosen(request)]
        text = environment.get_template(template).render(
            title=title, account=account, static="/it/static", path=request.path, **values
        )
        answer = web.Response(text=text, content_type="text/html", headers={"Cache-Control": "no-store"})
        language.remember(request, answer)
        return answer

    async def dashboard(request: web.Request) -> web.Response:
        """What is up, what is down, since when, and what to do."""
        return page(request, "board.html")

    async def state(request: web.Request) -> web.Response:
        """The dashboard's data; ``?seen=1`` tells that a person is there, which keeps the session awake."""
        guard.require(request, Role.IT, active="seen" in request.query)
        told = board(parts(), time.time(), says[language.chosen(request)])
        return web.json_response(told, headers={"Cache-Control": "no-store"})

    async def config(request: web.Request) -> web.Response:
        """Every setting with its value, layer, file and line; secrets are masked."""
        layered = settings() if settings else None
        groups = rows(layered) if layered else []
        gone = [(dotted(path), origin) for path, origin in layered.unset.items()] if layered else []
        return page(request, "config.html", groups=groups, gone=gone, folder=layered.folder if layered else None)

    async def slash(_: web.Request) -> web.Response:
        """To ``/it/``."""
        raise web.HTTPPermanentRedirect("/it/")

    return [
        web.get("/it", slash),
        web.get("/it/", dashboard),
        web.get("/it/state.json", state),
        web.get("/it/config", config),
        web.static("/it/static", signin.HERE / "static"),
    ]


def rows(layered: Layered) -> list[tuple[str, Sequence[dict[str, Any]]]]:
    """The settings for the table, by their first step, each with ``key``, ``value``, ``layer`` and ``place``."""
    table = [
        {
            "key": key,
            "value": json.dumps(masked(key, told.value), ensure_ascii=False, default=str),
            "layer": told.layer,
            "place": f"{told.file.name}:{told.line}",
            "file": str(told.file),
        }
        for key, told in layered.leaves()
    ]
    return [(first, list(group)) for first, group in groupby(table, key=lambda row: row["key"].split(".")[0])]

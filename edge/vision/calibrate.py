"""The page on which IT aims a camera: what it sees, how well, and which part of it is read (``/it/cameras/{id}/``).

Pictures are shown on this machine alone, to a signed-in person of IT, while the page is open; none is kept anywhere.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from jinja2 import Environment

from edge.vision import meters
from edge.vision.aimed import Aimed, zone_of
from edge.vision.eyes import Eye
from edge.vision.shown import shown, taken
from provisioning import language, signin
from provisioning.accounts import Account, Role
from provisioning.i18n import environments, words

log = logging.getLogger(__name__)

WEB = Path(__file__).parent / "web"
LOCALES = (WEB / "locales", signin.HERE / "locales")
LARGEST_WISH = 1024
PROXIED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


def routes(aimed: Aimed) -> list[web.AbstractRouteDef]:
    """``/it/cameras/{id}/`` with its WebSocket ``look`` and its ``zone``, for accounts of role it."""
    pages = environments((WEB / "templates", signin.HERE / "templates"), LOCALES, language.LANGUAGES)
    says = {tongue: words(LOCALES, tongue).gettext for tongue in language.LANGUAGES}
    return [
        web.get("/it/cameras/{id}/", partial(_page, aimed, pages)),
        web.get("/it/cameras/{id}/look", partial(_look, aimed, says)),
        web.post("/it/cameras/{id}/zone", partial(_save, aimed)),
    ]


async def _page(aimed: Aimed, pages: Mapping[str, Environment], request: web.Request) -> web.Response:
    """What a camera sees and which part of it is read; on another machine, how to get there."""
    eye, account = _asked(aimed, request)
    address = urlsplit(f"//{request.host}")
    answer = web.Response(
        text=pages[language.chosen(request)]
        .get_template("calibrate.html")
        .render(
            title=aimed.title,
            account=account,
            static="/it/static",
            path=request.path,
            camera=eye.id,
            pushed=eye.adapter == "push",
            zone=aimed.zone(eye.id),
            before=aimed.before(eye.id),
            here=local(request),
            host=address.hostname,
            port=address.port or 80,
        ),
        content_type="text/html",
    )
    answer.headers["Cache-Control"] = "no-store"
    language.remember(request, answer)
    return answer


async def _look(aimed: Aimed, says: Mapping[str, meters.Translate], request: web.Request) -> web.WebSocketResponse:
    """The camera's pictures and meters, for one page at a time; ``?take=1`` takes another one's place."""
    eye, account = _asked(aimed, request, here=True)
    socket = web.WebSocketResponse(timeout=2.0, heartbeat=5.0, max_msg_size=LARGEST_WISH, compress=False)
    await socket.prepare(request)
    if await taken(aimed, eye, socket, account, "take" in request.query):
        log.info("%s looks at the pictures of camera %s", account.name, eye.id)
        try:
            await shown(aimed, eye, socket, request, says[language.chosen(request)])
        finally:
            log.info("%s no longer looks at camera %s", account.name, eye.id)
    return socket


async def _save(aimed: Aimed, request: web.Request) -> web.Response:
    """Save the camera's reading zone; the answer names the one before it."""
    eye, account = _asked(aimed, request, here=True)
    try:
        zone = zone_of((await _small(request))["zone"])
        await aimed.save(eye, zone)
    except (ValueError, TypeError, KeyError) as error:
        return web.json_response({"error": str(error)}, status=400)
    except OSError as error:
        log.error("the zone of camera %s is not saved: %s", eye.id, error)
        return web.json_response({"error": error.strerror or str(error)}, status=500)
    log.info("%s saved the reading zone of camera %s", account.name, eye.id)
    return web.json_response({"zone": zone, "before": aimed.before(eye.id)})


def local(request: web.Request) -> bool:
    """Whether a request comes from a person at this machine, or through an SSH tunnel to it.

    Its sender, the address it asks for and the page that sends it are loopback ones, and no reverse proxy says that it
    speaks for another. A proxy on this machine may say nothing and ask as if for itself, as nginx does unless it is
    told otherwise; what it passes on then is the browser's word of the page.
    """
    page = request.headers.get("Origin", "//localhost")
    named = _here(f"//{request.host}") and _here(page)
    return named and _loopback(request.remote or "") and not any(header in request.headers for header in PROXIED)


def _here(address: str) -> bool:
    """Whether an address names this machine by its loopback."""
    try:
        name = urlsplit(address).hostname or ""
    except ValueError:
        return False
    return name == "localhost" or name.endswith(".localhost") or _loopback(name)


def _loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


def _asked(aimed: Aimed, request: web.Request, here: bool = False) -> tuple[Eye, Account]:
    """The camera that is asked for, and who asks; with ``here`` only for a person at this machine."""
    account = aimed.guard.require(request, Role.IT)
    if here and not local(request):
        raise web.HTTPForbidden(text="A camera's picture is shown on the machine itself alone.\n")
    eye = aimed.eyes.get(request.match_info["id"])
    if eye is None:
        raise web.HTTPNotFound(text="There is no camera of this name.\n")
    return eye, account


async def _small(request: web.Request) -> Any:
    """The JSON of a small body; raises ValueError for anything else."""
    if (request.content_length or LARGEST_WISH + 1) > LARGEST_WISH:
        raise ValueError("no small message")
    return await request.json()

"""What every page of the edge and the hub has in common: headers, health, metrics, the way in."""

from __future__ import annotations

import hmac
import html
import ipaddress
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from edge import __version__
from edge.health import Health, Part, State, Tally

Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]

LOOKING = Path(__file__).parent / "looking.js"

NOBODYS = (".localhost", ".local", ".internal", ".home.arpa")
"""Names that nobody can register (RFC 6761, 6762, 8375; ICANN's .internal), so no stranger's page has one."""

CSP = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; "
    "style-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors {}"
)


def headers(frame_ancestors: Sequence[str]) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """A signal that gives every response its security headers; what a response set itself stays."""
    policy = CSP.format(" ".join(("'self'", *frame_ancestors)))

    async def set_headers(_: web.Request, response: web.StreamResponse) -> None:
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        # Under "no-referrer" browsers post our own forms with the Origin "null", as if another site had sent them.
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "no-store")

    return set_headers


def own_names(names: Collection[str]) -> Middleware:
    """Refuses what is asked of a public name that is not among ``names``.

    A stranger's page whose own name points at this machine (DNS rebinding) would else be of one origin with our
    pages, and could watch a screen.
    """

    @web.middleware
    async def check(request: web.Request, handler: Respond) -> web.StreamResponse:
        if not ours(request.headers.get("Host", ""), names):
            raise web.HTTPMisdirectedRequest(text="This name is not among web.names in the settings of this service.\n")
        return await handler(request)

    return check


def ours(host: str, names: Collection[str]) -> bool:
    """Whether a Host header names this machine: by an address, a name of no public domain, or one of ``names``."""
    try:
        asked = urlsplit(f"//{host}")
        name, _ = (asked.hostname or "").rstrip("."), asked.port
    except ValueError:  # neither a name nor an address, or a port that is none
        return False
    return "." not in name or name.endswith(NOBODYS) or name in names or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def bears(request: web.Request, token: str) -> bool:
    """Whether a request bears this token; the time it takes tells nothing of where another differs."""
    given = request.headers.get(hdrs.AUTHORIZATION, "")
    return hmac.compare_digest(given.encode(errors="replace"), f"Bearer {token}".encode())


def need(request: web.Request, token: str) -> None:
    """Raise 401 unless a request bears the token; an empty token lets everybody in."""
    if token and not bears(request, token):
        raise web.HTTPUnauthorized(headers={hdrs.WWW_AUTHENTICATE: "Bearer"})


def basics(health: Health, links: Iterable[tuple[str, str]], start_page: str, name: str = "") -> list[web.RouteDef]:
    """``/`` (the start page, or the links), ``/healthz``, ``/readyz``, ``/metrics`` and ``/api/openapi.json``.

    ``name`` is who answers, so that the doctor knows an edge from another on the same port.
    """
    page = "".join(f'<li><a href="{html.escape(path)}">{html.escape(name)}</a></li>' for path, name in links)

    async def index(_: web.Request) -> web.Response:
        """The way in."""
        if start_page:
            raise web.HTTPFound(start_page)
        text = f'<!doctype html><html lang="ja"><title>Tentou 店頭</title><h1>Tentou 店頭</h1><ul>{page}</ul></html>'
        return web.Response(text=text, content_type="text/html")

    async def healthz(_: web.Request) -> web.Response:
        """The process answers."""
        return web.json_response({"status": "ok", "version": __version__})

    async def readyz(_: web.Request) -> web.Response:
        """Every part and its state; 200 as soon as screens are served, whatever else is away."""
        parts = [as_json(part) for part in health.parts()]
        return web.json_response({"status": "ready", "name": name, "parts": parts})

    async def metrics(_: web.Request) -> web.Response:
        """Prometheus text."""
        return web.Response(
            text=prometheus(health.parts(), health.tallies), headers={"Content-Type": "text/plain; version=0.0.4"}
        )

    async def openapi(request: web.Request) -> web.Response:
        """This description."""
        return web.json_response(describe(request.app))

    return [
        web.get("/", index),
        web.get("/healthz", healthz),
        web.get("/readyz", readyz),
        web.get("/metrics", metrics),
        web.get("/api/openapi.json", openapi),
    ]


def looking(path: str) -> web.RouteDef:
    """The script of a page that fetches itself anew with ``X-Look``, so that what it tells is never old."""

    async def script(_: web.Request) -> web.FileResponse:
        return web.FileResponse(LOOKING)

    return web.get(f"{path}/looking.js", script)


def as_json(part: Part) -> dict[str, object]:
    """A part as ``/readyz`` and the IT's pages tell it."""
    return {
        "kind": part.kind,
        "name": part.name,
        "state": part.state,
        "since_s": part.since_s,
        "detail": part.detail,
        "todo": part.todo,
        "figures": dict(part.figures),
    }


def prometheus(parts: Iterable[Part], tallies: Mapping[Tally, int] = MappingProxyType({})) -> str:
    """The parts as gauges: ``tentou_up`` and one ``tentou_<figure>`` for each figure; tallies as ``tentou_…_total``."""
    lines = [f"tentou_{name}_total{{{_labels(labels)}}} {count}" for (name, labels), count in tallies.items()]
    for part in parts:
        label = f'{{kind="{part.kind}",name="{part.name}"}}'
        lines.append(f"tentou_up{label} {int(part.state is State.UP)}")
        lines.extend(f"tentou_{name}{label} {value:g}" for name, value in part.figures.items())
    return "\n".join(sorted(lines)) + "\n"


def _labels(labels: Iterable[tuple[str, str]]) -> str:
    return ",".join(f'{name}="{value}"' for name, value in labels)


def describe(app: web.Application) -> dict[str, object]:
    """An OpenAPI 3.1 description of the routes, from the handlers' own first lines."""
    paths: dict[str, dict[str, object]] = {}
    for route in app.router.routes():
        resource = route.resource
        if resource is None or route.method in ("HEAD", "*"):
            continue
        said = (route.handler.__doc__ or "").strip().split("\n")[0]
        operation = {"summary": said, "responses": {"default": {"description": "see summary"}}}
        paths.setdefault(resource.canonical, {})[route.method.lower()] = operation
    return {"openapi": "3.1.0", "info": {"title": "Tentou", "version": __version__}, "paths": paths}

"""One person's look at a camera: its views as meters and pictures, for as long as their page is open."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import aclosing, suppress
from dataclasses import asdict, dataclass
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from edge.health import Part, State
from edge.vision import meters
from edge.vision.aimed import Aimed, zone_of
from edge.vision.eyes import Eye
from edge.vision.gaps import with_gaps
from edge.vision.wire import View
from provisioning.accounts import Account
from provisioning.spoken import spoken

AWAY_S = 1.5
"""After so long without a view the page says what health says of the camera."""
REPLACED, SIGNED_OUT, BUSY = 4001, 4003, 4009
"""Close codes: another page took this one's place; the session has ended; somebody else looks."""
STEADY = 5
"""A code counts as read for so many views more: in bad light a reader misses one now and then."""
PIXELS = 41 * 3
"""A member code (version 6, 41 modules) is read at 3 pixels a module and more (VISION.md 5)."""


@dataclass(slots=True)
class Focus:
    """The best sharpness that the page has seen of the zone that it tries."""

    best: float = 0.0


async def taken(aimed: Aimed, eye: Eye, socket: web.WebSocketResponse, account: Account, take: bool) -> bool:
    """Whether the camera's one place is this page's; a page that had it is told when it is taken away."""
    earlier = aimed.lookers.get(eye.id)
    if earlier is not None and not take:
        await socket.close(code=BUSY, message=earlier[1].name.encode())
        return False
    aimed.lookers[eye.id] = (socket, account)
    if earlier is not None:
        await earlier[0].close(code=REPLACED)
    return True


async def shown(
    aimed: Aimed, eye: Eye, socket: web.WebSocketResponse, request: web.Request, say: meters.Translate
) -> None:
    """Show until the page is closed, replaced or signed out; then the saved zone holds again."""
    focus = Focus()
    try:
        async with asyncio.TaskGroup() as group:
            showing = group.create_task(_show(aimed, eye, socket, request, say, focus))
            await _hear(aimed, eye, socket, request, focus)
            showing.cancel()
    finally:
        if (aimed.lookers.get(eye.id) or (None,))[0] is socket:
            del aimed.lookers[eye.id]
            eye.aim(aimed.zone(eye.id))


async def _hear(aimed: Aimed, eye: Eye, socket: web.WebSocketResponse, request: web.Request, focus: Focus) -> None:
    """Try each zone that the page wishes for; a message that is none, or of nobody any more, ends the connection."""
    async for message in socket:
        try:
            zone = zone_of(message.json()["try"] if message.type is WSMsgType.TEXT else None)
        except (ValueError, TypeError, KeyError):
            await socket.close(code=WSCloseCode.UNSUPPORTED_DATA)
            return
        if aimed.guard.user(request) is None:
            await socket.close(code=SIGNED_OUT)
            return
        eye.aim(zone)


async def _show(
    aimed: Aimed,
    eye: Eye,
    socket: web.WebSocketResponse,
    request: web.Request,
    say: meters.Translate,
    focus: Focus,
) -> None:
    """Each view as its meters and its picture, or why there is none."""
    lately = deque[int](maxlen=STEADY)
    async with aclosing(eye.views(True)) as views, aclosing(with_gaps(views, AWAY_S)) as coming:
        async for view in coming:
            if aimed.guard.user(request, active=False) is None:
                await socket.close(code=SIGNED_OUT)
                return
            if view:
                lately.append(view.codes)
                focus.best = meters.sharpest(focus.best, max(lately), view.figures)
            with suppress(ConnectionResetError):  # the page has gone, which _hear learns as well
                part = _part(eye, aimed.parts())
                await socket.send_json(_told(view, part, max(lately), focus.best, say) if view else _away(part, say))
                if view and view.jpeg:
                    await socket.send_bytes(view.jpeg)


def _told(view: View, part: Part | None, codes: int, best: float, say: meters.Translate) -> dict[str, Any]:
    """A view's meters; ``trouble``, what health says is wrong with the camera; and ``guide``, the least share of the
    picture's width that a code must fill to be read."""
    rows = meters.meters(codes, view.figures, best, say)
    width = view.figures.get("width", 0.0)
    trouble = " – ".join(filter(None, _said(part, say))) if part and part.state is State.DOWN else ""
    guide = PIXELS / width if width else 0
    return {"codes": codes, "meters": [asdict(row) for row in rows], "trouble": trouble, "guide": guide}


def _part(eye: Eye, parts: Iterable[Part]) -> Part | None:
    """What health says of the camera."""
    return next((part for part in parts if (part.kind, part.name) == ("camera", eye.id)), None)


def _away(part: Part | None, say: meters.Translate) -> dict[str, Any]:
    """Why there is no picture, in health's words."""
    detail, todo = _said(part, say) if part else ("", "")
    return {"away": detail, "todo": todo}


def _said(part: Part, say: meters.Translate) -> tuple[str, str]:
    """What is wrong with the camera and what to do, in the page's language."""
    return spoken(part.detail, say), spoken(part.todo, say)

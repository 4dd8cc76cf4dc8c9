"""Preview as: what a screen shows to somebody at some time, with the reason for every campaign."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from content.model import Facts
from content.studio import forms
from content.studio.desk import Desk, Screen


def routes(desk: Desk) -> list[web.RouteDef]:
    """The one page."""

    async def preview(request: web.Request) -> web.Response:
        """Screen, time and person are in the address, so that a view can be sent to somebody."""
        desk.staff(request)
        screen = desk.screens.get(request.query.get("screen", "")) or next(iter(desk.screens.values()), None)
        if screen is None:
            screen = Screen("", "")
        facts, at = _facts(request), _at(request, desk.now())
        view = desk.decide(screen, facts, at)
        named = {each.id: each for each in (*desk.library.campaigns(), *view.decision.campaigns)}
        reasons = sorted(view.decision.because, key=lambda reason: not reason.shown)
        words = sorted({word for each in named.values() for word in each.segments})
        tiers = sorted({word for each in named.values() for word in each.tiers})
        return desk.page(
            request,
            "preview.html",
            view=view,
            facts=facts,
            at=at,
            named=named,
            reasons=reasons,
            segments=words,
            tiers=tiers,
        )

    return [web.get("/staff/preview", preview)]


def _facts(request: web.Request) -> Facts:
    member = request.query.get("who") == "member"
    return Facts(
        member=member,
        segments=frozenset(forms.several(request.query, "segments")) if member else frozenset(),
        tier=forms.text(request.query, "tier") if member else "",
        restrict=member and bool(request.query.get("restrict")),
    )


def _at(request: web.Request, now: datetime) -> datetime:
    """The time asked for, in the store's zone; now if none was."""
    try:
        return datetime.fromisoformat(request.query.get("at", "")[:16]).replace(tzinfo=now.tzinfo)
    except ValueError:
        return now

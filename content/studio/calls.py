"""お呼び出し・取り置き: what shoppers at the kiosks asked of staff today, and the button that says who sees to it."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from content.model import Call
from content.studio import forms
from content.studio.desk import Desk, Row, leave
from content.studio.words import ago
from provisioning import language


def routes(desk: Desk) -> list[web.RouteDef]:
    """The page, its list alone, what every page asks for each two seconds, and the button."""

    async def calls(request: web.Request) -> web.Response:
        """Who waits, and what was before."""
        desk.staff(request)
        desk.calls.heed()
        return _listed(desk, request, "calls.html")

    async def rows(request: web.Request) -> web.Response:
        """The list alone, for the page's own refreshing."""
        desk.staff(request, active=False)
        return _listed(desk, request, "calls_list.html")

    async def news(request: web.Request) -> web.Response:
        """How many wait, and which; whoever asks would see a call."""
        desk.staff(request, active=False)
        desk.calls.heed()
        return web.json_response(desk.waiting()._asdict(), headers={"Cache-Control": "no-store"})

    async def settle(request: web.Request) -> web.Response:
        """Somebody sees to it, or takes that back."""
        desk.staff(request)
        form = await desk.form(request)
        done = form.get("do") != "reopen"
        desk.calls.settle(forms.text(form, "key", 32), done)
        raise leave("/staff/calls", "seen" if done else "reopened")

    return [
        web.get("/staff/calls", calls),
        web.get("/staff/calls/list", rows),
        web.get("/staff/calls.json", news),
        web.post("/staff/calls", settle),
    ]


def _listed(desk: Desk, request: web.Request, template: str) -> web.Response:
    made = [_row(desk, call, language.chosen(request)) for call in desk.calls.today()]
    waiting, before = [row for row in made if row.call.waits], [row for row in made if not row.call.waits]
    return desk.page(request, template, waits=waiting, before=before, full=desk.calls.full())


def _row(desk: Desk, call: Call, chosen: str) -> Row:
    """A call as a person reads it; a product that left the catalogue keeps its SKU."""
    product = desk.library.products().get(call.sku)
    screen = desk.screens.get(call.screen)
    now = desk.now()
    return Row(
        call,
        product,
        desk.looks(call.sku),
        screen.name or screen.id if screen else call.screen,
        desk.place(call.elsewhere, chosen) if call.elsewhere else "",
        ago(now.timestamp() - call.asked_s, chosen),
        _moment(call.asked_s, now),
        _moment(call.until_s, now),
        _moment(call.settled_s, now),
    )


def _moment(at_s: float, now: datetime) -> str:
    """A time by the store's clock, with its day if that is another; empty for none."""
    if not at_s:
        return ""
    at = datetime.fromtimestamp(at_s, now.tzinfo)
    clock = f"{at.hour}:{at.minute:02}"
    return clock if at.date() == now.date() else f"{at.month}/{at.day} {clock}"

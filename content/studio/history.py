"""Who did what and when, and the way back."""

from __future__ import annotations

from aiohttp import web

from content.store import CannotUndo
from content.studio import forms
from content.studio.desk import Desk, leave

BACK = frozenset({"history", "pictures", "playlists", "campaigns"})
"""The pages to which undoing leads back; from any other it leads to the first page."""


def routes(desk: Desk) -> list[web.RouteDef]:
    """The log and undo."""

    async def history(request: web.Request) -> web.Response:
        """The newest acts."""
        desk.staff(request)
        return desk.page(request, "history.html", acts=desk.library.now.acts)

    async def undo(request: web.Request) -> web.Response:
        """Take one act back."""
        who = desk.staff(request).name
        form = await desk.form(request)
        act = forms.text(form, "act", 12)
        back = f"/staff/{form['back']}" if form.get("back") in BACK else "/staff/"
        try:
            await desk.library.undo(int(act) if act.isascii() and act.isdigit() else 0, who)
        except CannotUndo:
            raise leave(back, "stuck") from None
        raise leave(back, "undone")

    return [web.get("/staff/history", history), web.post("/staff/undo", undo)]

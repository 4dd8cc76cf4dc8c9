"""All pictures: where each is used, its title and time, a new version, deletion."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from content.library import InUse
from content.resolve import WELCOME
from content.studio import forms
from content.studio.desk import Desk, leave


def routes(desk: Desk) -> list[web.RouteDef]:
    """The pictures and one picture."""

    async def pictures(request: web.Request) -> web.Response:
        """Every picture and where it is used."""
        desk.staff(request)
        own = [each for each in desk.library.media().values() if each.id != WELCOME]
        return desk.page(request, "pictures.html", pictures=own)

    async def picture(request: web.Request) -> web.Response:
        """One picture."""
        desk.staff(request)
        medium = desk.medium(request.match_info["id"])
        return desk.page(request, "picture.html", medium=medium, used=desk.library.used(medium))

    async def change(request: web.Request) -> web.Response:
        """Its title and seconds, or its end."""
        who = desk.staff(request).name
        medium = desk.medium(request.match_info["id"])
        form = await desk.form(request)
        if form.get("do") == "delete":
            try:
                await desk.library.delete(medium, who)
            except InUse as error:
                return desk.page(request, "picture.html", 409, medium=medium, used=error.places)
            raise leave("/staff/pictures", "deleted")
        title = forms.text(form, "title", 60) or medium.title
        changed = replace(medium, title=title, seconds=forms.seconds(str(form.get("seconds", ""))))
        await desk.library.save(changed, who, "change")
        raise leave(f"/staff/pictures/{medium.id}", "saved")

    return [
        web.get("/staff/pictures", pictures),
        web.get("/staff/pictures/{id}", picture),
        web.post("/staff/pictures/{id}", change),
    ]

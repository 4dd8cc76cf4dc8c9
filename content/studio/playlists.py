"""Playlists: pictures in order, each with its seconds."""

from __future__ import annotations

from aiohttp import web

from content.library import InUse, new_id
from content.model import Playlist
from content.resolve import WELCOME
from content.snapshot import HOUSE
from content.studio import forms
from content.studio.desk import Desk, leave


def routes(desk: Desk) -> list[web.RouteDef]:
    """The playlists and one playlist."""

    def found(request: web.Request) -> Playlist:
        known = desk.library.now.playlists
        if request.match_info["id"] not in known:
            raise web.HTTPNotFound
        return known[request.match_info["id"]]

    async def playlists(request: web.Request) -> web.Response:
        """Every playlist, the house's first."""
        desk.staff(request)
        return desk.page(request, "playlists.html", playlists=desk.library.now.playlists.values(), house=HOUSE)

    async def create(request: web.Request) -> web.Response:
        """A new, empty playlist."""
        who = desk.staff(request).name
        made = Playlist(new_id(), forms.text(await desk.form(request), "name", 60) or "番組")
        await desk.library.save(made, who, "playlist")
        raise leave(f"/staff/playlists/{made.id}")

    async def playlist(request: web.Request) -> web.Response:
        """One playlist and the pictures that it could have."""
        desk.staff(request)
        return _page(desk, request, found(request))

    async def change(request: web.Request) -> web.Response:
        """One press of one of its buttons."""
        who = desk.staff(request).name
        before = found(request)
        form = await desk.form(request)
        if form.get("do") == "delete":
            try:
                await desk.library.delete(before, who)
            except InUse as error:
                return _page(desk, request, before, error.places)
            raise leave("/staff/playlists", "deleted")
        if forms.text(form, "stood", 1 << 16) not in {"", stood(before)}:
            raise leave(f"/staff/playlists/{before.id}", "stale")
        after = forms.playlist(form, before)
        if not set(after.media) <= set(desk.library.media()) | set(before.media):
            raise web.HTTPBadRequest
        await desk.library.save(after, who, "playlist")
        raise leave(f"/staff/playlists/{before.id}", "saved")

    return [
        web.get("/staff/playlists", playlists),
        web.post("/staff/playlists", create),
        web.get("/staff/playlists/{id}", playlist),
        web.post("/staff/playlists/{id}", change),
    ]


def stood(playlist: Playlist) -> str:
    """A playlist's order as its page was shown: a press on a page that is out of date would undo others' work."""
    rows = zip(playlist.media, playlist.seconds, strict=False)
    return " ".join(f"{id}:{seconds:g}" for id, seconds in rows)


def _page(desk: Desk, request: web.Request, playlist: Playlist, places: tuple[str, ...] = ()) -> web.Response:
    rows = list(zip(playlist.media, playlist.seconds, strict=False))
    pictures = [each for each in desk.library.media().values() if each.id != WELCOME]
    return desk.page(
        request,
        "playlist.html",
        409 if places else 200,
        playlist=playlist,
        rows=rows,
        stood=stood(playlist),
        total=sum(playlist.seconds),
        pictures=pictures,
        places=places,
        house=HOUSE,
    )

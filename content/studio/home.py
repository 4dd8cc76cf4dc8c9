"""The first page and the two taps: choose a photo, put it on the screens, see the screens confirm it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from aiohttp import BodyPartReader, web

from content.library import new_id
from content.model import Campaign, Facts, Layer, Media
from content.studio import forms
from content.studio.desk import Desk, Screen, leave
from content.uploads import LARGEST, PROBLEMS, BadUpload, Ingested, arriving, ingest
from provisioning import language


def routes(desk: Desk) -> list[web.RouteDef]:
    """The first page, uploads, and what follows an upload."""
    return [*_first(desk), *_after(desk)]


def _first(desk: Desk) -> list[web.RouteDef]:
    """The first tap: the first page and the upload."""

    async def home(request: web.Request) -> web.Response:
        """What every screen shows, and the way to show something else."""
        desk.staff(request)
        views = [desk.decide(screen) for screen in desk.screens.values()]
        return desk.page(request, "home.html", views=views, acts=desk.library.now.acts[:4])

    async def upload(request: web.Request) -> web.Response:
        """Take a photo; the answer says where to go on, or what was wrong with it."""
        who = desk.staff(request).name
        try:
            medium = await _taken(desk, request, who)
        except BadUpload as error:
            text = PROBLEMS[error.problem][language.chosen(request)]
            return web.json_response({"problem": text, "word": error.problem}, status=422)
        next_ = "/staff/pictures/{}" if request.query.get("replace") else "/staff/now/{}"
        return web.json_response({"next": next_.format(medium.id)}, status=201)

    return [web.get("/staff/", home), web.get("/staff", _slash), web.post("/staff/upload", upload)]


def _after(desk: Desk) -> list[web.RouteDef]:
    """The second tap: how it will look, show it, and the screens' confirmation."""

    async def ready(request: web.Request) -> web.Response:
        """How a picture will look, and the button that shows it."""
        desk.staff(request)
        medium = desk.medium(request.match_info["id"])
        return _now(desk, request, medium)

    async def put(request: web.Request) -> web.Response:
        """Show it now."""
        who = desk.staff(request).name
        medium = desk.medium(request.match_info["id"])
        form = await desk.form(request)
        campaign = _mixed(
            desk, forms.right_now(form, new_id(), medium.id, medium.title, desk.now(), desk.closing), form
        )
        if wrong := desk.wrong(campaign, form):
            return _now(desk, request, medium, forms.text(form, "until"), forms.text(form, "manner"), wrong)
        await desk.library.publish(campaign, who)
        raise leave(f"/staff/on/{campaign.id}")

    async def shown(request: web.Request) -> web.Response:
        """Which screens have confirmed that they show it."""
        desk.staff(request)
        campaign = desk.campaign(request.match_info["id"])
        act = next((act for act in desk.library.now.acts if act.verb == "publish" and act.title == campaign.name), None)
        return desk.page(request, "on.html", campaign=campaign, targets=_targets(desk, campaign), act=act)

    async def confirmed(request: web.Request) -> web.Response:
        """The same for the page's own polling; ``busy`` is a screen that answers, but shows something else."""
        desk.staff(request, active=False)
        campaign = desk.campaign(request.match_info["id"])
        known = {campaign.id, *campaign.media}
        seen = [(each.id, desk.on_screen(each.id)) for each in _targets(desk, campaign)]
        rows = [{"id": id, "shown": on in known, "busy": bool(on) and on not in known} for id, on in seen]
        return web.json_response({"screens": rows}, headers={"Cache-Control": "no-store"})

    return [
        web.get("/staff/now/{id}", ready),
        web.post("/staff/now/{id}", put),
        web.get("/staff/on/{id}", shown),
        web.get("/staff/on/{id}/screens.json", confirmed),
    ]


async def _slash(request: web.Request) -> web.Response:
    """The studio's address without its last stroke."""
    raise web.HTTPSeeOther("/staff/")


def _now(
    desk: Desk,
    request: web.Request,
    medium: Media,
    until: str = "",
    manner: str = "",
    wrong: tuple[str, ...] = (),
) -> web.Response:
    chosen = {"until": until or "closing", "manner": manner or "alone"}
    status = 422 if wrong else 200
    return desk.page(request, "now.html", status, medium=medium, closing=desk.closing, problems=wrong, **chosen)


def _targets(desk: Desk, campaign: Campaign) -> list[Screen]:
    return [each for each in desk.screens.values() if not campaign.screens or each.id in campaign.screens]


def _mixed(desk: Desk, campaign: Campaign, form: forms.Form) -> Campaign:
    """Above whatever else was put on right now; or, with ``manner`` mix, in turns with what its first screen shows."""
    if forms.text(form, "manner") != "mix":
        others = [each.priority for each in desk.library.now.campaigns if each.layer is Layer.INTERRUPT]
        return dataclasses.replace(campaign, priority=max(others, default=-1) + 1)
    first = next(iter(_targets(desk, campaign)), None)
    if first is None:
        return campaign
    decision = desk.decide(first, Facts()).decision
    layer = decision.layer if decision.layer is not Layer.EMERGENCY else Layer.INTERRUPT
    return dataclasses.replace(campaign, layer=layer, priority=decision.campaigns[0].priority)


async def _taken(desk: Desk, request: web.Request, who: str) -> Media:
    """Read the upload to the library's disk in bounded pieces, convert it, and only then let it be seen (C-1)."""
    async with arriving(desk.library.files) as path:
        name = await _received(request, path)
        async with desk.converting:
            made = await ingest(desk.library.files, path)
    replaced = request.query.get("replace", "")
    if replaced:
        before = desk.medium(replaced)
        medium = _medium(made, before.id, before.title, before.version + 1)
        await desk.library.save(medium, who, "replace")
        return medium
    medium = _medium(made, new_id(), name or f"{desk.now():%m/%d %H:%M}", 1)
    await desk.library.save(medium, who, "upload")
    return medium


def _medium(made: Ingested, id: str, title: str, version: int) -> Media:
    return Media(id, title, made.kind, made.sha256, made.suffix, made.width, made.height, version=version)


async def _received(request: web.Request, path: Path) -> str:
    """Write the form's file to ``path``; gives the name that its sender had for it, without its ending."""
    if request.content_type != "multipart/form-data":
        raise BadUpload("empty")
    reader = await request.multipart()
    part = await reader.next()
    if not isinstance(part, BodyPartReader) or part.name != "file":
        raise BadUpload("empty")
    size = 0
    with path.open("xb") as file:
        while chunk := await part.read_chunk(1 << 16):
            size += len(chunk)
            if size > LARGEST:
                raise BadUpload("large")
            file.write(chunk)
    return _title(part.filename or "")


def _title(filename: str) -> str:
    """A file's name as a title, if a person may have given it: cameras' own (IMG_1234) say nothing."""
    stem = filename.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0].strip()[:60]
    camera = stem.upper().startswith(("IMG", "DSC", "PXL", "DCIM", "IMAGE", "PHOTO")) or stem.replace("_", "").isdigit()
    return "" if camera else stem

"""Campaigns: for whom, where and when; saved as drafts, published, withdrawn."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from content.catalogue import found
from content.library import new_id
from content.model import Campaign, Facts, Layer, Reason
from content.resolve import WELCOME
from content.snapshot import HOUSE
from content.studio import forms
from content.studio.desk import Desk, leave
from content.studio.words import state

NEW = "new"
_ORDER = ("on", "waiting", "coming", "draft", "over")


def routes(desk: Desk) -> list[web.RouteDef]:
    """The campaigns, one campaign's form, and the search for products."""

    async def campaigns(request: web.Request) -> web.Response:
        """Every campaign, what is on first."""
        desk.staff(request)
        now = desk.now()
        known = [each for each in desk.library.campaigns() if each.id != HOUSE]
        known.sort(key=lambda each: (_ORDER.index(state(each, now)), each.name))
        return desk.page(request, "campaigns.html", campaigns=known)

    async def show(request: web.Request) -> web.Response:
        """One campaign's form, or an empty one."""
        desk.staff(request)
        return _form(desk, request, _before(desk, request))

    async def act(request: web.Request) -> web.Response:
        """Save, publish, withdraw or delete."""
        who = desk.staff(request).name
        before = _before(desk, request)
        form = await desk.form(request)
        library = desk.library
        match form.get("do"):
            case "withdraw":
                await library.withdraw(before, who)
                raise leave(f"/staff/campaigns/{before.id}", "withdrawn")
            case "delete":
                await library.delete(before, who)
                raise leave("/staff/campaigns", "deleted")
        campaign = forms.campaign(form, before if before.id else replace(before, id=new_id()))
        if form.get("do") != "publish":
            await library.draft(campaign, who)
            raise leave(f"/staff/campaigns/{campaign.id}", "saved")
        playable = _with_playlist(desk, campaign)
        if wrong := desk.wrong(playable, form):
            return _form(desk, request, campaign, wrong)
        await library.publish(campaign, who)
        raise leave(f"/staff/campaigns/{campaign.id}", "published")

    async def products(request: web.Request) -> web.Response:
        """Products by any of their words."""
        desk.staff(request)
        matches = list(found(desk.library.products(), request.query.get("q", "")[:100]))[:12]
        rows = [{"sku": each.sku, "name": _name(each.name), "picture": each.picture} for each in matches]
        return web.json_response({"products": rows})

    return [
        web.get("/staff/campaigns", campaigns),
        web.get("/staff/products.json", products),
        web.get("/staff/campaigns/{id}", show),
        web.post("/staff/campaigns/{id}", act),
    ]


def _name(names: object) -> str:
    return str(names.get("ja") or next(iter(names.values()), "")) if isinstance(names, dict) else ""


def _before(desk: Desk, request: web.Request) -> Campaign:
    if request.match_info["id"] == NEW:
        wanted = request.query.get("media", "")
        return Campaign("", "", Layer.SCHEDULE, (wanted,) if wanted in desk.library.media() else (), published=False)
    return desk.campaign(request.match_info["id"])


def _with_playlist(desk: Desk, campaign: Campaign) -> Campaign:
    playlist = desk.library.now.playlists.get(campaign.playlist)
    return replace(campaign, media=playlist.media) if playlist else campaign


def _form(desk: Desk, request: web.Request, campaign: Campaign, wrong: tuple[str, ...] = ()) -> web.Response:
    library = desk.library
    live = next((each for each in library.now.campaigns if each.id == campaign.id), None)
    others = (*library.now.campaigns, *library.now.drafts.values())
    return desk.page(
        request,
        "campaign.html",
        422 if wrong else 200,
        campaign=campaign,
        live=live,
        problems=wrong,
        who=_who(campaign),
        outranked=_outranked(desk, campaign) if campaign.published else None,
        segments=sorted({word for each in others for word in each.segments}),
        tiers=sorted({word for each in others for word in each.tiers}),
        pictures=[each for each in library.media().values() if each.id != WELCOME],
        playlists=[each for each in library.now.playlists.values() if each.media],
        products=[library.products()[sku] for sku in campaign.products if sku in library.products()],
    )


def _outranked(desk: Desk, campaign: Campaign) -> Reason | None:
    """Why another campaign is shown now to just those people for whom this one is meant; none if this one is."""
    tier = min(campaign.tiers, default="")
    facts = Facts(member=campaign.layer is Layer.MEMBER, segments=campaign.segments, tier=tier)
    targets = [each for each in desk.screens.values() if not campaign.screens or each.id in campaign.screens]
    reasons = (reason for each in targets for reason in desk.decide(each, facts).decision.because)
    return next((each for each in reasons if each.campaign == campaign.id and each.rule in {"priority", "layer"}), None)


def _who(campaign: Campaign) -> str:
    if campaign.layer is not Layer.MEMBER:
        return "everybody"
    return "segment" if campaign.segments or campaign.tiers else "members"

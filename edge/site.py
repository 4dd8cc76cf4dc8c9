"""The pages of an edge, for everybody, at their port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from aiohttp import web

from content import studio
from content.library import media_routes
from edge import config
from edge import web as pages
from edge.contacts import topics
from edge.contacts.spool.again import again
from edge.contacts.way import page as ledger_page
from edge.parts import Parts
from edge.screens import pages as screen_pages
from edge.screens import printed
from edge.screens.hub import Screens
from edge.stock.inquiry import page as stock_page
from edge.stock.inquiry.page import Page
from edge.stock.words.wording import name_of
from edge.vision import calibrate, push
from edge.vision.aimed import Aimed
from provisioning import pages as it_pages
from provisioning.accounts import Accounts
from provisioning.layers import STORE_LAYERS, load
from provisioning.signin import Guard


@asynccontextmanager
async def site(app: web.Application, settings: config.Web, screens: Screens) -> AsyncIterator[None]:
    """The pages at their port, with every stream closed first at the end (UI.md 2.5)."""
    runner = web.AppRunner(app, shutdown_timeout=2, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
        except OSError as error:
            raise config.BadConfig(f"web: {settings.host}:{settings.port}: {error.strerror}") from error
        yield
    finally:
        await screens.close()
        await runner.cleanup()


def create_app(parts: Parts) -> web.Application:
    """The pages of everybody: shoppers, staff, IT, and what watches the machine."""
    guard, named = Guard(Accounts(parts.folder / "accounts.json")), pages.own_names(parts.store.web.names)
    app = web.Application(middlewares=[named, guard.middleware], client_max_size=256 * 1024**2)
    app.on_response_prepare.append(pages.headers(parts.store.web.frame_ancestors))
    device = parts.store.device
    links = [(f"/screens/{screen.id}", screen.name or screen.id) for screen in parts.store.screen]
    links += [("/staff/", "スタッフ / Staff"), ("/it/", "IT")]
    app.add_routes(pages.basics(parts.health, links, parts.store.web.start_page, topics.edge_name(device)))
    app.add_routes(screen_pages.routes(parts.screens, parts.store.web.frame_ancestors))
    app.add_routes(push.routes(parts.eyes))
    app.add_routes(parts.intake.hooks.routes())
    app.add_routes(guard.routes())
    layered = load(parts.folder, STORE_LAYERS)
    title = " · ".join((device.chain, device.store, device.id))
    app.add_routes(it_pages.routes(parts.health.parts, guard, layered.renewed, title))
    app.add_routes(ledger_page.routes(parts.pulse.seen, partial(again, parts.outbox), guard, title))
    asked = Page(parts.inquiry.desk, "/it/stock", "stock.html", title, guard, zone=parts.zone)
    app.add_routes(stock_page.routes(asked))
    app.add_routes(calibrate.routes(_aimed(parts, guard, title)))
    app.add_routes(printed.routes(parts.screens.renderer, parts.store.notice, guard))
    shown = [(screen.id, screen.name or screen.id, screen.orientation) for screen in parts.store.screen]
    app.add_routes(
        studio.routes(
            parts.library,
            guard,
            shown,
            partial(_on_screen, parts),
            parts.now,
            parts.bell,
            device.closing,
            partial(_looks, parts),
            partial(_place, parts),
        )
    )
    app.add_routes(media_routes(parts.library.files))
    return app


def _looks(parts: Parts, sku: str) -> str:
    """A SKU's colour and size, as its sources name them."""
    item = parts.stock.item(sku)
    return " / ".join(filter(None, (item.color, item.size))) if item else ""


def _place(parts: Parts, id: str, language: str) -> str:
    """A location's name in a language."""
    return next((name_of(id, each.name, language) for each in parts.store.location if each.id == id), id)


def _aimed(parts: Parts, guard: Guard, title: str) -> Aimed:
    """The cameras as IT aims them; what of the saved zones cannot be used stands on the health page."""
    saved = partial(_judge_zones, parts)
    saved()
    return Aimed(parts.eyes, guard, parts.folder, dict(parts.store.zone), parts.health.parts, saved, title)


def _judge_zones(parts: Parts) -> None:
    """What of the saved zones cannot be used stands on the health page until it is put right."""
    try:
        wrong = config.left_out(parts.folder)
    except config.BadConfig:
        return  # somebody edits the settings by hand; what holds now was judged at the start
    if wrong:
        todo = "Save the zone of a camera on its page, or mend the file; the others read as the layers below say."
        parts.health.down("zone", "zones.toml", "; ".join(wrong), todo)
    else:
        parts.health.forget("zone", "zones.toml")


def _on_screen(parts: Parts, screen: str) -> str:
    """What a screen has confirmed to show: a session's campaign, else the loop's item, "" if nobody watches."""
    if screen not in parts.stages or not parts.screens.watchers(screen):
        return ""
    return parts.stages[screen].campaign or parts.screens.playing(screen)

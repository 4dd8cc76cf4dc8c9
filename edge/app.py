"""The store's composition root: the one place where all parts of an edge meet.

The screens and their loop come first and need nothing but the disk; eyes, stock, members and the uplink are loops
that are kept alive beside them, so that none of them can hold up the start (promise X-1).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import web

from content import store as content_store
from content import studio
from content.library import Library, library, media_routes
from edge import config, fitting, plug
from edge import web as pages
from edge.contacts import anchor, retention, topics, uplink
from edge.contacts.clock import clock_of
from edge.contacts.dial import Pace
from edge.contacts.faults import tell_faults
from edge.contacts.ledger import Ledger
from edge.contacts.opening import outbox_anyway
from edge.contacts.outbox import FILE, Outbox
from edge.contacts.post import Post
from edge.contacts.room import caps_of
from edge.db import mended
from edge.erasures import Erasures
from edge.health import Health
from edge.letters import Letters, hears
from edge.members.cache import CachedMembers, cached
from edge.members.desk import Desk, desk
from edge.members.profiles import usable
from edge.members.source import opened
from edge.model import Measured, Painted, Played, Profile, Touched, Watching
from edge.ports import Members, Troubled
from edge.screens import pages as screen_pages
from edge.screens import printed
from edge.screens.hub import Screens
from edge.sessions import notes
from edge.sessions.floods import note_floods
from edge.sessions.goods import Wares
from edge.sessions.handoff import Way
from edge.sessions.house import House
from edge.sessions.loops import keep_loops
from edge.sessions.sight import follow, untold
from edge.sessions.stage import Stage
from edge.stock.cache import StockCache, migrate, stock_cache
from edge.stock.channel import feed
from edge.supervise import kept
from edge.vision import calibrate, push
from edge.vision.aimed import Aimed
from edge.vision.eyes import Eye
from edge.vision.forms import joined
from edge.vision.scanner import ScannerEye
from provisioning import pages as it_pages
from provisioning.accounts import Accounts
from provisioning.layers import STORE_LAYERS, load
from provisioning.signin import Guard

FIGURES_S = 2.0
_MEMBERS_ADVICE = "Put right what the detail names, then restart the service; members are greeted without their own."
NOTICE_S = 0.25


@dataclass(slots=True)
class Parts:
    """What runs in one edge."""

    store: config.Store
    folder: Path
    health: Health
    library: Library
    stock: StockCache
    desk: Desk
    outbox: Outbox
    ledger: Ledger
    letters: Letters
    erasures: Erasures
    screens: Screens
    eyes: dict[str, Eye]
    scanners: dict[str, ScannerEye]
    members: Members | None
    profiles: CachedMembers | None
    pace: Pace = field(default_factory=Pace)
    stages: dict[str, Stage] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The store's own time zone."""
        return ZoneInfo(self.store.device.timezone)

    def now(self) -> datetime:
        """The store's wall clock."""
        return datetime.now(self.zone)


async def serve(folder: Path) -> None:
    """Run a store's edge until cancelled; raises config.BadConfig, plug.UnknownAdapter."""
    settings = config.read_store(folder)
    fitting.need(settings, folder)
    async with running(settings, folder):
        await asyncio.Event().wait()


@asynccontextmanager
async def running(store: config.Store, folder: Path, pace: Pace | None = None) -> AsyncIterator[Parts]:
    """An edge that runs: its pages answer before anything that could be away is asked for. ``pace`` is its uplink's."""
    async with AsyncExitStack() as stack:
        parts = await _opened(stack, store, folder)
        parts.pace = pace or Pace(drain=store.outbox.drain, batch=store.outbox.batch)
        parts.stages = {screen.id: Stage(screen, _house(parts)) for screen in store.screen}
        await stack.enter_async_context(_site(create_app(parts), store.web, parts.screens))
        await stack.enter_async_context(kept(_loops(parts)))
        yield parts


async def _opened(stack: AsyncExitStack, store: config.Store, folder: Path) -> Parts:
    """Everything that is on this machine's own disk, in the order in which it is needed; no file stops the start."""
    data, health = folder / store.device.data, Health()
    content_db = mended(data / "content" / content_store.FILE, content_store.migrate, _disk(health, "content"))
    shelf = await stack.enter_async_context(content_db)
    seed = folder / "seed"
    shop = await stack.enter_async_context(library(shelf, data / "content", seed if seed.is_dir() else None))
    stock_db = await stack.enter_async_context(mended(data / "stock.sqlite", migrate, _disk(health, "stock")))
    stock = await stack.enter_async_context(stock_cache(stock_db))
    await stock.keep_only([channel.id for channel in store.stock])
    book = await stack.enter_async_context(
        outbox_anyway(data / FILE, store.device, health, caps_of(store.outbox), days=store.outbox.quarantine_days)
    )
    members_desk = await stack.enter_async_context(desk(store.member_code, store.device, folder, data, health))
    readers = {source.screen for source in (*store.camera, *store.scanner)}
    wanted = members_desk.symbologies.union(store.product_code.symbologies)
    forms = joined(members_desk.forms, _wares(store, shop).forms)
    members = await opened(stack, store.members, folder, health, _MEMBERS_ADVICE)
    eyes = {camera.id: Eye(camera, folder, wanted, health, forms=forms) for camera in store.camera}
    for camera, zone in store.zone.items():
        eyes[camera].aim(zone)
    profiles = await stack.enter_async_context(cached(members, _profiles_told(health))) if members else None
    erasures = Erasures(members_desk.papers.erase, book, data / FILE, health, profiles.forget if profiles else None)
    post = Post(hears(store.device, rotating=bool(store.member_code.roots)))
    return Parts(
        store=store,
        folder=folder,
        health=health,
        library=shop,
        stock=stock,
        desk=members_desk,
        outbox=book,
        ledger=Ledger(book, health),
        letters=Letters(members_desk, post, store.device, health, erasures.settle),
        erasures=erasures,
        screens=Screens(
            store.screen,
            readers=readers,
            wares=bool(store.product_code.symbologies),
            notice=store.notice,
            watched={camera.screen for camera in store.camera},
        ),
        eyes=eyes,
        scanners={scanner.id: ScannerEye(scanner, folder, health) for scanner in store.scanner},
        members=members,
        profiles=profiles,
    )


def _wares(store: config.Store, shop: Library) -> Wares:
    """What counts as a product in this store."""
    return Wares(store.product_code.symbologies, lambda gtin: shop.by_gtin(gtin) is not None)


def _disk(health: Health, name: str) -> Callable[[str], None]:
    """What tells that a file could not be used at the start."""
    return health.teller("disk", name, "See the disk of this device, then restart the service.")


def _profiles_told(health: Health) -> Callable[[str], None]:
    todo = "Members are greeted with what was kept of them in the last hours, else without their own, meanwhile."
    return health.teller("members", "profiles", todo)


async def _profiles(parts: Parts, ref: str) -> AsyncIterator[Profile | None]:
    """A member's profile as it comes, with the coupons that count here today."""
    if parts.profiles is None:
        return
    async for found in parts.profiles.profiles(ref):
        yield found and usable(found, parts.store.device.store, parts.now().date())


def _house(parts: Parts) -> House:
    """What the stages need of the rest."""

    return House(
        classify=parts.desk.classify,
        spend=parts.letters.spend,
        profile=partial(_profiles, parts),
        library=parts.library,
        lines=lambda sku, language: parts.stock.lines(sku, parts.store.location, language, time.time()),
        show=parts.screens.show,
        note=parts.ledger.note,
        now=parts.now,
        mono=time.monotonic,
        segments={number: name for name, number in parts.store.member_code.segments.items()},
        tiers={number: name for name, number in parts.store.member_code.tiers.items()},
        handoff=_way(parts.store),
        judge=parts.desk.judge,
    )


def _way(store: config.Store) -> Way | None:
    """The way on to shoppers' phones, where the settings have one."""
    return Way(store.handoff.url, store.handoff.kinds, store.device.store) if store.handoff else None


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
    app.add_routes(guard.routes())
    layered = load(parts.folder, STORE_LAYERS)
    title = " · ".join((device.chain, device.store, device.id))
    app.add_routes(it_pages.routes(parts.health.parts, guard, layered.renewed, title))
    app.add_routes(calibrate.routes(_aimed(parts, guard, title)))
    app.add_routes(printed.routes(parts.screens.renderer, parts.store.notice, guard))
    shown = [(screen.id, screen.name or screen.id, screen.orientation) for screen in parts.store.screen]
    app.add_routes(studio.routes(parts.library, guard, shown, partial(_on_screen, parts), parts.now, device.closing))
    app.add_routes(media_routes(parts.library.files))
    return app


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


@asynccontextmanager
async def _site(app: web.Application, settings: config.Web, screens: Screens) -> AsyncIterator[None]:
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


def _loops(parts: Parts) -> dict[str, Callable[[], Awaitable[None]]]:
    """Everything that is kept alive, by name."""
    store = parts.store
    book, days = parts.folder / store.device.data / FILE, store.outbox.quarantine_days
    loops: dict[str, Callable[[], Awaitable[None]]] = {
        "loops": partial(
            keep_loops,
            parts.library,
            parts.library.changes,
            [screen.id for screen in store.screen],
            parts.now,
            parts.screens.loop,
        ),
        "reports": partial(_reports, parts),
        "stock changes": partial(_stock_moves, parts),
        "figures": partial(_figures, parts),
        "erasures": parts.erasures.run,
        "retention": partial(retention.keep, parts.outbox, book, days, parts.health),
        "clock": partial(anchor.keep, parts.outbox, clock_of(store.device), parts.health),
        "notices": partial(_notices, parts),
    }
    for screen, stage in parts.stages.items():
        loops[f"stage {screen}"] = stage.run
    wares = _wares(store, parts.library)
    eyes: dict[str, Eye | ScannerEye] = {**parts.eyes, **parts.scanners}
    for source in (*store.camera, *store.scanner):
        eye = eyes[source.id]
        loops[f"eye {source.id}"] = eye.run
        if source.screen in parts.stages:
            tell = parts.stages[source.screen].put
            lingers = eye.lingers if isinstance(eye, Eye) else untold
            loops[f"sight {source.id}"] = partial(follow, eye.looks, parts.desk.whose, tell, lingers, wares)
    for channel in store.stock:
        loops[f"stock {channel.id}"] = partial(_feed, parts, channel)
    screens = {source.id: source.screen for source in (*store.camera, *store.scanner)}
    loops["floods"] = partial(note_floods, parts.desk.floods, screens, parts.ledger.note)
    loops["faults"] = partial(tell_faults, parts.health, parts.ledger.note, store.device.id)
    if store.upstream is not None:
        loops["letters"] = parts.letters.run
        loops["uplink"] = partial(_uplink, parts, store.upstream)
    loops["ledger"] = parts.ledger.run  # ends last, so that it hears what the others note at their end
    return loops


async def _feed(parts: Parts, channel: config.StockChannel) -> None:
    module = plug.adapter("stock", channel.adapter)
    settings = config.checked(module.Settings, channel.settings, f"stock.{channel.id}")
    async with module.open(settings, parts.folder) as source:
        await feed(channel.id, source, parts.stock, parts.health)


async def _uplink(parts: Parts, upstream: config.Adapter) -> None:
    module = plug.adapter("upstream", upstream.adapter)
    settings = config.checked(module.Settings, upstream.settings, "upstream")
    await parts.erasures.settle()  # what was asked for before this start goes before anything is sent
    async with module.open(settings, parts.folder) as dial:
        await uplink.run(parts.outbox, dial, parts.store.device, parts.health, parts.pace, parts.letters.post)


async def _figures(parts: Parts) -> None:
    """What the health page tells of the ledger, the library and the members' file, as it is now."""
    library_told = parts.health.teller("content", "library", "mend the file; the last good one is shown")
    todo = "Mend what the detail names; what was known before stays in use, else members are greeted without their own."
    source: object = parts.members
    members_told = parts.health.teller("members", "source", todo)
    while True:
        box = parts.outbox
        parts.health.count("ledger", {"waiting": box.waiting()})
        parts.health.count("upstream", {"waiting": box.waiting(), "last": box.last, "acknowledged": box.acked})
        library_told(parts.library.trouble)
        if isinstance(source, Troubled):
            members_told(source.trouble)
        await asyncio.sleep(FIGURES_S)


async def _notices(parts: Parts) -> None:
    """Every screen tells whose camera it is for as long as one of its own sees."""
    while True:
        for screen in {camera.screen for camera in parts.store.camera}:
            looking = [parts.eyes[camera.id] for camera in parts.store.camera if camera.screen == screen]
            parts.screens.eyes(screen, any(eye.open for eye in looking))
        await asyncio.sleep(NOTICE_S)


async def _stock_moves(parts: Parts) -> None:
    async for _ in parts.stock.changes():
        for stage in parts.stages.values():
            stage.stock_moved()


async def _reports(parts: Parts) -> None:
    """What pages report: touches and paints go to the stage, plays to the ledger, watchers to health."""
    for screen in parts.stages:
        _watched(parts, screen)
    while True:
        match await parts.screens.reports.get():
            case Touched(screen=screen) | Painted(screen=screen) as item:
                parts.stages[screen].put(item)
            case Played() as play:
                parts.ledger.note(notes.played(play, time.monotonic()))
            case Watching(screen=screen) | Measured(screen=screen):
                _watched(parts, screen)


def _on_screen(parts: Parts, screen: str) -> str:
    """What a screen has confirmed to show: a session's campaign, else the loop's item, "" if nobody watches."""
    if screen not in parts.stages or not parts.screens.watchers(screen):
        return ""
    return parts.stages[screen].campaign or parts.screens.playing(screen)


def _watched(parts: Parts, screen: str) -> None:
    figures = parts.screens.figures(screen)
    if figures["pages"]:
        parts.health.up("screen", screen, figures=figures)
    else:
        todo = f"Open /screens/{screen} in the screen's browser."
        parts.health.down("screen", screen, "no browser shows it", todo, figures)

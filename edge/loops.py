"""What is kept alive in an edge, by name: eyes, stock, the ledger and its line, what pages report."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from edge import config, plug
from edge.contacts.clock import clock_of
from edge.contacts.faults import tell_faults
from edge.contacts.line import uplink
from edge.contacts.line.dial import Confirms
from edge.contacts.spool import anchor, retention, retry
from edge.contacts.spool.again import again
from edge.contacts.spool.outbox import FILE
from edge.model import Measured, Painted, Played, Touched, Watching
from edge.parts import Parts, wares
from edge.ports import Troubled
from edge.sessions import notes
from edge.sessions.floods import note_floods
from edge.sessions.loops import keep_loops
from edge.sessions.sight import follow, untold
from edge.stock.channel import feed
from edge.stock.intake import feeding
from edge.stock.keeping import keeper
from edge.stock.line import showing
from edge.stock.line.source import Follow
from edge.vision.eyes import Eye
from edge.vision.scanner import ScannerEye

FIGURES_S = 2.0
NOTICE_S = 0.25


def loops(parts: Parts) -> dict[str, Callable[[], Awaitable[None]]]:
    """Everything that is kept alive, by name."""
    store = parts.store
    book, days = parts.folder / store.device.data / FILE, store.outbox.quarantine_days
    kept_alive: dict[str, Callable[[], Awaitable[None]]] = {
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
        "wishes": partial(_wishes, parts),
        "calls": partial(_calls, parts),
        **parts.inquiry.loops(),
    }
    for screen, stage in parts.stages.items():
        kept_alive[f"stage {screen}"] = stage.run
    goods = wares(store, parts.library)
    eyes: dict[str, Eye | ScannerEye] = {**parts.eyes, **parts.scanners}
    for source in (*store.camera, *store.scanner):
        eye = eyes[source.id]
        kept_alive[f"eye {source.id}"] = eye.run
        if source.screen in parts.stages:
            tell = parts.stages[source.screen].put
            lingers = eye.lingers if isinstance(eye, Eye) else untold
            kept_alive[f"sight {source.id}"] = partial(follow, eye.looks, parts.desk.whose, tell, lingers, goods)
    for channel in store.stock:
        catalogue = partial(_sku, parts)
        kept_alive[f"stock {channel.id}"] = (
            partial(_follow, parts, channel)
            if channel.id in parts.ears
            else partial(feeding.keep, channel, parts.folder, parts.stock, parts.intake, catalogue)
        )
    screens = {source.id: source.screen for source in (*store.camera, *store.scanner)}
    kept_alive["floods"] = partial(note_floods, parts.desk.floods, screens, parts.ledger.note)
    kept_alive["faults"] = partial(tell_faults, parts.health, parts.ledger.note, store.device.id)
    if store.upstream is not None:
        kept_alive["letters"] = parts.letters.run
        kept_alive["uplink"] = partial(_uplink, parts, store.upstream)
    kept_alive["ledger"] = parts.ledger.run  # ends last, so that it hears what the others note at their end
    return kept_alive


async def _follow(parts: Parts, channel: config.StockChannel) -> None:
    """A channel whose adapter hears its hub by the line to the broker, too."""
    module, settings = feeding.chosen(channel)
    say = parts.health.teller("stock", f"{channel.id} shown", showing.ADVICE)
    follow = Follow(channel.id, parts.ears[channel.id], parts.stock, say)
    places = [location.id for location in parts.store.location]
    async with (
        module.open(settings, parts.folder, follow) as source,
        keeper.afar(settings, parts.folder, source.reserves, places) as office,
    ):
        with parts.keeping.through(f"stock {channel.id}", office):
            await feed(channel.id, source, parts.stock, parts.health, watch=parts.intake.watch)


def _sku(parts: Parts, gtin: str) -> str:
    """Our SKU of a product's number, as the shop's catalogue has it; "" where it has none."""
    found = parts.library.by_gtin(gtin)
    return found.sku if found else ""


async def _uplink(parts: Parts, upstream: config.Adapter) -> None:
    module = plug.adapter("upstream", upstream.adapter)
    settings = config.checked(module.Settings, upstream.settings, "upstream")
    await parts.erasures.settle()  # what was asked for before this start goes before anything is sent
    async with module.open(settings, parts.folder) as dial:
        parts.pulse.puback = dial.confirms is Confirms.PUBACK
        await uplink.run(parts.outbox, dial, parts.store.device, parts.health, parts.pace, parts.letters.post)


async def _figures(parts: Parts) -> None:
    """What the health page tells of the ledger, the library and the members' file, as it is now."""
    todo = "Mend the file, or take back the act that wrote what the detail names and make it anew; the rest is shown."
    library_told = parts.health.teller("content", "library", todo)
    todo = "Mend what the detail names; what was known before stays in use, else members are greeted without their own."
    source: object = parts.members
    members_told = parts.health.teller("members", "source", todo)
    while True:
        box = parts.outbox
        parts.health.count("ledger", {"waiting": box.waiting()})
        parts.health.count("upstream", {"waiting": box.waiting(), "last": box.last, "acknowledged": box.acked})
        parts.pulse.look()
        library_told(parts.library.trouble)
        if isinstance(source, Troubled):
            members_told(source.trouble)
        await asyncio.sleep(FIGURES_S)


async def _wishes(parts: Parts) -> None:
    """What IT asks by `tentou outbox retry-dead`."""
    data = parts.folder / parts.store.device.data
    while True:
        reason = await asyncio.to_thread(retry.asked, data)
        if reason is not None:
            with suppress(sqlite3.Error):  # the disk is away: the wish stays
                await again(parts.outbox, reason)
                await asyncio.to_thread(retry.taken, data)
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


async def _calls(parts: Parts) -> None:
    """What staff said of a call is read at the kiosk that asked."""
    async for _ in parts.bell.changes():
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


def _watched(parts: Parts, screen: str) -> None:
    figures = parts.screens.figures(screen)
    if figures["pages"]:
        parts.health.up("screen", screen, figures=figures)
    else:
        todo = f"Open /screens/{screen} in the screen's browser."
        parts.health.down("screen", screen, "no browser shows it", todo, figures)

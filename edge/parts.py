"""Everything that runs in one edge, opened from this machine's own disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from content import store as content_store
from content.library import Library, library
from edge import config
from edge.contacts.clock import clock_of
from edge.contacts.line.dial import Pace
from edge.contacts.line.post import Post
from edge.contacts.spool.ledger import Ledger
from edge.contacts.spool.opening import outbox_anyway
from edge.contacts.spool.outbox import FILE, Outbox
from edge.contacts.spool.room import caps_of
from edge.contacts.way.pulse import Pulse
from edge.db import mended
from edge.erasures import Erasures
from edge.health import Health
from edge.letters import Letters, hears
from edge.members.cache import CachedMembers, cached
from edge.members.desk import Desk, desk
from edge.members.source import opened
from edge.model import Offer
from edge.ports import Members, Message
from edge.screens.hub import Screens
from edge.sessions.goods import Wares
from edge.sessions.stage import Stage
from edge.stock.cache import StockCache, migrate, stock_cache
from edge.stock.inquiry.desk import Desk as InquiryDesk
from edge.stock.inquiry.desk import Shop
from edge.stock.inquiry.service import Service
from edge.stock.intake import desk as intake_desk
from edge.stock.intake import feeding
from edge.stock.intake.desk import Intake
from edge.stock.keeping import calls as staff_calls
from edge.stock.keeping.bell import Bell, bell
from edge.stock.keeping.desk import Desk as KeepingDesk
from edge.stock.keeping.keeper import Own
from edge.stock.keeping.shadows import Shadows
from edge.stock.line.ear import Ear
from edge.stock.line.topics import of_stock
from edge.stock.offering import offered
from edge.vision.eyes import Eye
from edge.vision.forms import joined
from edge.vision.scanner import ScannerEye

_MEMBERS_ADVICE = "Put right what the detail names, then restart the service; members are greeted without their own."


@dataclass(slots=True)
class Parts:
    """What runs in one edge."""

    store: config.Store
    folder: Path
    health: Health
    library: Library
    stock: StockCache
    intake: Intake
    ears: dict[str, Ear]
    keeping: KeepingDesk
    bell: Bell
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
    pulse: Pulse
    pace: Pace = field(default_factory=Pace)
    stages: dict[str, Stage] = field(default_factory=dict)
    inquiry: Service = field(init=False)

    @property
    def zone(self) -> ZoneInfo:
        """The store's own time zone."""
        return ZoneInfo(self.store.device.timezone)

    def now(self) -> datetime:
        """The store's wall clock."""
        return datetime.now(self.zone)

    def offers(self, sku: str, language: str) -> tuple[Offer, ...]:
        """What a shopper can still have of a product, from memory alone."""
        return offered(self.store, self.stock, sku, language, self.keeping.reserving(), time.time())


async def open_parts(stack: AsyncExitStack, store: config.Store, folder: Path) -> Parts:
    """Everything that is on this machine's own disk, in the order in which it is needed; no file stops the start."""
    data, health = folder / store.device.data, Health()
    content_db = mended(data / "content" / content_store.FILE, content_store.migrate, _disk(health, "content"))
    shelf = await stack.enter_async_context(content_db)
    seed = folder / "seed"
    shop = await stack.enter_async_context(library(shelf, data / "content", seed if seed.is_dir() else None))
    stock_db = await stack.enter_async_context(mended(data / "stock.sqlite", migrate, _disk(health, "stock")))
    keep, trusted = [channel.id for channel in store.stock], clock_of(store.device).synced
    stock = await stack.enter_async_context(stock_cache(stock_db, keep=keep, trusted=trusted))
    stock.hide(feeding.undisplayed(store.stock))
    calls = mended(data / intake_desk.FILE, intake_desk.migrate, _disk(health, "intake"))
    intake = await stack.enter_async_context(intake_desk.intake(await stack.enter_async_context(calls), health))
    book = await stack.enter_async_context(
        outbox_anyway(data / FILE, store.device, health, caps_of(store.outbox), days=store.outbox.quarantine_days)
    )
    members_desk = await stack.enter_async_context(desk(store.member_code, store.device, folder, data, health))
    wanted = members_desk.symbologies.union(store.product_code.symbologies)
    forms = joined(members_desk.forms, wares(store, shop).forms)
    members = await opened(stack, store.members, folder, health, _MEMBERS_ADVICE)
    eyes = {camera.id: Eye(camera, folder, wanted, health, forms=forms) for camera in store.camera}
    for camera, zone in store.zone.items():
        eyes[camera].aim(zone)
    profiles = await stack.enter_async_context(cached(members, _profiles_told(health))) if members else None
    erasures = Erasures(members_desk.papers.erase, book, data / FILE, health, profiles.forget if profiles else None)
    ears = _ears(store)
    keeping = KeepingDesk(Shadows(stock.hold), ZoneInfo(store.device.timezone))
    stack.enter_context(keeping.through("own systems", Own(intake, [channel.id for channel in store.stock])))
    heard = {topic: None for ear in ears.values() for topic in ear.topics}
    letters = hears(store.device, rotating=bool(store.member_code.roots))
    post = Post((*letters, *heard), others=partial(_to_ears, tuple(ears.values())))
    ledger = Ledger(book, health)
    parts = Parts(
        store=store,
        folder=folder,
        health=health,
        library=shop,
        stock=stock,
        intake=intake,
        ears=ears,
        keeping=keeping,
        bell=await _bell(stack, store, data, health),
        desk=members_desk,
        outbox=book,
        ledger=ledger,
        letters=Letters(members_desk, post, store.device, health, erasures.settle),
        erasures=erasures,
        screens=_screens(store),
        eyes=eyes,
        scanners={scanner.id: ScannerEye(scanner, folder, health) for scanner in store.scanner},
        members=members,
        profiles=profiles,
        pulse=Pulse(book, ledger, health, upstream=store.upstream is not None),
    )
    told = InquiryDesk(
        Shop(store.stock, folder, store.location), stock, stock_db, intake.db, intake.watch, health, parts.offers
    )
    parts.inquiry = Service(told, data)
    return parts


async def _bell(stack: AsyncExitStack, store: config.Store, data: Path, health: Health) -> Bell:
    """What shoppers asked of staff today; its file holds up no start."""
    told = _disk(health, "calls")
    db = await stack.enter_async_context(mended(data / staff_calls.FILE, staff_calls.migrate, told))
    here = {location.id for location in store.location if location.place == "here"}
    crowd = health.teller("staff", "calls", "Staff press 対応しました on お呼び出し・取り置き where somebody has been.")
    return await stack.enter_async_context(bell(db, ZoneInfo(store.device.timezone), here, told, crowd=crowd))


def _screens(store: config.Store) -> Screens:
    """The store's screens, told which of them have a reader and which a camera."""
    return Screens(
        store.screen,
        readers={source.screen for source in (*store.camera, *store.scanner)},
        wares=bool(store.product_code.symbologies),
        notice=store.notice,
        watched={camera.screen for camera in store.camera},
    )


def _ears(store: config.Store) -> dict[str, Ear]:
    """What listens on the line to the broker, for each channel whose adapter hears its hub there."""
    ears: dict[str, Ear] = {}
    for channel in store.stock:
        module, settings = feeding.chosen(channel)
        if getattr(module, "HEARS", False):
            followed = settings.locations or [location.id for location in store.location]
            if not followed:
                raise config.BadConfig(f"stock.{channel.id}: no location is followed; add a [[location]] table")
            ears[channel.id] = Ear(followed)
    return ears


def _to_ears(ears: Sequence[Ear], letter: Message) -> bool:
    """Whether a letter is of stock; those who listen have it then."""
    if not of_stock(letter.topic):
        return False
    for ear in ears:
        ear.arrived(letter.topic, letter.payload)
    return True


def wares(store: config.Store, shop: Library) -> Wares:
    """What counts as a product in this store."""
    return Wares(store.product_code.symbologies, lambda gtin: shop.by_gtin(gtin) is not None)


def _disk(health: Health, name: str) -> Callable[[str], None]:
    """What tells that a file could not be used at the start."""
    return health.teller("disk", name, "See the disk of this device, then restart the service.")


def _profiles_told(health: Health) -> Callable[[str], None]:
    todo = "Members are greeted with what was kept of them in the last hours, else without their own, meanwhile."
    return health.teller("members", "profiles", todo)

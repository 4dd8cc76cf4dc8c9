"""Head office: takes contacts in, gives stock and members' profiles out, and shows on one page what has arrived."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import web

from edge import config, erasures, fitting, plug
from edge.contacts import topics
from edge.contacts.clock import synced
from edge.contacts.line.dial import Pace
from edge.contacts.line.post import Post
from edge.contacts.office import handoffs, inbox, redirector, texts
from edge.contacts.office.counts import Count, Counting
from edge.contacts.office.handoffs import Handoffs, Joining
from edge.contacts.office.lines import Asking, Line, part
from edge.contacts.office.overview import Overview, asking
from edge.contacts.office.roster import Roster
from edge.contacts.office.sink import Sink, SinkAway
from edge.db import Database, mended
from edge.health import Health
from edge.members.handout import Handouts
from edge.members.relay import routes as members_routes
from edge.members.source import opened
from edge.ports import Members, Message, Troubled
from edge.stock.cache import StockCache, migrate, stock_cache
from edge.stock.group.running import Group, group
from edge.stock.inquiry import page as stock_page
from edge.stock.inquiry.desk import Desk, Shop
from edge.stock.inquiry.page import Page
from edge.stock.inquiry.service import Service
from edge.stock.intake import desk as intake_desk
from edge.stock.intake import feeding
from edge.stock.intake.desk import Intake
from edge.stock.intake.opening import can_of
from edge.stock.keeping import book as wishes
from edge.stock.keeping.keeper import Own
from edge.stock.keeping.office import Office, office
from edge.stock.line import showing
from edge.stock.line.counter import Counter
from edge.stock.line.press import Press
from edge.stock.line.relay import routes as stock_routes
from edge.stock.line.speaker import Speaker, Voice
from edge.stock.system import Reserve
from edge.supervise import kept
from edge.web import basics, headers
from provisioning import signin
from provisioning.i18n import environments, words
from provisioning.spoken import spoken

PAGES = Path(__file__).parent / "hub_pages"
LANGUAGES = ("ja", "en")
FIGURES_S = 2.0
_MEMBERS_ADVICE = "Put right what the detail names, then restart the hub; stores greet with what they kept meanwhile."
_DISK = "See the disk of this machine, then restart the service."
HANDOFF_DAYS = 7
MOST_COUNTS = 200
"""Rows of the table of contacts by store and kind; a search by store shows the others."""


@dataclass(frozen=True, slots=True)
class Hub:
    """A running head office. ``port`` is where its pages are, whatever the settings left open."""

    settings: config.Hub
    folder: Path
    health: Health
    sink: Sink
    stock: StockCache
    intake: Intake
    office: Office
    handoffs: Handoffs
    post: Post
    handouts: Handouts
    roster: Roster
    overview: Overview
    press: Press
    inquiry: Service
    members: Members | None = None
    port: int = 0
    pace: Pace = field(default_factory=Pace)
    shared: Group | None = None


async def serve(folder: Path) -> None:
    """Run head office until cancelled; raises config.BadConfig, plug.UnknownAdapter."""
    settings = config.read_hub(folder)
    fitting.need(settings, folder)
    async with running(settings, folder):
        await asyncio.Event().wait()


@asynccontextmanager
async def running(settings: config.Hub, folder: Path, pace: Pace | None = None) -> AsyncIterator[Hub]:
    """A head office that runs: its sink is open before the first contact can come. ``pace`` is its inbox's."""
    async with AsyncExitStack() as stack:
        data = folder / settings.hub.data
        module = plug.adapter("sink", settings.sink.adapter)
        chosen = config.checked(module.Settings, settings.sink.settings, "sink.settings")
        sink = await stack.enter_async_context(module.open(chosen, data))
        health = Health()
        told = health.teller("disk", "stock", _DISK)
        stock_db = await stack.enter_async_context(mended(data / "stock.sqlite", migrate, told))
        told = health.teller("disk", "intake", _DISK)
        calls = await stack.enter_async_context(mended(data / intake_desk.FILE, intake_desk.migrate, told))
        shared: Group | None = None
        if settings.stock_shared is not None:
            shared = await stack.enter_async_context(group(settings, folder, stock_db, calls, health))
            stock, intake = shared.of
        else:
            keep = [one.id for one in settings.stock]
            stock = await stack.enter_async_context(stock_cache(stock_db, keep=keep, trusted=synced))
            intake = await stack.enter_async_context(intake_desk.intake(calls, health))
        stock.hide(feeding.undisplayed(settings.stock))
        members = await opened(stack, settings.members, folder, health, _MEMBERS_ADVICE)
        post = _post(settings)
        book = await _handoffs(stack, settings, data, health)
        hub = Hub(
            settings,
            folder,
            health,
            sink,
            stock,
            intake,
            await _office(stack, settings, data, health, intake, shared),
            book,
            post,
            _handouts(settings, folder, health, post),
            roster := Roster(),
            Overview(sink, roster, health),
            Press(_speaker(settings, stock, intake, shared), health),
            Service(_desk(settings, folder, stock, stock_db, intake), data),
            members,
            pace=pace or Pace(),
            shared=shared,
        )
        port = await stack.enter_async_context(_site(create_app(hub), settings.web))
        await stack.enter_async_context(kept(_loops(hub)))
        yield replace(hub, port=port)


def _desk(settings: config.Hub, folder: Path, stock: StockCache, db: Database, intake: Intake) -> Desk:
    """Where IT asks of head office's stock; its places are told as each store would."""
    calls = None if settings.stock_shared is not None else intake.db
    return Desk(Shop(settings.stock, folder, here=False), stock, db, calls, intake.watch, intake.health)


async def _office(
    stack: AsyncExitStack, settings: config.Hub, data: Path, health: Health, intake: Intake, shared: Group | None
) -> Office:
    """Where stores' wishes are taken; a book that the disk spoilt is begun anew, and what it held is unknown."""
    if shared is not None:
        return await stack.enter_async_context(office(shared.own(_told(settings.stock)), shared.book))
    told = health.teller("disk", "wishes", _DISK)
    db = await stack.enter_async_context(mended(data / "wishes.sqlite", wishes.migrate, told))
    own = Own(intake, [channel.id for channel in settings.stock])
    return await stack.enter_async_context(office(own, wishes.Book(db)))


def _speaker(settings: config.Hub, stock: StockCache, intake: Intake, shared: Group | None) -> Speaker:
    """What stores are told of, and by whose numbers."""
    looks, voice = feeding.looking(settings.stock, intake.doubts), shared.voice if shared else Voice()
    return Speaker(stock, _told(settings.stock), voice=voice, looks=looks)


def _told(channels: Sequence[config.StockChannel]) -> dict[str, bool]:
    """The channels that stores are told of, each with whether its system keeps a unit for who asks first."""
    told: dict[str, bool] = {}
    for channel in channels:
        module, settings = feeding.chosen(channel)
        if getattr(module, "HEARS", False):
            raise config.BadConfig(f"stock.{channel.id}: adapter '{channel.adapter}' is for a store, not for its hub")
        told[channel.id] = hasattr(module, "CAN") and can_of(module, settings).reserve is Reserve.ATOMIC
    return {id: reserves for id, reserves in told.items() if id not in feeding.undisplayed(channels)}


async def _handoffs(stack: AsyncExitStack, settings: config.Hub, data: Path, health: Health) -> Handoffs:
    """The book of links to phones; one that the disk spoilt is begun anew, as links lead on without it."""
    told = health.teller("disk", "handoffs", _DISK)
    db = await stack.enter_async_context(mended(data / "handoffs.sqlite", handoffs.migrate, told))
    return Handoffs(db, settings.hub.id, settings.handoff.keep_days)


def create_app(hub: Hub) -> web.Application:
    """Head office's pages."""
    app = web.Application()
    app.on_response_prepare.append(headers(hub.settings.web.frame_ancestors))
    app.add_routes(route for route in basics(hub.health, (), "", hub.settings.hub.id) if route.path != "/")
    app.add_routes([web.get("/", _index(hub)), web.get("/hub/static/hub.css", _style)])
    app.add_routes(stock_routes(hub.stock, hub.press.speaker.channels, _token(hub, "stock_token")))
    token, is_open = _token(hub, "stock_token"), config.is_open(hub.settings.web)
    app.add_routes(Counter(hub.press.speaker, token).routes())
    app.add_routes(showing.routes(hub.shared.shown.show if hub.shared else hub.stock.show, token, is_open))
    app.add_routes(hub.office.routes(token, is_open))
    app.add_routes(hub.intake.hooks.routes())
    app.add_routes(stock_page.routes(Page(hub.inquiry.desk, "/stock", "hub_stock.html", acts=not is_open)))
    todo = "Mend what the detail names; stores greet with what they kept meanwhile."
    told = hub.health.teller("members", "profiles", todo)
    app.add_routes([web.get("/h/page.css", _phone_style)])
    app.add_routes(redirector.routes(hub.handoffs, hub.settings.handoff, _token(hub, "handoff.token"), _phone_page()))
    app.add_routes(hub.handouts.routes())
    app.add_routes(hub.overview.routes(_token(hub, "ledger_token"), not is_open))
    app.add_routes(members_routes(hub.members, _token(hub, "members_token"), told))
    return app


def _post(settings: config.Hub) -> Post:
    """What goes out on every connection: the policy, and an empty one where none is set, so that an older one ends."""
    post, set_ = Post(), settings.policy.model_dump(exclude_none=True)
    post.stand(Message(topics.POLICY, json.dumps(set_).encode() if set_ else b"", retain=True))
    return post


def _handouts(settings: config.Hub, folder: Path, health: Health, post: Post) -> Handouts:
    """The signed files for all edges, which are told of them by retained letters."""
    where = {"keyset": topics.KEYSET, "deny": topics.DENY, "erase": topics.ERASE}
    paths = {name: folder / path if (path := getattr(settings, name)) else None for name in where}
    return Handouts(
        paths, health, lambda name, shelf: post.stand(Message(where[name], shelf.text.encode(), retain=True))
    )


def _token(hub: Hub, name: str) -> str:
    """What stores must send to be told; empty where everybody who reaches the hub may ask. Raises config.BadConfig."""
    file: Path | None = attrgetter(name)(hub.settings)
    if file is None:
        return ""
    try:
        token = (hub.folder / file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise config.BadConfig(f"{name}: {hub.folder / file} cannot be read; write one token into it") from error
    if not token:
        raise config.BadConfig(f"{name}: {hub.folder / file} is empty; write one token into it")
    return token


def _index(hub: Hub) -> Callable[[web.Request], Awaitable[web.Response]]:
    pages = environments(PAGES, PAGES / "locales", LANGUAGES)
    says = {language: words((PAGES / "locales", signin.HERE / "locales"), language) for language in LANGUAGES}

    async def index(request: web.Request) -> web.Response:
        """What has arrived, and how head office's parts are; ``?lang=en`` for English."""
        language = "en" if request.query.get("lang") == "en" else "ja"
        translate = says[language].gettext
        try:
            asked = asking(request.query)
        except ValueError as error:
            raise web.HTTPBadRequest(text="after and most are numbers\n") from error
        counts, every, away = await _tables(hub)
        text = (
            pages[language]
            .get_template("index.html")
            .render(
                parts=hub.health.parts(),
                sorts={kind: translate(name) for kind, name in texts.PARTS.items()},
                say=partial(spoken, say=translate),
                utc=_utc,
                counts=[count for count in counts if count.store.startswith(asked.store)][:MOST_COUNTS],
                away=away,
                asked=asked,
                streams=part(every, asked),
                every=len(every),
                troubled=sum(bool(line.troubles) for line in every),
                troubles={trouble: translate(name) for trouble, name in texts.TROUBLES.items()},
                reasons={reason: translate(name) for reason, name in texts.REASONS.items()},
                age=partial(_age, translate),
                page=partial(_page, language, asked),
                kinds={kind: translate(name) for kind, name in texts.KINDS.items()},
                handoffs=await hub.handoffs.tallies(HANDOFF_DAYS),
                unknown=await hub.handoffs.waiting(),
                ways={kind: translate(name) for kind, name in texts.HANDOFFS.items()},
                start_page=hub.settings.web.start_page,
                other="ja" if language == "en" else "en",
            )
        )
        return web.Response(text=text, content_type="text/html")

    return index


async def _tables(hub: Hub) -> tuple[Sequence[Count], Sequence[Line], str]:
    """What has arrived, how the streams stand, and why that cannot be told now, if so."""
    if not isinstance(hub.sink, Counting):
        return (), (), ""
    try:
        return await hub.sink.counts(), await hub.overview.lines(), ""
    except SinkAway as error:
        return (), (), str(error)


def _age(translate: Callable[[str], str], seconds: float) -> str:
    """How long ago, in the largest unit that fits."""
    unit, size = next(each for each in texts.UNITS.items() if seconds >= each[1] or each[1] == 1)
    return translate(unit).format(n=int(seconds // size))


def _page(language: str, asked: Asking, **change: object) -> str:
    """The page's address with another choice of lines."""
    query = {"lang": language, "store": asked.store, "troubled": int(asked.troubled), "after": asked.after} | change
    return "/?" + urlencode({name: value for name, value in query.items() if value})


def _utc(since_s: float) -> str:
    return datetime.fromtimestamp(since_s, UTC).strftime("%Y-%m-%d %H:%M")


async def _style(_: web.Request) -> web.FileResponse:
    """The page's style sheet."""
    return web.FileResponse(PAGES / "hub.css")


async def _phone_style(_: web.Request) -> web.FileResponse:
    """The style sheet of the page for a phone that cannot be led on."""
    return web.FileResponse(PAGES / "handoff.css")


def _phone_page() -> redirector.Page:
    template = environments(PAGES, PAGES / "locales", LANGUAGES)["ja"].get_template("handoff.html")
    return lambda sku: template.render(sku=sku)


def _loops(hub: Hub) -> dict[str, Callable[[], Awaitable[None]]]:
    loops: dict[str, Callable[[], Awaitable[None]]] = {"inbox": partial(_inbox, hub), "handouts": hub.handouts.run}
    loops["handoffs"] = partial(hub.handoffs.carry, hub.sink)
    loops["overview"] = hub.overview.run
    loops["stock to stores"] = hub.press.run
    loops |= hub.inquiry.loops()
    if (erased := hub.handouts.shelves.get("erase")) is not None:
        loops["erasures"] = partial(erasures.keep, erased, hub.sink, hub.health)
    source: object = hub.members
    if isinstance(source, Troubled):
        loops["members"] = partial(_troubles, hub, source)
    for channel in hub.settings.stock:
        read = partial(feeding.keep, channel, hub.folder, hub.stock, hub.intake)
        loops[f"stock {channel.id}"] = read if hub.shared is None else partial(hub.shared.keep, channel, hub.folder)
    return loops if hub.shared is None else loops | hub.shared.loops()


async def _inbox(hub: Hub) -> None:
    upstream = hub.settings.upstream
    module = plug.adapter("upstream", upstream.adapter)
    settings = config.checked(module.Settings, upstream.settings, "upstream.settings")
    async with module.open(settings, hub.folder) as dial:
        own = hub.settings.hub
        desk = inbox.Desk(own.id, own.group, hub.pace, hub.post, hub.roster.hear, (hub.press.carry,))
        await inbox.run(Joining(hub.sink, hub.handoffs), dial, hub.health, desk=desk)


async def _troubles(hub: Hub, source: Troubled) -> None:
    """What the members' source knows to be wrong with it, before anybody asks."""
    todo = "Mend what the detail names; what was known before stays in use."
    told = hub.health.teller("members", "source", todo)
    while True:
        told(source.trouble)
        await asyncio.sleep(FIGURES_S)


@asynccontextmanager
async def _site(app: web.Application, where: config.Web) -> AsyncIterator[int]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, where.host, where.port).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()

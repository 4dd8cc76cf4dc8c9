"""The page of stock, ``/it/stock`` at a store and ``/stock`` at a hub: channels, lag over a day, a SKU explained."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import hdrs, web
from jinja2 import Environment

from edge.ports import Comparison
from edge.stock.inquiry import picture
from edge.stock.inquiry.desk import Desk
from edge.stock.inquiry.explained import Explained
from edge.stock.inquiry.lags import joined
from edge.stock.inquiry.printed import REASONS, UNTOLD, VOUCHES, WAYS, WHYS, span
from edge.stock.inquiry.standing import Reason, Standing
from edge.stock.inquiry.told import is_first
from edge.stock.inquiry.watch import Deliveries
from edge.stock.shelves.shelf import channel_of
from edge.web import looking
from provisioning import language, origin, signin
from provisioning.accounts import Role
from provisioning.i18n import environments, words
from provisioning.signin import Guard
from provisioning.spoken import spoken

WEB = Path(__file__).parent / "web"
LOCALES = (WEB / "locales", signin.HERE / "locales")
Translate = Callable[[str], str]

STATES = {"up": "Working", "down": "Down", "starting": "Starting", "": "–"}
WORDS = {"live": "Live", "aged": "n min ago", "asking": "Being checked", "hidden": "Kept off screens"}
KINDS = {
    "here": "This store",
    "near": "Near",
    "online": "Online",
    "store": "As the store itself shows it",
    "": "On no screen: no [[location]] names it",
}
AGED = "{age} old"
UNKNOWN = "age unknown"
FIRST = "first reading, {rows} rows"
NAMES = {
    "available": "available",
    "on_hand": "on hand",
    "reserved": "sold",
    "hold": "kept",
    "safety": "kept back",
    "status": "status",
    "sold_daily": "sold a day",
    "incoming": "coming",
    "incoming_on": "on",
}


@dataclass(frozen=True, slots=True)
class Page:
    """Where the page is and what may be done on it. ``guard`` asks for an account of role it; without one, at a hub,
    ``acts`` is whether who reaches it may search and compare."""

    desk: Desk
    path: str
    template: str
    title: str = ""
    guard: Guard | None = None
    acts: bool = True
    zone: tzinfo | None = None


def routes(page: Page) -> list[web.AbstractRouteDef]:
    """The page, its button and its files."""
    made = environments((WEB / "templates", signin.HERE / "templates"), LOCALES, language.LANGUAGES)
    says = {tongue: words(LOCALES, tongue).gettext for tongue in language.LANGUAGES}
    return [
        web.get(page.path, partial(_page, page, made, says)),
        web.post(f"{page.path}/compare", partial(_compare, page)),
        looking(page.path),
        web.static(f"{page.path}/static", WEB / "static"),
    ]


async def _page(
    page: Page, made: Mapping[str, Environment], says: Mapping[str, Translate], request: web.Request
) -> web.Response:
    """Channels of stock, how late their changes are, and where the numbers of a SKU come from."""
    account = page.guard.require(request, Role.IT, active="X-Look" not in request.headers) if page.guard else None
    tongue, query = language.chosen(request), request.query.get("sku", "").strip() if page.acts else ""
    say = says[tongue]
    try:
        channels, wrong = await page.desk.channels(), ""
        found = await page.desk.explain(query) if query else None
    except sqlite3.Error:
        channels, found, wrong = (), None, say("The disk of this machine refuses; see its state on the first page.")
    now_s = page.desk.wall()
    text = made[tongue].get_template(page.template)
    shown = text.render(
        title=page.title,
        account=account,
        static="/it/static",
        path=page.path,
        acts=page.acts,
        channels=[_channel(page, each, say, now_s) for each in channels],
        wrong=wrong,
        query=query,
        explained=_explained(found, say, page.zone) if found else None,
        picture=picture,
        span=span,
    )
    answer = web.Response(text=shown, content_type="text/html", headers={"Cache-Control": "no-store"})
    language.remember(request, answer)
    return answer


async def _compare(page: Page, request: web.Request) -> web.Response:
    """Compare everything now; back to the page."""
    if page.guard is not None:
        page.guard.require(request, Role.IT)
    elif not (page.acts and origin.own(request.headers, request.host, True)):
        raise web.HTTPForbidden(text="Ask on the hub itself: tentou stock reconcile\n")
    form = await request.post()
    channel = form.get("channel", "")
    page.desk.compare([channel] if isinstance(channel, str) and channel else [])
    raise web.HTTPSeeOther(page.path, headers={hdrs.CACHE_CONTROL: "no-store"})


def _channel(page: Page, told: Standing, say: Translate, now_s: float) -> dict[str, Any]:
    found = told.comparison
    names = [name for name in page.desk.watch.lags.channels() if channel_of(name) == told.id]
    days = [page.desk.watch.lags.day(name, now_s) for name in names]
    day = [joined(step for step in steps if step) for steps in zip(*days, strict=True)] if days else []
    return {
        "id": told.id,
        "adapter": told.adapter,
        "state": told.state or "starting",
        "state_word": say(STATES[told.state]),
        "word": told.word,
        "says": say(WORDS[told.word]),
        "detail": spoken(told.detail, say),
        "todo": spoken(told.todo, say),
        "vouches": [say(VOUCHES[each]) for each in told.vouches],
        "age": aged(told.age_s, say),
        "compared": f"{_clock(found.at_s, page.zone)} {named(page.zone, now_s)}" if found and found.ended else "–",
        "differed": _differed(found, say) if found and found.ended else "–",
        "reasons": [_reason(each, say) for each in told.reasons],
        "zone": named(page.zone, now_s),
        "came": _deliveries(page, told.deliveries, say) if told.deliveries else None,
        "under_way": f"{found.rows:,}" if found and found.begun > found.ended else "",
        "hour": told.hour,
        "budgets": [
            ("?" if each.used is None else f"{each.used:,.0f}", f"{each.calls:,.0f}", span(each.per_s))
            for each in told.budgets
        ],
        "waiting": f"{told.waiting:,}",
        "refused": f"{told.counts['refused']:,}",
        "ties": f"{told.counts['ties']:,}",
        "ways": [(say(WAYS[way]), f"{count:,}") for way, count in told.counts.items() if way in WAYS],
        "shelves": [(each, f"{each.rows:,}", aged(each.age_s, say)) for each in told.shelves],
        "drawn": picture.picture(day, now_s, page.zone),
        "at": partial(_clock, zone=page.zone),
    }


def _differed(found: Comparison, say: Translate) -> str:
    rows = f"{found.differed:,}"
    return say(FIRST).format(rows=rows) if is_first(found) else rows


def _reason(told: Reason, say: Translate) -> str:
    return say(REASONS[told.code]).format(age=span(told.age_s), location=told.location, part=told.part)


def _deliveries(page: Page, came: Deliveries, say: Translate) -> dict[str, Any]:
    """What came by webhooks; ``alone`` that only refused ones did."""
    return {
        "taken": f"{came.taken:,}",
        "known": f"{came.known:,}",
        "refused": f"{came.refused:,}",
        "why": spoken(came.why, say),
        "at": _day(came.at_s, page.zone) if came.refused else "",
        "alone": came.refused and not came.taken and not came.known,
    }


def named(zone: tzinfo | None, at_s: float) -> str:
    """What a zone (None: this machine's) is called at a moment."""
    return datetime.fromtimestamp(at_s, UTC).astimezone(zone).strftime("%Z")


def _explained(found: Explained, say: Translate, zone: tzinfo | None) -> dict[str, Any]:
    return {
        "sku": found.sku,
        "near": found.near,
        "item": [value for value in (found.item.name, found.item.style, found.item.color, found.item.size) if value]
        if found.item
        else [],
        "places": [
            {
                "name": place.location,
                "kind": say(KINDS[place.kind]),
                "asked": place.asked,
                "untold": [f"{channel}: {say(UNTOLD)}" for channel in place.untold],
                "chance": f"{place.chance:.1%}" if place.chance < 1 else "",
                "lines": [(tongue, line.text, line.fresh, line.band) for tongue, line in place.lines.items()],
                "figures": [
                    {
                        "channel": each.channel,
                        "why": each.why,
                        "reason": say(WHYS[each.why]),
                        "age": aged(each.age_s, say),
                        "way": say(WAYS[each.way]) if each.level else "–",
                        "n": each.n,
                        "revision": each.level.revision if each.level else 0,
                        "made": _day(each.made_s, zone) if each.made_s else "",
                        "sellable": each.sellable,
                        "told": [
                            (say(text), value)
                            for name, text in NAMES.items()
                            if _says(each.level, name, value := getattr(each.level, name, None))
                        ],
                    }
                    for each in place.figures
                ],
            }
            for place in found.places
        ],
        "offers": [
            (tongue, [(each.title, each.note) for each in some]) for tongue, some in (found.offers or {}).items()
        ],
    }


def _says(level: object, name: str, value: object) -> bool:
    return level is not None and (value not in (None, 0, "") or (name == "available" and value is not None))


def aged(seconds: float | None, say: Translate) -> str:
    """How old a word is."""
    return say(UNKNOWN) if seconds is None else say(AGED).format(age=span(seconds))


def _clock(seconds: float, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(seconds, zone).strftime("%H:%M:%S")


def _day(seconds: float, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def texts() -> set[str]:
    """Every text of these tables, for the check that all are translated."""
    tables = (STATES, WORDS, KINDS, NAMES, REASONS, VOUCHES, WAYS, WHYS)
    own = {AGED, FIRST, UNKNOWN, UNTOLD, "The disk of this machine refuses; see its state on the first page."}
    return own.union(*(table.values() for table in tables)) - {"–"}

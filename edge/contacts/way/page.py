"""The IT's page ``/it/ledger``: why there is no data at head office, and what to do first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment

from edge.contacts.way.stations import ADVICE, WORDS, Facts, Mood, Station, told
from edge.web import looking
from provisioning import language, signin
from provisioning.accounts import Role
from provisioning.dashboard import number, since
from provisioning.i18n import environments, words
from provisioning.signin import Guard
from provisioning.spoken import spoken

WEB = Path(__file__).parent / "web"
LOCALES = (WEB / "locales", signin.HERE / "locales")
Translate = Callable[[str], str]

ICONS = {"scan": "scanner", "record": "ledger", "line": "link", "inbox": "part", "aside": "content"}
TITLES = {
    "scan": "At the screen",
    "record": "On this machine",
    "line": "The line",
    "inbox": "Head office",
    "aside": "Set aside or lost",
}
MOODS = {Mood.WELL: "Well", Mood.WAITING: "Waiting", Mood.BAD: "Needs a hand"}
GUARANTEES = {
    False: "A contact is deleted here only after head office has stored it",
    True: "A contact is deleted here as soon as the broker takes it: weaker than head office's word",
}
AGES: Sequence[tuple[float, float, str]] = (
    (60, 1, "{n} s ago"),
    (3600, 60, "{n} min ago"),
    (172_800, 3600, "{n} h ago"),
    (float("inf"), 86_400, "{n} days ago"),
)
REASONS = {
    "overflow": "More waited than the caps allow",
    "disk full": "The disk was full",
    "corruption": "The file was spoilt",
    "refused": "Refused, as the outbox was full",
    "not kept": "The disk was too slow or refused",
    "poison": "It ended every connection that carried it",
    "too large": "Larger than the broker takes",
    "corrupt": "Its bytes were spoilt on the disk",
    "refused topic": "The broker's access list refuses its topic",
    "refused payload": "The broker refuses its content",
    "forgotten by the inbox": "Head office lost what it had confirmed",
}
KINDS = {
    "scan": "Code scanned",
    "identify": "Member recognised",
    "session_start": "Session began",
    "session_end": "Session ended",
    "content_shown": "Content shown",
    "product_touched": "Product touched",
    "offer_taken": "Offer taken",
    "handoff_offered": "Phone link offered",
    "handoff_used": "Phone link used",
    "play": "Played",
    "gap": "Gap accounted for",
    "clock_anchor": "Clock set right",
    "fault": "Part failed or recovered",
}
NUMBERS = (
    "Waiting here",
    "Oldest",
    "Being written",
    "Last scan",
    "Last record",
    "Last confirmation",
    "Refused",
    "Lost",
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page is told: the facts, and what gaps account for as (reason, kind, count)."""

    facts: Facts
    gaps: Sequence[tuple[str, str, int]] = ()


See = Callable[[], Awaitable[Seen]]
Retry = Callable[[], Awaitable[int]]


def routes(see: See, retry: Retry, guard: Guard, title: str) -> list[web.AbstractRouteDef]:
    """``/it/ledger`` and its button, for accounts of role it; ``retry`` sends again what was set aside."""
    pages = environments((WEB / "templates", signin.HERE / "templates"), LOCALES, language.LANGUAGES)
    says = {tongue: words(LOCALES, tongue).gettext for tongue in language.LANGUAGES}
    return [
        web.get("/it/ledger", partial(_page, see, guard, title, pages, says)),
        web.post("/it/ledger/retry", partial(_retry, retry, guard)),
        looking("/it/ledger"),
        web.static("/it/ledger/static", WEB / "static"),
    ]


async def _page(
    see: See,
    guard: Guard,
    title: str,
    pages: Mapping[str, Environment],
    says: Mapping[str, Translate],
    request: web.Request,
) -> web.Response:
    """Where contacts are on their way to head office."""
    account = guard.require(request, Role.IT, active="X-Look" not in request.headers)
    tongue = language.chosen(request)
    shown = _shown(await see(), says[tongue])
    text = (
        pages[tongue]
        .get_template("why.html")
        .render(title=title, account=account, static="/it/static", path=request.path, icons=ICONS, **shown)
    )
    answer = web.Response(text=text, content_type="text/html", headers={"Cache-Control": "no-store"})
    language.remember(request, answer)
    return answer


async def _retry(retry: Retry, guard: Guard, request: web.Request) -> web.Response:
    """Send again what was set aside; back to the page."""
    guard.require(request, Role.IT)
    await retry()
    raise web.HTTPSeeOther("/it/ledger")


def _shown(seen: Seen, say: Translate) -> dict[str, Any]:
    found, facts = told(seen.facts), seen.facts
    values = (
        number(facts.waiting),
        ago(facts.oldest_s, say),
        number(facts.queue),
        ago(facts.scan_s, say),
        ago(facts.row_s, say),
        ago(facts.ack_s, say),
        number(sum(facts.dead.values())),
        number(facts.lost),
    )
    return {
        "told": {
            "mood": found.mood,
            "first": say(found.first),
            "stations": [_station(station, say) for station in found.stations],
        },
        "titles": {name: say(text) for name, text in TITLES.items()},
        "moods": {mood: say(text) for mood, text in MOODS.items()},
        "numbers": [(say(name), value) for name, value in zip(NUMBERS, values, strict=True)],
        "guarantee": say(GUARANTEES[facts.puback]),
        "dead": {_named(REASONS, reason, say): count for reason, count in facts.dead.items()},
        "gaps": [(_named(REASONS, why, say), _named(KINDS, kind, say), count) for why, kind, count in seen.gaps],
    }


def _named(table: Mapping[str, str], word: str, say: Translate) -> str:
    return say(table[word]) if word in table else word


def _station(station: Station, say: Translate) -> dict[str, Any]:
    """``say`` has the words of the IT's other pages, too."""
    return {
        "id": station.id,
        "mood": station.mood,
        "word": say(WORDS[station.word]),
        "age": ago(station.age_s, say) if station.age_s is not None else "",
        "since": since(station.since_s, say) if station.since_s is not None else "",
        "said": spoken(station.said, say),
        "todo": spoken(station.todo, say),
    }


def ago(seconds: float | None, say: Translate) -> str:
    """How long ago, in its largest useful unit; a dash for never."""
    if seconds is None:
        return "–"
    unit, text = next((unit, text) for bound, unit, text in AGES if seconds < bound)
    return say(text).format(n=int(max(seconds, 0) // unit))


def texts() -> set[str]:
    """Every text of these tables, for the check that all are translated."""
    ages = (text for _, _, text in AGES)
    tables = (WORDS, ADVICE, TITLES, MOODS, GUARANTEES, REASONS, KINDS)
    return {text for table in tables for text in table.values()}.union(NUMBERS, ages)

"""Stock from a chain's own system (EC-ORANGE, ORANGE POS, a core system): any JSON over GET, our push, our reserve.

What it answers lies where the settings' JSON Pointers (RFC 6901) say; what it pushes is "tentou-stock-push/1"
(``edge/stock/shops/push.py``, ``push.schema.json``), believed for five minutes; a wish to keep one is posted to it with
a key that makes it the same wish however often it comes. What such a system can only its owner knows, so the settings
say it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, Self
from urllib.parse import quote

from aiohttp import hdrs
from pydantic import BaseModel, Field, model_validator
from yarl import URL

from edge import asking
from edge.ports import StockAway, StockLevel
from edge.stock.shops import answers, push, shop
from edge.stock.shops.answers import Moment
from edge.stock.shops.pointer import stands, steps, text
from edge.stock.shops.rows import FIGURES, TEXTS, Rows
from edge.stock.system import (
    Answer,
    BadDelivery,
    Call,
    Caller,
    Can,
    Delivery,
    Keeping,
    Kept,
    Key,
    Page,
    Push,
    Pushed,
    Reserve,
    Since,
    Wish,
)

WHO = "the system"
WINDOW_S = 300.0
"""A push that was sent longer ago than this, or that much later than now, is refused."""

MOST_PAGES = 20_000
RESERVE = "tentou-stock-reserve/1"
FIELDS = frozenset({"sku", "location", "status", "revision", "incoming_on", "sold_daily", *FIGURES, *TEXTS})
_HOLE = re.compile(r"\{([^{}]*)\}")
_NEXT = re.compile(r'<([^<>]{1,2000})>[^,<]*;\s*rel="?next"?(?:[;,\s]|$)', re.IGNORECASE)
CAN = Can(
    push=Push.ABSOLUTE,
    beats=True,
    per_location=True,
    since=Since.SURE,
    reserve=Reserve.ATOMIC,
    revisions=True,
)
"""All that the settings can say of it; what they do say is ``can``."""


class Settings(shop.Settings):
    """``url`` gives everything, ``changed_url`` what changed at or after ``{since}``, ``item_url`` a ``{sku}``; in each
    ``{location}`` stands for a place's own id (asked once for each), ``{page}`` and ``{cursor}`` for where a page lies.

    ``rows`` points to the list of rows (a single row may stand in its place), ``fields`` to each figure within a row.
    ``statuses`` gives our word (in, few, none, order) for each of theirs. ``paging`` is by ``page`` from ``first_page``
    on until an empty one (or one of fewer than ``page_rows``), by a ``cursor`` that ``next`` points to (null or empty
    on the last page, or left out there if ``last_page`` is "absent"), or by the ``link`` header. ``since`` says whether
    asking for changes finds sales too (sure) or not (blind), and ``since_form`` how a moment is written. ``step_ms`` is
    how coarse revisions are that are times; 0 for versions.

    ``push`` says that it pushes, ``beats`` that it does so at least every 5 s though nothing changed. ``reserve``
    "atomic" is a promise: of two that ask ``reserve_url`` for the last one, one gets it.
    """

    changed_url: str = ""
    item_url: str = ""
    rows: str = ""
    fields: dict[str, str]
    statuses: dict[str, Literal["in", "few", "none", "order"]] = Field({})
    paging: Literal["none", "page", "cursor", "link"] = "none"
    first_page: int = Field(1, ge=0, le=1)
    page_rows: int = Field(0, ge=0, le=1_000_000)
    next: str = ""
    last_page: Literal["empty", "absent"] = "empty"
    since: Literal["sure", "blind", "none"] = "none"
    since_form: Literal["rfc3339", "seconds", "milliseconds"] = "rfc3339"
    step_ms: int = Field(1, ge=0, le=86_400_000)
    push: bool = False
    beats: bool = False
    reserve: Literal["none", "atomic"] = "none"
    reserve_url: str = ""

    @property
    def vowed(self) -> Since | None:
        """Nothing: ``since`` describes the system here, and what comparisons find out goes before it."""
        return None

    @model_validator(mode="after")
    def _pointers(self) -> Self:
        if unknown := sorted(self.fields.keys() - FIELDS):
            raise ValueError(f"fields: no '{unknown[0]}'; known: {', '.join(sorted(FIELDS))}")
        if "sku" not in self.fields or not self.fields.keys() & {"available", "on_hand", "status"}:
            raise ValueError("fields must point to sku and to available, on_hand or status")
        for pointer in (self.rows, self.next, *self.fields.values()):
            steps(pointer)
        return self

    @model_validator(mode="after")
    def _templates(self) -> Self:
        paged = {"page": {"page"}, "cursor": {"cursor"}}.get(self.paging, set())
        _template("url", self.url, {"location"} | paged, paged)
        if (self.since != "none") != bool(self.changed_url):
            raise ValueError("changed_url and since = 'blind' or 'sure' stand together")
        if self.changed_url:
            _template("changed_url", self.changed_url, {"location", "since"} | paged, {"since"})
        if self.item_url:
            _template("item_url", self.item_url, {"location", "sku"}, {"sku"})
        if (self.reserve != "none") != bool(self.reserve_url):
            raise ValueError("reserve_url and reserve = 'atomic' stand together")
        if self.reserve_url:
            _template("reserve_url", self.reserve_url, set(), set())
        return self

    @model_validator(mode="after")
    def _places(self) -> Self:
        asked = all("{location}" in text for text in (self.url, self.changed_url, self.item_url) if text)
        if "location" not in self.fields and len(self.locations) > 1 and not asked:
            raise ValueError("rows must say their place: point to it in fields, or ask by {location} in every address")
        if self.paging == "cursor" and not self.next:
            raise ValueError("paging by cursor needs next, which points to it")
        if self.last_page == "absent" and self.paging != "cursor":
            raise ValueError("last_page says how paging by cursor ends")
        if self.beats and not self.push:
            raise ValueError("beats are pushes; set push = true")
        return self


def _template(name: str, text: str, may: set[str], must: set[str]) -> None:
    """Nothing if an address may be filled in; raises ValueError."""
    asking.safe(_HOLE.sub("0", text))
    holes = set(_HOLE.findall(text))
    if holes - may or must - holes:
        raise ValueError(f"{name} has {_listed(must)}; it may have {_listed(may)}")
    if _HOLE.search(text.split("//", 1)[1].split("/", 1)[0]):
        raise ValueError(f"{name}: nothing is filled into the host")


def _listed(names: set[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names)) or "nothing to fill in"


def can(settings: Settings) -> Can:
    """What the settings say of it."""
    return replace(
        CAN,
        push=Push.ABSOLUTE if settings.push else Push.NONE,
        beats=settings.beats,
        since=Since(settings.since),
        reserve=Reserve(settings.reserve),
        revisions="revision" in settings.fields,
        step_ms=settings.step_ms,
    )


class _Answered(BaseModel):
    """What became of a wish, as the system says."""

    state: Keeping
    slip: str = Field("", max_length=32, pattern=r"^[^\x00-\x1f\x7f]*$")
    until: Moment = 0


class Generic:
    """A StockSystem."""

    def __init__(self, settings: Settings, where: Path, call: Caller, wall: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._where = where
        self._call = call
        self._wall = wall
        only = next(iter(settings.locations)) if len(settings.locations) == 1 else None
        self._rows = Rows(settings.rows, settings.fields, settings.statuses, settings.place, only, WHO)
        self._next = steps(settings.next)
        self._places = {ours: their for their, ours in settings.locations.items()}

    async def everything(self) -> AsyncIterator[Page]:
        """All that ``url`` gives, page by page, place by place."""
        async for page in self._everywhere(self._settings.url, {}):
            yield page

    async def changed(self, since_s: float) -> AsyncIterator[Page]:
        """All that ``changed_url`` gives."""
        async for page in self._everywhere(self._settings.changed_url, {"since": self._moment(since_s)}):
            yield page

    async def read(self, keys: Sequence[Key]) -> Page:
        """A call for each SKU, or for each SKU and place."""
        wanted = dict.fromkeys(keys)
        by_place = "{location}" in self._settings.item_url
        asked = dict.fromkeys((key.item, key.place if by_place else "") for key in wanted)
        levels: list[StockLevel] = []
        for sku, place in asked:
            answer = await self._ask(_filled(self._settings.item_url, {"sku": sku, "location": place}), (200, 404))
            rows = [] if answer.status == 404 else self._rows.listed(answer.json, alone=True)
            page = self._rows.page(rows, place or None)
            levels += [one for one in page.levels if Key(one.sku, self._places[one.location]) in wanted]
        return Page(tuple(levels))

    def pushed(self, delivery: Delivery) -> Pushed:
        """What our push says; its figures count by themselves where rows that are read have an order too."""
        secret = self._where / self._settings.secret_file if self._settings.secret_file else None
        told = push.pushed(delivery, secret, self._settings.place)
        if why := push.untimely(told.sent_s, self._wall(), WINDOW_S):
            raise BadDelivery(why)
        if "revision" in self._settings.fields:
            return told
        return replace(told, levels=tuple(replace(level, revision=0) for level in told.levels))

    def key(self, sku: str, location: str) -> Key | None:
        """Every SKU can be asked for, where ``item_url`` says how."""
        place = self._places.get(location)
        return Key(sku, place) if self._settings.item_url and place else None

    async def reserve(self, wish: Wish) -> Kept:
        """Post the wish; the same key is the same wish."""
        place = self._places[wish.location]
        body = {"format": RESERVE, "key": wish.key, "sku": wish.sku, "location": place}
        headers = {hdrs.CONTENT_TYPE: "application/json", "Idempotency-Key": wish.key}
        answer = await self._ask(self._settings.reserve_url, (200, 201, 202, 409), json.dumps(body).encode(), headers)
        return Kept(Keeping.DECLINED) if answer.status == 409 else _kept(answer)

    async def reserved(self, key: str) -> Kept:
        """Ask how a wish stands; of one that it does not know nobody can say."""
        url = f"{self._settings.reserve_url.rstrip('/')}/{quote(key, safe='')}"
        answer = await self._ask(url, (200, 404))
        return Kept(Keeping.UNKNOWN) if answer.status == 404 else _kept(answer)

    async def _everywhere(self, template: str, filling: Mapping[str, str]) -> AsyncIterator[Page]:
        places = list(self._settings.locations) if "{location}" in template else [""]
        for place in places:
            async for page in self._pages(template, {**filling, "location": place}):
                yield page

    async def _pages(self, template: str, filling: Mapping[str, str]) -> AsyncIterator[Page]:
        at = {"page": str(self._settings.first_page), "cursor": ""}
        url: str | None = _filled(template, {**filling, **at})
        asked: set[str] = set()
        while url is not None:
            if url in asked or len(asked) >= MOST_PAGES:
                raise StockAway(f"{WHO} gives the same page again and again; look at paging")
            asked.add(url)
            answer = await self._ask(url)
            rows = self._rows.listed(answer.json)
            yield self._rows.page(rows, filling["location"] or None)
            if len(asked) == 1:
                self._goes_on(answer)
            url = self._following(template, {**filling, **at}, answer, len(rows), url)
            at["page"] = str(int(at["page"]) + 1)

    def _following(self, template: str, filling: Mapping[str, str], answer: Answer, rows: int, url: str) -> str | None:
        """The address of the next page, None behind the last one; raises StockAway for one of another host."""
        paging = self._settings.paging
        if paging == "page":
            last = not rows or rows < self._settings.page_rows
            return None if last else _filled(template, {**filling, "page": str(int(filling["page"]) + 1)})
        if paging == "cursor":
            cursor = text(answer.json, self._next)
            return _filled(template, {**filling, "cursor": cursor}) if cursor else None
        return _linked(answer.headers.get("link", ""), url) if paging == "link" else None

    def _goes_on(self, answer: Answer) -> None:
        """Nothing if a first page says whether there are more. One that is taken for all empties whole stores."""
        must = self._settings.paging == "cursor" and self._settings.last_page == "empty"
        if must and not stands(answer.json, self._next):
            todo = "look at next; where the last page leaves it out, set last_page = 'absent'"
            raise StockAway(f"the first page of {WHO} has nothing at {self._settings.next}: {todo}")

    async def _ask(
        self, url: str, accept: tuple[int, ...] = (200,), body: bytes = b"", more: Mapping[str, str] | None = None
    ) -> Answer:
        headers = await answers.headers(self._settings, self._where)
        method = "POST" if body else "GET"
        return await self._call(Call(url, method, headers=headers | dict(more or {}), body=body, accept=accept))

    def _moment(self, since_s: float) -> str:
        forms = {
            "seconds": lambda: str(int(since_s)),
            "milliseconds": lambda: str(int(since_s * 1000)),
            "rfc3339": lambda: answers.moment(since_s),
        }
        return forms[self._settings.since_form]()


def _filled(template: str, filling: Mapping[str, str]) -> str:
    """An address, each value in it such that it stays one value."""
    return _HOLE.sub(lambda hole: quote(filling.get(hole[1], ""), safe=""), template)


def _linked(header: str, url: str) -> str | None:
    """Where a Link header says that the next page lies (RFC 8288); raises StockAway where that is another origin."""
    if not (found := _NEXT.search(header)):
        return None
    try:
        following = URL(url, encoded=True).join(URL(found[1], encoded=True))
    except ValueError:
        raise StockAway(f"{WHO} says that there is more and not where") from None
    if following.origin() != URL(url, encoded=True).origin():
        raise StockAway(f"{WHO} says that the next page lies at another host, which is not asked")
    return str(following)


def _kept(answer: Answer) -> Kept:
    """Only its own word confirms."""
    told = answers.read(_Answered, answer.json, WHO)
    return Kept(told.state, told.slip, told.until / 1000)


def system(settings: Settings, where: Path, call: Caller) -> Generic:
    """The chain's system."""
    return Generic(settings, where, call)

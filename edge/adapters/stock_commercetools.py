"""Stock of a commercetools project: its inventory entries by supply channel, each with a version that counts.

As documented (docs.commercetools.com, Inventory): what an entry says may lag up to 10 s behind what orders have
reserved. Changes go to a queue; of those it knows, Amazon EventBridge and Azure Event Grid can hand each on to our page
with a secret in a header. A notification says which entry to read. Reserving in a cart (``ReserveOnCart``) is in beta,
and that of two who ask for the last one gets it is written nowhere: so nothing is kept by it here.
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import BaseModel, Field, field_validator

from edge import asking
from edge.ports import StockAway, StockLevel
from edge.stock.shops import answers, bearer, shop, signing
from edge.stock.shops.answers import Figure, Moment, Sku
from edge.stock.system import BadDelivery, Call, Caller, Can, Delivery, Key, Page, Push, Pushed, Since

WHO = "commercetools"
PAGE = 500
READ = 50
VERSIONS = 1 << 24
"""How many versions of one entry are told apart."""

NOWHERE = "*"
"""The name in ``locations`` of entries without a supply channel."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ANY = r"^[A-Za-z0-9_-]{1,64}$"

CAN = Can(push=Push.IDS, per_location=True, since=Since.BLIND, revisions=True, step_ms=0, lag_s=10.0)


class Settings(shop.Settings):
    """``url`` and ``auth_url`` are those of the project's region, ``project`` is its key, ``token_file`` holds an API
    client's ``client id:secret`` (scope view_products). ``locations`` are by the id of the supply channel, ``"*"`` for
    entries that have none. ``secret_file`` holds what deliveries bear in their X-Api-Key header.
    """

    project: str = Field(pattern=r"^[a-z0-9_-]{2,36}$")
    auth_url: str
    token_file: Path

    @field_validator("auth_url")
    @classmethod
    def _safe_too(cls, text: str) -> str:
        return asking.safe(text.rstrip("/"))

    @field_validator("locations")
    @classmethod
    def _channels(cls, locations: dict[str, str]) -> dict[str, str]:
        if any(id != NOWHERE and not _ID.fullmatch(id) for id in locations):
            raise ValueError('locations must be by the ids of supply channels, or "*"')
        return locations


class _Channel(BaseModel):
    id: str = Field(pattern=_ANY)


class _Entry(BaseModel):
    id: str = Field(pattern=_ANY)
    version: int = Field(ge=1, lt=2**63)
    sku: Sku
    supplyChannel: _Channel | None = None
    availableQuantity: Figure
    createdAt: Moment
    lastModifiedAt: str = Field(pattern=r"^[0-9T:.+Z-]{10,40}$")

    @property
    def revision(self) -> int:
        """The version, behind those of an entry that was deleted and made anew: its versions begin at 1 again."""
        return self.createdAt // 1000 * VERSIONS + min(self.version, VERSIONS - 1)


class _Entries(BaseModel):
    results: list[_Entry] = Field(max_length=PAGE)


class _Resource(BaseModel):
    typeId: str = Field("", max_length=100)
    id: str = Field("", max_length=100)


class _Notice(BaseModel):
    """A notification; in an envelope of EventBridge (``detail``) or of CloudEvents (``data``) the inner one counts."""

    id: str = Field("", max_length=200)
    version: int = 0
    resource: _Resource | None = None
    detail: dict[str, Any] | None = None
    data: dict[str, Any] | None = None


class Commercetools(shop.ReadOnly):
    """A StockSystem. Entries are read by their ids, so that none is lost however they change meanwhile."""

    def __init__(self, settings: Settings, where: Path, call: Caller) -> None:
        self._settings = settings
        self._where = where
        self._call = bearer.Authorized(call, bearer.Bearer(WHO, call, self._ask_token))
        self._row: dict[str, tuple[str, str]] = {}
        self._entry: dict[tuple[str, str], str] = {}

    async def everything(self) -> AsyncIterator[Page]:
        """Every entry of these supply channels, in the order of their ids."""
        last = ""
        while True:
            entries = await self._query(f'id > "{last}"' if last else "", ("id asc",))
            yield self._page(entries)
            if len(entries) < PAGE:
                return
            last = entries[-1].id

    async def changed(self, since_s: float) -> AsyncIterator[Page]:
        """Entries changed at or after a moment, oldest first."""
        after = f'lastModifiedAt >= "{answers.moment(since_s)}"'
        while True:
            entries = await self._query(after, ("lastModifiedAt asc", "id asc"))
            yield self._page(entries)
            if len(entries) < PAGE:
                return
            at, id = entries[-1].lastModifiedAt, entries[-1].id
            after = f'lastModifiedAt > "{at}" or (lastModifiedAt = "{at}" and id > "{id}")'

    async def read(self, keys: Sequence[Key]) -> Page:
        """These entries; one that is no more is none left."""
        asked = [id for id in dict.fromkeys(key.item for key in keys) if _ID.fullmatch(id)]
        entries: list[_Entry] = []
        for start in range(0, len(asked), READ):
            some = ",".join(f'"{id}"' for id in asked[start : start + READ])
            entries += await self._query(f"id in ({some})", ("id asc",))
        page = self._page(entries)
        gone = set(asked) - {entry.id for entry in entries}
        # One that was made anew has another id, and what it was before is not none left.
        lost = [row for id in gone if (row := self._row.pop(id, None)) and self._entry.get(row) == id]
        return Page((*page.levels, *(StockLevel(sku, place, 0) for sku, place in sorted(lost))))

    def pushed(self, delivery: Delivery) -> Pushed:
        """The entry to read again; raises BadDelivery. Nothing is taken of notices about anything else."""
        secret = self._settings.secret_file
        signing.borne(delivery.headers.get("x-api-key", ""), None if secret is None else self._where / secret)
        outer = answers.told(_Notice, delivery.body)
        try:
            notice = answers.read(_Notice, outer.detail or outer.data or {}, WHO) if _wrapped(outer) else outer
        except StockAway:
            raise BadDelivery("the notice in its envelope has not the documented form") from None
        what = notice.resource
        if what is None or what.typeId != "inventory-entry" or not _ID.fullmatch(what.id):
            return Pushed()
        named = notice.id or (f"{what.id}@{notice.version}" if notice.version else "")
        return Pushed(id=named, keys=(Key(what.id),))

    def key(self, sku: str, location: str) -> Key | None:
        """The entry of a SKU at a location, once it was read."""
        entry = self._entry.get((sku, location))
        return None if entry is None else Key(entry)

    async def _query(self, where: str, sort: tuple[str, ...]) -> list[_Entry]:
        conditions = [f"({one})" for one in (where, self._channels()) if one]
        query = [("where", " and ".join(conditions)), ("limit", str(PAGE)), ("withTotal", "false")]
        query += [("sort", one) for one in sort]
        path = f"/{quote(self._settings.project)}/inventory?{urlencode(query)}"
        return answers.read(_Entries, (await self._call(Call(path))).json, WHO).results

    def _channels(self) -> str:
        """Only what is named in ``locations`` is asked for."""
        ids = ",".join(f'"{id}"' for id in sorted(self._settings.locations) if id != NOWHERE)
        parts = [f"supplyChannel(id in ({ids}))"] if ids else []
        parts += ["supplyChannel is not defined"] if NOWHERE in self._settings.locations else []
        return " or ".join(parts)

    def _page(self, entries: Sequence[_Entry]) -> Page:
        levels: list[StockLevel] = []
        for entry in entries:
            place = self._settings.place(entry.supplyChannel.id if entry.supplyChannel else NOWHERE)
            if place is None or not entry.sku:
                continue
            self._row[entry.id] = (entry.sku, place)
            self._entry[entry.sku, place] = entry.id
            levels.append(StockLevel(entry.sku, place, entry.availableQuantity, revision=entry.revision))
        return Page(tuple(levels))

    async def _ask_token(self) -> Call:
        name, secret = await bearer.client(self._where / self._settings.token_file)
        basic = "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode("ascii")
        url = f"{self._settings.auth_url}/oauth/token"
        return bearer.form(url, {"grant_type": "client_credentials"}, {"Authorization": basic})


def _wrapped(notice: _Notice) -> bool:
    return notice.resource is None and (notice.detail is not None or notice.data is not None)


def system(settings: Settings, where: Path, call: Caller) -> Commercetools:
    """The project."""
    return Commercetools(settings, where, call)

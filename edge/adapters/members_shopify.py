"""Members from Shopify: tier, segments and language of a customer by the GraphQL Admin API.

As documented (shopify.dev, API version 2026-10): an error may come with status 200 and beside data, ``THROTTLED`` with
the cost and what the bucket restores in a second, and customers are refused to an app that was not approved for
protected customer data. Name, address, orders and sums are not even asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import hdrs
from pydantic import BaseModel, Field, field_validator

from edge import asking
from edge.asking import CannotAsk, graphql
from edge.members import vendor
from edge.members.text import language
from edge.members.vendor import BUSY_S, Caller, Fields, Nobody, VendorMembers, refused

GID = "gid://shopify/Customer/"
BY_ID = "query($id:ID!){customer(id:$id){id tags locale updatedAt}}"
BY_OWN = (
    "query($namespace:String!,$key:String!,$value:String!){customer:customerByIdentifier("
    "identifier:{customId:{namespace:$namespace,key:$key,value:$value}}){id tags locale updatedAt}}"
)
MEMBERSHIPS = (
    "query($id:ID!,$segments:[ID!]!){customerSegmentMembership(customerId:$id,segmentIds:$segments)"
    "{memberships{segmentId isMember}}}"
)
PROTECTED = (
    "Shopify does not let this app see customers; give it read_customers and ask for access to protected customer data"
)


class Settings(vendor.Settings):
    """``url`` is the shop's ``https://SHOP.myshopify.com/admin/api/2026-10/graphql.json``, ``token_file`` has the
    app's token.

    The directory holds customers' ids (the number, or the whole gid), or with ``metafield`` (``namespace.key``, of the
    type id) the chain's own member number. ``tiers`` and ``segments`` name those tags, and ``segments`` those segment
    gids, that count here, as campaigns do; of several tiers the first named counts.
    """

    token_file: Path
    metafield: str = Field("", pattern=r"^([A-Za-z0-9_$:-]+\.[A-Za-z0-9_-]+)?$")
    tiers: dict[str, str] = Field({})
    segments: dict[str, str] = Field({})

    @field_validator("segments")
    @classmethod
    def _few(cls, segments: dict[str, str]) -> dict[str, str]:
        if len(segments) > 50:
            raise ValueError("at most 50 segments are looked at for one member")
        return segments


class _Customer(BaseModel):
    id: str = Field(max_length=128)
    tags: list[str] = Field([], max_length=1000)
    locale: str | None = None
    updatedAt: str = Field("", max_length=64)


class _Found(BaseModel):
    customer: _Customer | None = None


class _Membership(BaseModel):
    segmentId: str
    isMember: bool


class _Memberships(BaseModel):
    memberships: list[_Membership] = []


class _Segments(BaseModel):
    customerSegmentMembership: _Memberships | None = None


M = TypeVar("M", bound=BaseModel)


class Shopify:
    """A Vendor. It leaves the shop alone for as long as the bucket of points needs, never by a fixed rate."""

    def __init__(self, settings: Settings, where: Path, caller: Caller) -> None:
        self._settings = settings
        self._where = where
        self._caller = caller
        self._listed = [name for name in settings.segments if name.startswith("gid://")]

    @property
    def blocks(self) -> Mapping[str, tuple[str, ...]]:
        """The customer gives the tier; segments need the customer's tags and perhaps one question more."""
        return {"customer": ("tier",) if self._settings.tiers else (), "segments": ("segments",)}

    def asks(self, customer: str) -> dict[str, vendor.Ask]:
        """The customer once for both, so that segments that fail leave the tier."""
        found = self._caller.spawn(self._customer(customer))
        return {"customer": self._tier(found), "segments": self._segments(found)}

    async def _tier(self, found: asyncio.Task[_Customer]) -> Fields:
        customer = await asyncio.shield(found)
        tiers = (name for tag, name in self._settings.tiers.items() if tag in customer.tags)
        spoken = language(customer.locale or "")
        told: dict[str, Any] = {"tier": next(tiers, ""), "rev": f"shopify:{customer.updatedAt}"}
        return told | ({"language": spoken} if spoken else {})

    async def _segments(self, found: asyncio.Task[_Customer]) -> Fields:
        customer = await asyncio.shield(found)
        ids = set(customer.tags)
        if self._listed:
            variables = {"id": customer.id, "segments": self._listed}
            answer = (await self._ask(MEMBERSHIPS, variables, _Segments)).customerSegmentMembership or _Memberships()
            ids |= {one.segmentId for one in answer.memberships if one.isMember}
        return {"segments": frozenset(name for id, name in self._settings.segments.items() if id in ids)}

    async def _customer(self, customer: str) -> _Customer:
        """The customer asked for; raises Nobody, CannotAsk."""
        if self._settings.metafield:
            namespace, key = self._settings.metafield.rsplit(".", 1)
            own = {"namespace": namespace, "key": key, "value": customer}
            found = (await self._ask(BY_OWN, own, _Found)).customer
        else:
            gid = customer if customer.startswith(GID) else GID + customer
            found = (await self._ask(BY_ID, {"id": gid}, _Found)).customer
            if found is not None and found.id != gid:
                raise CannotAsk("the answer is about another member")
        if found is None:
            raise Nobody
        return found

    async def _ask(self, query: str, variables: dict[str, Any], model: type[M]) -> M:
        headers = {
            "X-Shopify-Access-Token": await asking.secret(self._where / self._settings.token_file),
            hdrs.ACCEPT: "application/json",
        }
        body = {"query": query, "variables": variables}
        answer = await self._caller.call("POST", self._settings.url, headers, json=body)
        if answer.status != 200:
            raise refused("Shopify", answer.status)
        whole = answer.read(graphql.Answer)
        self._spare(whole)
        if whole.errors:
            raise CannotAsk(_why(whole))
        return vendor.valid(model, whole.data or {})

    def _spare(self, answer: graphql.Answer) -> None:
        """Ask nothing more until the bucket holds enough for another question of this size."""
        lacking = answer.lacking_s()
        if lacking is not None:
            self._caller.hold(lacking)
        elif graphql.THROTTLED in answer.codes:
            self._caller.hold(BUSY_S)


def _why(answer: graphql.Answer) -> str:
    """What is wrong, in our words: a message of theirs may quote what was asked."""
    if graphql.THROTTLED in answer.codes:
        return "Shopify wants fewer calls (THROTTLED)"
    if "ACCESS_DENIED" in answer.codes or "not approved to access" in answer.texts:
        return PROTECTED
    return "Shopify refused the question; look at the version in url"


@asynccontextmanager
async def open(settings: Settings, where: Path) -> AsyncIterator[VendorMembers]:
    """The shop's members."""
    async with vendor.vendors(settings, where, lambda caller: Shopify(settings, where, caller)) as members:
        yield members

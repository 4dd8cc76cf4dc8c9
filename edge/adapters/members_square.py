"""Members from Square: tier and segments by groups and segments of the Customer Directory, coupons by loyalty rewards.

The Customers and Loyalty APIs as documented (developer.squareup.com, read 2026-11): a loyalty search without a find is
an object without the list, a customer's ``version`` moves with each change, errors are ``{"errors": [{"category",
"code"}]}``. Names, addresses and points that an answer holds are dropped where it is read.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from aiohttp import hdrs
from pydantic import BaseModel, Field

from edge import asking
from edge.asking import CannotAsk
from edge.members import vendor
from edge.members.document import Label, Title
from edge.members.vendor import Answer, Caller, Fields, Nobody, VendorMembers, refused
from edge.model import Coupon

PROGRAM_S = 3600.0
"""For how long the names of rewards are kept, seconds: they are the shop's own and nobody's."""

ISSUED = "ISSUED"
MOST_REWARDS = 30


class Settings(vendor.Settings):
    """``token_file`` holds the access token (CUSTOMERS_READ, LOYALTY_READ), ``version`` is the Square-Version to ask.

    ``tiers`` and ``segments`` name those group and segment ids of Square that count here, as campaigns do; of several
    tiers the first named counts. ``loyalty`` off asks for no rewards.
    """

    url: str = "https://connect.squareup.com"
    token_file: Path
    version: str = Field("2026-09-16", pattern=r"^\d{4}-\d\d-\d\d$")
    tiers: dict[str, str] = Field({})
    segments: dict[str, str] = Field({})
    loyalty: bool = True


class _Customer(BaseModel):
    id: str
    version: int | None = None
    group_ids: list[str] = Field([], max_length=1000)
    segment_ids: list[str] = Field([], max_length=1000)


class _CustomerAnswer(BaseModel):
    customer: _Customer


class _Account(BaseModel):
    id: str = Field(max_length=128)
    customer_id: str | None = None


class _Accounts(BaseModel):
    loyalty_accounts: list[_Account] = []


class _Reward(BaseModel):
    id: Label
    status: str = ""
    loyalty_account_id: str = ""
    reward_tier_id: str = ""


class _Rewards(BaseModel):
    rewards: list[_Reward] = []


class _Tier(BaseModel):
    id: str
    name: Title = ""


class _Program(BaseModel):
    reward_tiers: list[_Tier] = Field([], max_length=1000)


class _ProgramAnswer(BaseModel):
    program: _Program


class Square:
    """A Vendor."""

    def __init__(self, settings: Settings, where: Path, caller: Caller) -> None:
        self._settings = settings
        self._where = where
        self._caller = caller
        self._names: Mapping[str, str] = {}
        self._names_until = 0.0

    @property
    def blocks(self) -> Mapping[str, tuple[str, ...]]:
        """Tier and segments come together; coupons by themselves."""
        customer = ("tier", "segments") if self._settings.tiers else ("segments",)
        return {"customer": customer} | ({"loyalty": ("coupons",)} if self._settings.loyalty else {})

    def asks(self, customer: str) -> dict[str, vendor.Ask]:
        """The customer, and beside it their rewards."""
        asks: dict[str, vendor.Ask] = {"customer": self._customer(customer)}
        return asks | ({"loyalty": self._rewards(customer)} if self._settings.loyalty else {})

    async def _customer(self, customer: str) -> Fields:
        answer = await self._ask("GET", f"/v2/customers/{quote(customer, safe='')}")
        if answer.status == 404:
            raise Nobody
        found = _good(answer).read(_CustomerAnswer).customer
        if found.id != customer:
            raise CannotAsk("the answer is about another member")
        ids = {*found.group_ids, *found.segment_ids}
        tiers = (name for id, name in self._settings.tiers.items() if id in ids)
        named = frozenset(name for id, name in self._settings.segments.items() if id in ids)
        rev = "" if found.version is None else f"square:{found.version}"
        return {"tier": next(tiers, ""), "segments": named, "rev": rev}

    async def _rewards(self, customer: str) -> Fields:
        query = {"query": {"customer_ids": [customer]}, "limit": 1}
        accounts = _good(await self._ask("POST", "/v2/loyalty/accounts/search", query)).read(_Accounts)
        if not accounts.loyalty_accounts:
            return {"coupons": ()}
        account = accounts.loyalty_accounts[0]
        if account.customer_id != customer:
            raise CannotAsk("the answer is about another member")
        wanted = {"query": {"loyalty_account_id": account.id, "status": ISSUED}, "limit": MOST_REWARDS}
        rewards = _good(await self._ask("POST", "/v2/loyalty/rewards/search", wanted)).read(_Rewards).rewards
        mine = [one for one in rewards if one.status == ISSUED and one.loyalty_account_id == account.id]
        names = await self._tier_names() if mine else {}
        titled = ((one, names.get(one.reward_tier_id, "")) for one in mine)
        return {"coupons": tuple(Coupon(one.id, {"ja": title}) for one, title in titled if title)}

    async def _tier_names(self) -> Mapping[str, str]:
        """The shop's own names of its rewards, by id."""
        if time.monotonic() >= self._names_until:
            program = _good(await self._ask("GET", "/v2/loyalty/programs/main")).read(_ProgramAnswer).program
            self._names = {tier.id: tier.name for tier in program.reward_tiers}
            self._names_until = time.monotonic() + PROGRAM_S
        return self._names

    async def _ask(self, method: str, path: str, body: Any = None) -> Answer:
        headers = await asking.headers(self._settings, self._where, "no-store")
        headers["Square-Version"] = self._settings.version
        more = {} if body is None else {"json": body}
        headers |= {} if body is None else {hdrs.CONTENT_TYPE: "application/json"}
        return await self._caller.call(method, self._settings.url + path, headers, **more)


def _good(answer: Answer) -> Answer:
    if answer.status != 200:
        raise refused("Square", answer.status)
    return answer


@asynccontextmanager
async def open(settings: Settings, where: Path) -> AsyncIterator[VendorMembers]:
    """The seller's members."""
    async with vendor.vendors(settings, where, lambda caller: Square(settings, where, caller)) as members:
        yield members

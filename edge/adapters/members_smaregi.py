"""Members from Smaregi (スマレジ): a customer's rank, by an app access token that is renewed before it ends.

The platform API as documented (developers.smaregi.dev, read 2026-11): every number comes as a string, errors as
``{"title", "detail", "status"}``. Points are not asked for, as no screen may show them; so a contract without the plan
that has points misses nothing here.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlencode

from aiohttp import hdrs
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, field_validator

from edge import asking
from edge.asking import CannotAsk
from edge.members import vendor
from edge.members.document import Label
from edge.members.vendor import UNUSABLE, Answer, Caller, Fields, Nobody, VendorMembers, refused

SCOPE = "pos.customers:read"
EARLY_S = 60.0
"""A token is renewed this long before it ends, seconds; meanwhile the old one serves."""

FIELDS = "customerId,customerCode,rank,status"
ACTIVE = "0"
"""The status of a member who is one; others stopped, lost the card, left or were merged into another."""


class Settings(vendor.Settings):
    """``contract`` is the contract's id, ``token_file`` holds the app's ``client id:client secret`` on one line.

    ``url`` and ``auth_url`` are the production's; a sandbox's end in smaregi.dev. ``by`` says what the directory holds:
    Smaregi's customerId or the customerCode of the card. ``tiers`` names ranks as campaigns do; others keep their own.
    """

    url: str = "https://api.smaregi.jp"
    auth_url: str = "https://id.smaregi.jp"
    contract: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    token_file: Path
    by: Literal["id", "code"] = "id"
    tiers: dict[str, str] = Field({})

    @field_validator("auth_url")
    @classmethod
    def _safe_too(cls, text: str) -> str:
        return asking.safe(text.rstrip("/"))


class _Token(BaseModel):
    access_token: str = Field(min_length=1, max_length=4096, pattern=r"^[\x21-\x7e]+$")
    expires_in: float = Field(3600.0, ge=0, le=86_400)


class _Customer(BaseModel):
    customerId: str = Field(max_length=128)
    customerCode: str | None = Field(None, max_length=128)
    rank: Label | None = None
    status: str = Field(ACTIVE, max_length=8)


_CUSTOMERS = TypeAdapter(list[_Customer])


class Smaregi:
    """A Vendor. Many questions share one token; one renewal is under way at a time."""

    def __init__(self, settings: Settings, where: Path, caller: Caller) -> None:
        self._settings = settings
        self._where = where
        self._caller = caller
        self._token = ""
        self._ends = 0.0
        self._renewing: asyncio.Task[None] | None = None

    @property
    def blocks(self) -> Mapping[str, tuple[str, ...]]:
        """The rank is the tier; Smaregi has no coupons and no segments of a member."""
        return {"customer": ("tier",)}

    def asks(self, customer: str) -> dict[str, vendor.Ask]:
        """One question: the customer."""
        return {"customer": self._customer(customer)}

    async def _customer(self, customer: str) -> Fields:
        found = self._one(await self._answer(customer), customer)
        if found.status != ACTIVE:
            raise Nobody
        rank = found.rank or ""
        return {"tier": self._settings.tiers.get(rank, rank), "tier_label": rank}

    async def _answer(self, customer: str) -> Answer:
        """The answer about a customer; a token that is refused is renewed once, as it may have been taken back."""
        token = await self._bearer()
        answer = await self._ask(customer, token)
        if answer.status == 401:
            if token == self._token:
                self._ends = 0.0
            answer = await self._ask(customer, await self._bearer())
        if answer.status == 404:
            raise Nobody
        if answer.status == 403:
            raise refused("Smaregi", 403, f": the contract's plan has no members' API, or the app lacks {SCOPE}")
        if answer.status != 200:
            raise refused("Smaregi", answer.status)
        return answer

    async def _ask(self, customer: str, token: str) -> Answer:
        base = f"{self._settings.url}/{self._settings.contract}/pos/customers"
        if self._settings.by == "id":
            url = f"{base}/{quote(customer, safe='')}?{urlencode({'fields': FIELDS})}"
        else:
            url = f"{base}?{urlencode({'customer_code': customer, 'fields': FIELDS, 'limit': 2})}"
        return await self._caller.call("GET", url, {hdrs.AUTHORIZATION: f"Bearer {token}"})

    def _one(self, answer: Answer, customer: str) -> _Customer:
        """The customer asked for; raises Nobody, or CannotAsk if the answer is about somebody else."""
        if self._settings.by == "id":
            found = answer.read(_Customer)
            if found.customerId != customer:
                raise CannotAsk("the answer is about another member")
            return found
        try:
            listed = _CUSTOMERS.validate_json(answer.body)
        except ValidationError:
            raise CannotAsk(UNUSABLE) from None
        same = [one for one in listed if one.customerCode == customer]
        if len(listed) != len(same) or len(same) > 1:
            raise CannotAsk("the answer is about another member")
        if not same:
            raise Nobody
        return same[0]

    async def _bearer(self) -> str:
        """A token that holds. A renewal outlives the question that began it: it may take longer than a shopper has."""
        now = time.monotonic()
        if now >= self._ends - EARLY_S and (self._renewing is None or self._renewing.done()):
            self._renewing = self._caller.spawn(self._renew())
        if now >= self._ends and self._renewing is not None:
            await asyncio.shield(self._renewing)
        return self._token

    async def _renew(self) -> None:
        secret = await asking.secret(self._where / self._settings.token_file)
        headers: dict[str, str] = {
            hdrs.AUTHORIZATION: "Basic " + base64.b64encode(secret.encode()).decode(),
            hdrs.CONTENT_TYPE: "application/x-www-form-urlencoded",
        }
        body = urlencode({"grant_type": "client_credentials", "scope": SCOPE}).encode()
        url = f"{self._settings.auth_url}/app/{self._settings.contract}/token"
        answer = await self._caller.call("POST", url, headers, data=body)
        if answer.status != 200:
            raise refused("Smaregi's token service", answer.status, "; look at contract and token_file")
        token = answer.read(_Token)
        self._token = token.access_token
        self._ends = time.monotonic() + max(token.expires_in, 1.0)


@asynccontextmanager
async def open(settings: Settings, where: Path) -> AsyncIterator[VendorMembers]:
    """The contract's members."""
    async with vendor.vendors(settings, where, lambda caller: Smaregi(settings, where, caller)) as members:
        yield members

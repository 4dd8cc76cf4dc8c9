"""Square's Customers and Loyalty APIs in the documented shapes: searches without a find are empty objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.members.fakes.server import Fake

TOKEN = "EAAA-token"


def customer(id: str = "CUST1") -> dict[str, Any]:
    """A customer with all that Square would tell of them."""
    return {
        "id": id, "version": 7, "given_name": "花子", "family_name": "山田", "email_address": "hanako@example.test",
        "phone_number": "+81312345678", "birthday": "1990-05-03", "address": {"address_line_1": "銀座1-2-3"},
        "group_ids": ["G-GOLD", "G-STAFF-NOTES"], "segment_ids": ["M1.LOYAL", "gv2:LINEN"],
    }  # fmt: skip


def failed(status: int, category: str, code: str) -> web.Response:
    return web.json_response({"errors": [{"category": category, "code": code, "detail": "no"}]}, status=status)


@dataclass
class Square(Fake):
    """One seller. ``loyalty`` is whether they subscribe to it; ``rewards`` belong to the one account."""

    customers: dict[str, dict[str, Any]] = field(default_factory=lambda: {"CUST1": customer()})
    loyalty: bool = True
    owner: str = "CUST1"
    tier_name: str = "リネン10%OFF"
    rewards: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"id": "R1", "status": "ISSUED", "loyalty_account_id": "A1", "reward_tier_id": "T1", "points": 15},
            {"id": "R2", "status": "REDEEMED", "loyalty_account_id": "A1", "reward_tier_id": "T1", "points": 15},
            {"id": "R3", "status": "ISSUED", "loyalty_account_id": "A2", "reward_tier_id": "T1", "points": 15},
            {"id": "R4", "status": "ISSUED", "loyalty_account_id": "A1", "reward_tier_id": "T-GONE", "points": 15},
        ]
    )

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v2/customers/{id}", self._customer),
            web.post("/v2/loyalty/accounts/search", self._accounts),
            web.post("/v2/loyalty/rewards/search", self._rewards),
            web.get("/v2/loyalty/programs/main", self._program),
        ]

    def _refusal(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return failed(401, "AUTHENTICATION_ERROR", "UNAUTHORIZED")
        if "Square-Version" not in request.headers:
            return failed(400, "INVALID_REQUEST_ERROR", "BAD_REQUEST")
        if "/loyalty/" in request.path and not self.loyalty:
            return failed(403, "AUTHENTICATION_ERROR", "FORBIDDEN")
        return None

    async def _customer(self, request: web.Request) -> web.Response:
        if refused := self._refusal(request):
            return refused
        found = self.customers.get(request.match_info["id"])
        return web.json_response({"customer": found}) if found else failed(404, "INVALID_REQUEST_ERROR", "NOT_FOUND")

    async def _accounts(self, request: web.Request) -> web.Response:
        if refused := self._refusal(request):
            return refused
        wanted = (await request.json())["query"]["customer_ids"]
        account = {"id": "A1", "customer_id": self.owner, "balance": 1280, "mapping": {"phone_number": "+81312345678"}}
        return web.json_response({"loyalty_accounts": [account]} if wanted in (["CUST1"], [self.owner]) else {})

    async def _rewards(self, request: web.Request) -> web.Response:
        if refused := self._refusal(request):
            return refused
        query = (await request.json())["query"]
        assert query == {"loyalty_account_id": "A1", "status": "ISSUED"}
        return web.json_response({"rewards": self.rewards} if self.rewards else {})

    async def _program(self, request: web.Request) -> web.Response:
        if refused := self._refusal(request):
            return refused
        tiers = [{"id": "T1", "points": 15, "name": self.tier_name}]
        return web.json_response({"program": {"id": "P1", "status": "ACTIVE", "reward_tiers": tiers}})

"""Smaregi's token service and customers' API in the documented shapes: all numbers are strings, errors are problems."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.members.fakes.server import Fake

CONTRACT = "sb_x"
SECRET = "app:secret"


def customer(
    id: str = "81", code: str = "2900000000813", rank: str | None = "ゴールド", status: str = "0"
) -> dict[str, Any]:
    """A customer with all that Smaregi would tell of them."""
    return {
        "customerId": id, "customerCode": code, "rank": rank, "status": status, "lastName": "山田", "firstName": "花子",
        "mailAddress": "hanako@example.test", "phoneNumber": "0312345678", "address": "銀座1-2-3",
        "birthDate": "1990-05-03", "point": "1280", "mile": "77", "updDateTime": "2026-11-21T18:12:45+09:00",
    }  # fmt: skip


def problem(status: int) -> web.Response:
    return web.json_response({"title": "no", "detail": "no", "status": str(status)}, status=status)


@dataclass
class Smaregi(Fake):
    """One contract. ``plan`` is whether it has the members' API, ``good`` are tokens that are believed."""

    customers: dict[str, dict[str, Any]] = field(default_factory=lambda: {"81": customer()})
    plan: bool = True
    expires_in: Any = "3600"
    good: set[str] = field(default_factory=set)
    tokens: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(f"/app/{CONTRACT}/token", self._token),
            web.get(f"/{CONTRACT}/pos/customers/{{id}}", self._one),
            web.get(f"/{CONTRACT}/pos/customers", self._several),
        ]

    async def _token(self, request: web.Request) -> web.Response:
        basic = "Basic " + base64.b64encode(SECRET.encode()).decode()
        form = dict(await request.post())
        if request.headers["Authorization"] != basic:
            return problem(401)
        if form != {"grant_type": "client_credentials", "scope": "pos.customers:read"}:
            return problem(400)
        await self.gate.wait()
        self.tokens += 1
        self.good.add(f"token-{self.tokens}")
        token = {"scope": "pos.customers:read", "token_type": "Bearer", "expires_in": self.expires_in}
        return web.json_response(token | {"access_token": f"token-{self.tokens}"})

    def _refusal(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.good:
            return problem(401)
        return None if self.plan else problem(403)

    async def _one(self, request: web.Request) -> web.Response:
        if refused := self._refusal(request):
            return refused
        found = self.customers.get(request.match_info["id"])
        return web.json_response(found) if found else problem(404)

    async def _several(self, request: web.Request) -> web.Response:
        if refused := self._refusal(request):
            return refused
        wanted = request.query["customer_code"]
        return web.json_response([one for one in self.customers.values() if one["customerCode"].startswith(wanted)])

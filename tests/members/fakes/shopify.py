"""Shopify's GraphQL Admin API in the documented shapes: errors come with status 200, costs with every answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.members.fakes.server import Fake

TOKEN = "shpat-token"
PATH = "/admin/api/2026-10/graphql.json"
GID = "gid://shopify/Customer/411"
LINEN = "gid://shopify/Segment/5"
NOT_APPROVED = (
    "This app is not approved to access the Customer object. See https://shopify.dev/docs/apps/launch/protected-"
    "customer-data for more details."
)


def customer(gid: str = GID) -> dict[str, Any]:
    """A customer as the fields asked for give one, and one field more than was asked for."""
    return {
        "id": gid, "tags": ["vip-gold", "クレーマー 要注意"], "locale": "ja", "updatedAt": "2026-11-21T09:12:45Z",
        "email": "hanako@example.test",
    }  # fmt: skip


@dataclass
class Shopify(Fake):
    """One shop. ``own`` are the chain's member numbers in the metafield; ``denied`` names what may not be read."""

    customers: dict[str, dict[str, Any]] = field(default_factory=lambda: {GID: customer()})
    own: dict[str, str] = field(default_factory=lambda: {"M-7": GID})
    denied: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=lambda: {LINEN})
    available: float = 1993.0

    def routes(self) -> list[web.RouteDef]:
        return [web.post(PATH, self._graphql)]

    async def _graphql(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Shopify-Access-Token") != TOKEN:
            return web.json_response({"errors": "[API] Invalid API key or access token"}, status=401)
        body = await request.json()
        query, variables = body["query"], body["variables"]
        bucket = {"maximumAvailable": 2000.0, "currentlyAvailable": self.available, "restoreRate": 100.0}
        cost = {"requestedQueryCost": 9, "actualQueryCost": 7, "throttleStatus": bucket}
        if self.available < 9:
            error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
            return web.json_response({"errors": [error], "extensions": {"cost": cost | {"actualQueryCost": None}}})
        name = "customerSegmentMembership" if "customerSegmentMembership" in query else "customer"
        if name in self.denied:
            error = {"message": NOT_APPROVED, "path": [name], "extensions": {"code": "ACCESS_DENIED"}}
            return web.json_response({"data": {name: None}, "errors": [error], "extensions": {"cost": cost}})
        return web.json_response({"data": {name: self._found(name, variables)}, "extensions": {"cost": cost}})

    def _found(self, name: str, variables: dict[str, Any]) -> Any:
        if name == "customerSegmentMembership":
            listed = variables["segments"]
            return {"memberships": [{"segmentId": one, "isMember": one in self.members} for one in listed]}
        if "value" in variables:
            assert (variables["namespace"], variables["key"]) == ("custom", "member_no")
            return self.customers.get(self.own.get(variables["value"], ""))
        return self.customers.get(variables["id"])

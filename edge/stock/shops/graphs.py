"""Questions to a shop's GraphQL API: what an adapter asks, priced where the shop counts points, errors as absences."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import hdrs

from edge.asking import graphql
from edge.ports import StockAway
from edge.stock.shops import answers
from edge.stock.system import Call, Caller

BUSY_S = 2.0
"""For how long a shop is left alone that said "too many" and not for how long."""

REFUSALS = {
    graphql.THROTTLED: "wants fewer calls (THROTTLED)",
    "ACCESS_DENIED": "does not let this app see stock; look at the scopes of the token in token_file",
}


class Graph:
    """One GraphQL endpoint. ``who`` names it in errors."""

    def __init__(self, who: str, url: str, call: Caller) -> None:
        self._who = who
        self._url = url
        self._call = call

    async def ask(
        self, query: str, variables: Mapping[str, Any], headers: Mapping[str, str], cost: float = 1.0
    ) -> dict[str, Any]:
        """The data of an answer, nothing being wrong with any part of it; raises StockAway.

        ``cost`` is what it is taken for before; what an answer says that it really cost is noted.
        """
        body = json.dumps({"query": query, "variables": variables}).encode()
        plain = {hdrs.ACCEPT: "application/json", hdrs.CONTENT_TYPE: "application/json"}
        answer = await self._call(Call(self._url, "POST", headers=plain | dict(headers), body=body, cost=cost))
        whole = answers.read(graphql.Answer, answer.json, self._who)
        self._settle(whole, cost)
        if whole.errors:
            known = (text for code, text in REFUSALS.items() if code in whole.codes)
            raise StockAway(f"{self._who} {next(known, 'refused the question; look at the version in url')}")
        if whole.data is None:
            raise StockAway(f"{self._who} answered nothing")
        return whole.data

    def _settle(self, answer: graphql.Answer, said: float) -> None:
        """Note what it really cost; ask nothing more until the shop has points for another question of this size."""
        cost = answer.extensions.cost
        if cost is not None and cost.actualQueryCost is not None:
            self._call.spent(cost.actualQueryCost - said)
        lacking = answer.lacking_s()
        if lacking is not None and lacking > 0:
            self._call.hold(lacking)
        elif graphql.THROTTLED in answer.codes:
            self._call.hold(BUSY_S)

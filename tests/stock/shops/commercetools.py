"""A commercetools project: inventory entries with versions, query predicates, tokens by client credentials, notices."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from aiohttp import web

from edge.stock.system import Delivery
from tests.stock.shops.contract import FakeShop

PROJECT, CLIENT, SECRET, HOOK_SECRET = "shop-project", "ct-client", "ct-secret", "a-key-in-a-header"
CHANNELS = {"ginza": "3c9b9fdb-0001-4a51-a6c3-000000000001", "online": "3c9b9fdb-0002-4a51-a6c3-000000000002"}
ELSEWHERE = "3c9b9fdb-0009-4a51-a6c3-000000000009"
_WORD = re.compile(r'\s*(?:"([^"]*)"|([()]|>=|>|=|,)|(\w+))')
Entry = dict[str, Any]
Test = Callable[[Entry], bool]


class CommercetoolsShop(FakeShop):
    """Entries by SKU and supply channel. A sale raises the version and, as nothing else is documented, no stamp."""

    name = "commercetools"
    places = ("ginza", "online")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.entries: dict[str, Entry] = {}
        self.made, self.tokens, self.token = 0, 0, ""
        self.between: Callable[[], None] = lambda: None

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [web.get(f"/{PROJECT}/inventory", self._query), web.post("/oauth/token", self._token)]

    def entry(self, sku: str, channel: str | None) -> Entry:
        """The entry of a SKU at a supply channel's id (None: at none), made if it is new."""
        for one in self.entries.values():
            if one["sku"] == sku and one.get("supplyChannel", {}).get("id") == channel:
                return one
        self.made += 1
        # Ids that are random to whoever made the entries before them, and the same in every run.
        id = str(UUID(int=(self.made * 0x9E3779B97F4A7C15F39CC0605CEDC834) % 2**128, version=4))
        now = self._now()
        entry: Entry = {"id": id, "version": 1, "sku": sku, "quantityOnStock": 0, "availableQuantity": 0}
        entry |= {"createdAt": now, "lastModifiedAt": now}
        if channel:
            entry["supplyChannel"] = {"typeId": "channel", "id": channel}
        self.entries[id] = entry
        return entry

    def stock(self, sku: str, place: str, n: int) -> None:
        entry = self.entry(sku, CHANNELS[place])
        reserved = entry["quantityOnStock"] - entry["availableQuantity"]
        old = {"oldQuantityOnStock": entry["quantityOnStock"], "oldAvailableQuantity": entry["availableQuantity"]}
        entry |= {"availableQuantity": n, "quantityOnStock": n + reserved, "version": entry["version"] + 1}
        entry |= {"lastModifiedAt": self._now()}
        message: Entry = {"notificationType": "Message", "type": "InventoryEntryQuantitySet", "version": 1}
        message |= {"resource": {"typeId": "inventory-entry", "id": entry["id"]}}
        message |= {"id": f"{entry['id']}-{entry['version']}", "resourceVersion": entry["version"]} | old
        self._send(message | {"newQuantityOnStock": n + reserved, "newAvailableQuantity": n})

    def sell(self, sku: str, place: str) -> None:
        entry = self.entry(sku, CHANNELS[place])
        entry |= {"availableQuantity": entry["availableQuantity"] - 1, "version": entry["version"] + 1}
        what = {"typeId": "inventory-entry", "id": entry["id"]}
        self._send({"notificationType": "ResourceUpdated", "resource": what, "version": entry["version"]})

    def levels(self) -> dict[tuple[str, str], int]:
        names = {id: place for place, id in CHANNELS.items()}
        ours = [entry for entry in self.entries.values() if entry.get("supplyChannel", {}).get("id") in names]
        return {(one["sku"], names[one["supplyChannel"]["id"]]): one["availableQuantity"] for one in ours}

    def bare(self, sku: str) -> None:
        """A product without an entry has no row here."""

    def settings(self, url: str, folder: Path) -> dict[str, Any]:
        (folder / "ct.client").write_text(f"{CLIENT}:{SECRET}")
        (folder / "ct.secret").write_text(HOOK_SECRET)
        files = {"token_file": "ct.client", "secret_file": "ct.secret"}
        places = {id: place for place, id in CHANNELS.items()}
        return {"url": url, "auth_url": url, "project": PROJECT, "locations": places} | files

    def delivery(self, notice: dict[str, Any], key: str = HOOK_SECRET) -> Delivery:
        """A notification as an EventBridge destination hands it on."""
        event = {"version": "0", "id": f"e-{self.made}", "detail-type": notice["notificationType"], "detail": notice}
        headers = {"content-type": "application/json", "x-api-key": key}
        return Delivery("https://hub.example/hooks/ct", headers, json.dumps(event).encode())

    def _send(self, notice: dict[str, Any]) -> None:
        self.deliveries.append(self.delivery(notice))

    def _now(self) -> str:
        return datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    async def _token(self, request: web.Request) -> web.Response:
        right = "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers.get("Authorization") != right or "client_credentials" not in await request.text():
            return web.json_response({"statusCode": 401, "error": "invalid_client"}, status=401)
        self.tokens += 1
        self.token = f"ct-token-{self.tokens}"
        return web.json_response({"access_token": self.token, "expires_in": 172_800, "token_type": "Bearer"})

    async def _query(self, request: web.Request) -> web.Response:
        if not self.token or request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"statusCode": 401, "message": "invalid_token"}, status=401)
        self.between()
        asked = request.query
        limit, offset = int(asked.get("limit", "20")), int(asked.get("offset", "0"))
        if offset:
            self.breaches.append("paged by an offset")
        if limit > 500:
            return web.json_response({"statusCode": 400, "message": "limit"}, status=400)
        rows = [entry for entry in self.entries.values() if predicate(asked.get("where", 'version >= "0"'))(entry)]
        for field, _, direction in reversed([sort.partition(" ") for sort in asked.getall("sort", ["id asc"])]):
            rows.sort(key=lambda entry: str(entry[field]), reverse=direction == "desc")
        shown = rows[offset : offset + limit]
        return web.json_response({"limit": limit, "offset": offset, "count": len(shown), "results": shown})


def predicate(text: str) -> Test:
    """A query predicate: comparisons, ``in``, ``is not defined``, a nested field, joined by ``and`` and ``or``."""
    words = [found.group(1) if found.group(1) is not None else found.group(0).strip() for found in _WORD.finditer(text)]
    tokens = iter(words)
    return _either(next(tokens), tokens)[0]


def _either(word: str, tokens: Iterator[str]) -> tuple[Test, str]:
    tests, after = [], ""
    while True:
        test, after = _all(word, tokens)
        tests.append(test)
        if after != "or":
            return lambda entry: any(one(entry) for one in tests), after
        word = next(tokens)


def _all(word: str, tokens: Iterator[str]) -> tuple[Test, str]:
    tests, after = [], ""
    while True:
        test, after = _one(word, tokens)
        tests.append(test)
        if after != "and":
            return lambda entry: all(one(entry) for one in tests), after
        word = next(tokens)


def _one(word: str, tokens: Iterator[str]) -> tuple[Test, str]:
    if word == "(":
        test, _ = _either(next(tokens), tokens)
        return test, next(tokens, "")
    operator = next(tokens)
    if operator == "is":
        next(tokens), next(tokens)
        return lambda entry: word not in entry, next(tokens, "")
    if operator == "(":
        below, _ = _either(next(tokens), tokens)
        return lambda entry: word in entry and below(entry[word]), next(tokens, "")
    if operator == "in":
        values = list(iter(lambda: next(tokens), ")"))
        return lambda entry: entry[word] in values, next(tokens, "")
    value = next(tokens)
    compared: dict[str, Test] = {
        ">": lambda entry: str(entry[word]) > value,
        ">=": lambda entry: str(entry[word]) >= value,
        "=": lambda entry: str(entry[word]) == value,
    }
    return compared[operator], next(tokens, "")


FAKE = CommercetoolsShop

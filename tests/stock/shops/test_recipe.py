"""The README's adapter in one file is one: it is read from there, and stands before a shop of its kind."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiohttp import web

import edge.stock
from edge.ports import StockAway
from edge.stock.system import BadDelivery, Delivery, Key, Push
from tests.stock.shops.contract import FakeShop
from tests.stock.shops.direct import opened

README = Path(edge.stock.__file__).with_name("README.md")
AT = "2026-11-21T09:12:45Z"


class Acme(FakeShop):
    """The shop of the README."""

    name = "acme"
    places = ("ginza",)

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        super().__init__(clock)
        self.rows: dict[str, int] = {}

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [web.get("/stock", self._stock)]

    def settings(self, url: str, folder: Path) -> dict[str, Any]:
        (folder / "token").write_text("key")
        (folder / "secret").write_text("hush")
        return {"url": url, "token_file": "token", "secret_file": "secret", "locations": {"7": "ginza"}}

    def stock(self, sku: str, place: str, n: int) -> None:
        self.rows[sku] = n
        body = json.dumps(self._row(sku)).encode()
        digest = hmac.new(b"hush", body, hashlib.sha256).hexdigest()
        self.deliveries.append(Delivery("", {"acme-signature": digest, "acme-id": "e-1"}, body))

    def sell(self, sku: str, place: str) -> None:
        self.stock(sku, place, self.rows[sku] - 1)

    def bare(self, sku: str) -> None:
        """It lists only what it has rows of."""

    def levels(self) -> dict[tuple[str, str], int]:
        return {(sku, "ginza"): n for sku, n in self.rows.items()}

    def _row(self, sku: str) -> dict[str, Any]:
        return {"code": sku, "shop": 7, "free": f"{self.rows[sku]}.0", "changed": AT}

    async def _stock(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Bearer key":
            return web.Response(status=401)
        codes = request.query["codes"].split(",") if "codes" in request.query else sorted(self.rows)
        found = [sku for sku in codes if sku in self.rows and sku > request.query.get("after", "")]
        return web.json_response({"rows": [self._row(sku) for sku in found[:2]], "next": found[1] if found[2:] else ""})


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    section = README.read_text().split("## An adapter in one file", 1)[1]
    code = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert code
    module = ModuleType("stock_acme")
    exec(compile(code[1], "README.md", "exec", dont_inherit=True), module.__dict__)
    return module


@pytest.fixture
def shop() -> Acme:
    fake = Acme()
    for n in range(5):
        fake.stock(f"LN-{n}", "ginza", n)
    return fake


async def test_the_readmes_adapter_reads_everything_and_what_is_asked_for(
    recipe: ModuleType, shop: Acme, tmp_path: Path
) -> None:
    async with opened(shop, recipe, tmp_path) as adapter:
        assert await adapter.everything() == shop.levels()
        page = await adapter.system.read([adapter.system.key("LN-3", "ginza") or Key("", "")])
        assert [(level.sku, level.available) for level in page.levels] == [("LN-3", 3)]
        assert adapter.system.key("LN-3", "elsewhere") is None


async def test_the_readmes_adapter_believes_what_is_signed(recipe: ModuleType, shop: Acme, tmp_path: Path) -> None:
    async with opened(shop, recipe, tmp_path) as adapter:
        real = shop.take()[4]
        pushed = adapter.system.pushed(real)
        assert (pushed.id, pushed.levels[0].available) == ("e-1", 4)
        with pytest.raises(BadDelivery):
            adapter.system.pushed(Delivery("", real.headers, real.body + b" "))


async def test_the_readmes_adapter_refuses_what_is_no_stock(recipe: ModuleType, shop: Acme, tmp_path: Path) -> None:
    assert recipe.CAN.push is Push.ABSOLUTE
    shop.say = lambda _: web.json_response({"rows": [{"code": "A", "shop": "7", "free": "NaN", "changed": AT}]})
    async with opened(shop, recipe, tmp_path) as adapter:
        with pytest.raises(StockAway, match=r"rows\.0\.free"):
            await adapter.everything()

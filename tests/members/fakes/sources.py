"""Every members' adapter before a source that can be made to do anything: what the contract test runs over."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from edge.adapters import members_csv, members_http, members_shopify, members_smaregi, members_square
from edge.ports import Members
from tests.members.fakes import shopify, smaregi, square
from tests.members.fakes.server import Fake

REF, UNKNOWN, LOST = "AAECAwQFBgcI", "BBECAwQFBgcI", "CCECAwQFBgcI"
"""A member; one that nobody knows; one that the directory knows and the vendor does not."""

DIRECTORY = "ref,customer,personal_screen,language\n{ref},{customer},yes,ja\n{lost},404,yes,\n"
PATIENT_S = 30.0
"""The vendors' own 0.3 s are no time for a machine that does much else; a test of the budget sets its own."""
Do = Callable[[str], None]


@dataclass
class Bench:
    """An open adapter and what can be done to its source.

    ``say`` makes it answer these bytes for everything, ``name`` puts a text where names and titles come from, ``other``
    makes it answer for somebody else (None where no answer could), ``slow`` makes it silent (None: it is memory).
    """

    members: Members
    away: Callable[[], Awaitable[None]]
    say: Callable[[bytes, int], Awaitable[None]]
    name: Do
    other: Callable[[], None] | None
    slow: Callable[[], None] | None
    secrets: tuple[str, ...]
    fake: Any = None


Opened = Callable[[Path], AbstractAsyncContextManager[Bench]]


class Crm(Fake):
    """A CRM bridge that answers our own document."""

    def __init__(self) -> None:
        super().__init__()
        self.document: dict[str, Any] = {
            "v": 1, "member": REF, "consent": {"personal_screen": True}, "have": ["tier", "coupons"],
            "greet": {"name": "花子", "lang": "ja", "show_name": True}, "tier": {"code": "gold"},
            "coupons": [{"id": "c1", "title": "夏"}],
        }  # fmt: skip

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/members/{ref}", self._answer)]

    async def _answer(self, request: web.Request) -> web.Response:
        if request.match_info["ref"] != REF:
            return web.Response(status=404)
        return web.Response(body=json.dumps(self.document).encode())


def answering(fake: Fake) -> Callable[[bytes, int], Awaitable[None]]:
    async def say(body: bytes, status: int = 200) -> None:
        headers = {"Location": "/elsewhere"} if status == 302 else {}
        fake.instead = lambda: web.Response(body=body, status=status, headers=headers)

    return say


def silent(fake: Fake) -> Callable[[], None]:
    def slow() -> None:
        fake.busy = True

    return slow


@asynccontextmanager
async def http(folder: Path) -> AsyncIterator[Bench]:
    crm = Crm()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(crm.running())
        settings = members_http.Settings(url=crm.url + "/members/{ref}")
        members = await stack.enter_async_context(members_http.open(settings, folder))
        yield Bench(
            members,
            crm.away,
            answering(crm),
            lambda text: crm.document.update(greet={"name": text, "show_name": True}),
            lambda: crm.document.update(member=UNKNOWN),
            silent(crm),
            (REF, LOST, "花子"),
            crm,
        )


@asynccontextmanager
async def csv(folder: Path) -> AsyncIterator[Bench]:
    path = folder / "members.csv"
    path.write_text(f"ref,tier,nickname\n{REF},gold,花子\n")
    members = members_csv.CsvMembers(path)
    await members.file.look()

    async def again(body: bytes, _: int = 200) -> None:
        path.write_bytes(body)
        bench.members = members_csv.CsvMembers(path)
        await bench.members.file.look()

    async def away() -> None:
        bench.members = members_csv.CsvMembers(folder / "none.csv")
        await bench.members.file.look()

    def name(text: str) -> None:
        path.write_text(f"ref,tier,nickname\n{REF},gold,{text}\n")

    bench = Bench(members, away, again, name, None, None, (REF, LOST, "花子"))
    yield bench


@asynccontextmanager
async def vendor(
    folder: Path, fake: Fake, customer: str, token: str, settings: Callable[[], Any], adapter: Any
) -> AsyncIterator[Members]:
    (folder / "token").write_text(token + "\n")
    (folder / "directory.csv").write_text(DIRECTORY.format(ref=REF, lost=LOST, customer=customer))
    async with fake.running(), adapter.open(settings(), folder) as members:
        members._budget = PATIENT_S
        yield members


def common(**more: Any) -> dict[str, Any]:
    return {"directory": Path("directory.csv"), "token_file": Path("token"), "calls_per_second": 1000} | more


@asynccontextmanager
async def smaregi_(folder: Path, **more: Any) -> AsyncIterator[Bench]:
    fake = smaregi.Smaregi()
    wanted = lambda: members_smaregi.Settings(  # noqa: E731 - the address is known once the fake listens
        **common(url=fake.url, auth_url=fake.url, contract=smaregi.CONTRACT, **({"tiers": {"ゴールド": "gold"}} | more))
    )
    customer = more.pop("customer", "81")
    async with vendor(folder, fake, customer, smaregi.SECRET, wanted, members_smaregi) as members:
        yield Bench(
            members,
            fake.away,
            answering(fake),
            lambda text: fake.customers["81"].update(rank=text),
            lambda: fake.customers["81"].update(customerId="82"),
            silent(fake),
            (REF, LOST, '"81"', "山田", "花子"),
            fake,
        )


@asynccontextmanager
async def square_(folder: Path, **more: Any) -> AsyncIterator[Bench]:
    fake = square.Square()
    named = {"tiers": {"G-GOLD": "gold"}, "segments": {"gv2:LINEN": "linen"}}
    wanted = lambda: members_square.Settings(**common(url=fake.url, **(named | more)))  # noqa: E731
    customer = more.pop("customer", "CUST1")

    def other() -> None:
        fake.customers["CUST1"]["id"] = fake.owner = "CUST2"

    def name(text: str) -> None:
        fake.tier_name = text

    async with vendor(folder, fake, customer, square.TOKEN, wanted, members_square) as members:
        yield Bench(
            members, fake.away, answering(fake), name, other, silent(fake), (REF, LOST, "CUST1", "山田", "花子"), fake
        )


@asynccontextmanager
async def shopify_(folder: Path, **more: Any) -> AsyncIterator[Bench]:
    fake = shopify.Shopify()
    named = {"tiers": {"vip-gold": "gold"}, "segments": {shopify.LINEN: "linen", "vip-gold": "vips"}}
    wanted = lambda: members_shopify.Settings(**common(url=fake.url + shopify.PATH, **(named | more)))  # noqa: E731
    customer = more.pop("customer", "411")
    async with vendor(folder, fake, customer, shopify.TOKEN, wanted, members_shopify) as members:
        yield Bench(
            members,
            fake.away,
            answering(fake),
            lambda text: fake.customers[shopify.GID].update(tags=[text], locale=text),
            lambda: fake.customers[shopify.GID].update(id="gid://shopify/Customer/412"),
            silent(fake),
            (REF, LOST, "Customer/411", "hanako", "クレーマー"),
            fake,
        )


SOURCES: dict[str, Opened] = {
    "csv": csv,
    "http": http,
    "shopify": shopify_,
    "smaregi": smaregi_,
    "square": square_,
}

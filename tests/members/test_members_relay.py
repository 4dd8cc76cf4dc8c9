"""Head office's end of the members' wire, and both ends together."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from edge.adapters import members_http
from edge.config import BadConfig, read_hub
from edge.hub import running
from edge.members.relay import MOST, routes
from edge.model import Coupon, Profile
from edge.ports import MembersAway
from tests.members.fakes.smaregi import CONTRACT, SECRET, Smaregi

REF, OTHER, AWAY = "AAECAwQFBgcI", "BBECAwQFBgcI", "s1.AAAAAAAAAAAAAAAA"
HANA = Profile(
    REF,
    tier="gold",
    segments=frozenset({"linen"}),
    nickname="はな",
    language="ja",
    favourites=("LN-1",),
    coupons=(Coupon("c", {"ja": "夏"}, "percent"),),
    have=frozenset({"tier", "segments", "favourites", "coupons", "greet"}),
    as_of=dict.fromkeys(("tier", "segments", "favourites", "coupons", "greet"), 1_790_000_000.0),
)
Client = TestClient[web.Request, web.Application]


class Source:
    """A Members that knows one member, and is away for another."""

    async def profile(self, ref: str) -> Profile | None:
        if ref == AWAY:
            raise MembersAway("the far side is away")
        return HANA if ref == REF else None


class Unasked:
    """A Members that must not be asked."""

    async def profile(self, ref: str) -> Profile | None:
        raise AssertionError(ref)


@asynccontextmanager
async def served(**options: Any) -> AsyncIterator[Client]:
    app = web.Application()
    app.add_routes(routes(options.pop("source", Source()), **options))
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_both_ends_agree(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret")
    async with served(token="secret") as client:
        url = str(client.make_url("/members/")) + "{ref}"
        settings = members_http.Settings(url=url, token_file=Path("token"))
        async with members_http.open(settings, tmp_path) as members:
            found = await members.profile(REF)
            assert (found, found and found.as_of) == (HANA, HANA.as_of)
            assert await members.profile(OTHER) is None
            with pytest.raises(MembersAway, match="answered 503"):
                await members.profile(AWAY)


async def test_an_answer_is_never_stored() -> None:
    async with served() as client:
        answer = await client.get(f"/members/{REF}")
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")


@pytest.mark.parametrize("given", ["", "secret", "Bearer wrong", "Bearer secrets", "Bearer séc"])
async def test_without_the_token_nobody_is_told_anything(given: str) -> None:
    async with served(token="secret") as client:
        for ref in (REF, OTHER):
            answer = await client.get(f"/members/{ref}", headers={"Authorization": given} if given else {})
            assert (answer.status, await answer.text()) == (401, "401: Unauthorized")


@pytest.mark.parametrize("ref", ["x", "AAECAwQFBgcI%2F..", "%00", "a" * 5000])
async def test_what_is_no_reference_is_nobody_and_the_source_is_not_bothered(ref: str) -> None:
    async with served(source=Unasked()) as client:
        assert (await client.get(f"/members/{ref}")).status == 404


async def test_whether_somebody_is_a_member_cannot_be_asked_beside_the_answer() -> None:
    async with served() as client:
        assert (await client.head(f"/members/{REF}")).status == (await client.head(f"/members/{OTHER}")).status == 405


async def test_a_source_that_is_away_is_told_once_without_naming_anybody() -> None:
    told: list[str] = []
    async with served(tell=told.append) as client:
        answer = await client.get(f"/members/{AWAY}")
        assert (answer.status, "Retry-After" in answer.headers) == (503, True)
        assert AWAY not in await answer.text()
        await client.get(f"/members/{REF}")
    assert told == ["the far side is away", ""]


async def test_a_hub_that_could_not_open_its_source_does_not_say_that_nobody_is_a_member() -> None:
    async with served(source=None) as client:
        assert (await client.get(f"/members/{REF}")).status == 503


async def test_one_address_asks_so_often_and_no_oftener() -> None:
    now = [0.0]
    async with served(mono=lambda: now[0]) as client:
        statuses = [(await client.get(f"/members/{OTHER}")).status for _ in range(MOST + 1)]
        assert statuses == [404] * MOST + [429]
        now[0] = 10.0
        assert (await client.get(f"/members/{REF}")).status == 200


Written = Callable[..., Awaitable[None]]
HUB = """
[web]
host = "{host}"
port = 0
[upstream]
adapter = "mqtt"
settings = {{ port = 1 }}
[members]
adapter = "csv"
settings = {{ path = "members.csv" }}
"""


def hub(folder: Path, host: str = "127.0.0.1", more: str = "") -> Path:
    (folder / "hub.toml").write_text(more + HUB.format(host=host))
    (folder / "members.csv").write_text(f"ref,tier\n{REF},gold\n")
    return folder


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "hub.acme.example", "10.0.0.1"])
def test_a_hub_gives_members_to_nobody_without_a_token(host: str, tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="members_token: members are given to nobody without a token"):
        read_hub(hub(tmp_path, host))
    read_hub(hub(tmp_path, host, 'members_token = "token"\n'))


@pytest.mark.parametrize("token", [None, "", " \n"])
async def test_a_token_file_without_a_token_opens_nothing(token: str | None, tmp_path: Path) -> None:
    folder = hub(tmp_path, more='members_token = "token"\n')
    if token is not None:
        (folder / "token").write_text(token)
    with pytest.raises(BadConfig, match="write one token into it"):
        async with running(read_hub(folder), folder):
            pass


async def test_a_vendors_member_comes_through_the_hub_to_a_stores_edge(tmp_path: Path) -> None:
    fake = Smaregi()
    (tmp_path / "token").write_text(SECRET)
    (tmp_path / "directory.csv").write_text(f"ref,customer\n{REF},81\n")
    async with fake.running():
        (tmp_path / "hub.toml").write_text(
            HUB.split("[members]")[0].format(host="127.0.0.1")
            + f'[members]\nadapter = "smaregi"\n[members.settings]\nurl = "{fake.url}"\nauth_url = "{fake.url}"\n'
            + f'contract = "{CONTRACT}"\ntoken_file = "token"\ndirectory = "directory.csv"\n'
        )
        async with running(read_hub(tmp_path), tmp_path) as office:
            settings = members_http.Settings(url=f"http://127.0.0.1:{office.port}/members/{{ref}}")
            async with members_http.open(settings, tmp_path) as edge:
                found = await edge.profile(REF)
                assert found is not None
                assert (found.tier, set(found.have), set(found.as_of)) == ("ゴールド", {"tier"}, {"tier"})
                fake.customers.clear()
                assert await edge.profile(REF) is None


async def test_a_whole_hub_gives_profiles_and_logs_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    folder = hub(tmp_path, more='members_token = "token"\n')
    (folder / "token").write_text("secret")
    async with running(read_hub(folder), folder) as office:
        url = f"http://127.0.0.1:{office.port}/members/{{ref}}"
        settings = members_http.Settings(url=url, token_file=Path("token"))
        async with members_http.open(settings, folder) as members:
            found = await members.profile(REF)
            assert found is not None
            assert found.tier == "gold"
            assert await members.profile(OTHER) is None
    assert REF not in caplog.text
    assert OTHER not in caplog.text

"""Members from an endpoint: the blocks that a screen may use, and nothing it should not follow, read or believe."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import ValidationError

from edge.adapters import members_http
from edge.adapters.members_http import HttpMembers, Settings
from edge.members import document
from edge.model import Coupon, Profile
from edge.ports import MembersAway

REF = "AAECAwQFBgcI"
NOW = 1_795_300_000.0
DOCUMENT: dict[str, Any] = {
    "v": 1,
    "member": REF,
    "as_of": "2026-11-21T09:12:45Z",
    "greet": {"name": "はな", "honorific": "さま", "lang": "ja", "show_name": True},
    "tier": {"code": "gold", "label": "ゴールド"},
    "points": [{"program": "main", "balance": 1280}],
    "coupons": [
        {"id": "c1", "title": "リネン10%OFF", "state": "issued", "value": 10, "kind": "percent"},
        {"id": "c2", "title": {"ja": "送料無料", "en": "Free shipping"}},
        {"id": "c3", "title": "使用済み", "state": "used"},
        {"id": "c4", "title": "レジで SAVE-10 と入力", "code": "save-10"},
    ],
    "segments": ["linen"],
    "favourites": ["LN-09-M"],
    "bought": [{"sku": "LN-09-S"}],
    "email": "hana@example.test",
    "consent": {"personal_screen": True, "history_on_screen": False},
    "have": ["tier", "points", "coupons", "favourites", "bought"],
}
WHOLE = Profile(
    ref=REF,
    tier="gold",
    segments=frozenset({"linen"}),
    nickname="はな",
    language="ja",
    favourites=("LN-09-M",),
    coupons=(Coupon("c1", {"ja": "リネン10%OFF"}, "percent"), Coupon("c2", {"ja": "送料無料", "en": "Free shipping"})),
    tier_label="ゴールド",
    have=frozenset({"greet", "tier", "segments", "favourites", "coupons"}),
)
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def asked(answer: Answer, folder: Path, **settings: Any) -> AsyncIterator[HttpMembers]:
    """A Members in front of a server that answers so."""
    app = web.Application()
    app.router.add_get("/members/{ref}", answer)
    async with TestServer(app) as server:
        url = str(server.make_url("/members/")) + "{ref}"
        async with members_http.open(Settings(url=url, **settings), folder) as members:
            yield members


def always(response: Callable[[], web.StreamResponse]) -> Answer:
    async def answer(_: web.Request) -> web.StreamResponse:
        return response()

    return answer


async def test_a_profile_comes_with_the_token_and_without_what_no_screen_shows(tmp_path: Path) -> None:
    seen = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.match_info["ref"], request.headers["Authorization"]))
        return web.json_response(DOCUMENT)

    (tmp_path / "token").write_text("secret\n")
    async with asked(answer, tmp_path, token_file=Path("token")) as members:
        assert await members.profile(REF) == WHOLE
    assert seen == [(REF, "Bearer secret")]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_member_that_is_not_known_or_no_more_is_none(status: int, tmp_path: Path) -> None:
    async with asked(always(lambda: web.Response(status=status)), tmp_path) as members:
        assert await members.profile(REF) is None


def redirect() -> web.Response:
    return web.Response(status=302, headers={"Location": "/members/other"})


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (redirect, "not followed"),
        (lambda: web.Response(status=401), "token_file"),
        (lambda: web.Response(status=500), "answered 500"),
        (lambda: web.Response(body=b"x" * 65_537), "64 KiB"),
        (lambda: web.Response(body=b"<html>"), "version 1"),
        (lambda: web.json_response(DOCUMENT | {"v": 2}), "'v'"),
        (lambda: web.json_response(DOCUMENT | {"member": "another"}), "another member"),
    ],
)
async def test_an_answer_that_is_no_profile_is_away_and_names_nobody(
    response: Callable[[], web.Response], words: str, tmp_path: Path
) -> None:
    async with asked(always(response), tmp_path) as members:
        with pytest.raises(MembersAway, match=words) as away:
            await members.profile(REF)
    assert REF not in str(away.value)
    assert "はな" not in str(away.value)


async def test_a_compressed_answer_counts_as_large_as_it_is(tmp_path: Path) -> None:
    def bomb() -> web.Response:
        response = web.Response(body=b" " * 10_000_000)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    async with asked(always(bomb), tmp_path) as members:
        with pytest.raises(MembersAway, match="64 KiB"):
            await members.profile(REF)


async def test_a_server_that_is_not_there_is_away(tmp_path: Path, unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}/{{ref}}"
    async with members_http.open(Settings(url=url), tmp_path) as members:
        with pytest.raises(MembersAway, match="cannot be asked"):
            await members.profile(REF)


@pytest.mark.parametrize("token", [None, "two words", ""])
async def test_a_token_file_that_holds_no_token_is_told(token: str | None, tmp_path: Path) -> None:
    if token is not None:
        (tmp_path / "token").write_text(token)
    async with asked(always(web.Response), tmp_path, token_file=Path("token")) as members:
        with pytest.raises(MembersAway, match="token file"):
            await members.profile(REF)


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example/{ref}",
        "https://crm.example/",
        "https://{ref}.example/",
        "https://me:secret@crm.example/{ref}",
        "https://crm.example/{ref}/{ref}",
        "file:///etc/{ref}",
    ],
)
def test_an_unsafe_url_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValidationError):
        Settings(url=url)


def test_without_consent_only_the_language_is_left() -> None:
    for consent in ({}, {"personal_screen": False}):
        data = json.dumps(DOCUMENT | {"consent": consent}).encode()
        assert document.parse(data, REF, NOW) == Profile(REF, language="ja")


def test_a_block_that_the_source_does_not_have_is_empty_and_a_name_needs_its_leave() -> None:
    data = json.dumps(DOCUMENT | {"have": [], "greet": {"name": "はな", "lang": "../x"}}).encode()
    assert document.parse(data, REF, NOW) == Profile(
        REF, segments=frozenset({"linen"}), have=frozenset({"greet", "segments"})
    )


def parsed(**changes: Any) -> Profile:
    return document.parse(json.dumps(DOCUMENT | changes).encode(), REF, NOW)


def test_each_block_has_an_age_of_its_own_and_none_comes_from_the_future() -> None:
    as_of = {"tier": "2026-11-21T09:00:00Z", "coupons": "2036-01-01T00:00:00+09:00", "points": "2026-11-21T09:00:00Z"}
    profile = parsed(as_of=as_of, ttl_s=1e9)
    assert profile.as_of["tier"] == datetime(2026, 11, 21, 9, tzinfo=UTC).timestamp()
    assert profile.as_of["coupons"] == profile.as_of["segments"] == NOW
    assert profile.ttl_s == 86_400


def test_what_a_source_has_but_could_not_give_now_is_told_from_what_it_never_has() -> None:
    data = {name: value for name, value in DOCUMENT.items() if name not in ("coupons", "favourites")}
    profile = document.parse(json.dumps(data | {"have": ["tier", "coupons"]}).encode(), REF, NOW)
    assert profile.have - profile.as_of.keys() == {"coupons"}


def test_a_coupon_says_its_days_stores_and_what_it_is_for() -> None:
    scope = {"styles": ["LN"], "stores": ["s001"]}
    coupon = {"id": "c", "title": "夏", "kind": "new", "valid": ["2026-11-01", None], "scope": scope}
    (one,) = parsed(coupons=[coupon]).coupons
    assert one == Coupon("c", {"ja": "夏"}, "", date(2026, 11, 1), None, frozenset({"s001"}), ("LN",))


def test_no_complaint_quotes_what_the_answer_named() -> None:
    with pytest.raises(document.BadDocument, match="look at 'coupons.0.title'") as bad:
        parsed(coupons=[{"id": "c", "title": {"はなこ": ["はなこ"]}}])
    assert "はなこ" not in str(bad.value)


def test_what_is_written_is_read_as_the_same() -> None:
    once = parsed(ttl_s=90, rev="crm:7", as_of={"tier": "2026-11-21T09:00:00Z"})
    again = document.parse(document.write(once), REF, NOW)
    assert (again, again.as_of, again.ttl_s, again.rev) == (once, once.as_of, once.ttl_s, once.rev)


def test_a_profile_without_consent_is_written_so() -> None:
    once = parsed(consent={})
    assert json.loads(document.write(once))["consent"]["personal_screen"] is False
    assert document.parse(document.write(once), REF, NOW) == once


CANARIES = ("1280", "LN-09-S", "hana@example.test")


def test_what_no_screen_may_show_is_not_in_a_profile() -> None:
    assert not any(canary in repr(asdict(parsed())) for canary in CANARIES)
    assert not any(canary in document.write(parsed()).decode() for canary in CANARIES)

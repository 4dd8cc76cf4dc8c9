"""Signed files come by three ways that are equal; the newest good one is held, and is there again after a restart."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import fitting
from edge.config import BadConfig, MemberCode, read_store
from edge.db import database
from edge.health import Health, State
from edge.members import floor, papers, shelf
from edge.members.classify import Reason, Recognised, Rejected
from edge.members.desk import Desk
from edge.members.keysource import LONGEST_S, pause
from edge.members.shelf import Way
from tests.members.signing import ISSUER, NOW, SECOND, deny, keyset, nothing, opened, token, told

FILE = Path("keyset.json")


def held(made: Desk) -> tuple[int, int]:
    return made.papers.keyset.version, made.papers.deny.version


async def until(true: object, seconds: float = 90.0) -> None:
    """Wait until something is so; the time-out is only there so that a failure ends."""
    async with asyncio.timeout(seconds):
        while not true():  # type: ignore[operator]
            await asyncio.sleep(0.01)


@pytest.mark.promise("M-5")
@pytest.mark.parametrize("way", [Way.TOPIC, Way.URL])
async def test_a_restart_without_network_has_the_newest_that_came_over_the_line(tmp_path: Path, way: Way) -> None:
    (tmp_path / FILE).write_text(keyset(1))
    async with opened(tmp_path, keyset=FILE) as made:
        assert made.papers.keyset.offer(keyset(5), way)
        assert made.papers.deny.offer(deny(3), way)
    async with opened(tmp_path, keyset=FILE) as made:
        assert held(made) == (5, 3)
        assert made.classify(token(), nothing) == Rejected(Reason.DENIED)


async def test_a_stop_while_a_file_is_kept_does_not_keep_it_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[str] = []
    monkeypatch.setattr(shelf, "write", lambda _, text: kept.append(text))
    async with opened(tmp_path) as made:
        assert made.papers.deny.offer(deny(3), Way.TOPIC)
        await asyncio.gather(made.papers.deny.save(), made.papers.save(), made.papers.save())
    assert kept == [deny(3)]


async def test_the_file_that_came_with_the_device_is_no_fault_beside_a_newer_one(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(keyset(1))
    health = Health()
    async with opened(tmp_path, keyset=FILE) as made:
        assert made.papers.keyset.offer(keyset(5), Way.TOPIC)
    async with opened(tmp_path, health, keyset=FILE):
        part = told(health, "codes", "key set")
    assert part is not None
    assert (part.state, part.figures["keyset_version"]) == (State.UP, 5)
    assert part.detail.startswith("version 5, until")


@pytest.mark.promise("M-2")
@pytest.mark.parametrize(
    ("text", "why"),
    [
        (keyset(9, ISSUER), "not pinned"),
        (keyset(9, chain="other"), "chain 'other', not 'acme'"),
        (keyset(4), "version 4 is older than 5"),
        (keyset(5, issued_at=NOW - 999), "other contents"),
        (keyset(9, issued_at=NOW + 90_000, last=200_000), "a day in the future"),
        ("{", "not an envelope"),
        ("x" * 20_000, "at most 16384"),
        (deny(9), "not an envelope"),
    ],
    ids=["another root", "another chain", "older", "rewritten", "the future", "no json", "too long", "a deny list"],
)
async def test_a_bad_file_never_replaces_a_good_one_and_is_named_with_its_way(
    tmp_path: Path, text: str, why: str
) -> None:
    health = Health()
    async with opened(tmp_path, health) as made:
        assert made.papers.keyset.offer(keyset(5), Way.TOPIC)
        assert not made.papers.keyset.offer(text, Way.URL)
        part = told(health, "codes", "key set")
        assert isinstance(made.classify(token(), nothing), Recognised)
        assert part is not None
        assert part.state is State.DOWN
        assert part.detail.startswith("by address: ")
        assert why in part.detail
        assert made.papers.keyset.offer(keyset(6, SECOND), Way.URL)
        assert (mended := told(health, "codes", "key set")) is not None
        assert mended.state is State.UP


async def test_a_tampered_copy_on_disk_is_named_and_not_used(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "keyset.json").write_text(keyset(9, ISSUER))
    health = Health()
    async with opened(tmp_path, health) as made:
        assert held(made) == (0, 0)
        part = told(health, "codes", "key set")
        assert part is not None
        assert part.detail == "by disk: key set is signed by a root that is not pinned here; none is held"


async def test_a_set_past_its_end_is_said_to_be_and_its_codes_count_as_static(tmp_path: Path) -> None:
    health = Health()
    async with opened(tmp_path, health) as made:
        made.papers.keyset.offer(keyset(last=-10), Way.FILE)
        part = told(health, "codes", "key set")
        found = made.classify(token(), nothing)
    assert isinstance(found, Recognised)
    assert found.stale
    assert part is not None
    assert part.state is State.DOWN


async def test_what_the_disk_does_not_keep_is_held_in_memory_and_named(tmp_path: Path) -> None:
    (tmp_path / "data" / ".keyset.json.new").mkdir(parents=True)
    health = Health()
    async with opened(tmp_path, health) as made:
        made.papers.keyset.offer(keyset(2), Way.TOPIC)
        await made.papers.save()
        part = told(health, "codes", "key set")
        assert part is not None
        assert "not kept for the next start" in part.detail
        assert isinstance(made.classify(token(), nothing), Recognised)


class Far:
    """A far side that serves a text with an ETag, and books what it was asked."""

    def __init__(self, text: str) -> None:
        self.text, self.asked, self.unchanged, self.status = text, 0, 0, 200

    async def answer(self, request: web.Request) -> web.Response:
        self.asked += 1
        etag = hashlib.sha256(self.text.encode()).hexdigest()
        if self.status != 200:
            return web.Response(status=self.status, headers={"Location": "/elsewhere"})
        if request.headers.get("If-None-Match") == f'"{etag}"':
            self.unchanged += 1
            return web.Response(status=304)
        return web.Response(text=self.text, headers={"ETag": f'"{etag}"'})


async def serving(far: Far) -> TestServer:
    app = web.Application()
    app.router.add_get("/keyset.json", far.answer)
    server = TestServer(app)
    await server.start_server()
    return server


async def test_an_address_is_asked_with_its_etag_and_anew_when_it_changed(tmp_path: Path) -> None:
    far = Far(keyset(3))
    server = await serving(far)
    url = str(server.make_url("/keyset.json"))
    async with opened(tmp_path, keyset_url=url, poll_s=0.02) as made:
        await until(lambda: held(made) == (3, 0) and far.unchanged > 1)
        far.text = keyset(4)
        await until(lambda: held(made) == (4, 0))
        await until((tmp_path / "data" / "keyset.json").exists)
    await server.close()


@pytest.mark.parametrize(("status", "why"), [(302, "a redirect, which is not followed"), (500, "answered 500")])
async def test_an_address_that_fails_is_named_and_what_is_held_stays(tmp_path: Path, status: int, why: str) -> None:
    far, health = Far(keyset(3)), Health()
    server = await serving(far)
    async with opened(tmp_path, health, keyset_url=str(server.make_url("/keyset.json")), poll_s=0.02) as made:
        await until(lambda: held(made) == (3, 0))
        far.status = status
        await until(lambda: why in getattr(told(health, "codes", "key set"), "detail", ""))
        assert held(made) == (3, 0)
        far.status = 200
        await until(lambda: getattr(told(health, "codes", "key set"), "state", None) is State.UP)
    await server.close()


async def test_an_answer_without_end_is_not_read(tmp_path: Path) -> None:
    far, health = Far("x" * 100_000), Health()
    server = await serving(far)
    async with opened(tmp_path, health, keyset_url=str(server.make_url("/keyset.json")), poll_s=0.02):
        await until(lambda: "more than 16 KiB" in getattr(told(health, "codes", "key set"), "detail", ""))
    await server.close()


async def test_without_its_private_authority_the_address_is_away_and_the_desk_is_there(tmp_path: Path) -> None:
    health = Health()
    async with opened(tmp_path, health, keyset_url="https://127.0.0.1:1/", ca_file=Path("ca.pem")):
        await until(lambda: "cannot be asked" in getattr(told(health, "codes", "key set"), "detail", ""))


@pytest.mark.parametrize("url", ["http://keys.example/keyset.json", "https://user:secret@keys.example/", "ftp://x/"])
async def test_an_address_that_is_not_safe_is_a_setting_to_mend(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadConfig, match="member_code.deny_url"):
        async with opened(tmp_path, deny_url=url):
            pass


@settings(deadline=None)
@given(st.floats(0.01, 86_400), st.integers(0, 10_000), st.floats(0, 1))
def test_failures_make_the_questions_rarer_and_never_rarer_than_an_hour_or_the_poll(
    poll_s: float, failures: int, chance: float
) -> None:
    waits = pause(poll_s, failures, chance)
    assert 0.9 * poll_s <= waits <= 1.1 * max(poll_s, LONGEST_S) + 1e-9
    assert pause(poll_s, failures + 1, chance) >= waits


@pytest.mark.promise("M-5")
async def test_a_service_that_is_stopped_by_a_signal_has_kept_what_it_held_and_the_time(tmp_path: Path) -> None:
    async def serve() -> None:
        async with opened(tmp_path) as made:
            made.papers.keyset.offer(keyset(5), Way.TOPIC)
            made.papers.deny.offer(deny(2), Way.TOPIC)
            ready.set()
            await asyncio.Event().wait()

    ready = asyncio.Event()
    task = asyncio.ensure_future(serve())
    await ready.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    async with opened(tmp_path) as again, database(tmp_path / "data" / "members.sqlite", floor.migrate) as db:
        assert held(again) == (5, 2)
        assert (await floor.load(db)).saved >= NOW


def test_an_address_that_is_not_safe_stops_the_start_with_file_and_line(tmp_path: Path) -> None:
    lines = [
        "[device]",
        'chain = "acme"',
        'store = "s1"',
        'id = "e1"',
        "[member_code]",
        'keyset_url = "http://k.example/"',
    ]
    (tmp_path / "device.toml").write_text("\n".join(lines))
    with pytest.raises(BadConfig, match=r"device.toml:6: member_code.keyset_url: must be https://"):
        fitting.need(read_store(tmp_path), tmp_path)


def test_a_signed_file_in_a_network_of_the_chains_own_is_asked_only_where_the_settings_say_so() -> None:
    url = "https://10.0.0.5/keyset.json"
    assert list(papers.unsafe(MemberCode(keyset_url=url, private=True))) == []
    [(key, why)] = papers.unsafe(MemberCode(keyset_url=url))
    assert (key, "set private = true" in why) == ("member_code.keyset_url", True)

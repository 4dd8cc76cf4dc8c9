"""What every members' adapter keeps: it knows who is known, and whatever its source does, nobody is shown or named."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

import pytest

from edge import plug
from edge.health import Health
from edge.members.cache import CachedMembers
from edge.ports import MembersAway, Troubled
from tests.members.fakes.sources import LOST, REF, SOURCES, UNKNOWN, Bench

SCRIPT = "<script>alert(1)</script>"
HOSTILE = {
    "ten megabytes": b" " * 10_000_000 + b"{}",
    "one long word": b'{"v": 1, "member": "' + b"a" * 10_000_000 + b'"}',
    "depth": b"[" * 20_000 + b"]" * 20_000,
    "deep objects": b'{"customer":' * 3000 + b"{}" + b"}" * 3000,
    "wrong types": b'{"v":1,"member":5,"have":{},"customer":{"id":[]},"customerId":{},"access_token":7,"data":"x"}',
    "a web page": b"<!doctype html><title>Welcome</title><script>alert(1)</script>",
    "nothing": b"",
    "null": b"null",
    "not UTF-8": b'{"v":1,"member":"\xff\xfe"}',
}


@pytest.fixture(params=plug.known("members"))
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """Every adapter there is; one without a source here fails."""
    async with SOURCES[request.param](tmp_path) as bench:
        yield bench


async def test_a_member_is_known_and_another_is_not(bench: Bench) -> None:
    found = await bench.members.profile(REF)
    assert found is not None
    assert (found.ref, found.tier) == (REF, "gold")
    assert found.as_of.keys() <= found.have
    assert await bench.members.profile(UNKNOWN) is None
    assert await bench.members.profile(LOST) is None


async def shows_nothing(bench: Bench, case: str = "") -> None:
    """Asked for the member, the source is away or leaves all out, and says why, but nothing of whom."""
    try:
        found = await bench.members.profile(REF)
    except MembersAway as error:
        why = str(error)
    else:
        # A vendor's member is still spoken to in the language that the directory has.
        assert found is not None, case
        assert (found.tier, found.segments, found.coupons, found.nickname) == ("", frozenset(), (), ""), case
        why = bench.members.trouble if isinstance(bench.members, Troubled) else ""
    assert why, case
    assert not any(secret in why for secret in bench.secrets), case


async def test_a_source_that_is_away_names_nobody(bench: Bench) -> None:
    await bench.away()
    await shows_nothing(bench)


async def test_a_slow_source_has_its_budget(bench: Bench) -> None:
    told: list[str] = []
    cached = CachedMembers(bench.members, told.append, budget=0.01)
    if bench.slow is not None:  # memory is not
        bench.slow()
        assert [found async for found in cached.profiles(REF)] == []
        assert told == ["no answer within 10 ms"]
    await cached.close()


async def test_hostile_answers_show_nothing(bench: Bench) -> None:
    for case, body in HOSTILE.items():
        await bench.say(body, 200)
        await shows_nothing(bench, case)


async def test_refusals_show_nothing_and_no_redirect_is_followed(bench: Bench) -> None:
    for status in (302, 400, 401, 403, 500, 503, 429):
        await bench.say(SCRIPT.encode(), status)
        await shows_nothing(bench, str(status))
    assert bench.fake is None or not any("elsewhere" in path for _, path in bench.fake.calls)


async def test_a_script_in_a_name_is_nowhere(bench: Bench) -> None:
    bench.name(SCRIPT)
    told: list[str] = []
    cached = CachedMembers(bench.members, told.append)
    found = [asdict(profile) for profile in [one async for one in cached.profiles(REF)] if profile]
    assert found or told
    assert "script" not in repr(found) + repr(told)
    await cached.close()


async def test_somebody_elses_profile_is_not_taken(bench: Bench) -> None:
    if bench.other is not None:  # of a table no row could be
        bench.other()
        await shows_nothing(bench)


async def test_many_at_once_are_all_answered(bench: Bench) -> None:
    found = await asyncio.gather(*(bench.members.profile(REF) for _ in range(20)))
    assert {profile and profile.tier for profile in found} == {"gold"}


async def test_nobody_is_named_in_logs_health_or_reprs(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    health = Health()
    cached = CachedMembers(bench.members, health.teller("members", "profiles", "look"))
    seen = [repr([found async for found in cached.profiles(ref)]) for ref in (REF, UNKNOWN, LOST)]
    await bench.say(f'{{"member": "{REF}", "customer": {{"花子": "CUST1"}}}}'.encode(), 200)
    seen += [repr([found async for found in cached.profiles(REF)]), repr(cached), repr(bench.members)]
    await bench.away()
    seen += [repr([found async for found in cached.profiles(REF)]), repr(health.parts()), caplog.text]
    await cached.close()
    assert not any(secret in text for secret in bench.secrets for text in seen)

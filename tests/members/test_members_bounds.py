"""Bounds and small promises of the desk's helpers: nothing grows, nothing is asked or written without need."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from edge import asking
from edge.db import database
from edge.health import Health, State
from edge.members import floor, keysource, relay, timekeeper
from edge.members.clock import ClockState, Floor
from edge.members.deny import make_deny, sign_deny
from edge.members.keysource import Answer, Away
from edge.members.peers import MAX_BYTES, BadNews, News, read_news, write_news
from edge.members.rate import Rate
from edge.members.shelf import Way
from edge.members.timekeeper import Timekeeper
from edge.model import Profile
from tests.members.signing import NOW, ROOT, SUB, deny, keyset, opened, told

FILE = Path("keyset.json")


@pytest.mark.promise("X-3")
def test_news_longer_than_a_message_may_be_are_not_read_at_all() -> None:
    good = write_news(News())
    assert read_news(good + b" " * (MAX_BYTES - len(good))) == News()
    with pytest.raises(BadNews, match="too long"):
        read_news(good + b" " * (MAX_BYTES - len(good) + 1))


@pytest.mark.promise("X-3")
def test_of_made_up_references_only_so_many_are_remembered() -> None:
    rate = Rate(refs=100)
    for number in range(1000):
        assert not rate.hasty(f"ref {number}", 1.0)
    assert len(rate._seen) == 100


def test_whoever_came_last_is_remembered_longest() -> None:
    rate = Rate(most=1, refs=2)
    assert [rate.hasty(ref, 1.0) for ref in ("anna", "ben", "anna", "carl")] == [False, False, True, False]
    assert rate.hasty("anna", 2.0), "ben made room and not she"


async def test_a_file_that_took_anothers_place_is_read_though_it_is_as_old(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(keyset(1))
    when = (tmp_path / FILE).stat().st_mtime_ns
    async with opened(tmp_path, keyset=FILE) as made:
        (tmp_path / "new").write_text(keyset(2))
        os.utime(tmp_path / "new", ns=(when, when))
        (tmp_path / "new").replace(tmp_path / FILE)
        made.papers.look()
        assert made.papers.versions["keyset"] == 2


async def test_a_file_that_was_away_and_is_back_unchanged_is_well_again(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(keyset(1))
    health = Health()
    async with opened(tmp_path, health, keyset=FILE) as made:
        states = []
        for here, there in ((FILE, Path("away")), (Path("away"), FILE)):
            (tmp_path / here).rename(tmp_path / there)
            made.papers.look()
            part = told(health, "codes", "key set")
            states.append(part.state if part else None)
    assert states == [State.DOWN, State.UP]


@pytest.mark.promise("M-2")
async def test_a_deny_list_of_the_day_after_tomorrow_is_not_taken_by_whom_the_clock_is_sure(tmp_path: Path) -> None:
    async with opened(tmp_path) as made:
        assert not made.papers.deny.offer(
            sign_deny(make_deny("acme", 1, NOW + 200_000, NOW + 400_000, [SUB]), ROOT), Way.TOPIC
        )
        assert made.papers.deny.offer(deny(1), Way.TOPIC)


class Questions:
    """Answers in turn, and what was asked and slept between them; then it is over."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: Answer | Away) -> None:
        self.answers, self.etags, self.failures = list(answers), list[str](), list[int]()
        monkeypatch.setattr(keysource, "ask", self.ask)
        monkeypatch.setattr(keysource, "pause", self.pause)

    async def ask(self, _: object, __: object, etag: str, ___: int) -> Answer:
        self.etags.append(etag)
        if not self.answers:
            raise asyncio.CancelledError
        answer = self.answers.pop(0)
        if isinstance(answer, Away):
            raise answer
        return answer

    def pause(self, _: float, failures: int, __: float) -> float:
        self.failures.append(failures)
        return 0.0


async def test_what_was_not_taken_is_asked_for_whole_again_and_an_answer_ends_the_failures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = Questions(monkeypatch, Away("x"), Away("x"), Answer("bad", '"1"'), Answer("good", '"2"'), Away("x"))
    with pytest.raises(asyncio.CancelledError):
        await keysource.follow(
            asking.Settings(url="https://a.example/"), Path(), 60.0, 9, lambda text: text == "good", lambda _: None
        )
    assert said.etags == ["", "", "", "", '"2"', '"2"']
    assert said.failures == [1, 2, 0, 0, 1]


async def test_a_machine_that_the_settings_trust_is_believed_whatever_its_kernel_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timekeeper, "kernel_synced", lambda: False)
    states = []
    for believed in (True, False):
        clock = Timekeeper(None, Floor(), believed, "b", Health(), lambda: 2e9, lambda: 5.0)  # type: ignore[arg-type]
        clock.ask()
        states.append(clock.state())
    assert states == [ClockState.SYNCED, ClockState.FLOOR]


async def test_a_floor_that_is_kept_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Floor] = []

    async def keep(_: object, found: Floor) -> None:
        written.append(found)

    monkeypatch.setattr(floor, "keep", keep)
    clock = Timekeeper(None, Floor(), True, "b", Health(), lambda: 2e9, lambda: 5.0)  # type: ignore[arg-type]
    clock.seen(1.9e9)
    for _ in range(3):
        await clock.save()
    assert [found.iat for found in written] == [1.9e9]


async def test_between_two_savings_lies_a_minute_and_a_refused_one_waits_as_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, tried = [0.0], list[float]()

    async def keep(*_: object) -> None:
        tried.append(now[0])
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(floor, "keep", keep)
    clock = Timekeeper(None, Floor(), True, "b", Health(), lambda: 2e9, lambda: now[0])  # type: ignore[arg-type]
    clock.seen(1.9e9)
    for _ in range(130):
        await clock.keep()
        now[0] += 1.0
    assert tried == [60.0, 120.0]


@pytest.mark.parametrize("synced", [float("inf"), float("-inf")])
async def test_a_time_without_end_is_no_floor(tmp_path: Path, synced: float) -> None:
    async with database(tmp_path / "members.sqlite", floor.migrate) as db:
        await floor.keep(db, Floor(1.9e9, 1.9e9, "b", 5.0))
        assert (await floor.load(db)).synced == 5.0
        await floor.keep(db, Floor(1.9e9, 1.9e9, "b", synced))
        assert await floor.load(db) == Floor()


class Silent:
    """A Members that never answers."""

    async def profile(self, _: str) -> Profile | None:
        await asyncio.Event().wait()
        return None


async def test_a_source_that_never_answers_is_away_for_whoever_asks_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "ASK_S", 0.01)
    app, said = web.Application(), list[str]()
    app.add_routes(relay.routes(Silent(), tell=said.append))
    async with TestClient(TestServer(app)) as client, client.get("/members/AAECAwQFBgcI") as answer:
        assert answer.status == 503
    assert said == ["no answer within 0 s"]

"""What other edges say they took is let in strictly and with bounds: no memory filled, no token blocked for long."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.db import database
from edge.members.peers import EARLY, LATE, MAX_BYTES, MOST, BadNews, News, Peers, read_news, write_news
from edge.members.replay import Replay, migrate

NOW = 1_790_000_000
HASHES = st.binary(min_size=16, max_size=16)
SPENT = st.lists(st.tuples(HASHES, st.integers(0, 2**32 - 1)), max_size=MOST)


def one(number: int, exp: int = NOW + 30) -> tuple[bytes, int]:
    return number.to_bytes(16), exp


@settings(deadline=None)
@given(SPENT, st.booleans())
def test_what_an_edge_writes_another_reads(spent: list[tuple[bytes, int]], ask: bool) -> None:
    news = News(tuple(spent), ask)
    payload = write_news(news)
    assert read_news(payload) == news
    assert len(payload) <= MAX_BYTES


GOOD: dict[str, Any] = {"format": "tentou-spent/1", "spent": [{"hash": "ab" * 16, "exp": NOW}], "ask": False}


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "change",
    [
        {"format": "tentou-spent/2"},
        {"more": 1},
        {"ask": "yes"},
        {"ask": 1},
        {"spent": [{"hash": "ab" * 15, "exp": NOW}]},
        {"spent": [{"hash": "AB" * 16, "exp": NOW}]},
        {"spent": [{"hash": "ab" * 16 + "\n", "exp": NOW}]},
        {"spent": [{"hash": "ab" * 16, "exp": -1}]},
        {"spent": [{"hash": "ab" * 16, "exp": 2**32}]},
        {"spent": [{"hash": "ab" * 16, "exp": str(NOW)}]},
        {"spent": [{"hash": "ab" * 16, "exp": NOW, "sub": "AAECAwQFBgcI"}]},
        {"spent": [{"hash": "ab" * 16, "exp": NOW}] * (MOST + 1)},
        {"spent": None},
    ],
    ids=str,
)
def test_news_of_any_other_form_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadNews) as refused:
        read_news(json.dumps(GOOD | change).encode())
    assert "ab" * 8 not in str(refused.value)


@pytest.mark.promise("X-3")
@settings(deadline=None)
@given(st.one_of(st.binary(), st.text().map(str.encode), st.just(b"[" * 8_000), st.just(b" " * 9_000 + b"{}")))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    with pytest.raises(BadNews):
        read_news(payload)


@pytest.mark.parametrize(
    ("exp", "counts"),
    [(NOW - LATE, True), (NOW - LATE - 1, False), (NOW + EARLY, True), (NOW + EARLY + 1, False), (NOW + 7200, False)],
)
def test_a_token_counts_while_somebody_can_show_it_and_is_blocked_no_further_ahead(exp: int, counts: bool) -> None:
    assert Peers().admit("s1.e2", [one(1, exp)], NOW) == ([one(1, exp)] if counts else [])


@pytest.mark.promise("X-3")
def test_a_peer_that_floods_fills_its_own_share_alone_and_gets_it_back_with_time() -> None:
    peers = Peers(share=10)
    assert len(peers.admit("s1.bad", [one(number) for number in range(50)], NOW)) == 10
    assert peers.refused == {"too many": 40}
    assert peers.admit("s1.good", [one(99)], NOW) == [one(99)]
    later = NOW + 30 + LATE + 1
    assert len(peers.admit("s1.bad", [one(number, later) for number in range(50)], later)) == 10


def test_more_edges_than_a_store_has_are_not_listened_to() -> None:
    peers = Peers(edges=2)
    admitted = [peers.admit(f"s1.e{number}", [one(number)], NOW) for number in range(4)]
    assert [len(each) for each in admitted] == [1, 1, 0, 0]
    assert peers.refused == {"too many edges": 2}


def test_what_is_said_again_is_no_news_and_costs_no_write() -> None:
    peers = Peers(share=1)
    assert [peers.admit("s1.e2", [one(1)], NOW) for _ in range(3)] == [[one(1)], [], []]
    assert not peers.refused


@pytest.mark.promise("M-2")
async def test_what_was_learnt_is_spent_at_once_and_after_a_restart_and_purges_nothing_of_ours(tmp_path: Path) -> None:
    async with database(tmp_path / "members.sqlite", migrate) as db:
        replay = await Replay.open(db)
        await replay.spend(b"ours" * 4, NOW + 30)
        learning = replay.learn([(b"them" * 4, 2**32 - 1)], NOW)
        assert replay.spent(b"them" * 4)
        await learning
    async with database(tmp_path / "members.sqlite", migrate) as db:
        again = await Replay.open(db)
        assert again.spent(b"them" * 4)
        assert again.spent(b"ours" * 4)

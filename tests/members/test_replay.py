"""A token that was used up stays so, also over a restart, and for no longer than it lives."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.db import database
from edge.members.replay import Replay, migrate

EXP = 1_790_000_660


@pytest.mark.promise("M-2")
async def test_a_spent_token_is_known_at_once_and_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "members.sqlite3"
    async with database(path, migrate) as db:
        replay = await Replay.open(db)
        assert not replay.spent(b"h" * 16)
        kept = replay.spend(b"h" * 16, EXP)
        assert replay.spent(b"h" * 16)
        await kept
    async with database(path, migrate) as db:
        again = await Replay.open(db)
        assert again.spent(b"h" * 16)
        assert not again.spent(b"i" * 16)


async def test_only_tokens_that_are_surely_past_are_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "members.sqlite3"
    async with database(path, migrate) as db:
        replay = await Replay.open(db)
        await replay.spend(b"old", EXP)
        await replay.spend(b"mid", EXP + 1)
        await replay.spend(b"new", EXP + 7260 + 30 + 1)
        assert [replay.spent(token) for token in (b"old", b"mid", b"new")] == [False, True, True]
        rows = await db.read(lambda c: c.execute("SELECT hash FROM spent ORDER BY exp").fetchall())
        assert rows == [(b"mid",), (b"new",)]


async def test_nothing_but_hash_and_expiry_is_kept(tmp_path: Path) -> None:
    async with database(tmp_path / "members.sqlite3", migrate) as db:
        await (await Replay.open(db)).spend(bytes(16), float(EXP))
        rows = await db.read(lambda c: c.execute("SELECT * FROM spent").fetchall())
        assert rows == [(bytes(16), EXP)]

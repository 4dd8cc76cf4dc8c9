"""Head office hands out signed files that are whole, with ETag, and each new one once as a letter."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from edge.health import Health, State
from edge.members import handout
from edge.members.handout import Handouts
from edge.supervise import kept
from tests.members.signing import deny, keyset, opened, told
from tests.members.test_papers import held, until


@asynccontextmanager
async def served(handouts: Handouts) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes(handouts.routes())
    async with TestServer(app) as server:
        yield str(server.make_url("/"))


def office(folder: Path, health: Health | None = None) -> tuple[Handouts, list[tuple[str, str]]]:
    """A head office with both files, and the letters that it writes."""
    letters: list[tuple[str, str]] = []
    paths = {name: folder / f"{name}.json" for name in ("keyset", "deny")}
    return Handouts(paths, health or Health(), lambda name, shelf: letters.append((name, shelf.text))), letters


async def test_a_file_is_served_with_an_etag_by_which_an_unchanged_one_is_not_sent_again(tmp_path: Path) -> None:
    (tmp_path / "keyset.json").write_text(keyset(2))
    made, _ = office(tmp_path)
    made.look()
    async with served(made) as url, ClientSession() as session:
        async with session.get(url + "keyset.json") as first:
            assert (first.status, await first.text()) == (200, keyset(2))
        known = {"If-None-Match": first.headers["ETag"]}
        async with session.get(url + "keyset.json", headers=known) as second:
            assert (second.status, await second.text(), second.headers["ETag"]) == (304, "", first.headers["ETag"])
        (tmp_path / "keyset.json").write_text(keyset(3))
        made.look()
        async with session.get(url + "keyset.json", headers=known) as third:
            assert (third.status, await third.text()) == (200, keyset(3))
        async with session.get(url + "deny.json") as missing:
            assert missing.status == 503


def test_each_new_file_is_told_once_and_a_broken_or_older_one_is_named_and_not_told(tmp_path: Path) -> None:
    (tmp_path / "keyset.json").write_text(keyset(2))
    (tmp_path / "deny.json").write_text(deny(1))
    health = Health()
    made, letters = office(tmp_path, health)
    made.look()
    made.look()
    assert letters == [("keyset", keyset(2)), ("deny", deny(1))]
    (tmp_path / "keyset.json").write_text(keyset(2)[:-9])
    made.look()
    part = told(health, "codes", "key set")
    assert part is not None
    assert part.state is State.DOWN
    (tmp_path / "keyset.json").write_text(keyset(1))
    made.look()
    assert len(letters) == 2
    (tmp_path / "keyset.json").write_text(keyset(4))
    made.look()
    assert letters[2:] == [("keyset", keyset(4))]


def test_a_hub_that_hands_out_nothing_has_no_address_for_it() -> None:
    made = Handouts({"keyset": None, "deny": None, "erase": None}, Health(), lambda *_: None)
    made.look()
    assert made.routes() == []


@pytest.mark.promise("M-5")
async def test_an_edge_that_asks_head_offices_address_has_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handout, "LOOK_S", 0.02)
    (tmp_path / "keyset.json").write_text(keyset(2))
    (tmp_path / "deny.json").write_text(deny(1))
    made, _ = office(tmp_path)
    made.look()
    addresses = {"keyset_url": "keyset.json", "deny_url": "deny.json"}
    async with served(made) as url, kept({"handouts": made.run}):
        where: dict[str, Any] = {key: url + name for key, name in addresses.items()}
        async with opened(tmp_path, poll_s=0.02, **where) as edge:
            await until(lambda: held(edge) == (2, 1))
            (tmp_path / "deny.json").write_text(deny(2, []))
            await until(lambda: held(edge) == (2, 2))

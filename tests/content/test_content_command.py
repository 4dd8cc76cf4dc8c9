"""``tentou content`` on a library, alone and beside a running edge."""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from content import command, store
from content.library import library, migrate
from edge.db import database


def tentou(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    parsed = parser.parse_args(["content", *arguments])
    return int(parsed.run(parsed))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "store.toml").write_text('[device]\ndata = "kept"\n[[screen]]\nid = "one"\n')
    Image.new("RGB", (320, 180), "teal").save(tmp_path / "新茶.png")
    return tmp_path


def added(config: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert tentou("add", str(config / "新茶.png"), "--config", str(config), "--json") == 0
    return str(json.loads(capsys.readouterr().out)["id"])


def test_a_picture_is_added_listed_and_published(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = added(config, capsys)
    assert tentou("publish", picture, "--config", str(config), "--screen", "one") == 0
    capsys.readouterr()
    assert tentou("list", "--config", str(config), "--json") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {(row["kind"], row["name"], row["state"]) for row in rows} == {
        ("media", "新茶", "ready"),
        ("schedule", "新茶", "on"),
    }


def test_a_row_that_cannot_be_read_is_named_and_the_others_are_listed(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    added(config, capsys)
    with closing(sqlite3.connect(config / "kept" / "content" / store.FILE)) as db, db:
        db.execute("INSERT INTO things VALUES ('draft', 'x', '{}')")
    assert tentou("list", "--config", str(config), "--json") == 1
    told = capsys.readouterr()
    assert (json.loads(told.out)["name"], told.err.startswith("cannot be read: draft 'x': ")) == ("新茶", True)


async def test_a_running_edge_sees_what_the_command_published(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = config / "kept" / "content"
    async with database(folder / store.FILE, migrate) as db, library(db, folder) as running:
        picture = await asyncio.to_thread(added, config, capsys)
        await asyncio.to_thread(tentou, "publish", picture, "--config", str(config))
        async with asyncio.timeout(10):
            async for _ in running.changes():
                if [each.media for each in running.campaigns()] == [(picture,)]:
                    break


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("add", "no.png"), 2, "no such file"),
        (("add", "store.toml"), 1, "not a photo"),
        (("publish", "nothing"), 2, "no picture and no draft 'nothing'"),
    ],
)
def test_what_cannot_be_done_is_said(
    config: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, str], code: int, said: str
) -> None:
    verb, what = arguments
    path = str(config / what) if verb == "add" else what
    assert tentou(verb, path, "--config", str(config)) == code
    assert said in capsys.readouterr().out


def test_a_screen_that_the_store_does_not_have_is_refused(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = added(config, capsys)
    assert tentou("publish", picture, "--config", str(config), "--screen", "elsewhere") == 1
    assert "screen" in capsys.readouterr().out

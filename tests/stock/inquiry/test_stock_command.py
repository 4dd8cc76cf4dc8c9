"""``tentou stock``: the same answers from a service that runs and, without its live words, from its files."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from edge.config import BadConfig
from edge.stock import command
from edge.stock.inquiry import wishes
from tests.stock.inquiry.conftest import service

Said = pytest.CaptureFixture[str]


def run(folder: Path, *words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    args = parser.parse_args(["stock", *words, "--config", str(folder)])
    code: int = args.run(args)
    return code


async def asked(capsys: Said, folder: Path, *words: str) -> tuple[int, Any]:
    """What a command says beside the service, as a value."""
    code = await asyncio.to_thread(run, folder, *words, "--json")
    return code, json.loads(capsys.readouterr().out)


async def test_a_number_is_explained_as_the_screens_show_it(folder: Path, capsys: Said) -> None:
    async with service(folder) as parts:
        code, found = await asked(capsys, folder, "explain", "LN-09-M")
        shown = [
            line.text for line in parts.stock.lines("LN-09-M", parts.store.location, "ja", parts.inquiry.desk.wall())
        ]
        offered = [offer.title for offer in parts.offers("LN-09-M", "ja")]
    assert (code, found["live"]) == (0, True)
    assert (
        [place["lines"]["ja"]["text"] for place in found["places"] if place["kind"]]
        == shown
        == ["在庫なし", "在庫あり"]
    )
    assert [offer["title"] for offer in found["offers"]["ja"]] == offered
    figure = found["places"][0]["figures"][0]
    assert (figure["channel"], figure["way"], figure["why"], figure["sellable"]) == ("pos", "file", "counts", 0)


async def test_a_jan_is_explained_and_an_unknown_sku_gets_the_nearest(folder: Path, capsys: Said) -> None:
    async with service(folder):
        code, found = await asked(capsys, folder, "explain", "4901234567894")
        assert (code, found["sku"]) == (0, "LN-09-M")
        code, found = await asked(capsys, folder, "explain", "ln09l")
    assert (code, found["sku"], found["near"][0]) == (1, "", "LN-09-L")


async def test_while_no_service_runs_its_files_are_read_and_nothing_is_live(folder: Path, capsys: Said) -> None:
    async with service(folder):
        pass
    before = {path: path.read_bytes() for path in (folder / "data").iterdir() if path.is_file()}
    code, found = await asked(capsys, folder, "explain", "LN-09-M")
    assert (code, found["live"], found["sku"]) == (0, False, "LN-09-M")
    assert [place["lines"]["ja"]["fresh"] for place in found["places"] if place["kind"]] == ["1分前", "1分前"]
    code, found = await asked(capsys, folder, "status")
    (channel,) = found["channels"]
    rows = {shelf["location"]: (shelf["rows"], shelf["shown"]) for shelf in channel["shelves"]}
    assert (code, channel["word"], rows) == (
        1,
        "aged",
        {"aoyama": (1, False), "ginza": (2, True), "shinjuku": (1, True)},
    )
    assert {path: path.read_bytes() for path in (folder / "data").iterdir() if path.is_file()} == before


async def test_a_comparison_says_how_many_rows_it_put_right(folder: Path, capsys: Said) -> None:
    async with service(folder) as parts:
        code, found = await asked(capsys, folder, "reconcile", "--wait")
        assert (code, found["channels"][0]["differed"]) == (0, 0)
        await parts.stock._db.write(lambda db: db.execute("UPDATE stock_row SET available = 77 WHERE sku = 'LN-09-L'"))
        code, found = await asked(capsys, folder, "reconcile", "pos", "--wait")
        assert (code, found["channels"][0]["differed"]) == (1, 2)
        code, found = await asked(capsys, folder, "status")
    assert (code, found["channels"][0]["comparison"]["differed"]) == (0, 2)


async def test_a_channel_that_is_down_is_not_awaited_and_says_why(folder: Path, capsys: Said) -> None:
    async with service(folder) as parts:
        (folder / "pos.csv").write_text("sku,location,available\nLN-09-M,ginza,many\n")
        while not parts.inquiry.desk.down("pos"):
            await asyncio.sleep(0.01)
        code, found = await asked(capsys, folder, "reconcile", "pos", "--wait")
    assert (code, found["away"], found["channels"]) == (1, ["pos"], [])
    assert "line 2: available" in found["down"]["pos"]


async def test_where_no_service_runs_nothing_is_compared_and_no_wish_is_left(folder: Path, capsys: Said) -> None:
    code, found = await asked(capsys, folder, "reconcile", "--wait")
    assert (code, found["live"], found["away"]) == (1, False, ["pos"])
    assert not list(folder.rglob("*.ask"))


async def test_the_plain_words_say_where_a_number_comes_from(folder: Path, capsys: Said) -> None:
    async with service(folder):
        for words in (("explain", "LN-09-M"), ("status",), ("reconcile", "--wait"), ("explain", "nobody's")):
            await asyncio.to_thread(run, folder, *words)
    said = capsys.readouterr().out
    for text in ("came by the file as change 1", "shown ja  在庫なし", "offered en  Pick up", "pos: 0 rows differed"):
        assert text in said
    assert "aoyama: 1 row," in said
    assert "no [[location]] names it" in said
    assert "nobody ever spoke of 'nobody's'" in said


def test_a_channel_that_is_not_in_the_settings_is_named(folder: Path) -> None:
    with pytest.raises(BadConfig, match="no stock channel 'shop' in these settings; known: pos"):
        run(folder, "reconcile", "shop")


def test_a_store_that_never_ran_has_no_stock(folder: Path) -> None:
    with pytest.raises(BadConfig, match="no stock yet"):
        run(folder, "status")


def test_a_file_that_is_none_is_told_in_plain_words(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "stock.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(BadConfig, match="damaged; look at what `tentou check` says"):
        run(folder, "explain", "A")


@pytest.mark.parametrize("text", ["", "no json", "[1]", '{"what": 3, "of": ""}', '{"what": "status"}', "[" * 9000])
def test_a_file_that_is_no_question_is_taken_away(tmp_path: Path, text: str) -> None:
    with wishes.serving(tmp_path):
        path = tmp_path / wishes.FOLDER / "x.ask"
        path.write_text(text)
        assert wishes.waiting(tmp_path, path.stat().st_mtime) == []
        assert not path.exists()


def test_a_question_that_is_taken_away_while_the_service_looks_costs_no_other_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with wishes.serving(tmp_path):
        for name in ("gone", "stays"):
            (tmp_path / wishes.FOLDER / f"{name}.ask").write_text('{"what": "status", "of": ""}')
        found = list((tmp_path / wishes.FOLDER).iterdir())
        (tmp_path / wishes.FOLDER / "gone.ask").unlink()
        monkeypatch.setattr(Path, "iterdir", lambda _: iter(found))
        assert [wish.id for wish in wishes.waiting(tmp_path, time.time())] == ["stays"]


def test_a_question_lives_as_long_as_somebody_waits_and_no_restart_leaves_them_waiting(tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []

    def hour_later(found: dict[str, Any]) -> None:
        told.append(found)
        (wish,) = wishes.waiting(tmp_path, time.time() + wishes.OLD_S - 60)
        if len(told) == 1:
            (path,) = (tmp_path / wishes.FOLDER).glob("*.ask")
            os.utime(path, (0, 0))
        else:
            (tmp_path / wishes.FOLDER / f"{wish.id}.ask").unlink()

    with wishes.serving(tmp_path), ThreadPoolExecutor(1) as pool:
        asking = pool.submit(wishes.ask, tmp_path, "compare", "", 60.0, hour_later)
        while not (asked := wishes.waiting(tmp_path, time.time())):
            time.sleep(0.01)
        wishes.answer(tmp_path, asked[0], {"n": 1}, done=False)
        with pytest.raises(wishes.Unanswered, match="started anew"):
            asking.result()
    assert told == [{"n": 1}, {"n": 1}]


def test_a_service_that_does_not_answer_is_told_of(tmp_path: Path) -> None:
    with wishes.serving(tmp_path):
        assert wishes.served(tmp_path)
        with pytest.raises(wishes.Unanswered, match="does not answer"):
            wishes.ask(tmp_path, "status", "", 0.0)
    assert not wishes.served(tmp_path)

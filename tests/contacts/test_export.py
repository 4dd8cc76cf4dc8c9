"""The export of head office's database: the same columns from every sink and in every form, whole or not at all."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from edge.__main__ import main
from edge.adapters import sink_sqlite
from edge.contacts.office.export import COLUMNS, CannotExport, export
from edge.contacts.office.sink import Kept, SinkAway, arrival
from edge.model import Contact
from tests.contacts.test_sinks import EVER, STREAM, Opened, event, opened

__all__ = ["opened"]

DAY = 86_400_000


async def filled(sink: Any) -> None:
    odd = event(3, Contact("play", "entrance", 1.0, {"title": "春\u2028"}), time="never")
    bodies = [event(1), event(2), odd]
    await sink.insert([arrival(body, received_ms=n * DAY) for n, body in enumerate(bodies, 1)])


async def test_both_forms_hold_the_same_rows_from_every_sink(opened: Opened, tmp_path: Path) -> None:
    async with opened() as sink:
        await filled(sink)
        assert await export(sink.kept(EVER), "ndjson", tmp_path / "a.ndjson") == 3
        assert await export(sink.kept(EVER), "parquet", tmp_path / "a.parquet") == 3
    lines = [json.loads(line) for line in (tmp_path / "a.ndjson").read_text().split("\n")[:-1]]
    table = pyarrow.parquet.read_table(tmp_path / "a.parquet")
    assert [tuple(line) for line in lines] == [COLUMNS] * 3
    assert tuple(table.column_names) == COLUMNS
    rows = table.to_pylist()
    assert [json.loads(row["event"]) for row in rows] == [line["event"] for line in lines]
    assert [row["received"] for row in rows] == [datetime(1970, 1, n, tzinfo=UTC) for n in (2, 3, 4)]
    assert [line["time"] for line in lines] == ["1970-01-01T00:00:01.000Z", "1970-01-01T00:00:02.000Z", None]
    same = [name for name in COLUMNS if name not in ("time", "received", "event")]
    assert [[row[name] for name in same] for row in rows] == [[line[name] for name in same] for line in lines]
    assert (rows[0]["stream"], rows[0]["seq"], rows[2]["time"]) == (STREAM, 1, None)


class Breaking:
    """A database that goes away in the middle."""

    async def kept(self) -> AsyncIterator[Sequence[Kept]]:
        yield [Kept(STREAM, 1, "i", "scan", "t", "s", "d", "", "", "", "live", 1, b"{}")]
        raise SinkAway("away")


@pytest.mark.parametrize("form", ["ndjson", "parquet"])
async def test_a_file_appears_whole_or_the_one_before_stays(tmp_path: Path, form: str) -> None:
    (tmp_path / "out").write_text("before")
    with pytest.raises(SinkAway):
        await export(Breaking().kept(), form, tmp_path / "out")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("out", "before")]
    with pytest.raises(CannotExport, match="No such file or directory; name a place with room"):
        await export(Breaking().kept(), form, tmp_path / "none" / "out")


async def test_memory_does_not_grow_with_the_number_of_contacts(tmp_path: Path) -> None:
    async def parts(count: int) -> AsyncIterator[Sequence[Kept]]:
        for n in range(count):
            body = b'{"data": "' + b"x" * 600 + b'"}'
            yield [Kept(STREAM, 9 * n + k, "i", "scan", "t", "s", "d", "", "", "", "live", 1, body) for k in range(500)]

    peaks = []
    for count in (4, 16):
        tracemalloc.start()
        told: list[int] = []
        assert await export(parts(count), "ndjson", tmp_path / "out", told.append) == 500 * count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def hub(folder: Path) -> Path:
    (folder / "hub.toml").write_text('[upstream]\nadapter = "file"\nsettings = { path = "x" }\n')
    return folder


async def data(folder: Path) -> None:
    async with sink_sqlite.open(sink_sqlite.Settings(), folder / "data") as sink:
        await filled(sink)


def test_the_command_exports_what_was_received_between_two_days(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import asyncio

    asyncio.run(data(hub(tmp_path)))
    words = ["hub", "export", "--config", str(tmp_path), "--out", str(tmp_path / "out"), "--since", "1970-01-03"]
    assert main([*words, "--until", "1970-01-04T00:00+00:00", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"contacts": 1, "file": str(tmp_path / "out"), "format": "ndjson"}
    assert json.loads((tmp_path / "out").read_text())["seq"] == 2
    assert main([*words, "--kind", "play"]) == 0
    assert capsys.readouterr().out == f"1 contacts in {tmp_path / 'out'}\n"


def test_the_command_says_what_is_wrong_with_its_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["hub", "export", "--config", str(hub(tmp_path)), "--out", str(tmp_path / "out")]
    for wrong in (["hub"], [*words, "--since", "yesterday"], [*words, "--format", "xml"]):
        with pytest.raises(SystemExit) as ended:
            main(wrong)
        assert ended.value.code == 2
    assert "'yesterday' is no day" in capsys.readouterr().err
    (tmp_path / "hub.toml").write_text(
        '[upstream]\nadapter = "file"\nsettings = { path = "x" }\n'
        '[sink]\nadapter = "postgres"\nsettings = { port = 1 }\n'
    )
    assert main(words) == 1
    assert "PostgreSQL is away" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

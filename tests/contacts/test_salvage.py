"""A spoilt outbox: what can be read of it goes on in a new stream, and a gap tells of exactly the rest."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import Device
from edge.contacts.event import Range, read_event
from edge.contacts.spool import salvage
from edge.contacts.spool.carve import Carved, carve
from edge.contacts.spool.opening import outbox, outbox_anyway
from edge.contacts.spool.outbox import Outbox
from edge.contacts.spool.quarantine import waiting
from edge.health import Health, State
from edge.model import Contact

WAITING = 3_000
ACKED = 40
PAGE = 4096


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, dict[int, str]]:
    """An outbox with 3,000 rows waiting: its folder, its stream, and the id of each event by its number."""
    folder = tmp_path_factory.mktemp("filled")

    async def fill() -> tuple[str, dict[int, str]]:
        device = Device(chain="tentou", store="shibuya", id="edge-1")
        async with outbox(folder / "outbox.sqlite", device) as box:
            lengths = [9_000 if n % 500 == 77 else n % 200 for n in range(WAITING + ACKED)]  # 9,000 goes on elsewhere
            await box.record_all([Contact("scan", "entrance", 1.0, {"text": "x" * length}) for length in lengths])
            await box.acknowledge(ACKED)
            return box.stream, {row.seq: read_event(row.body).id for row in await box.page(0, 10_000)}

    stream, ids = asyncio.run(fill())
    return folder, stream, ids


@pytest.fixture
def file(filled: tuple[Path, str, dict[int, str]], tmp_path: Path) -> Path:
    shutil.copytree(filled[0], tmp_path / "data")
    return tmp_path / "data" / "outbox.sqlite"


def zero_header(content: bytearray) -> None:
    content[:PAGE] = bytes(PAGE)


def random_page(content: bytearray) -> None:
    at = len(content) // PAGE // 2 * PAGE
    content[at : at + PAGE] = random.Random(1).randbytes(PAGE)


def cut_short(content: bytearray) -> None:
    del content[len(content) * 2 // 3 + 1_000 :]


def nothing(content: bytearray) -> None:
    content.clear()


def noise(content: bytearray) -> None:
    content[:] = random.Random(2).randbytes(len(content))


def flipped_bit(content: bytearray) -> None:
    content[content.index(b'"sequence":"000000001500"') + 3] ^= 1


DAMAGES: dict[Callable[[bytearray], None], range] = {
    zero_header: range(WAITING - 8, WAITING + 1),
    random_page: range(WAITING - 30, WAITING + 1),
    cut_short: range(WAITING // 2, WAITING),
    nothing: range(1),
    noise: range(1),
    flipped_bit: range(WAITING - 1, WAITING),
}


def damaged(file: Path, how: Callable[[bytearray], None]) -> bytes:
    content = bytearray(file.read_bytes())
    how(content)
    file.write_bytes(content)
    return bytes(content)


async def books(box: Outbox, stream: str) -> tuple[dict[int, str], Counter[int]]:
    """What an outbox says of another stream: ids of salvaged events by their old number, and the numbers of gaps."""
    told = [read_event(row.body) for row in await box.page(0, 100_000)]
    saved = {event.salvaged[1]: event.id for event in told if event.salvaged and event.salvaged[0] == stream}
    ranges = [each for event in told if event.gap_stream == stream for each in event.ranges]
    return saved, Counter(n for first, last in ranges for n in range(first, last + 1))


async def accounts_for_all(box: Outbox, stream: str, ids: dict[int, str]) -> dict[int, str]:
    saved, gaps = await books(box, stream)
    assert saved.items() <= ids.items()
    assert set(gaps) >= ids.keys() - saved.keys()
    assert not gaps.keys() & saved.keys()
    assert set(gaps.values()) <= {1}
    assert min(gaps, default=ACKED + 1) > ACKED or not saved
    return saved


@pytest.mark.promise("L-4")
@pytest.mark.promise("X-2")
@pytest.mark.parametrize("how", DAMAGES)
async def test_what_a_spoilt_file_still_holds_is_saved_and_a_gap_tells_of_the_rest(
    file: Path, device: Device, filled: Any, how: Callable[[bytearray], None]
) -> None:
    _, stream, ids = filled
    content = damaged(file, how)
    async with outbox(file, device) as box:
        assert box.stream != stream
        assert len(await accounts_for_all(box, stream, ids)) in DAMAGES[how]
        assert all(row.whole and read_event(row.body).seq == row.seq for row in await box.page(0, 10_000))
        last = box.last
        assert await box.record(Contact("scan", "entrance", 1.0)) == last + 1
    (put_away,) = file.parent.glob("quarantine/*/outbox.sqlite")
    assert put_away.read_bytes() == content
    async with outbox(file, device) as box:
        assert box.last == last + 1


@pytest.mark.parametrize("how", [zero_header, random_page])
async def test_a_file_without_a_sentinel_tells_its_stream_and_watermark_itself(
    file: Path, device: Device, filled: Any, how: Callable[[bytearray], None]
) -> None:
    _, stream, ids = filled
    damaged(file, how)
    file.with_suffix(".json").unlink()
    async with outbox(file, device) as box:
        assert len(await accounts_for_all(box, stream, ids)) in DAMAGES[how]


async def test_a_second_spoiling_loses_no_number_of_the_first(file: Path, device: Device, filled: Any) -> None:
    _, stream, ids = filled
    damaged(file, random_page)
    async with outbox(file, device) as box:
        first = await accounts_for_all(box, stream, ids)
        second, last = box.stream, box.last
    damaged(file, zero_header)
    async with outbox(file, device) as box:
        again = await accounts_for_all(box, stream, ids)
        _, moved = await books(box, second)
        assert again == first
        assert set(moved) == set(range(1, last + 1)) - {
            event.salvaged[1]
            for event in (read_event(row.body) for row in await box.page(0, 10_000))
            if event.salvaged and event.salvaged[0] == second
        }


@pytest.mark.promise("L-4")
async def test_a_file_that_is_gone_before_head_office_has_what_was_saved_into_it_takes_nothing_with_it(
    file: Path, device: Device, filled: Any
) -> None:
    _, stream, ids = filled
    damaged(file, random_page)
    async with outbox(file, device) as box:
        first = await accounts_for_all(box, stream, ids)
    for _ in range(2):
        damaged(file, nothing)
        async with outbox(file, device) as box:
            assert await accounts_for_all(box, stream, ids) == first


async def test_what_head_office_has_confirmed_is_not_saved_again(
    file: Path, device: Device, filled: Any, eventually: Any
) -> None:
    damaged(file, random_page)
    async with outbox_anyway(file, device, Health()) as box:
        await eventually(lambda: not waiting(file, box.stream))
        await eventually(lambda: waiting(file, "another"))
        await box.acknowledge(box.last)
    async with outbox_anyway(file, device, Health()) as box:
        await eventually(lambda: not waiting(file, "another"))


async def test_a_salvage_that_a_kill_interrupts_goes_on_and_takes_nothing_twice(
    file: Path, device: Device, filled: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, stream, ids = filled
    damaged(file, random_page)
    whole = salvage.take_in
    chunks = 0

    async def cut(*given: Any) -> int:
        nonlocal chunks
        chunks += 1
        if chunks % 4 == 0:
            raise OSError("a cut")
        return await whole(*given)

    monkeypatch.setattr(salvage, "take_in", cut)
    for _ in range(3):
        with pytest.raises(OSError, match="a cut"):
            async with outbox(file, device):
                pass
    monkeypatch.undo()
    async with outbox(file, device) as box:
        assert len(await accounts_for_all(box, stream, ids)) in DAMAGES[random_page]
        assert len({read_event(row.body).id for row in await box.page(0, 10_000)}) == box.waiting()
        assert waiting(file, box.stream) == []


@pytest.mark.promise("L-5")
async def test_contacts_are_kept_at_once_while_the_old_ones_are_saved(
    file: Path, device: Device, filled: Any, eventually: Any
) -> None:
    _, stream, ids = filled
    damaged(file, zero_header)
    health = Health()
    async with outbox_anyway(file, device, health) as box:
        assert await box.record(Contact("scan", "entrance", 1.0)) < 400
        await eventually(lambda: "were saved" in part(health).detail)
        assert len(await accounts_for_all(box, stream, ids)) in DAMAGES[zero_header]
    assert "quarantine/" in part(health).detail
    assert part(health).state is State.DOWN


@pytest.mark.promise("L-4")
@pytest.mark.parametrize("how", [random_page, flipped_bit])
async def test_a_file_that_is_spoilt_while_it_is_in_use_is_left_without_a_restart(
    file: Path, device: Device, filled: Any, eventually: Any, how: Callable[[bytearray], None]
) -> None:
    _, stream, ids = filled
    async with outbox_anyway(file, device, Health()) as box:
        await box.record(Contact("scan", "entrance", 1.0))
        await box.look(lambda connection: connection.execute("PRAGMA wal_checkpoint(TRUNCATE)"))
        await box.look(lambda connection: connection.execute("PRAGMA shrink_memory"))
        damaged(file, how)
        before = box.stream

        async def reads() -> bool:
            cursor = 0
            while rows := await box.page(cursor, 100):
                cursor = rows[-1].seq
            return box.stream != before

        while not await reads():
            await asyncio.sleep(0.01)
        await eventually(lambda: not waiting(file, box.stream))
        saved, gaps = await books(box, stream)
        assert ids.keys() <= saved.keys() | gaps.keys()
        assert len(saved) >= DAMAGES[how].start
        assert await box.record(Contact("scan", "entrance", 1.0)) > 0


@pytest.mark.promise("X-2")
async def test_a_journal_that_is_gone_is_noticed_and_its_loss_is_bounded(file: Path, device: Device) -> None:
    left, accepted = await left_by_a_kill(file, device)
    (left.parent / "outbox.sqlite-wal").unlink()
    async with outbox(left, device) as box:
        saved, gaps = await books(box, accepted[0])
        assert set(accepted[1]) <= saved.keys() | gaps.keys()
        assert set(gaps) == set(range(WAITING + ACKED + 1, max(gaps) + 1))
        assert len(gaps) <= 1_000


@pytest.mark.promise("X-2")
async def test_a_journal_of_another_outbox_takes_no_row_of_this_one(
    file: Path, tmp_path: Path, device: Device, filled: Any
) -> None:
    left, accepted = await left_by_a_kill(file, device)
    other = tmp_path / "other" / "outbox.sqlite"
    async with outbox(other, device) as box:
        for n in range(60):
            await box.record(Contact("play", "entrance", 1.0, {"n": n}))
        shutil.copy(other.with_name("outbox.sqlite-wal"), left.with_name("outbox.sqlite-wal"))
    async with outbox(left, device) as box:
        saved, gaps = await books(box, accepted[0])
        assert filled[2].keys() <= saved.keys()
        assert set(accepted[1]) <= saved.keys() | gaps.keys()


async def left_by_a_kill(file: Path, device: Device) -> tuple[Path, tuple[str, list[int]]]:
    """The files as a kill leaves them, with rows that are in the journal alone; their stream and numbers."""
    left = file.parent.parent / "left" / file.name
    async with outbox(file, device) as box:
        seqs = [await box.record(Contact("scan", "entrance", 1.0)) for _ in range(20)]
        shutil.copytree(file.parent, left.parent)
        return left, (box.stream, seqs)


async def test_an_older_copy_is_noticed(file: Path, tmp_path: Path, device: Device) -> None:
    copy = tmp_path / "copy.sqlite"
    shutil.copy(file, copy)
    async with outbox(file, device) as box:
        seqs = [await box.record(Contact("scan", "entrance", 1.0)) for _ in range(5)]
        stream = box.stream
    shutil.copy(copy, file)
    async with outbox(file, device) as box:
        saved, gaps = await books(box, stream)
        assert (box.stream != stream, set(gaps), len(saved)) == (True, set(seqs), WAITING)


async def test_a_gap_that_was_waiting_says_of_which_stream_it_speaks(tmp_path: Path, device: Device) -> None:
    file = tmp_path / "outbox.sqlite"
    async with outbox(file, device) as box:
        await box.record_all([Contact("scan", "entrance", 1.0)] * 9)
        await box.set_aside(4, "poison")
        stream = box.stream
    damaged(file, zero_header)
    async with outbox(file, device) as box:
        assert await books(box, stream) == ((await books(box, stream))[0], Counter({4: 1}))
        assert box.waiting() == 9
        dead = await box.look(lambda connection: connection.execute("SELECT reason FROM gaps").fetchall())
        assert dead == [("poison",)]


async def test_rows_of_another_device_are_left(file: Path) -> None:
    damaged(file, zero_header)
    async with outbox(file, Device(chain="tentou", store="shibuya", id="edge-2")) as box:
        assert [row.kind for row in await box.page(0, 10)] == ["gap"]


@given(st.binary(max_size=9_000), st.binary(max_size=9_000))
def test_reading_what_is_no_database_ends_in_order(tmp_path_factory: Any, main: bytes, journal: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "any.sqlite").write_bytes(main)
    (folder / "any.sqlite-wal").write_bytes(journal)
    assert [found for found in carve(folder / "any.sqlite") if isinstance(found, Carved) and found.whole] == []


async def test_rows_are_read_out_of_the_journal_too(tmp_path: Path, device: Device) -> None:
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        for n in range(30):
            await box.record(Contact("scan", "entrance", 1.0, {"n": n}))
        for each in tmp_path.glob("outbox.sqlite-wal"):
            shutil.copy(each, tmp_path / "left.sqlite-wal")
    found = [row for row in carve(tmp_path / "left.sqlite") if isinstance(row, Carved)]
    assert sorted({row.seq for row in found}) == list(range(1, 31))


def test_what_is_read_raw_is_what_the_table_holds(filled: Any) -> None:
    path = filled[0] / "outbox.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        held = connection.execute("SELECT seq, kind, mono, wall, sync, body FROM outbox").fetchall()
    raw = [row for row in carve(path) if isinstance(row, Carved)]
    assert [(r.seq, r.kind, r.mono, r.wall, int(r.sync), r.body) for r in sorted(raw, key=lambda r: r.seq)] == held


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5)), max_size=12), st.integers(0, 20), st.integers(0, 45))
def test_holes_are_the_numbers_that_are_nowhere(spans: list[tuple[int, int]], above: int, upto: int) -> None:
    there: list[Range] = [(first, first + length) for first, length in spans]
    missing = {n for first, last in salvage.holes(there, above, upto) for n in range(first, last + 1)}
    assert missing == set(range(above + 1, upto + 1)) - {n for first, last in there for n in range(first, last + 1)}


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5)), max_size=12), st.integers(0, 50))
def test_a_number_is_found_among_merged_ranges(spans: list[tuple[int, int]], number: int) -> None:
    there: list[Range] = [(first, first + length) for first, length in spans]
    assert salvage.among(number, salvage.merged(there)) == any(first <= number <= last for first, last in there)


def part(health: Health) -> Any:
    return next(each for each in health.parts() if (each.kind, each.name) == ("disk", "outbox"))


async def reasons(box: Outbox) -> list[str]:
    return [json.loads(row.body)["data"]["reason"] for row in await box.page(0, 10_000) if row.kind == "gap"]

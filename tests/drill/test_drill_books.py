"""The oracle of the drill: it finds a loss, a double and a gap, or it would prove nothing."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from edge.drill.books import Arrived, Place, audit, in_sink

OLD, NEW = "a" * 32, "b" * 32


def event(stream: str, seq: int, kind: str = "scan", data: dict[str, Any] | None = None, **extensions: Any) -> bytes:
    whole = {"id": f"{stream[:1]}{seq}", "type": f"tentou.contact.{kind}.v1", "stream": stream}
    return json.dumps(whole | {"sequence": f"{seq:012d}", "data": data or {}} | extensions).encode()


def said(old: int = 0, new: int = 0) -> dict[str, set[Place]]:
    """What a store accepted: so many in each stream."""
    first, second = (
        {f"{stream[:1]}{n + 1}": {(stream, n + 1)} for n in range(last)} for stream, last in ((OLD, old), (NEW, new))
    )
    return first | second


@pytest.fixture
def sink(tmp_path: Path) -> Path:
    """Head office's database with ten events of one stream."""
    path = tmp_path / "contacts.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE contacts (body BLOB)")
        db.executemany("INSERT INTO contacts VALUES (?)", [(event(OLD, seq),) for seq in range(1, 11)])
    db.close()
    return path


def change(path: Path, words: str, *bodies: bytes) -> None:
    with sqlite3.connect(path) as db:
        db.execute(words, bodies)
    db.close()


def test_all_that_was_accepted_and_arrived_once_is_clean(sink: Path) -> None:
    verdict = audit(said(old=10), in_sink(sink))
    assert (verdict.accepted, verdict.received, verdict.gaps, verdict.lost, verdict.doubled) == (10, 10, 0, 0, 0)
    assert verdict.clean


def test_a_row_that_is_deleted_from_the_sink_is_found_lost(sink: Path) -> None:
    change(sink, "DELETE FROM contacts WHERE rowid = 4")
    verdict = audit(said(old=10), in_sink(sink))
    assert (verdict.lost, verdict.missing, verdict.clean) == (1, ((OLD, 4),), False)


def test_a_row_that_stands_twice_is_found_doubled(sink: Path) -> None:
    change(sink, "INSERT INTO contacts SELECT body FROM contacts WHERE rowid = 4")
    verdict = audit(said(old=10), in_sink(sink))
    assert (verdict.doubled, verdict.lost, verdict.clean) == (1, 0, False)


def test_what_never_left_the_store_is_lost(sink: Path) -> None:
    assert audit(said(old=12), in_sink(sink)).missing == ((OLD, 11), (OLD, 12))


def test_what_a_gap_tells_of_is_not_lost_but_counted_apart(sink: Path) -> None:
    change(sink, "DELETE FROM contacts WHERE rowid BETWEEN 4 AND 5")
    change(sink, "INSERT INTO contacts VALUES (?)", event(OLD, 11, "gap", {"ranges": [[4, 5]]}))
    verdict = audit(said(old=11), in_sink(sink))
    assert (verdict.received, verdict.gaps, verdict.lost) == (9, 2, 0)


def test_a_gap_may_tell_of_a_stream_before_it_and_of_that_alone(sink: Path) -> None:
    gap = event(NEW, 1, "gap", {"ranges": [[11, 1000]], "stream": OLD})
    change(sink, "INSERT INTO contacts VALUES (?)", gap)
    verdict = audit(said(old=12, new=2), in_sink(sink))
    assert (verdict.gaps, verdict.missing) == (2, ((NEW, 2),))


def test_only_a_gap_can_tell_of_a_loss(sink: Path) -> None:
    change(sink, "INSERT INTO contacts VALUES (?)", event(OLD, 11, "scan", {"ranges": [[12, 12]]}))
    assert audit(said(old=12), in_sink(sink)).lost == 1


def salvaged(seq: int, old: int) -> bytes:
    """An event of the old stream under a number of the new one, with the id that it always had."""
    return event(NEW, seq, id=f"a{old}", salvagedstream=OLD, salvagedsequence=f"{old:012d}")


def test_an_event_that_was_salvaged_is_the_same_event_and_twice_is_a_double(sink: Path) -> None:
    change(sink, "INSERT INTO contacts VALUES (?)", salvaged(1, 11))
    accepted = said(old=11)
    accepted["a11"].add((NEW, 1))
    assert audit(accepted, in_sink(sink)).clean
    change(sink, "INSERT INTO contacts VALUES (?)", salvaged(2, 4))
    assert audit(accepted, in_sink(sink)).doubled == 1


def test_a_number_for_what_had_arrived_before_it_was_salvaged_is_no_event_of_its_own(sink: Path) -> None:
    accepted = said(old=10)
    accepted["a4"].add((NEW, 1))
    assert audit(accepted, in_sink(sink)).clean


def test_a_gap_for_any_place_that_an_event_had_tells_of_it(sink: Path) -> None:
    accepted = said(old=11)
    accepted["a11"].add((NEW, 1))
    change(sink, "INSERT INTO contacts VALUES (?)", event(NEW, 2, "gap", {"ranges": [[1, 1]]}))
    assert (audit(accepted, in_sink(sink)).gaps, audit(said(old=11), in_sink(sink)).lost) == (1, 1)


def test_one_id_under_two_numbers_is_a_double() -> None:
    rows = [Arrived((OLD, seq), "same", (OLD, seq)) for seq in (1, 2)]
    assert audit(said(old=2), rows).doubled == 1


def test_without_a_database_nothing_has_arrived(tmp_path: Path) -> None:
    assert audit(said(old=3), in_sink(tmp_path / "none.sqlite")).lost == 3

"""From still pictures to the figures of ``bench decode``, and where its photos come from."""

import json
from pathlib import Path

import pytest

from edge.bench.peers import OURS, PYZBAR, ZXING
from edge.bench.photos import NoPhotos, photos
from edge.bench.readings import Reading, by_category, findings, ratios, summary


def reading(group: str, found: bool = False, reader: str = OURS, wrong: int = 0, accepted: int = 0) -> Reading:
    return Reading(group, "glare", reader, found, wrong, accepted, 2.0)


def test_a_summary_counts_each_group_by_what_may_be_wrong_with_it() -> None:
    some = [reading("stills", True), reading("stills", False, wrong=2), reading("empty", wrong=1, accepted=1)]
    times = {"p50": 2.0, "p95": 2.0, "max": 2.0}
    assert summary(some) == {
        "stills": {"n": 2, "found": 1, "wrong": 2, "cpu_ms": times},
        "empty": {"n": 1, "read": 1, "accepted": 1, "cpu_ms": times},
    }


def test_ours_stands_beside_the_peer_that_found_most() -> None:
    measured = {
        OURS: summary([reading("stills", True), reading("stills", True), reading("empty")]),
        PYZBAR: summary([reading("stills"), reading("stills"), reading("empty")]),
        ZXING: summary([reading("stills", True), reading("stills"), reading("empty")]),
    }
    assert ratios(measured) == {"photos": None, "stills": 2.0}
    assert list(findings(measured)) == []


def test_what_a_peer_finds_beyond_ours_and_what_is_accepted_where_nothing_is_are_findings() -> None:
    measured = {
        OURS: summary([reading("photos"), reading("negatives", wrong=1, accepted=1)]),
        PYZBAR: summary([reading("photos", True), reading("negatives")]),
    }
    assert list(findings(measured)) == [
        "photos: ours found 0, pyzbar alone 1",
        "negatives: ours read 1 texts that could be a member's code",
    ]


def test_as_many_as_the_best_peer_are_no_finding() -> None:
    alike = {name: summary([reading("photos", True), reading("photos")]) for name in (OURS, PYZBAR)}
    assert list(findings(alike)) == []


def test_each_category_counts_what_each_reader_found() -> None:
    some = [
        reading("stills", True),
        reading("stills"),
        reading("stills", True, PYZBAR),
        reading("stills", True, PYZBAR),
        reading("stills", False, ZXING),
    ]
    assert by_category(some) == {"photos": {}, "stills": {"glare": {"n": 2, OURS: 1, PYZBAR: 2, ZXING: 0}}}


def test_photos_are_those_that_the_truth_names_and_the_negatives(tmp_path: Path) -> None:
    for folder in ("handed/bright", "negatives"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "handed" / "truth.json").write_text(json.dumps({"bright/1.png": ["one"], "bright/2.png": []}))
    (tmp_path / "negatives" / "3.jpg").touch()
    shown = [(photo.file.name, photo.category, set(photo.texts)) for photo in photos(tmp_path)]
    assert shown == [("1.png", "bright", {"one"}), ("2.png", "bright", set()), ("3.jpg", "negatives", set())]


def test_a_folder_without_photos_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(NoPhotos, match="truth.json"):
        list(photos(tmp_path))

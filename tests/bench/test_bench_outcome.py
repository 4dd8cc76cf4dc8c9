"""From presentations and idle scenes to the figures of ``bench stream``."""

from collections.abc import Mapping
from typing import Any

from edge.bench.figures import NEVER
from edge.bench.outcome import Idle, apart, best_peer, by_degradation, findings, ratios, summary
from edge.bench.peers import OURS, PYZBAR, ZXING
from edge.bench.presented import Presentation


def shown(*times: float, wrong: int = 0, kind: str = "tilt") -> list[Presentation]:
    return [Presentation(kind, time, wrong, () if time == NEVER else (2.0,)) for time in times]


def figures(*times: float, idle: float = 1.0, wrong: int = 0) -> dict[str, Any]:
    return summary(shown(*times, wrong=wrong), [Idle((idle,), 0)], [Idle((idle / 2,), 0)])


def readers(ours: dict[str, Any], zxing: dict[str, Any], pyzbar: dict[str, Any]) -> Mapping[str, dict[str, Any]]:
    return {OURS: ours, PYZBAR: pyzbar, ZXING: zxing}


def test_a_summary_tells_the_share_the_times_and_the_costs() -> None:
    idle = Idle((1.0, 3.0), 1)
    assert summary(shown(0.0, 40.0, 80.0, NEVER), [idle, Idle((5.0,), 0)], [idle]) == {
        "read": 0.75,
        "first_read_ms": {"p50": 40.0, "p90": NEVER},
        "idle_people_cpu_ms": 3.0,
        "idle_still_cpu_ms": 2.0,
        "hit_cpu_ms": 2.0,
        "wrong": 2,
    }


def test_ours_stands_beside_the_peer_that_read_most() -> None:
    by_reader = readers(
        figures(0.0, 1.0, 2.0), figures(0.0, 0.0, NEVER, idle=2.0), figures(0.0, NEVER, NEVER, idle=20.0)
    )
    assert best_peer(by_reader) == ZXING
    assert ratios(by_reader) == {
        "read_to_best_peer": 1.5,
        "idle_people_to_pyzbar": 0.05,
        "idle_still_to_pyzbar": 0.05,
        "idle_people_to_zxing": 0.5,
        "idle_still_to_zxing": 0.5,
    }


def test_a_peer_that_read_more_is_a_finding_and_so_is_a_wrong_text() -> None:
    fine = readers(figures(0.0, 0.0), figures(0.0, 0.0), figures(0.0, NEVER, idle=6.5))
    worse = readers(figures(0.0, NEVER, wrong=1), figures(0.0, 0.0), figures(0.0, NEVER, idle=6.5))
    assert list(findings(fine)) == []
    assert list(findings(worse)) == [
        "ours read 50.0 % of presentations, zxing-cpp alone 100.0 %",
        "ours read 2 texts that nobody held up",
    ]


def test_an_idle_camera_that_costs_more_than_a_sixth_of_pyzbar_is_a_finding() -> None:
    dear = readers(figures(0.0, idle=2.0), figures(0.0), figures(0.0, idle=10.0))
    assert list(findings(dear)) == [
        "ours costs 20.0 % of pyzbar alone (people), more than a sixth",
        "ours costs 20.0 % of pyzbar alone (still), more than a sixth",
    ]


def test_each_degradation_has_its_own_share() -> None:
    clips = [
        {OURS: shown(0.0, kind="glare")[0], PYZBAR: shown(NEVER, kind="glare")[0]},
        {OURS: shown(9.0, kind="glare")[0], PYZBAR: shown(0.0, kind="glare")[0]},
        {OURS: shown(NEVER, kind="clean")[0], PYZBAR: shown(NEVER, kind="clean")[0]},
    ]
    assert by_degradation(clips) == {
        "clean": {"n": 1, OURS: 0.0, PYZBAR: 0.0},
        "glare": {"n": 2, OURS: 1.0, PYZBAR: 0.5},
    }


def test_clips_at_which_readers_part_are_told_by_their_place() -> None:
    read, unread = shown(0.0)[0], shown(NEVER)[0]
    clips = [{OURS: ours, PYZBAR: peer} for ours in (read, unread) for peer in (read, unread)]
    assert apart(clips) == {"nobody": 1, "ours_alone": 1, "peers_alone": [2]}

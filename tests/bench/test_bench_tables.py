"""What the benchmarks print for people."""

from typing import Any

from edge.bench import decode, eyes, stream
from edge.bench.figures import NEVER
from edge.bench.peers import OURS, PEERS, WECHAT

PARTED = {"nobody": 1, "ours_alone": 2, "peers_alone": [7]}
RUN = {"n": 40, "seed": 11, "machine": "a small machine"}


def read(share: float, p90: float) -> dict[str, Any]:
    costs = {"idle_people_cpu_ms": 1.5, "idle_still_cpu_ms": 0.75, "hit_cpu_ms": None}
    return {"read": share, "first_read_ms": {"p50": 3.0, "p90": p90}, **costs, "wrong": 0}


def test_the_table_of_presentations_says_never_and_not_here() -> None:
    peers = {**dict.fromkeys(PEERS, read(0.8, NEVER)), WECHAT: None}
    here = [name for name, figures in peers.items() if figures is not None]
    shares = {"tilt": {"n": 3, OURS: 1.0, **dict.fromkeys(here, 0.5)}}
    by_size = {
        "ours": read(0.95, 80.0),
        "peers": peers,
        "ratio": {"read_to_best_peer": 1.188},
        "by_degradation": shares,
        "apart": PARTED,
    }
    lines = list(stream.words({**RUN, **{key: {"720p": value} for key, value in by_size.items()}}))
    assert "seed 11" in lines[0]
    assert any(line.split() == ["ours", "95.0", "%", "3.0", "80.0", "1.50", "0.75", "-", "0"] for line in lines)
    assert any("OpenCV" in line and "never" in line for line in lines)
    assert any(line.split() == ["WeChat", "not", "here"] for line in lines)
    assert any(line.strip() == "clips that nobody read: 1, ours alone: 2, a peer and not ours: 1" for line in lines)
    assert any(line.split()[:4] == ["tilt", "3", "100.0", "%"] for line in lines)


def test_the_table_of_stills_says_which_pictures_are_not_here() -> None:
    times = {"p50": 2.0, "p95": 3.0, "max": 4.0}
    found = {
        "stills": {"n": 2, "found": 1, "wrong": 0, "cpu_ms": times},
        "empty": {"n": 5, "read": 1, "accepted": 0, "cpu_ms": times},
    }
    peers = {**dict.fromkeys(PEERS, found), WECHAT: None}
    kinds = {"stills": {"glare": {"n": 2, OURS: 1, **dict.fromkeys(PEERS[:3], 1)}}}
    lines = list(decode.words({**RUN, "ours": found, "peers": peers, "ratio": {"stills": 1.0}, "by_category": kinds}))
    assert lines[lines.index("real photos") + 1] == "  none here"
    assert any(line.split() == ["ours", "2", "1", "50.0", "%", "0", "2.0", "3.0", "4.0"] for line in lines)
    assert any(line.split() == ["ours", "5", "1", "0", "2.0", "3.0", "4.0"] for line in lines)


def test_the_table_of_eyes_has_a_line_for_each_and_one_for_the_service() -> None:
    one = {"id": "cam-0", "fps_min": 14.9, "fps_mean": 15.0, "cpu": 0.08, "rss_mb": 90.0, "restarts": 0}
    ours = {"eyes": [one], "service": {"cpu": 0.1, "rss_mb": 95.0}, "cpu_ms_a_frame": 5.3, "cameras": 23.8}
    peers = {"bare": {"cpu_ms_a_frame": 3.0, "cameras": 44.4}}
    lines = list(eyes.words({**RUN, "seconds": 30.0, "size": "720p", "ours": ours, "peers": peers, "ratio": {}}))
    assert any(line.split() == ["cam-0", "14.90", "15.00", "8.0", "%", "90.0", "0"] for line in lines)
    assert any(line.split() == ["the", "service", "10.0", "%", "95.0"] for line in lines)
    assert any(line.split() == ["bare", "3.00", "44.4"] for line in lines)

"""The benchmarks in their short form: the real command, real readers, a real edge."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest

from edge.bench import scenes
from edge.bench.peers import OPENCV, PEERS, PYZBAR, TAPIRSCAN, WECHAT, ZXING, peers
from tests.e2e.running import ROOT


def ran(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "edge", "bench", *words], cwd=ROOT, capture_output=True, text=True)


def measured(*words: str) -> dict[str, Any]:
    """The one object that a benchmark prints; it ends by 1 exactly if it names a finding."""
    done = ran(*words, "--json")
    assert done.stdout, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    assert {"name", "ours", "peers", "ratio", "n", "machine"} <= set(result)
    assert done.returncode == (1 if result["findings"] else 0), done.stderr
    return result


def test_stream_measures_every_reader_on_the_same_presentations() -> None:
    result = measured("stream", "-n", "2", "--size", "720p", "--seed", "3")
    assert (result["name"], result["n"], result["seed"]) == ("stream", 2, 3)
    assert set(result["peers"]["720p"]) == set(PEERS)
    for figures in (result["ours"]["720p"], *(result["peers"]["720p"][name] for name in (PYZBAR, ZXING, OPENCV))):
        assert figures["read"] in (0, 0.5, 1)
        assert min(figures["idle_people_cpu_ms"], figures["idle_still_cpu_ms"]) > 0
    assert result["peers"]["720p"][WECHAT] is None
    assert (result["peers"]["720p"][TAPIRSCAN] is not None) == (TAPIRSCAN in peers(None))
    assert sum(kind["n"] for kind in result["by_degradation"]["720p"].values()) == 2


def test_decode_measures_photos_stills_and_what_is_empty(tmp_path: Path) -> None:
    shown = scenes.still(1, "clean", scenes.SIZES["720p"])
    cv2.imwrite(str(tmp_path / "1.png"), shown.gray)
    (tmp_path / "truth.json").write_text(json.dumps({"1.png": [shown.text]}))
    result = measured("decode", "-n", "1", "--empty", "1", "--photos", str(tmp_path), "--seed", "3")
    assert (result["name"], result["n"]) == ("decode", 1 + len(scenes.DEGRADATIONS) + 1)
    for figures in (result["ours"], result["peers"][ZXING]):
        assert figures["photos"]["found"] == figures["photos"]["n"] == 1
        assert 0 < figures["stills"]["found"] <= figures["stills"]["n"] == len(scenes.DEGRADATIONS)
        assert (figures["empty"]["n"], figures["empty"]["accepted"]) == (1, 0)
    assert set(result["by_category"]["stills"]) == set(scenes.DEGRADATIONS)


def test_eyes_measures_a_whole_edge_beside_bare_loops() -> None:
    result = measured("eyes", "-n", "2", "--seconds", "2", "--seed", "3")
    assert (result["name"], result["n"]) == ("eyes", 2)
    assert len(result["peers"]) == len({ZXING, PYZBAR, TAPIRSCAN} & set(peers(None)))
    assert [one["id"] for one in result["ours"]["eyes"]] == ["cam-0", "cam-1"]
    for one in result["ours"]["eyes"]:
        assert 0 < one["cpu"] < 2
        assert 0 < one["fps_min"] <= one["fps_mean"] < 20
    assert all(one["cameras"] > 0 for one in result["peers"].values())


@pytest.mark.parametrize("words", [("stream", "-n", "0"), ("eyes", "--size", "4k"), ("decode", "--photos", "/nowhere")])
def test_wrong_use_ends_by_2(words: tuple[str, ...]) -> None:
    assert ran(*words).returncode == 2

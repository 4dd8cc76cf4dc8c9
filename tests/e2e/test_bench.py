"""The benchmark of a scan, in its short form: real processes, real frames, the floor in the same run."""

import json
import subprocess
import sys

import pytest

from edge.bench.figures import percentiles
from tests.e2e.running import ROOT


@pytest.mark.timeout(480)
@pytest.mark.promise("S-1")
def test_scan_to_paint_is_measured_beside_its_floor() -> None:
    command = [sys.executable, "-m", "edge", "bench", "scan", "--json", "-n", "4"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    result = json.loads(ran.stdout)
    assert {"name", "ours", "peers", "ratio", "n", "machine"} <= set(result)
    assert (result["name"], result["n"], result["failed"]) == ("scan", 4, 0)
    for figures in (result["ours"], result["peers"]["floor"]):
        assert 0 < figures["p50"] <= figures["p95"] <= figures["p99"]
    assert result["ratio"] == pytest.approx(result["ours"]["p50"] / result["peers"]["floor"]["p50"], abs=0.01)


def test_a_bench_in_which_every_scan_failed_still_tells() -> None:
    assert percentiles([]) == {}
    assert percentiles([3.0, 1.0, 2.0]) == {"p50": 2.0, "p95": 3.0, "p99": 3.0}

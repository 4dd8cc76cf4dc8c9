"""The benchmark from a real shop to the painted tile, in its short form: what arrives is asserted, no time is."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from edge.bench.shops import oscar
from tests.e2e.running import ROOT

pytestmark = pytest.mark.skipif(not oscar.there(), reason="django-oscar is not here; ./run test installs it")


@pytest.mark.timeout(240)
def test_each_change_of_a_real_shop_is_painted_and_the_last_state_is_the_shops() -> None:
    command = [sys.executable, "-m", "edge", "bench", "shop", "--json", "--seconds", "4", "--rate", "15"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    result = json.loads(ran.stdout)
    assert result["findings"] == []
    assert (result["n"], result["unpainted"]) == (48, 0)
    assert 20 < result["sold"] < 40
    assert 0 <= result["ours"]["p50"] <= result["ours"]["p99"]
    assert result["peers"]["bare webhook to SSE"]["p50"] > 0

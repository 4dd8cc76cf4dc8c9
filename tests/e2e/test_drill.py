"""The drill as IT runs it: a real store, broker and hub, broken from a seed; and as the soak runs it, for longer."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import ROOT

COMMAND = [sys.executable, "-P", "-m", "edge", "drill"]
LAST = ["seed", "accepted", "received", "gaps", "lost", "doubled", "faults"]


def drilled(*options: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code and the lines of a drill."""
    done = subprocess.run([*COMMAND, "--json", *options], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.promise("L-1")
@pytest.mark.promise("L-2")
@pytest.mark.promise("L-3")
@pytest.mark.promise("L-4")
@pytest.mark.promise("X-2")
def test_whatever_is_killed_or_cut_every_accepted_contact_is_at_head_office_once() -> None:
    faults = "kill-store,kill-broker,kill-hub,cut"
    code, said = drilled("--seed", "20", "--seconds", "4", "--faults", faults, "--broker", "mosquitto")
    last = said[-1]
    assert list(last) == LAST
    assert (code, last["lost"], last["doubled"], last["gaps"]) == (0, 0, 0, 0)
    assert last["received"] == last["accepted"] > 20
    assert set(last["faults"]) == set(faults.split(","))
    assert len(said) == len(said[0]["plan"]) + 3, "a plan, an object a fault, how it went, the books"


def test_a_drill_that_is_ended_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    asked = [*COMMAND, "--faults", "kill-store", "--seconds", "60", "--json"]
    running = subprocess.Popen(
        asked, cwd=ROOT, stdout=subprocess.PIPE, env={"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    )
    assert running.stdout is not None
    assert b"plan" in running.stdout.readline()
    running.stdout.readline()  # a fault is over: all is running
    running.send_signal(signal.SIGTERM)
    assert running.wait(60) == 130
    running.stdout.close()
    assert list(tmp_path.iterdir()) == []
    assert str(tmp_path) not in _commands()


def _commands() -> str:
    """The command lines of all processes; one may end while it is looked at."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(FileNotFoundError, ProcessLookupError):
            found.append(path.read_text(errors="replace"))
    return " ".join(found)

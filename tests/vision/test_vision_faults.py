"""The faults of eyes and cameras, each done to a real eye's process: named, over, and noticed by nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from edge.bench import faults
from edge.bench.faults import FAULTS, Fault, Outcome
from edge.bench.figures import NEVER

EYES = 6
"""So many eyes are struck at a time, each with the next fault as soon as it is over the last."""
ENDS = [fault for fault in FAULTS if "eye ended" in fault.says or "silent" in fault.says or "memory" in fault.says]
STAYS = [fault for fault in FAULTS if fault not in ENDS]


@pytest.fixture(scope="module")
def outcomes() -> Mapping[str, Outcome]:
    """What came of each fault; that it is named, and that the eye reads again after it, is waited for."""
    return {one.fault: one for one in asyncio.run(faults.drilled(FAULTS, EYES))}


def named(fault: Fault) -> str:
    return fault.name


@pytest.mark.promise("V-4")
@pytest.mark.parametrize("fault", ENDS, ids=named)
def test_an_eye_that_ends_is_started_again_and_the_health_page_says_why(
    fault: Fault, outcomes: Mapping[str, Outcome]
) -> None:
    outcome = outcomes[fault.name]
    assert fault.says in outcome.says
    assert outcome.back_s < NEVER
    assert outcome.away_s is not None
    assert outcome.other_restarts == 0


@pytest.mark.promise("V-5")
@pytest.mark.parametrize("fault", STAYS, ids=named)
def test_a_camera_that_shows_nothing_is_named_with_what_to_do_and_recovers(
    fault: Fault, outcomes: Mapping[str, Outcome]
) -> None:
    outcome = outcomes[fault.name]
    assert fault.says in outcome.says
    assert outcome.back_s < NEVER
    assert outcome.todo
    assert outcome.other_restarts == 0


def test_the_table_says_every_fault_and_what_was_promised_and_not_kept() -> None:
    kept = Outcome("black", "the picture is black", "Take the cap off.", 3.2, 0.4, None, 15.0, 0.1, 0, 0.01)
    broken = Outcome("killed", "the eye ended", "", 5.1, 10.2, 1.1, 2.0, 3.0, 1, 0.5)
    figures = faults.figures([kept, broken])
    assert [finding.partition(":")[0] for finding in figures["findings"]] == ["killed"] * 4
    lines = list(faults.words({**figures, "name": "faults", "machine": "here"}))
    assert len(lines) == 4
    assert lines[2].split()[:4] == ["black", "3.20", "0.40", "-"]

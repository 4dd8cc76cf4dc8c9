"""What a drill says at its end, and what it leaves behind when its end is a bad one."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from edge.__main__ import main
from edge.drill import command
from edge.drill.books import Verdict
from edge.drill.told import Objects, Words
from edge.drill.whole import Outcome

CLEAN = Verdict(accepted=10, received=10, gaps=0, lost=0, doubled=0)
LOSING = Verdict(accepted=10, received=9, gaps=0, lost=1, doubled=0, missing=(("a" * 32, 7),))
GAPS = Verdict(accepted=10, received=9, gaps=1, lost=0, doubled=0)


def outcome(verdict: Verdict, spoilt: bool = False, deaths: int = 0) -> Outcome:
    return Outcome(5, verdict, Counter({"cut": 2}), Counter({"hub": deaths} if deaths else {}), "mosquitto", spoilt)


def words(of: Outcome) -> str:
    said: list[str] = []
    Words(said.append, None).over(of, "the folder F")
    return "\n".join(said)


def test_a_clean_end_says_so_and_asks_for_nothing() -> None:
    said = words(outcome(CLEAN))
    assert "Nothing is lost and nothing is there twice (seed 5)." in said
    assert "Please" not in said


def test_a_loss_names_what_is_missing_and_what_to_send() -> None:
    said = words(outcome(LOSING, deaths=3))
    assert "aaaaaaaa 7" in said
    assert "send us the seed 5 and the folder F" in said
    assert "3  died         times the hub ended though nobody had killed it" in said


def test_a_gap_is_a_wonder_only_where_nothing_was_destroyed() -> None:
    assert "wonder" in words(outcome(GAPS))
    assert "wonder" not in words(outcome(GAPS, spoilt=True))


def test_the_last_object_is_the_books_and_nothing_else() -> None:
    said: list[str] = []
    Objects(said.append).over(outcome(LOSING), "the folder F")
    books = {"seed": 5, "accepted": 10, "received": 9, "gaps": 0, "lost": 1, "doubled": 0, "faults": {"cut": 2}}
    assert json.loads(said[-1]) == books
    assert json.loads(said[-2])["missing"] == [["a" * 32, 7]]


@pytest.mark.parametrize(("verdict", "code"), [(CLEAN, 0), (LOSING, 1)])
def test_a_bad_end_exits_by_one_and_keeps_the_folder(
    verdict: Verdict, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def drilled(*_: Any) -> Outcome:
        return outcome(verdict)

    monkeypatch.setattr(command, "drill", drilled)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert main(["drill", "--faults", "cut", "--seconds", "3", "--seed", "5"]) == code
    assert len(list(tmp_path.iterdir())) == code
    assert (str(tmp_path) in capsys.readouterr().out) == bool(code)

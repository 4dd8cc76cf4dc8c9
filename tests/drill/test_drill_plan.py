"""The plan of a drill, the ways to spoil a file, and the command's wrong uses."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from edge.__main__ import main
from edge.drill.brokers import BROKERS, NATS, NoBroker, broker
from edge.drill.part import HURRIED
from edge.drill.people import card
from edge.drill.plan import FAULTS, KILLS, plan, plan_of_kills
from edge.drill.spoil import PAGE, WAYS, spoil
from edge.drill.strikes import _STRIKES
from edge.vision.scanned import checked


def test_one_seed_plans_the_same_and_another_something_else() -> None:
    assert plan(7, tuple(FAULTS), 60) == plan(7, tuple(FAULTS), 60) != plan(8, tuple(FAULTS), 60)


def test_every_fault_comes_before_one_comes_twice_and_lasts_as_its_table_says() -> None:
    steps = plan(7, tuple(FAULTS), 60)
    assert {step.fault for step in steps[: len(FAULTS)]} == set(FAULTS)
    assert all(FAULTS[step.fault].least_s <= step.lasts <= FAULTS[step.fault].most_s for step in steps)
    assert [step.at for step in steps] == sorted(step.at for step in steps)


def test_a_plan_of_kills_ends_with_the_last_of_them() -> None:
    steps = plan_of_kills(7, ("cut", *KILLS), 30)
    assert sum(step.fault in KILLS for step in steps) == 30
    assert steps[-1].fault in KILLS


def test_every_fault_of_the_table_can_be_done() -> None:
    assert set(_STRIKES) == set(FAULTS)


@pytest.mark.parametrize("way", WAYS)
def test_each_way_spoils_the_files_it_is_for(way: str, tmp_path: Path) -> None:
    outbox, log = tmp_path / "outbox.sqlite", tmp_path / "outbox.sqlite-wal"
    whole = b"SQLite format 3\0" + bytes([7]) * (4 * PAGE)
    outbox.write_bytes(whole)
    log.write_bytes(b"log")
    assert spoil(way, outbox, Random(1))
    assert (outbox.read_bytes() == whole, log.exists()) == ((True, False) if way == "wal" else (False, True))


def test_a_file_that_is_not_there_yet_cannot_be_spoilt(tmp_path: Path) -> None:
    assert not spoil("header", tmp_path / "outbox.sqlite", Random(1))


def test_a_card_has_the_right_check_digit() -> None:
    assert all(checked(card(member)) for member in (0, 1, 9_999_999_999, 123_456))


def test_a_drill_is_quicker_than_a_months_work_in_every_time() -> None:
    usual = type(HURRIED)()
    assert all(
        getattr(HURRIED, name) <= getattr(usual, name) for name in ("stall", "probe", "redial_longest", "healthy")
    )


def test_a_broker_that_is_not_here_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("edge.drill.brokers.program", lambda _: None)
    with pytest.raises(NoBroker, match="install it"):
        broker("mosquitto", 1, tmp_path)
    assert broker("", 1, tmp_path).name == "embedded"
    assert set(BROKERS) == {"mosquitto", "nats", "embedded"}
    assert "sync_interval: always" in NATS


@pytest.mark.parametrize(
    "wrong", [["--faults", "fire"], ["--seconds", "0"], ["--kills", "0"], ["--kills", "3", "--faults", "cut"]]
)
def test_wrong_use_is_told_and_ends_with_two(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(["drill", *wrong])
    except SystemExit as end:
        code = int(str(end.code))
    assert code == 2
    assert wrong[0] in capsys.readouterr().err

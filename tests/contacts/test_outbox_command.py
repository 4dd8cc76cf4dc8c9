"""``tentou outbox``: what IT asks of a device's ledger, and the wish to send again what was set aside."""

from __future__ import annotations

import argparse
import json
import shutil
import threading
from pathlib import Path

import pytest

from edge.config import BadConfig, Device
from edge.contacts import command
from edge.contacts.spool import retry
from edge.contacts.spool.opening import outbox
from edge.model import Contact

CONFIG = '[device]\nchain = "tentou"\nstore = "shibuya"\nid = "edge-1"\n'


@pytest.fixture
async def store(tmp_path: Path, device: Device) -> Path:
    (tmp_path / "device.toml").write_text(CONFIG)
    async with outbox(tmp_path / "data" / "outbox.sqlite", device) as box:
        for n, member in enumerate(("m1.AAAA", "", "m1.BBBB", "m1.AAAA")):
            await box.record(Contact("scan", "entrance", 1.0 + n, {"n": n}, member=member))
        await box.set_aside(4, "too large")
    return tmp_path


def tentou(capsys: pytest.CaptureFixture[str], store: Path, *words: str) -> tuple[int, list[str]]:
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    args = parser.parse_args(["outbox", *words, "--config", str(store)])
    code: int = args.run(args)
    return code, capsys.readouterr().out.splitlines()


def test_inspect_hands_out_every_event_of_one_person_and_of_nobody_else(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = tentou(capsys, store, "inspect", "--ref", "m1.AAAA", "--json")
    assert code == 0
    assert [json.loads(line)["data"]["n"] for line in lines] == [3, 0]
    assert tentou(capsys, store, "inspect", "--ref", "m1.CCCC", "--json") == (1, [])


def test_a_wish_to_send_again_waits_for_the_service(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "PATIENCE_S", 0.0)
    code, lines = tentou(capsys, store, "retry-dead", "--json")
    assert (code, json.loads(lines[0])) == (1, {"asked": 1, "done": False})
    assert retry.asked(store / "data") == ""


def test_a_wish_that_the_service_takes_up_is_done(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def serve() -> None:
        while retry.asked(store / "data") != "too large":
            stop.wait(0.01)
        retry.taken(store / "data")

    stop, service = threading.Event(), threading.Thread(target=serve)
    service.start()
    code, lines = tentou(capsys, store, "retry-dead", "--reason", "too large", "--json")
    service.join()
    assert (code, json.loads(lines[0])) == (0, {"asked": 1, "done": True})


def test_where_nothing_was_set_aside_for_that_reason_nothing_is_asked(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = tentou(capsys, store, "retry-dead", "--reason", "poison")
    assert code == 1
    assert "reasons here: too large" in lines[0]
    assert retry.asked(store / "data") is None


def test_a_device_that_never_ran_has_nothing_to_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "device.toml").write_text(CONFIG)
    with pytest.raises(BadConfig, match="no outbox yet"):
        tentou(capsys, tmp_path, "inspect", "--ref", "m1.AAAA")


@pytest.mark.parametrize("text", ["", "no json", "[1]", '{"reason": 3}'])
def test_a_file_that_is_no_wish_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / retry.FILE).write_text(text)
    assert retry.asked(tmp_path) is None


async def test_a_look_leaves_no_journal_where_somebody_deleted_the_one_that_was_there(
    tmp_path: Path, device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "device.toml").write_text(CONFIG)
    path, fled = tmp_path / "data" / "outbox.sqlite", tmp_path / "fled"
    async with outbox(path, device) as box:
        await box.record(Contact("scan", "entrance", 1.0, {}))
        shutil.copytree(path.parent, fled)
    shutil.rmtree(path.parent)
    (fled / "outbox.sqlite-wal").unlink()
    fled.rename(path.parent)
    before = {each.name for each in path.parent.iterdir()}
    with pytest.raises(BadConfig, match="damaged"):
        tentou(capsys, tmp_path, "status")
    assert {each.name for each in path.parent.iterdir()} == before


@pytest.mark.parametrize("words", [("status",), ("tail",), ("export",), ("inspect", "--ref", "m1.A"), ("retry-dead",)])
def test_a_file_that_cannot_be_read_is_told_in_plain_words(
    store: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    (store / "data" / "outbox.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(BadConfig, match="damaged; look at this device's disk"):
        tentou(capsys, store, *words)

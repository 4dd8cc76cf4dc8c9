"""``tentou provision`` as IT types it."""

import argparse
import io
import json
from pathlib import Path
from typing import Any

import pytest

from edge import fitting
from edge.config import read_store
from provisioning import chain, command
from provisioning.accounts import Accounts, verify
from tests.noticed import WHOSE


@pytest.fixture
def tentou(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command; gives its exit code, its output and its errors."""
    parser = argparse.ArgumentParser(prog="tentou")
    command.add(parser.add_subparsers(required=True))

    def run(line: str) -> tuple[int, str, str]:
        args = parser.parse_args(["provision", *line.split()])
        code = args.run(args)
        captured = capsys.readouterr()
        return code, captured.out.strip(), captured.err.strip()

    return run


def test_from_nothing_to_a_running_config_in_five_commands(
    tentou: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for line in (
        "chain init acme",
        "store add ginza",
        "device add front --store ginza --screen window:signage --screen counter:kiosk",
        "bundle --store ginza --out ginza.tar",
        "bundle verify ginza.tar --key bundle.pub",
        "bundle install ginza.tar --key bundle.pub --device front --into front",
    ):
        code, out, err = tentou(line)
        assert (code, err) == (0, ""), line
    assert "tentou run --config front" in out
    assert [screen.id for screen in read_store(tmp_path / "front").screen] == ["window", "counter"]


@pytest.mark.parametrize(
    ("line", "code", "todo"),
    [
        ("store add ginza", 2, "tentou provision chain init"),
        ("bundle", 2, "--store ID and --out FILE"),
        ("bundle verify nothing.tar --key AAAA", 2, "nothing.tar cannot be read"),
        ("bundle verify junk.tar --key AAAA", 1, "copy it again"),
        ("bundle verify junk.tar --key !", 2, "not base64url"),
        ("device add front --store ginza --screen a:tv", 2, "known: signage, kiosk"),
        ("explain device.id", 2, "holds no settings"),
        ("account add taro --role it --config nowhere", 2, "nowhere is no folder"),
        ("account list --config nowhere", 2, "nowhere is no folder"),
        ("config --store ginza --device front --into junk.tar/x --dir acme", 2, "junk.tar"),
        ("device add d --store ginza --screen a --screen a --dir acme", 2, "screen 'a' is given twice"),
        ("device add d --store ginza --screen a --camera c:b --dir acme", 2, "looks at no screen: 'b'; known: a"),
        ("device add d --store ginza --camera c:b --dir acme", 2, "add --screen b:signage"),
        ("device add d --store ginza --screen a --camera c:a --dir acme", 2, "add operator and address under [notice]"),
        ("device add d --store ginza --screen a --scanner c:b:/dev/x --dir acme", 2, "beside no screen: 'b'; known: a"),
        ("device add d --store ginza --screen a --scanner c:a --dir acme", 2, "such as c:a:/dev/serial/by-id/"),
        ("account add taro --role it --config acme", 2, "accounts are a store's: --config acme/stores/ID"),
        ("explain device.nothing --config acme", 1, "default holds"),
        ("account remove taro", 2, "no account 'taro'"),
    ],
)
def test_a_wrong_use_says_what_to_do(
    tentou: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, code: int, todo: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "junk.tar").write_bytes(b"junk" * 400)
    chain.init(tmp_path / "acme", "acme", now_s=1_790_000_000)
    chain.add_store(tmp_path / "acme", "ginza")
    chain.add_device(tmp_path / "acme", "front", store="ginza")
    got, out, err = tentou(line)
    assert (got, out) == (code, "")
    assert todo in err


@pytest.mark.promise("X-4")
def test_a_generated_password_is_printed_once_and_works(tentou: Any, tmp_path: Path) -> None:
    _, out, _ = tentou(f"account add taro --role it --generate --config {tmp_path} --json")
    account = Accounts(tmp_path / "accounts.json").find("taro")
    assert verify(account, json.loads(out)["password"])
    _, listed, _ = tentou(f"account list --config {tmp_path}")
    assert listed == "taro  it"


def test_a_password_comes_from_standard_input(tentou: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    code, out, _ = tentou(f"account add hanako --role staff --password-stdin --config {tmp_path}")
    assert code == 0
    assert "correct" not in out
    assert verify(Accounts(tmp_path / "accounts.json").find("hanako"), "correct horse battery")


@pytest.mark.promise("P-4")
def test_explain_names_value_layer_file_and_line_and_hides_secrets(tentou: Any, tmp_path: Path) -> None:
    (tmp_path / "store.toml").write_text('[upstream.settings]\nhost = "mqtt://u:pw@h"\npassword = "pw"\n')
    code, out, _ = tentou(f"explain upstream.settings.host --config {tmp_path} --json")
    told = json.loads(out)
    assert (code, told["value"], told["layer"], told["line"]) == (0, "mqtt://••••••@h", "store", 2)
    assert told["file"] == str(tmp_path / "store.toml")
    assert "pw" not in tentou(f"explain upstream.settings --config {tmp_path}")[1]


def test_cameras_are_added_with_the_screens_they_look_at(tentou: Any, tmp_path: Path) -> None:
    home = tmp_path / "acme"
    chain.init(home, "acme", now_s=1_790_000_000, settings=WHOSE)
    chain.add_store(home, "ginza")
    line = "--screen window --camera door:window:0 --camera till:window:rtsp://10.0.0.9/1 --camera web:window"
    line += " --camera lift:window:http://10.0.0.8/video.mjpg"
    assert tentou(f"device add front --store ginza {line} --dir {home}")[0] == 0
    assert tentou(f"config --store ginza --device front --into {tmp_path / 'etc'} --dir {home}")[0] == 0
    cameras = read_store(tmp_path / "etc").camera
    assert [(one.id, one.adapter, one.settings) for one in cameras] == [
        ("door", "opencv", {"source": 0}),
        ("till", "opencv", {"source": "rtsp://10.0.0.9/1"}),
        ("web", "push", {}),
        ("lift", "mjpeg", {"url": "http://10.0.0.8/video.mjpg"}),
    ]


def test_who_answers_for_the_cameras_is_said_at_the_chain_or_where_another_runs_the_store(
    tentou: Any, tmp_path: Path
) -> None:
    home = f"--dir {tmp_path / 'acme'}"
    assert "[notice]" in tentou(f"chain init acme {home}")[1]
    assert tentou(f"store add ginza --operator Guinness --address g@acme.example {home}")[0] == 0
    assert tentou(f"device add front --store ginza --screen a --camera c:a {home}")[0] == 0
    assert tentou(f"config --store ginza --device front --into {tmp_path / 'etc'} {home}")[0] == 0
    told = read_store(tmp_path / "etc").notice
    assert (told.operator, told.address) == ("Guinness", "g@acme.example")


def test_scanners_are_added_with_the_screens_they_stand_beside(tentou: Any, tmp_path: Path) -> None:
    home = tmp_path / "acme"
    chain.init(home, "acme", now_s=1_790_000_000)
    chain.add_store(home, "ginza")
    line = "--screen till:kiosk --scanner gun:till:/dev/serial/by-id/usb-A-if00 --scanner wedge:till:/dev/input/by-id/b"
    assert tentou(f"device add front --store ginza {line} --dir {home}")[0] == 0
    assert tentou(f"config --store ginza --device front --into {tmp_path / 'etc'} --dir {home}")[0] == 0
    store = read_store(tmp_path / "etc")
    fitting.need(store, tmp_path / "etc")
    assert [(one.id, one.screen, one.adapter, one.settings) for one in store.scanner] == [
        ("gun", "till", "serial", {"device": "/dev/serial/by-id/usb-A-if00"}),
        ("wedge", "till", "evdev", {"device": "/dev/input/by-id/b"}),
    ]


def test_a_layer_that_is_no_toml_is_found_before_it_leaves_the_office(tentou: Any, tmp_path: Path) -> None:
    home = tmp_path / "acme"
    chain.init(home, "acme", now_s=1_790_000_000)
    chain.add_store(home, "ginza")
    chain.add_device(home, "front", store="ginza")
    (home / "stores" / "ginza" / "store.toml").write_text("[device\n")
    code, out, err = tentou(f"bundle --store ginza --out {tmp_path / 'g.tar'} --dir {home}")
    assert (code, out) == (2, "")
    assert "store.toml: is not TOML" in err
    assert "line 1" in err


def test_a_bad_bundle_is_named_and_told_as_json_where_that_was_asked_for(tentou: Any, tmp_path: Path) -> None:
    (tmp_path / "junk.tar").write_bytes(b"junk" * 400)
    code, out, err = tentou(f"bundle verify {tmp_path / 'junk.tar'} --key AAAA --json")
    assert code == 1
    assert json.loads(out)["error"] in err
    assert "junk.tar: is no bundle" in err

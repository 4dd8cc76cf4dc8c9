"""``tentou check`` on real config directories, good ones and broken ones, and starts that are refused."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge import __main__ as tentou
from edge.bench.ports import free_port
from provisioning import chain
from tests import terminal
from tests.noticed import WHOSE

Findings = dict[str, dict[str, Any]]


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """A device's config directory as IT gets it."""
    home = tmp_path / "acme"
    chain.init(home, "acme", now_s=int(time.time()), settings=WHOSE)
    chain.add_store(home, "ginza")
    chain.add_device(home, "front", store="ginza", screens=[chain.Screen("window")])
    return chain.write_config(home, "ginza", "front", tmp_path / "etc", {"web": {"port": free_port()}})


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Callable[[Path], tuple[int, Findings]]:
    def run(folder: Path) -> tuple[int, Findings]:
        code = tentou.main(["check", "--config", str(folder), "--json"])
        rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        every = {row["what"]: row for row in rows}
        return code, every | {row["what"]: row for row in rows if not row["ok"]}

    return run


def more(etc: Path, text: str) -> Path:
    """The same with more settings of its own; the line of ``text`` is counted from 1."""
    (etc / "local.toml").write_text(text + f"\n[web]\nport = {free_port()}\n")
    return etc


def test_a_fresh_device_is_well(etc: Path, check: Any) -> None:
    code, found = check(etc)
    assert code == 0, found
    assert found["key set"]["seen"].startswith("version 1")
    assert "--role it" in found["accounts"]["todo"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[devic]\nid = 'x'", "local.toml:1: unknown key 'devic'; did you mean 'device'?"),
        ("[device]\nid = 'Ginza Front'", "local.toml:2: device.id: 'Ginza Front' cannot be an id; use a to z"),
        ("[device]\ntimezone = 'Asia/Tokio'", "local.toml:2: device.timezone: no time zone 'Asia/Tokio'; did you mean"),
        ("[device]\ntimezone = '../x'", "local.toml:2: device.timezone: no time zone"),
        ("[[screen]]\nid = 'a'\n[[screen]]\nid = 'a'", "local.toml:1: screen: the id 'a' stands twice"),
        (
            "[[camera]]\nid = 'c'\nscreen = 'windw'\nadapter = 'push'",
            "camera: 'c' looks at no screen: 'windw'; did you mean 'window'?",
        ),
        (
            "[notice]\noperator = ''\n[[camera]]\nid = 'c'\nscreen = 'window'\nadapter = 'push'",
            "local.toml:3: camera: 'c' sees people, who must be told whose camera it is: set notice.operator, as in",
        ),
        ("[member_code]\nroots = ['zz']", "local.toml:2: member_code.roots: a root is a public key"),
        ("[web", "local.toml: is not TOML"),
        ("[members]\nsettings = {}", "local.toml:1: members.adapter: is needed, and no layer sets it"),
    ],
)
def test_bad_settings_are_named_by_file_and_line_and_stop_the_start(
    etc: Path, check: Any, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    more(etc, text)
    code, found = check(etc)
    assert code == 2
    assert said in found["settings"]["seen"]
    assert tentou.main(["run", "--config", str(etc)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "what", "said"),
    [
        ("[[stock]]\nid = 's'\nadapter = 'cvs'", "stock s", "local.toml:3: no stock adapter 'cvs'; known: base, "),
        ("[[stock]]\nid = 's'\nadapter = 'csv'", "stock s", "stock.0.settings.path: is needed"),
        ("[upstream]\nadapter = 'mqtt'\nsettings.prt = 1", "upstream", "local.toml:3: unknown key"),
        (
            "[members]\nadapter = 'csv'\nsettings.pth = 'x'",
            "members",
            "local.toml:3: unknown key 'members.settings.pth'",
        ),
        (
            "[[member_code.static]]\nname = 'a'\nsymbologies = ['ean13']\npattern = '29.*'",
            "member codes",
            "local.toml:1: rule 'a': pattern: '.' at 2",
        ),
    ],
)
def test_an_adapter_or_a_rule_that_cannot_be_stops_the_start_too(
    etc: Path, check: Any, capsys: pytest.CaptureFixture[str], text: str, what: str, said: str
) -> None:
    more(etc, text)
    code, found = check(etc)
    assert (code, found[what]["ok"]) == (1, False)
    assert said in found[what]["seen"]
    assert tentou.main(["run", "--config", str(etc)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "what", "said"),
    [
        ("[members]\nadapter = 'csv'\nsettings.path = 'm.csv'", "members", "m.csv does not exist"),
        ("[[stock]]\nid = 's'\nadapter = 'csv'\nsettings.path = 's.csv'", "stock s", "s.csv does not exist"),
        ("[[stock]]\nid = 's'\nadapter = 'csv'\nsettings.path = 'bad.csv'", "stock s", "bad.csv"),
        ("[upstream]\nadapter = 'mqtt'\nsettings = { ca = 'ca.pem' }", "upstream", "ca.pem does not exist"),
        ("[upstream]\nadapter = 'mqtt'\nsettings = { port = 1 }", "broker", "nobody answers there: Connection refused"),
        ("[upstream]\nadapter = 'mqtt'\nsettings = { ca = 'bad.csv' }", "broker", "cannot be read"),
        (
            "[[camera]]\nid = 'c'\nscreen = 'window'\nadapter = 'opencv'\nsettings.source = 99",
            "camera c",
            "/dev/video99 is unplugged",
        ),
        (
            "[[scanner]]\nid = 'hand'\nscreen = 'window'\nadapter = 'serial'\nsettings.device = '/dev/none'",
            "scanner hand",
            "/dev/none is unplugged",
        ),
        ("[device]\ndata = '/proc/none'", "disk", "cannot be written"),
    ],
)
def test_what_is_away_is_found_with_what_to_do(etc: Path, check: Any, text: str, what: str, said: str) -> None:
    (etc / "bad.csv").write_text("nothing,of,use\n")
    more(etc, text)
    code, found = check(etc)
    assert code != 0
    assert said in found[what]["seen"]
    assert found[what]["todo"]


@pytest.mark.parametrize(("name", "what"), [("keyset.json", "key set"), ("ref.key", "ref key")])
def test_a_lost_key_file_is_named(etc: Path, check: Any, name: str, what: str) -> None:
    (etc / name).unlink()
    code, found = check(etc)
    assert code == 1
    assert str(etc / name) in found[what]["seen"]
    assert "bundle" in found[what]["todo"]


def test_a_camera_that_gives_pictures_is_well_and_sketched(
    etc: Path, check: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.vision.survey.HOLD_S", 0.5)
    (etc / "frames").mkdir()
    noise = np.random.default_rng(1).integers(0, 255, (480, 640), np.uint8)
    cv2.imwrite(str(etc / "frames" / "1.png"), noise)
    more(etc, "[[camera]]\nid = 'c'\nscreen = 'window'\nadapter = 'folder'\nsettings.path = 'frames'")
    code, found = check(etc)
    assert (code, found["camera c"]["ok"]) == (0, True), found
    assert "brightness 12" in found["camera c"]["seen"]
    assert "code in view (none)" in found["camera c"]["seen"]
    assert found["camera c"]["figures"]["codes"] == 0
    assert [len(row) for row in found["camera c"]["shades"].split("\n")] == [32] * 9
    tentou.main(["check", "--config", str(etc)])
    assert capsys.readouterr().out.count("│") == 18


def test_a_saved_zone_that_cannot_be_used_is_found_and_stops_nothing(etc: Path, check: Any) -> None:
    (etc / "zones.toml").write_text("[zone]\ndoor = [0, 0, 1, 1]\n")
    code, found = check(etc)
    assert (code, found["settings"]["ok"]) == (1, True)
    assert "zones.toml:2: zone.door: no camera 'door'; known: none" in found["reading zones"]["seen"]


def test_a_device_by_a_name_that_changes_is_told_the_one_that_stays(
    etc: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dev = tmp_path / "dev"
    monkeypatch.setattr("edge.vision.devices.DEV", dev)
    (dev / "serial/by-id").mkdir(parents=True)
    os.mkfifo(dev / "ttyACM0")
    (dev / "serial/by-id/usb-Denso_7").symlink_to("../../ttyACM0")
    scanner = "[[scanner]]\nid = 'hand'\nscreen = 'window'\nadapter = 'serial'\n"
    more(etc, scanner + f"settings.device = '{dev}/ttyACM0'")
    tentou.main(["check", "--config", str(etc), "--json"])
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = [one["todo"] for one in found if "may name another device" in one["seen"]]
    assert told == [f'set device = "{dev}/serial/by-id/usb-Denso_7"']
    assert [one["seen"] for one in found if one["what"] == "serial lines plugged in"] == [
        f"{dev}/serial/by-id/usb-Denso_7"
    ]


def test_where_a_device_is_missed_and_none_is_plugged_in_that_is_said(
    etc: Path, check: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.vision.devices.DEV", tmp_path / "dev")
    device = tmp_path / "dev" / "serial" / "by-id" / "usb-Denso_8"
    more(etc, f"[[scanner]]\nid = 'hand'\nscreen = 'window'\nadapter = 'serial'\nsettings.device = '{device}'")
    _, found = check(etc)
    assert found["serial lines plugged in"]["seen"] == "none"
    assert "cameras plugged in" not in found


def test_a_scanner_that_is_plugged_in_is_well(etc: Path, check: Any) -> None:
    ours, theirs = terminal.opened()
    more(
        etc,
        f"[[scanner]]\nid = 'hand'\nscreen = 'window'\nadapter = 'serial'\nsettings.device = '{os.ttyname(theirs)}'",
    )
    code, found = check(etc)
    os.close(ours)
    os.close(theirs)
    assert (code, found["scanner hand"]["seen"]) == (0, "it is plugged in"), found


@pytest.mark.parametrize("command", ["run", "hub", "check"])
def test_a_folder_without_settings_is_said_to_have_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    assert tentou.main([command, "--config", str(tmp_path / "nowhere")]) == 2
    assert "no settings here" in "".join(capsys.readouterr())


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", [["check", "--config", "."], ["--help"]])
def test_a_command_whose_reader_has_gone_ends_without_a_word(etc: Path, words: list[str], unbuffered: str) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    told = [sys.executable, "-m", "edge", *words]
    env = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    ran = subprocess.run(told, stdout=writes, stderr=subprocess.PIPE, cwd=etc, env=env)
    os.close(writes)
    assert (ran.returncode, ran.stderr) == (tentou.UNREAD, b"")


def test_a_pipe_that_breaks_elsewhere_is_not_taken_for_the_output(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> int:
        raise BrokenPipeError("another one")

    monkeypatch.setattr("edge.doctor.run", breaks)
    with pytest.raises(BrokenPipeError, match="another one"):
        tentou.main(["check", "--config", str(etc)])


def test_a_hub_is_looked_at_too(tmp_path: Path, check: Any) -> None:
    (tmp_path / "hub.toml").write_text(
        f"[web]\nport = {free_port()}\n[upstream]\nadapter = 'mqtt'\nsettings.port = 1\n[sink]\nadapter = 'sqlit'\n"
    )
    code, found = check(tmp_path)
    assert code == 1
    assert "did you mean 'sqlite'?" in found["sink"]["seen"]
    assert found["port"]["ok"]
    assert "Connection refused" in found["broker"]["seen"]


@pytest.fixture
def readyz() -> Iterator[Callable[[str], int]]:
    """Something that answers /readyz under a name."""
    servers = []

    def start(name: str) -> int:
        part = {"kind": "stock", "name": "near", "state": "down", "since_s": 0, "detail": "gone", "todo": "look"}
        camera = {"kind": "camera", "name": "door", "state": "up", "figures": {"brightness": 20, "fps": 15}}
        body = json.dumps({"status": "ready", "name": name, "parts": [part, camera]}).encode()

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        server = HTTPServer(("127.0.0.1", 0), Answer)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_port

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_an_edge_that_runs_tells_what_is_down_itself(etc: Path, check: Any, readyz: Any) -> None:
    (etc / "local.toml").write_text(f"[web]\nport = {readyz('ginza.front')}\n")
    code, found = check(etc)
    assert (code, found["port"]["ok"]) == (1, True)
    assert found["stock near"]["seen"].startswith("gone, since 1970")
    assert found["stock near"]["todo"] == "look"
    assert found["camera door"]["seen"] == "brightness 20 (too dark), frames per second 15 (good)"
    assert "Switch a light on" in found["camera door"]["todo"]


def test_a_port_that_another_uses_is_named_and_stops_the_start(
    etc: Path, check: Any, readyz: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    (etc / "local.toml").write_text(f"[web]\nport = {readyz('shibuya.front')}\n")
    code, found = check(etc)
    assert (code, found["port"]["ok"]) == (1, False)
    assert "Address already in use" in found["port"]["seen"]
    assert tentou.main(["run", "--config", str(etc)]) != 0
    assert "already in use" in capsys.readouterr().err


def test_what_speaks_no_http_at_our_port_is_another_that_uses_it(etc: Path, check: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        greets = threading.Thread(target=lambda: _greet(other), daemon=True)
        greets.start()
        (etc / "local.toml").write_text(f"[web]\nport = {other.getsockname()[1]}\n")
        code, found = check(etc)
        greets.join()
    assert (code, found["port"]["ok"]) == (1, False)


def _greet(server: socket.socket) -> None:
    """Answer one caller as a service does that speaks first."""
    caller, _ = server.accept()
    with caller:
        caller.recv(65536)
        caller.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


def test_a_spoilt_outbox_and_one_that_was_put_aside_are_named(
    etc: Path, check: Callable[[Path], tuple[int, Findings]]
) -> None:
    (etc / "data" / "quarantine" / "20260101T000000Z-boot").mkdir(parents=True)
    _, found = check(etc)
    assert found["outbox"]["ok"]
    assert "20260101T000000Z-boot" in found["outbox"]["seen"]
    (etc / "data" / "outbox.sqlite").write_bytes(b"no database" * 1000)
    code, found = check(etc)
    assert code == 1
    assert "outbox.sqlite" in found["outbox"]["seen"]


def test_a_database_of_head_office_that_cannot_be_opened_is_named(
    tmp_path: Path, check: Callable[[Path], tuple[int, Findings]]
) -> None:
    upstream = "[upstream]\nadapter = 'file'\nsettings = { path = 'up' }\n"
    (tmp_path / "hub.toml").write_text(
        f"[hub]\nid = 'hub'\n[web]\nport = {free_port()}\n{upstream}[sink]\nadapter = 'sqlite'\n"
    )
    assert check(tmp_path)[1]["sink"]["ok"]
    (tmp_path / "data" / "contacts.sqlite").unlink()
    (tmp_path / "data" / "contacts.sqlite").mkdir()
    assert check(tmp_path)[1]["sink"]["seen"] == "the file cannot be opened"


@pytest.mark.parametrize(("days", "well"), [(40, True), (20, False)])
def test_the_days_that_a_certificate_still_lasts_are_told(
    etc: Path, check: Callable[[Path], tuple[int, Findings]], days: int, well: bool
) -> None:
    subject = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=ginza.front"]
    files = ["-days", str(days), "-keyout", str(etc / "edge.key"), "-out", str(etc / "edge.pem")]
    subprocess.run([*subject, *files], check=True, capture_output=True)
    where = {"port": 1, "tls": True, "cert": "edge.pem", "key": "edge.key"}
    settings = ", ".join(f"{name} = {json.dumps(value)}" for name, value in where.items())
    (etc / "local.toml").write_text(f"[upstream]\nadapter = 'mqtt'\nsettings = {{ {settings} }}\n")
    found = check(etc)[1]["certificate"]
    assert (found["ok"], found["seen"]) == (well, f"lasts {days} more days")

"""What `tentou check` says of the key set and the deny list: here, at their addresses, and at head office."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from edge import doctor
from edge.members.deny import make_deny, sign_deny
from edge.members.keyfile import read_key
from provisioning import chain
from tests.noticed import WHOSE

Findings = dict[str, dict[str, Any]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "acme"
    chain.init(folder, "acme", now_s=int(time.time()), settings=WHOSE)
    chain.add_store(folder, "ginza")
    chain.add_device(folder, "front", store="ginza", screens=[chain.Screen("window")])
    root = read_key(folder / "offline" / "root.key")
    now = int(time.time())
    (folder / "deny.json").write_text(sign_deny(make_deny("acme", 1, now, now + 900, ["AAECAwQFBgcI"]), root))
    (folder / "other.json").write_text(sign_deny(make_deny("other", 1, now, now + 900, []), root))
    return folder


@pytest.fixture
def served(home: Path) -> Iterator[str]:
    """The chain's own folder at an address, as a hub serves its two files."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(home))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def checked(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], unused_tcp_port: int) -> Any:
    def run(**settings: Any) -> Findings:
        given = {"web": {"port": unused_tcp_port}, "member_code": settings}
        doctor.run(chain.write_config(home, "ginza", "front", tmp_path / "etc", given), True)
        return {row["what"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}

    return run


def test_files_at_their_addresses_are_judged_before_a_start(checked: Any, served: str) -> None:
    found = checked(keyset_url=f"{served}/keyset.json", deny_url=f"{served}/deny.json")
    assert found["key set by address"]["seen"].startswith("version 1, until")
    assert found["deny list by address"]["seen"].startswith("version 1, 1 refused")
    assert found["deny list by address"]["ok"]


@pytest.mark.parametrize(
    ("file", "said"),
    [("keyset.json", "not an envelope of deny"), ("none.json", "404"), ("other.json", "chain 'other'")],
)
def test_an_address_that_gives_something_else_is_found(checked: Any, served: str, file: str, said: str) -> None:
    found = checked(deny_url=f"{served}/{file}")["deny list by address"]
    assert not found["ok"]
    assert said in found["seen"]
    assert "address" in found["todo"]


def test_an_address_where_nobody_answers_is_found(checked: Any, unused_tcp_port_factory: Any) -> None:
    found = checked(keyset_url=f"http://127.0.0.1:{unused_tcp_port_factory()}/keyset.json")["key set by address"]
    assert "cannot be asked" in found["seen"]
    assert "firewall" in found["todo"]


@pytest.mark.parametrize("name", ["deny", "erase"])
def test_a_list_that_is_not_there_is_found(name: str, checked: Any) -> None:
    found = checked(**{name: "none.json"})[{"deny": "deny list", "erase": "erasure list"}[name]]
    assert (found["ok"], "No such file" in found["seen"]) == (False, True)


@pytest.mark.parametrize(("roots", "said"), [([], "no root is pinned"), (["A" * 43], "not pinned here")])
def test_roots_that_are_not_this_chains_are_found(checked: Any, roots: list[str], said: str) -> None:
    found = checked(roots=roots)["key set"]
    assert said in found["seen"]
    assert "member_code.roots" in found["todo"]


def test_a_secret_of_static_numbers_that_was_cut_off_is_found(home: Path, checked: Any) -> None:
    (home / "ref.key").write_bytes(b"abc")
    found = checked()["ref key"]
    assert (found["ok"], "shorter than 16 bytes" in found["seen"]) == (False, True)


HUB = """
keyset = "keyset.json"
deny = "deny.json"
erase = "erase.json"
[web]
port = 0
[upstream]
adapter = "file"
settings = { path = "out.jsonl" }
[handoff]
token = "handoff.token"
"""


def test_what_a_hub_hands_out_and_its_tokens_are_looked_at(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hub.toml").write_text(HUB)
    (tmp_path / "keyset.json").write_text((home / "deny.json").read_text())
    assert doctor.run(tmp_path, True) == 1
    found = {row["what"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert "not an envelope of keyset" in found["key set"]["seen"]
    assert "tentou code deny make" in found["deny list"]["todo"]
    assert "tentou code erase make" in found["erasure list"]["todo"]
    assert "missing or empty" in found["handoff.token"]["seen"]

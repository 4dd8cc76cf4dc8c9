"""What `tentou check` says of a hub's members: their source, and the tokens that stores must send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge import doctor
from edge.ports import MembersAway
from tests.members.fakes.sources import Opened, shopify_, smaregi_, square_

HUB = """
members_token = "members.token"
[web]
host = "127.0.0.1"
port = 0
[upstream]
adapter = "mqtt"
settings = {{ port = 1 }}
[members]
adapter = "square"
settings = {{ url = "http://127.0.0.1:{port}", token_file = "square.token", directory = "directory.csv" }}
"""


@pytest.mark.parametrize("opened", [smaregi_, square_, shopify_])
async def test_a_vendor_is_tried_without_any_member(opened: Opened, tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        members: Any = bench.members
        await members.probe()
        assert bench.fake.calls
        (tmp_path / "token").write_text("wrong")
        getattr(bench.fake, "good", set()).clear()  # Smaregi forgets the token that it gave before
        with pytest.raises(MembersAway, match="401"):
            await members.probe()


@pytest.fixture
def folder(tmp_path: Path, unused_tcp_port: int) -> Path:
    (tmp_path / "hub.toml").write_text(HUB.format(port=unused_tcp_port))
    (tmp_path / "square.token").write_text("EAAA")
    (tmp_path / "directory.csv").write_text("ref,customer\nAAECAwQFBgcI,CUST1\n")
    return tmp_path


def checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    doctor.run(folder, True)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {line["what"] + ("" if line["ok"] else " bad"): line for line in lines}


def test_a_vendor_that_is_away_is_found_and_nobody_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = checked(folder, capsys)
    assert "127.0.0.1 cannot be asked" in found["members bad"]["seen"]
    assert "members" in found, "the adapter itself is there and takes its settings"
    assert "CUST1" not in str(found)


@pytest.mark.parametrize("token", [None, "", "  \n"])
def test_a_token_file_that_is_empty_or_missing_is_found(
    token: str | None, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if token is not None:
        (folder / "members.token").write_text(token)
    assert "members.token is missing or empty" in checked(folder, capsys)["members_token bad"]["seen"]


def test_a_token_is_never_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "members.token").write_text("long-random-token")
    found = checked(folder, capsys)
    assert found["members_token"]["seen"] == "held"
    assert "long-random" not in str(found) + str(capsys.readouterr())

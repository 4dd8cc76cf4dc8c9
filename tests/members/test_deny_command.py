"""``tentou code deny``: from a file of references to a list that an edge believes."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from edge.members.deny import read_deny
from edge.members.keyfile import write_key
from edge.members.keyset import to_base64url
from tests.members.signing import ISSUER, ROOT, SUB, public
from tests.members.test_code_command import code

MAKE = ("deny", "make", "--chain", "acme", "--version", "3", "--issued-at", "1790000000", "--not-after", "1790086400")
TRUSTING = ("--root", to_base64url(public(ROOT)), "--now", "1790000001")


@pytest.fixture
def signed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A deny list made and signed by the commands."""
    (tmp_path / "refs.txt").write_text(f"{SUB}\n\n  s1.AAAAAAAAAAAAAAAA\n")
    write_key(tmp_path / "root.json", ROOT)
    assert code(*MAKE, tmp_path / "refs.txt") == 0
    (tmp_path / "inner.json").write_text(capsys.readouterr().out)
    assert code("deny", "sign", "--root-key", tmp_path / "root.json", tmp_path / "inner.json") == 0
    (tmp_path / "deny.json").write_text(capsys.readouterr().out)
    return tmp_path / "deny.json"


def test_what_the_commands_make_is_what_an_edge_believes(signed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert read_deny(signed.read_text(), [public(ROOT)]).refs == {SUB, "s1.AAAAAAAAAAAAAAAA"}
    assert code("deny", "verify", *TRUSTING, signed) == 0
    assert capsys.readouterr().out == "accept: acme version 3, 2 references, in force\n"
    assert code("deny", "verify", *TRUSTING, "--json", signed) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["result"], told["version"], told["refs"], told["ended"]) == ("accept", 3, 2, False)


def test_a_list_that_has_ended_or_that_another_root_signed_is_said_to_be(
    signed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code("deny", "verify", *TRUSTING[:3], "1790086401", signed) == 0
    assert capsys.readouterr().out.endswith("ended\n")
    assert code("deny", "verify", "--root", to_base64url(public(ISSUER)), signed) == 1
    assert "not pinned" in capsys.readouterr().out


def test_a_line_that_is_no_reference_is_wrong_use_and_is_not_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("2900000000018\n"))
    assert code(*MAKE, "-") == 2
    said = capsys.readouterr().err
    assert said.startswith("tentou code: deny list: refs.0")
    assert "2900000000018" not in said

"""The erasure list: what its commands make, what an edge believes, and what stays unsaid when it does not."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from edge.members.envelope import BadSigned
from edge.members.erasure import ERASURE, MAX_CHARS, MOST, make_erasure
from edge.members.keyfile import write_key
from edge.members.keyset import to_base64url
from tests.members.signing import ISSUER, ROOT, SUB, public
from tests.members.test_code_command import code

CARD = "s1.AAAAAAAAAAAAAAAA"
ASKED = 1_790_000_000
YEAR = 365 * 86_400


def erasure(version: int = 1, refs: tuple[str, ...] = (SUB,), issued_at: int = ASKED, chain: str = "acme") -> str:
    return ERASURE.sign(make_erasure(chain, version, issued_at, refs), ROOT)


def test_what_the_commands_make_is_what_an_edge_believes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "refs.txt").write_text(f"{SUB}\n\n  {CARD}\n{SUB}\n")
    write_key(tmp_path / "root.json", ROOT)
    make = ("erase", "make", "--chain", "acme", "--version", "3", "--issued-at", str(ASKED))
    assert code(*make, tmp_path / "refs.txt") == 0
    (tmp_path / "inner.json").write_text(capsys.readouterr().out)
    assert code("erase", "sign", "--root-key", tmp_path / "root.json", tmp_path / "inner.json") == 0
    (tmp_path / "erase.json").write_text(capsys.readouterr().out)
    assert ERASURE.read((tmp_path / "erase.json").read_text(), [public(ROOT)]).members == {SUB, CARD}
    trusting = ("--root", to_base64url(public(ROOT)), "--now", str(ASKED + 1))
    assert code("erase", "verify", *trusting, tmp_path / "erase.json") == 0
    assert capsys.readouterr().out == "accept: acme version 3, 2 members, 0 of them asked long ago\n"
    assert code("erase", "verify", "--root", to_base64url(public(ISSUER)), tmp_path / "erase.json") == 1
    assert "not pinned" in capsys.readouterr().out


def test_the_next_list_carries_on_the_list_before_until_an_entry_is_old(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "before.json").write_text(erasure(1))
    (tmp_path / "refs.txt").write_text(CARD)
    for later, named in ((YEAR, {SUB: ASKED, CARD: ASKED + YEAR}), (YEAR + 36 * 86_400, None)):
        make = ("erase", "make", "--chain", "acme", "--version", "2", "--issued-at", str(ASKED + later))
        assert code(*make, "--before", tmp_path / "before.json", tmp_path / "refs.txt") == 0
        members = json.loads(capsys.readouterr().out)["members"]
        assert dict(members) == (named or {CARD: ASKED + later})


@pytest.mark.parametrize(("chain", "version", "why"), [("other", 2, "of chain 'acme'"), ("acme", 1, "higher")])
def test_a_list_before_of_another_chain_or_no_lower_version_is_wrong_use(chain: str, version: int, why: str) -> None:
    before = ERASURE.read(erasure(1), None)
    with pytest.raises(BadSigned, match=why):
        make_erasure(chain, version, ASKED, [CARD], before)


def test_a_line_that_is_no_pseudonym_is_wrong_use_and_is_not_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("2900000000018\n"))
    assert code("erase", "make", "--chain", "acme", "--version", "1", "-") == 2
    assert "2900000000018" not in capsys.readouterr().err


def test_the_longest_list_is_taken_and_a_longer_one_is_not() -> None:
    refs = [f"s1.{number:016d}" for number in range(MOST)]
    signed = ERASURE.sign(make_erasure("a" * 63, 2**53 - 1, 2**32 - 1, refs), ROOT)
    assert len(signed) <= MAX_CHARS
    assert len(ERASURE.read(signed, [public(ROOT)]).members) == MOST
    with pytest.raises(BadSigned, match="at most 4000"):
        make_erasure("acme", 1, ASKED, [*refs, SUB])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"typ": "mc1-deny"}, "typ"),
        ({"members": [SUB]}, "members"),
        ({"members": {SUB: 1}}, "members"),
        ({"members": [[SUB, -1]]}, "members"),
        ({"members": [[SUB, 1], [SUB, 2]]}, "twice"),
        ({"until": 1}, "until"),
    ],
)
def test_another_form_is_refused_without_a_word_of_whom_it_names(change: dict[str, object], why: str) -> None:
    inner = json.loads(make_erasure("acme", 1, ASKED, [SUB])) | change
    with pytest.raises(BadSigned, match=why) as told:
        ERASURE.parse(json.dumps(inner).encode())
    assert SUB not in str(told.value)

"""``tentou code inspect``: a token's bytes line by line, sound or spoilt."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.members import base45, inspect
from edge.members.vectors_build import IAT, claims, make, text_of
from edge.members.vectors_make import cases
from tests.members.conftest import SAMPLE
from tests.members.test_code_command import code

TOKYO = ZoneInfo("Asia/Tokyo")


def seen(text: str) -> list[str]:
    return list(inspect.lines(inspect.inspect(text), TOKYO))


def test_the_sample_is_read_out_as_the_document_prints_it() -> None:
    told = "\n".join(seen(SAMPLE))
    for words in (
        "195 characters, 127 bytes",
        "04 44 21FE31DF                        kid: h'21fe31df'",
        "3A 00010000 85                        ext: array of 5",
        "flags      P personalised content; N nickname; R restrict goods",
        "valid to   2026-09-21 14:24:20 UTC, 2026-09-21 23:24:20 JST; 30 s of skew either way",
        "form: good; whether it is believed, `tentou code verify` says",
    ):
        assert words in told


def test_the_rows_hold_every_byte_once_whatever_it_is() -> None:
    for case in cases():
        found = inspect.inspect(case.text)
        if found.size:
            body = case.text[4:] if found.reason not in ("encoding", "oversize") else None
            held = b"".join(b"".join(row.parts) for row in found.rows)
            assert len(held) == found.size
            assert body is None or held == base45.decode(body)
            assert [row.at for row in found.rows] == sorted(row.at for row in found.rows)


def test_inspect_refuses_for_what_an_edge_would_refuse_that_has_no_keys() -> None:
    of_form = {None, "oversize", "not_mc1", "encoding", "size", "cbor", "cose", "header", "claims", "lifetime"}
    for case in cases():
        found = inspect.inspect(case.text)
        if case.reason in of_form:
            assert found.reason == case.reason, case.name
            assert bool(found.why) == (case.reason is not None)


GOOD = make(claims())


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        (text_of(GOOD.cose + b"\x00"), "cbor", "byte 121: 1 bytes too many"),
        (text_of(b"\x98\x04" + GOOD.cose[1:]), "cbor", "byte 0: longer than it need be"),
        (text_of(b"\x9f" + GOOD.cose[1:] + b"\xff"), "cbor", "byte 0: indefinite length"),
        (text_of(GOOD.cose[:-1]), "cbor", "byte 57: cut off: 64 more bytes are due, 63 are there; reading stops here"),
        (text_of(b"\xd2" + GOOD.cose), "cose", "an untagged array"),
        (text_of(b"\x84" + b"\x81" * 40 + b"\x00" * 80), "cbor", "nested too deep; reading stops here"),
        (SAMPLE[:50] + "a" + SAMPLE[51:], "encoding", "character 50 does not fit base45"),
        (SAMPLE + "0", "oversize", "more than 195 characters"),
        ("https://shop.example/", "not_mc1", "does not begin with MC1:"),
        ("MC1:", "size", "must be 100 to 127"),
        (make(claims(iat=IAT - 9999)).text, "lifetime", "60 to 7260 s"),
        (make(claims(ext=[])).text, "claims", "types and in the order"),
        (make(claims(cti=bytes.fromhex("5804") + bytes(4))).text, "claims", "longer than it need be"),
        (make(claims(sub=b"\x6c" + b"\xff" * 12)).text, "claims", "text that is not UTF-8"),
        (make(claims(), header=bytes.fromhex("A201260444") + bytes(4)).text, "header", "32 or 27"),
    ],
)
def test_what_is_malformed_is_read_as_far_as_it_goes_and_named(text: str, reason: str, words: str) -> None:
    *_, last = seen(text)
    assert last.startswith(f"form: refused as {reason}: ")
    assert words in last


def test_bytes_that_were_not_reached_are_shown_as_not_read() -> None:
    told = "\n".join(seen(text_of(GOOD.cose[:-1])))
    assert GOOD.signature.hex().upper()[:16] in told.split("not read")[0].splitlines()[-1]


@given(st.binary(max_size=130) | st.text(base45.ALPHABET + "a\n", max_size=40))
def test_no_text_upsets_inspect(given_: bytes | str) -> None:
    text = text_of(given_) if isinstance(given_, bytes) else "MC1:" + given_
    found = inspect.inspect(text)
    assert sum(len(part) for row in found.rows for part in row.parts) == found.size
    json.dumps(inspect.as_json(found, TOKYO))
    assert list(inspect.lines(found, TOKYO))


def test_inspect_as_json_is_one_object(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(SAMPLE + "\n"))
    assert code("inspect", "--json", "-") == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (told["form"], told["reason"], told["kid"], told["bytes"]) == ("good", None, "21fe31df", 127)
    assert told["claims"]["segments"] == [3, 1207, 88]
    assert told["flags"] == ["P personalised content", "N nickname", "R restrict goods"]
    assert told["valid"]["to"]["utc"] == "2026-09-21T14:24:20+00:00"
    assert told["valid"]["to"]["unix"] - told["valid"]["from"]["unix"] == 60
    assert told["rows"][0] == {"at": 0, "depth": 0, "hex": "84", "means": "COSE_Sign1, untagged: array of 4"}


def test_a_spoilt_token_exits_1_and_names_the_byte(capsys: pytest.CaptureFixture[str]) -> None:
    assert code("inspect", "--json", text_of(GOOD.cose + b"\x00")) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["form"], told["reason"], told["claims"]) == ("refused", "cbor", None)
    assert told["faults"] == [{"at": 121, "why": "1 bytes too many"}]


def test_flags_without_a_meaning_are_told_by_number() -> None:
    assert inspect.flag_names(0x41) == ["P personalised content", "0x40 ignored"]
    assert "flags      none" in seen(make(claims(ext=[0])).text)


def test_a_token_is_drawn_as_apps_must_draw_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code("inspect", "--svg", tmp_path / "token.svg", SAMPLE) == 0
    drawn = (tmp_path / "token.svg").read_text()
    assert 'width="490" height="490"' in drawn, "41 modules and 4 of quiet on each side, 10 units each"
    assert code("inspect", "--svg", tmp_path / "long.svg", SAMPLE + "00") == 2
    assert "version 6" in capsys.readouterr().err
    assert not (tmp_path / "long.svg").exists()

"""``tentou code static check``: rules before a start, texts by the rules, and the vectors of both."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from edge import members
from edge.__main__ import main
from tests.members.test_code_command import code

NUMBER = "2912345678906"
RULE = """
[[member_code.static]]
name = "jan13"
symbologies = ["ean13", "qrcode"]
pattern = '29(?P<member>\\d{10})\\d'
check = "ean13"
"""
BAD = """
[[member_code.static]]
name = "open"
symbologies = ["code128"]
pattern = '(?P<member>\\d+)'

[[member_code.static]]
name = "bare"
symbologies = ["codabar"]
pattern = 'A(?P<member>\\d{8})A'

[[member_code.static]]
name = "meets"
symbologies = ["ean13"]
pattern = '2(?P<member>\\d{11})\\d'
check = "ean13"
"""


@pytest.fixture
def rule(tmp_path: Path) -> Path:
    (tmp_path / "rules.toml").write_text(RULE)
    return tmp_path / "rules.toml"


def test_rules_that_are_good_to_start_with_are_named(rule: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code("static", "check", "--rule", rule, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "result": "good",
        "rules": [{"name": "jan13", "symbologies": ["ean13", "qrcode"], "check": "ean13"}],
        "refused": [],
    }
    assert code("static", "check", "--rule", rule) == 0
    assert "1 rules, good to start with" in capsys.readouterr().out


def test_every_reason_for_which_a_start_would_be_refused_is_told_at_once(
    rule: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule.write_text(RULE + BAD)
    assert code("static", "check", "--rule", rule, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["result"] == "refused"
    assert [rule["name"] for rule in told["rules"]] == ["jan13", "meets"]
    for words in (
        "rule 'open': pattern: '+' at 13",
        "rule 'bare': codabar is misread",
        "'jan13' and 'meets' match one",
    ):
        assert any(words in one for one in told["refused"]), words
    assert code("static", "check", "--rule", rule, NUMBER) == 1
    assert "a start would be refused" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "symbology", "exit_code", "words"),
    [
        (NUMBER, "ean13", 0, "accept: rule 'jan13', check digit ean13 holds"),
        (NUMBER[:-1] + "5", "ean13", 1, "reject: foreign: rule 'jan13', check digit ean13 does not hold"),
        (NUMBER, "itf", 1, "reject: foreign: no rule names itf"),
        (NUMBER[:-1], "qrcode", 1, "the pattern of no rule for qrcode matches the whole of it (jan13)"),
        ("9" * 65, "qrcode", 1, "65 signs; no rule matches more than 64"),
        ("MC1:ABC", "qrcode", 1, "a rotating token, which no rule judges"),
    ],
)
def test_a_text_is_judged_by_the_rules(
    text: str, symbology: str, exit_code: int, words: str, rule: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code("static", "check", "--rule", rule, "--symbology", symbology, text) == exit_code
    assert words in capsys.readouterr().out
    assert code("static", "check", "--rule", rule, "--json", "--symbology", symbology, text) == exit_code
    said = capsys.readouterr()
    assert json.loads(said.out)["reason"] == (None if exit_code == 0 else "foreign")
    assert text not in said.out + said.err


def test_the_rules_of_a_configuration_are_those_of_its_layers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "device.toml").write_text('[device]\nchain = "c"\nstore = "s"\nid = "d"\n')
    (tmp_path / "chain.toml").write_text('[member_code]\nref_key = "ref.key"\n' + RULE)
    monkeypatch.setattr("sys.stdin", io.StringIO(NUMBER + "\n"))
    check = ("static", "check", "--config", tmp_path, "--json")
    assert code(*check, "--symbology", "qrcode", "-") == 0
    assert json.loads(capsys.readouterr().out)["rule"] == "jan13"
    (tmp_path / "chain.toml").write_text(RULE)
    assert code(*check) == 1
    assert "member_code.ref_key" in capsys.readouterr().out


def test_wrong_use_exits_2_and_quotes_no_number(rule: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (rule.parent / "none.toml").write_text("[member_code]\n")
    (rule.parent / "bad.toml").write_text("[[member_code")
    (rule.parent / "odd.toml").write_text(RULE + "length = 3\n")
    for arguments, words in (
        (("--rule", rule, NUMBER), "--symbology"),
        (("--rule", rule, "--symbology", "qrcode", NUMBER, NUMBER), "in quotes"),
        (("--rule", rule.parent / "none.toml"), "no [[member_code.static]]"),
        (("--rule", rule.parent / "bad.toml"), "bad.toml"),
        (("--rule", rule.parent / "gone.toml"), "gone.toml"),
        ((), "required"),
    ):
        assert code("static", "check", *arguments) == 2
        said = capsys.readouterr().err
        assert words in said
        assert NUMBER not in said
    assert main(["code", "static", "check", "--rule", str(rule.parent / "odd.toml")]) == 2
    assert "length" in capsys.readouterr().err


def test_the_static_vectors_agree_and_a_changed_one_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = Path(members.__file__).parent / "static-vectors.json"
    assert code("static", "check", "--vectors", ours, "--json") == 0
    assert json.loads(capsys.readouterr().out)["result"] == "agrees"
    whole = json.loads(ours.read_text())
    whole["tests"][0]["ref"] = "s1." + "A" * 16
    whole["tests"][-1] |= {"result": "accept", "reason": None}
    whole["checks"][-1]["holds"] ^= True
    whole["refused"][0]["rules"] = whole["rules"][:1]
    (tmp_path / "v.json").write_text(json.dumps(whole))
    assert code("static", "check", "--vectors", tmp_path / "v.json", "--json") == 1
    told = json.loads(capsys.readouterr().out)["differences"]
    assert [one["what"] for one in told] == ["ref", "result", "reason", "holds", "refused"]


@pytest.mark.parametrize("change", [{"format": "x"}, {"ref_key_hex": "x"}, {"rules": []}, {"checks": [{"check": "x"}]}])
def test_static_vectors_out_of_form_are_wrong_use(
    change: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = json.loads((Path(members.__file__).parent / "static-vectors.json").read_text())
    (tmp_path / "v.json").write_text(json.dumps(ours | change))
    found = code("static", "check", "--vectors", tmp_path / "v.json")
    assert found == (1 if change == {"rules": []} else 2)
    assert capsys.readouterr().err.startswith("tentou code: ") is (found == 2)

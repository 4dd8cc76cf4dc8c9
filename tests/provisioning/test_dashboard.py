"""What the dashboard says, in both languages, and that no text is left untranslated."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from edge.health import Part, State
from provisioning import dashboard, signin
from provisioning.i18n import words
from provisioning.language import preferred

HERE = signin.HERE
say_ja = words(HERE / "locales", "ja").gettext


def part(kind: str, name: str, state: State = State.UP, **more: object) -> Part:
    return Part(kind, name, state, 1000.0, **more)  # type: ignore[arg-type]


def test_groups_stand_in_order_and_what_is_down_stands_first() -> None:
    parts = [
        part("robot", "arm"),
        part("eye", "a"),
        part("camera", "b", State.DOWN),
        part("screen", "window"),
    ]
    board = dashboard.board(parts, 1000.0, say_ja)
    assert [(group["title"], [one["name"] for one in group["parts"]]) for group in board["groups"]] == [
        ("画面", ["window"]),
        ("カメラ", ["b", "a"]),
        ("その他", ["arm"]),
    ]
    assert board["summary"] == {
        "state": "down",
        "text": "1 件の確認が必要です",
        "working": "4 件中 3 件が稼働中",
        "down": [{"id": "camera/b", "name": "b"}],
    }


@pytest.mark.parametrize(
    ("states", "text"),
    [
        ([], "まだ何も設定されていません"),
        ([State.UP, State.UP], "すべて正常です"),
        ([State.UP, State.STARTING], "起動しています"),
        ([State.DOWN, State.STARTING, State.DOWN], "2 件の確認が必要です"),
    ],
)
def test_the_summary_tells_the_worst(states: list[State], text: str) -> None:
    parts = [part("eye", str(n), state) for n, state in enumerate(states)]
    assert dashboard.board(parts, 1000.0, say_ja)["summary"]["text"] == text


def test_only_what_is_down_has_advice() -> None:
    up, down = (
        dashboard.board([part("eye", "a", state, todo="Plug it in.")], 1000.0, str)["groups"][0]["parts"][0]
        for state in (State.UP, State.DOWN)
    )
    assert (up["advice"], up["todo"]) == ("", "Plug it in.")
    assert "cable" in down["advice"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "for 0 s"),
        (59, "for 59 s"),
        (60, "for 1 min"),
        (3600, "for 1 h"),
        (172_799, "for 47 h"),
        (172_800, "for 2 days"),
        (864_000, "for 10 days"),
    ],
)
def test_since_is_told_in_the_largest_useful_unit(seconds: float, text: str) -> None:
    assert dashboard.since(seconds, str) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (12, "12"), (1_234_567, "1,234,567"), (9.84, "9.8"), (0.0312, "0.031"), (412.7, "413")],
)
def test_figures_are_read_at_a_glance(value: float, text: str) -> None:
    assert dashboard.number(value) == text


def test_every_text_is_translated_and_no_translation_is_left_over() -> None:
    found = extract_from_dir(str(HERE / "templates"), [("**.html", "jinja2")], options_map={"**.html": {"silent": "0"}})
    used = {str(message) for _, _, message, _, _ in found} | dashboard.words()
    with (HERE / "locales" / "ja.po").open("rb") as file:
        catalog = read_po(file)
    assert {str(one.id) for one in catalog if one.id and one.string} == used


def test_no_page_holds_an_inline_script_or_style() -> None:
    pages = [path.read_text() for path in Path(HERE / "templates").glob("*.html")]
    assert pages
    for text in pages:
        assert " style=" not in text
        assert not re.search(r"\son[a-z]+=", text)
        assert text.count("<script") == text.count('<script type="module" src=')


@pytest.mark.parametrize(
    ("header", "language"),
    [("", "ja"), ("en-US,en;q=0.9", "en"), ("ja-JP,en;q=0.5", "ja"), ("fr,en;q=0.8", "en"), ("xx" * 500, "ja")],
)
def test_a_browsers_language_is_taken(header: str, language: str) -> None:
    assert preferred(header) == language

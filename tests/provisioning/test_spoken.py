"""What health says is said in the page's language, and the forms are those that health really uses."""

import re
from pathlib import Path

import pytest

from provisioning import signin
from provisioning.i18n import words
from provisioning.spoken import FORMS, spoken

say_ja = words(signin.HERE / "locales", "ja").gettext
SOURCES = re.sub(
    r'"\s*\n\s*f?"', "", "".join(path.read_text() for path in (Path(__file__).parents[2] / "edge").rglob("*.py"))
)
"""A text that stands on two lines is one."""


@pytest.mark.parametrize(
    ("text", "japanese"),
    [
        ("the picture is black", "映像が真っ黒です"),
        ("/dev/ttyACM0 is unplugged", "/dev/ttyACM0 がつながっていません"),
        ("code in view for 1 minute", "コードが 1 分間見えたままです"),
        ("Open /screens/window in the screen's browser.", "画面のブラウザーで /screens/window を開いてください。"),
        (
            "Open the page /cameras/door/ on the device with the camera and let it use the camera.",
            "カメラのある端末でページ /cameras/door/ を開き、カメラの使用を許可してください。",
        ),
        ("the picture is dark, shown on the calibration page", "映像が暗すぎます, 調整ページで表示中です"),
        ("code in view for 2 minutes, not locked in: x", "コードが 2 分間見えたままです, not locked in: x"),
        ("nobody answers there: Connection refused", "接続先から応答がありません：Connection refused"),
        (
            "start head office's hub; if it runs, let the broker's access list give it contacts and take its words",
            "本部のハブを起動してください。動いているときは、ブローカーの許可リストで、"
            "ハブが記録を受け取り応答できるようにしてください",
        ),
        (
            "cannot write: SQLITE_X: kept in memory, so a restart forgets it",
            "書き込めません（SQLITE_X）：メモリにだけあり、再起動すると失われます",
        ),
        (
            "the file is gone; what was there lies in quarantine/1: 5 contacts were saved, 7 numbers are told to head "
            "office as lost",
            "ファイルがなくなっています。元のファイルは quarantine/1 に保管しました。"
            "5 件を救出し、7 個の番号を失われたものとして本部に申告しました",
        ),
        ("something strange: nobody answers there", "something strange：接続先から応答がありません"),
        ("a {strange} text", "a {strange} text"),
        ("", ""),
    ],
)
def test_a_trouble_is_told_in_japanese_and_a_strange_one_as_it_is(text: str, japanese: str) -> None:
    assert spoken(text, say_ja) == japanese
    assert spoken(text, str) == text


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_one_that_health_uses(form: str) -> None:
    assert max(re.split(r"\{\w+\}", form), key=len) in SOURCES


@pytest.mark.parametrize("form", FORMS)
def test_what_differs_stands_in_the_japanese_text_as_well(form: str) -> None:
    named = set(re.findall(r"\{\w+\}", form)) - {"{s}"}
    assert set(re.findall(r"\{\w+\}", say_ja(form))) == named
    assert say_ja(form) != form

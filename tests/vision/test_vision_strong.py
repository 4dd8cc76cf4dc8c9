"""The stronger reader, where it is installed and where it is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import segno
import tapirscan

import edge
from edge.vision.strong import strong
from tests.vision.conftest import drawn

EFFORTS = ("low", "medium", "high")


@pytest.mark.parametrize("effort", EFFORTS)
def test_it_reads_a_code_and_says_where_it_lies(effort: str) -> None:
    picture = np.full((400, 500), 255, np.uint8)
    symbol = drawn(segno.make_qr("MC1:HERE"), 5)
    picture[90 : 90 + len(symbol), 200 : 200 + len(symbol)] = symbol
    read = strong(effort, {"qrcode"})  # type: ignore[arg-type]
    assert read is not None
    (found,) = read(picture)
    assert (found.code.text, found.code.symbology, found.code.engine) == ("MC1:HERE", "qrcode", "tapirscan")
    assert abs(found.box.left - 220) < 12
    assert abs(found.box.bottom - 90 - len(symbol) + 20) < 12


@pytest.mark.parametrize("size", [(0, 0), (1, 1), (3, 2), (1, 640), (640, 1), (40, 40)])
def test_of_a_picture_too_small_for_a_code_it_reads_nothing(size: tuple[int, int]) -> None:
    read = strong("medium", {"qrcode"})
    assert read is not None
    assert read(np.zeros(size, np.uint8)) == ()


def test_it_is_not_there_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tapirscan", None)
    assert strong("medium", {"qrcode"}) is None


def test_it_is_not_asked_where_no_qr_code_is_wanted() -> None:
    assert strong("medium", {"ean13", "code128"}) is None


def test_what_it_raises_loses_one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    read = strong("medium", {"qrcode"})

    class Raising:
        def scan(self, _: object) -> None:
            raise tapirscan.ScannerError(1, "broken")

    monkeypatch.setattr("edge.vision.strong._scanner", lambda _: Raising())
    assert read is not None
    assert read(np.zeros((40, 40), np.uint8)) == ()


def test_at_the_end_of_a_process_it_says_nothing(tmp_path: Path) -> None:
    file = tmp_path / "held.py"
    file.write_text("from edge.vision.strong import strong\nkept = strong('low', {'qrcode'})\n")
    ran = subprocess.run([sys.executable, str(file)], capture_output=True, cwd=Path(edge.__file__).parents[1])
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")

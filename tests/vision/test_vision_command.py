"""``tentou decode``, called as the command calls it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.vision import command
from tests.vision.conftest import Draw


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    args = parser.parse_args(["decode", *words])
    return int(args.run(args))


def test_each_picture_gives_a_line_with_its_codes(
    tmp_path: Path, symbol: Draw, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(tmp_path / name) for name in ("code.png", "none.png")]
    cv2.imwrite(files[0], symbol("会員 1"))
    cv2.imwrite(files[1], np.full((80, 80), 200, np.uint8))
    assert run("--json", *files) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first["codes"] == [{"text": "会員 1", "symbology": "qrcode", "engine": "zxing"}]
    assert (first["file"], second["file"], second["codes"]) == (files[0], files[1], [])
    assert set(first) == {"file", "codes", "ms"}


def test_a_code_on_a_transparent_ground_is_read(
    tmp_path: Path, symbol: Draw, capsys: pytest.CaptureFixture[str]
) -> None:
    dark = 255 - symbol("CLEAR")
    file = str(tmp_path / "clear.png")
    cv2.imwrite(file, np.dstack([np.zeros_like(dark)] * 3 + [dark]))
    assert run(file) == 0
    assert "qrcode 'CLEAR'" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, b"", b"text", b"\x89PNG\r\n\x1a\nbroken"])
def test_a_file_that_is_no_picture_is_a_finding(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "odd.png"
    if content is not None:
        file.write_bytes(content)
    assert run("--json", str(file)) == 1
    line = json.loads(capsys.readouterr().out)
    assert line["codes"] == []
    assert str(file) in line["error"]


def test_the_second_reader_can_be_asked_first(tmp_path: Path, symbol: Draw, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "code.png")
    cv2.imwrite(file, symbol("HELLO AGAIN"))
    assert run("--json", "--engine", "pyzbar", "--symbology", "qrcode", file) == 0
    assert json.loads(capsys.readouterr().out)["codes"][0]["engine"] == "pyzbar"

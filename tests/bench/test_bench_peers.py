"""The readers that run beside ours."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import segno

from edge.bench.peers import (
    MODEL_FILES,
    MODELS,
    OPENCV,
    PYZBAR,
    TAPIRSCAN,
    WECHAT,
    ZXING,
    models_folder,
    our_stills,
    our_stream,
    peers,
)
from edge.ports import Gray

READERS: dict[str, Callable[[], Callable[[Gray], frozenset[str]]]] = {
    "our stream": our_stream,
    "our stills": our_stills,
    PYZBAR: lambda: peers(None)[PYZBAR],
    ZXING: lambda: peers(None)[ZXING],
    OPENCV: lambda: peers(None)[OPENCV],
    TAPIRSCAN: lambda: pytest.importorskip("tapirscan") and peers(None)[TAPIRSCAN],
}
reader = pytest.mark.parametrize("name", READERS)


def drawn(symbol: segno.QRCode) -> Gray:
    file = io.BytesIO()
    symbol.save(file, kind="png", scale=6)
    return np.asarray(cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


@reader
def test_a_plain_code_is_read_by_everyone(name: str) -> None:
    assert READERS[name]()(drawn(segno.make("MC1:HELLO", micro=False))) == {"MC1:HELLO"}


@reader
def test_nothing_is_read_in_nothing(name: str) -> None:
    assert READERS[name]()(np.full((480, 640), 128, np.uint8)) == frozenset()


@reader
def test_no_reader_raises_at_a_part_of_a_sequence_or_at_bytes_that_are_no_text(name: str) -> None:
    read = READERS[name]()
    for symbol in (segno.make_sequence("A" * 60, symbol_count=2)[0], segno.make(b"\xff\xfe\x80\x81", mode="byte")):
        assert all(isinstance(text, str) for text in read(drawn(symbol)))


@pytest.mark.parametrize("name", [PYZBAR, ZXING, OPENCV, TAPIRSCAN])
def test_a_picture_of_two_pixels_is_nothing_to_a_peer(name: str) -> None:
    assert READERS[name]()(np.zeros((1, 2), np.uint8)) == frozenset()


def test_tapirscan_is_not_here_where_it_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tapirscan", None)
    assert set(peers(tmp_path / "that is asked for the first time")) == {PYZBAR, ZXING, OPENCV}


def test_wechats_reader_is_not_here_without_its_models(tmp_path: Path) -> None:
    (tmp_path / MODEL_FILES[0]).touch()
    assert WECHAT not in peers(None)
    assert WECHAT not in peers(tmp_path)


class Scripted:
    """WeChat's reader as OpenCV offers it, with answers of ours: dark pictures break it, as broken texts do."""

    def __init__(self, *models: str) -> None:
        self.models = models

    def detectAndDecode(self, gray: Gray) -> tuple[tuple[str, ...], tuple[()]]:
        if not gray.any():
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no text")
        return tuple(Path(model).stem for model in self.models), ()


def test_wechats_reader_is_asked_with_its_models_and_its_exceptions_are_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in MODEL_FILES:
        (tmp_path / name).touch()
    monkeypatch.setattr(cv2, "wechat_qrcode", SimpleNamespace(WeChatQRCode=Scripted), raising=False)
    read = peers(tmp_path)[WECHAT]
    assert read(np.full((8, 8), 128, np.uint8)) == {"detect", "sr"}
    assert read(np.zeros((8, 8), np.uint8)) == frozenset()


def test_the_models_folder_is_the_one_given_or_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MODELS, "there")
    assert (models_folder(Path("here")), models_folder(None)) == (Path("here"), Path("there"))
    monkeypatch.delenv(MODELS)
    assert models_folder(None) is None

"""The readers and their cascade, on drawn symbols."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import zxingcpp

from edge.ports import Gray
from edge.vision.cascade import Cascade
from edge.vision.readers import UnknownSymbology, reader
from edge.vision.symbology import ENGINES, LINEAR
from tests.vision.conftest import Draw

GOOD = "MC1:A GOOD CODE"


def texts(codes: Any) -> list[str]:
    return [code.text for code in codes]


@pytest.mark.promise("V-6")
@pytest.mark.parametrize("engine", ENGINES)
def test_a_part_of_a_sequence_beside_a_good_code_does_not_hide_it(
    engine: str, symbol: Draw, parts: Draw, scene: Draw
) -> None:
    view = scene(symbol(GOOD), parts("STRUCTURED APPEND " * 4))
    assert GOOD in [one.code.text for one in reader(engine, {"qrcode"})(view)]


@pytest.mark.promise("V-6")
def test_pyzbar_gives_no_part_of_a_sequence_as_a_code(parts: Draw, scene: Draw) -> None:
    assert reader("pyzbar", {"qrcode"})(scene(parts("STRUCTURED APPEND " * 4))) == ()


@pytest.mark.parametrize("engine", ENGINES)
def test_a_code_in_dark_mode_is_read(engine: str, symbol: Draw, scene: Draw) -> None:
    assert texts(Cascade({"qrcode"}, engine).decode(255 - scene(symbol(GOOD)))) == [GOOD]


@pytest.mark.parametrize("engine", ENGINES)
def test_japanese_text_comes_out_as_it_went_in(engine: str, symbol: Draw, scene: Draw) -> None:
    view = scene(symbol("会員番号テスト"))
    assert [one.code.text for one in reader(engine, {"qrcode"})(view)] == ["会員番号テスト"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "picture", [np.zeros((0, 0), np.uint8), np.zeros((1, 1), np.uint8), np.zeros((3, 4000), np.uint8)]
)
def test_a_picture_of_no_use_is_no_code_and_no_error(engine: str, picture: Gray) -> None:
    assert reader(engine, {"qrcode"})(picture) == ()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("symbology", "kind", "text"),
    [
        ("ean13", "EAN13", "2901234567896"),
        ("code128", "Code128", "ABC-123"),
        ("codabar", "Codabar", "A12345B"),
        ("code39", "Code39", "ABC123"),
        ("itf", "ITF", "12345678"),
    ],
)
def test_each_bar_code_is_read_only_when_it_is_wanted(engine: str, symbology: str, kind: str, text: str) -> None:
    bars = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind)).to_image(scale=3)
    view = np.pad(np.asarray(bars, np.uint8), 40, constant_values=255)
    found = [one.code for one in reader(engine, {symbology})(view)]
    assert [(code.symbology, code.text) for code in found] == [(symbology, text)]
    assert reader(engine, {"qrcode"})(view) == ()


def test_a_bar_code_held_upright_is_found_by_a_second_pass() -> None:
    bars = zxingcpp.create_barcode("2901234567896", zxingcpp.BarcodeFormat.EAN13).to_image(scale=3)
    view = np.rot90(np.pad(np.asarray(bars, np.uint8), 40, constant_values=255)).copy()
    assert texts(Cascade({"qrcode", "ean13"}).decode(view)) == ["2901234567896"]


def test_a_text_read_twice_is_one_code(symbol: Draw, scene: Draw) -> None:
    assert texts(Cascade({"qrcode"}).decode(scene(symbol(GOOD), symbol(GOOD)))) == [GOOD]


LONG = GOOD * 4


def test_a_small_code_seen_through_a_soft_lens_needs_second_passes(symbol: Draw, scene: Draw) -> None:
    small = cv2.resize(scene(symbol(LONG, scale=4)), None, fx=0.44, fy=0.44, interpolation=cv2.INTER_AREA)
    view = np.asarray(cv2.GaussianBlur(small, (0, 0), 0.7), np.uint8)
    assert reader("zxing", {"qrcode"})(view) == ()
    assert texts(Cascade({"qrcode"}).decode(view)) == [LONG]


def test_a_still_without_a_code_is_sought_to_the_end_in_vain() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 300), np.uint8)
    assert Cascade({"qrcode"}).decode(noise) == ()


def test_a_symbology_that_no_reader_knows_is_refused_by_name() -> None:
    with pytest.raises(UnknownSymbology, match="'aztec'; known: qrcode"):
        Cascade({"qrcode", "aztec"})


def test_bar_codes_are_all_but_the_qr_code() -> None:
    assert "qrcode" not in LINEAR
    assert "ean13" in LINEAR

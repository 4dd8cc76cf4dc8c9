"""The cascade against each of its readers alone, on real photos of others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import pytest
import zxingcpp

from edge.vision.cascade import Cascade
from edge.vision.command import decode, gray_file

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "qr"
HANDED, NEGATIVES = DATA / "handed", DATA / "negatives"

present = pytest.mark.skipif(not DATA.is_dir(), reason="the photos (../shared/data/qr) are not on this machine")


def ours(file: Path) -> set[str]:
    return {code.text for code in decode(Cascade({"qrcode"}), str(file)).codes}


def zxing_alone(file: Path) -> set[str]:
    found = zxingcpp.read_barcodes(gray_file(file), formats=zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]))
    return {code.text for code in found}


def zbar_alone(file: Path) -> set[str]:
    from pyzbar import pyzbar

    found = pyzbar.decode(gray_file(file), symbols=[pyzbar.ZBarSymbol.QRCODE])
    return {code.data.decode("utf-8", "replace") for code in found}


READERS: Mapping[str, Callable[[Path], set[str]]] = {"ours": ours, "zxing": zxing_alone, "zbar": zbar_alone}


@cache
def truth() -> Mapping[str, frozenset[str]]:
    told = json.loads((HANDED / "truth.json").read_text(encoding="utf-8"))
    return {file: frozenset(texts) for file, texts in told.items()}


def finds(file: str) -> dict[str, bool]:
    """Which readers find all that a photo shows."""
    return {name: truth()[file] <= read(HANDED / file) for name, read in READERS.items()}


@pytest.fixture(scope="module")
def cores() -> Iterator[Executor]:
    """Two processes: these are hundreds of photos."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool


@present
def test_the_cascade_finds_at_least_what_the_better_reader_alone_finds_on_real_photos(cores: Executor) -> None:
    found = list(cores.map(finds, truth(), chunksize=10))
    counts = {name: sum(each[name] for each in found) for name in READERS}
    assert len(found) == len(truth()) > 0
    assert counts["ours"] >= max(counts["zxing"], counts["zbar"]) > 0, counts


@present
def test_no_qr_is_read_where_there_is_none(cores: Executor) -> None:
    photos = sorted(NEGATIVES.glob("*.png"))
    assert photos
    read = zip(photos, cores.map(ours, photos, chunksize=5), strict=True)
    assert {file.name: texts for file, texts in read if texts} == {}

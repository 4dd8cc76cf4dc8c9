"""The readers that run beside ours, as anybody would call them: a gray picture in, texts out, never an exception.

Each has the whole frame, QR codes alone, one thread, and its library's own defaults otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import zxingcpp

from edge.ports import Gray
from edge.vision.cascade import Cascade
from edge.vision.stream import Stream
from edge.vision.strong import strong

Texts = frozenset[str]
Read = Callable[[Gray], Texts]

OURS, PYZBAR, ZXING, OPENCV = "ours", "pyzbar alone", "zxing-cpp alone", "OpenCV"
TAPIRSCAN, WECHAT = "tapirscan alone", "WeChat"
PEERS = (PYZBAR, ZXING, OPENCV, TAPIRSCAN, WECHAT)
MODELS = "TENTOU_WECHAT_MODELS"
"""The environment variable with the folder of WeChat's models, four files as OpenCV's own page names them."""
MODEL_FILES = ("detect.prototxt", "detect.caffemodel", "sr.prototxt", "sr.caffemodel")


def our_stream() -> Read:
    """Ours as an eye has it: one camera's frames in their order; what it is given first is its history."""
    stream = Stream(("qrcode",))
    return lambda gray: frozenset(code.text for code in stream.look(gray))


def our_stills() -> Read:
    """Ours for pictures that have no next frame, as ``tentou decode`` has it."""
    cascade = Cascade(("qrcode",))
    return lambda gray: frozenset(code.text for code in cascade.decode(gray))


@cache
def peers(models: Path | None) -> Mapping[str, Read]:
    """The peers that are on this machine, by name and in the order of PEERS.

    tapirscan is an extra of ours and may not be installed; WeChat's reader comes only with the folder of its models.
    """
    always = {PYZBAR: _pyzbar(), ZXING: _zxing(), OPENCV: _opencv()}
    perhaps = {TAPIRSCAN: _tapirscan(), WECHAT: _wechat(models)}
    return {**always, **{name: read for name, read in perhaps.items() if read is not None}}


def models_folder(given: Path | None) -> Path | None:
    """The folder of WeChat's models: the one given, else the environment's."""
    named = os.environ.get(MODELS)
    return given or (Path(named) if named else None)


def _pyzbar() -> Read:
    from pyzbar import pyzbar

    def read(gray: Gray) -> Texts:
        try:
            found = pyzbar.decode(gray, symbols=[pyzbar.ZBarSymbol.QRCODE])
        except (pyzbar.PyZbarError, ValueError, TypeError):  # ValueError: one part of a structured append
            return frozenset()
        return frozenset(code.data.decode("utf-8", "replace") for code in found)

    return read


def _zxing() -> Read:
    """With the text as it stands in the symbol: by default control characters come back as words such as <SOH>."""
    formats, plain = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode]), zxingcpp.TextMode.Plain

    def read(gray: Gray) -> Texts:
        found = zxingcpp.read_barcodes(gray, formats=formats, text_mode=plain)
        return frozenset(code.text for code in found if code.text)

    return read


def _opencv() -> Read:
    detector = cv2.QRCodeDetectorAruco()

    def read(gray: Gray) -> Texts:
        try:
            _, texts, *_ = detector.detectAndDecodeMulti(gray)
        except (cv2.error, UnicodeDecodeError, SystemError):
            return frozenset()
        return frozenset(text for text in texts if text)

    return read


def _tapirscan() -> Read | None:
    """At medium effort, which is its default; None where it is not installed."""
    reader = strong("medium", {"qrcode"})
    return None if reader is None else lambda gray: frozenset(found.code.text for found in reader(gray))


def _wechat(models: Path | None) -> Read | None:
    """WeChat's reader, which is in the contrib build of OpenCV 4 alone and reads nothing without its models.

    OpenCV 5 has one that takes two files of another form.
    """
    module: Any = getattr(cv2, "wechat_qrcode", None)
    if (
        module is None
        or not cv2.__version__.startswith("4.")
        or models is None
        or not all((models / name).is_file() for name in MODEL_FILES)
    ):
        return None
    detector = module.WeChatQRCode(*(str(models / name) for name in MODEL_FILES))

    def read(gray: Gray) -> Texts:
        try:
            texts, _ = detector.detectAndDecode(gray)
        except (cv2.error, UnicodeDecodeError, SystemError):
            return frozenset()
        return frozenset(text for text in texts if text)

    return read

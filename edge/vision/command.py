"""``tentou decode``: the codes in still pictures, by the very cascade that the eyes use."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from edge.model import Code
from edge.ports import Gray
from edge.vision.cascade import Cascade
from edge.vision.symbology import ENGINES, SYMBOLOGIES


class NoPicture(Exception):
    """A file cannot be read as a picture."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What one file shows; ``ms`` is the time of decoding, without that of reading the file."""

    file: str
    codes: tuple[Code, ...]
    ms: float


def decode(cascade: Cascade, file: str) -> Decoded:
    """The codes of a picture, sought thoroughly; raises NoPicture."""
    gray = gray_file(Path(file))
    began = time.perf_counter()
    codes = cascade.decode(gray)
    return Decoded(file, codes, round(1000 * (time.perf_counter() - began), 2))


def gray_file(path: Path) -> Gray:
    """A picture file in gray, what is transparent in it on white; raises NoPicture."""
    try:
        encoded = np.fromfile(path, np.uint8)
        picture = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED) if encoded.size else None
    except (OSError, cv2.error) as error:
        reason = error.strerror if isinstance(error, OSError) else "damaged or too large"
        raise NoPicture(f"{path}: {reason}") from None
    if picture is None:
        raise NoPicture(f"{path}: no picture of a known kind")
    if picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 4:
        return _on_white(np.asarray(picture, np.uint8))
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)


def _on_white(picture: npt.NDArray[np.uint8]) -> Gray:
    share = picture[..., 3:].astype(np.float32) / 255
    flat = picture[..., :3] * share + 255 * (1 - share)
    return np.asarray(cv2.cvtColor(flat.round().astype(np.uint8), cv2.COLOR_BGR2GRAY), np.uint8)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``decode``."""
    parser = commands.add_parser("decode", help="read the codes in pictures, as the eyes do")
    parser.add_argument("image", nargs="+", help="a picture file")
    parser.add_argument("--json", action="store_true", help="print one JSON object a picture")
    parser.add_argument("--symbology", action="append", choices=SYMBOLOGIES, help="what to read (default: qrcode)")
    parser.add_argument("--engine", choices=ENGINES, default="zxing", help="the reader that comes first")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print what each picture shows; 1 if one of the files is no picture, 0 otherwise, codes or none."""
    cascade = Cascade(args.symbology or ("qrcode",), args.engine)
    return max(_show(cascade, file, args.json) for file in args.image)


def _show(cascade: Cascade, file: str, as_json: bool) -> int:
    try:
        decoded = decode(cascade, file)
    except NoPicture as error:
        if as_json:
            print(json.dumps({"file": file, "codes": [], "ms": 0.0, "error": str(error)}))
        else:
            print(error, file=sys.stderr)
        return 1
    print(json.dumps(asdict(decoded)) if as_json else _in_words(file, decoded.codes, decoded.ms))
    return 0


def _in_words(file: str, codes: Sequence[Code], ms: float) -> str:
    found = ", ".join(f"{code.symbology} {code.text!r}" for code in codes) or "no code"
    return f"{file}: {found} ({ms:.1f} ms)"

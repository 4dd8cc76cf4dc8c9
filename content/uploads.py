"""What staff upload: told apart by its first bytes, opened in a bounded process, kept only when it came out whole."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from content.files import Files

LARGEST = 60 << 20
"""The largest photo, in bytes; a 108-megapixel JPEG has about 40 MB."""
PATIENCE_S = 60.0

PROBLEMS: Mapping[str, Mapping[str, str]] = {
    "unknown": {
        "ja": "写真として読めないファイルです。JPEG・PNG・HEICなどの写真を選んでください",
        "en": "This is not a photo. Choose a JPEG, PNG, HEIC or similar",
    },
    "document": {
        "ja": "PDFや書類は、画像（PNGなど）として保存してから選んでください",
        "en": "Save documents such as PDF as a picture (PNG) first",
    },
    "drawing": {
        "ja": "SVGは受け付けていません。PNGとして保存してから選んでください",
        "en": "SVG files are not accepted. Save it as PNG first",
    },
    "video": {
        "ja": "動画はまだ受け付けていません。写真を選んでください",
        "en": "Videos are not taken yet. Choose a photo",
    },
    "large": {"ja": "ファイルが大きすぎます（写真は60MBまで）", "en": "The file is too large (photos: 60 MB)"},
    "pixels": {"ja": "画素数が多すぎます（1億2千万画素まで）", "en": "It has too many pixels (up to 120 megapixels)"},
    "tiny": {"ja": "写真が小さすぎます", "en": "The picture is too small"},
    "broken": {
        "ja": "ファイルが途中で切れているか壊れています。もう一度選んでください",
        "en": "The file is cut short or damaged. Choose it again",
    },
    "slow": {"ja": "変換に時間がかかりすぎました", "en": "It took too long to convert"},
    "empty": {"ja": "ファイルが選ばれていません", "en": "No file was chosen"},
}

_HEIF = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF = frozenset({b"avif", b"avis"})


class BadUpload(Exception):
    """An upload cannot be used; ``problem`` is a key of PROBLEMS."""

    def __init__(self, problem: str) -> None:
        super().__init__(PROBLEMS[problem]["en"])
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Ingested:
    """A file that lies whole in the library's folder; sizes in pixels."""

    sha256: str
    suffix: str
    kind: str
    width: int
    height: int


def sniff(head: bytes) -> str:
    """The Pillow format of a file by its first 64 bytes; raises BadUpload for what is no photo. Names and types lie."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:6] in {b"GIF87a", b"GIF89a"}:
        return "GIF"
    if head[:4] in {b"II*\x00", b"MM\x00*"}:
        return "TIFF"
    if head[4:8] == b"ftyp":
        return _boxed(head[8:12])
    raise BadUpload(_stranger(head))


def _boxed(brand: bytes) -> str:
    """What an ISO base media file is by its major brand; all but pictures are videos."""
    if brand in _HEIF:
        return "HEIF"
    if brand in _AVIF:
        return "AVIF"
    raise BadUpload("video")


def _stranger(head: bytes) -> str:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not head:
        return "empty"
    if head.startswith((b"%PDF", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "document"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return "video"
    return "drawing" if text.startswith((b"<svg", b"<?xml")) else "unknown"


@asynccontextmanager
async def arriving(files: Files) -> AsyncIterator[Path]:
    """A fresh path for an upload while it comes in; whatever is left there at the end is removed."""
    path = files.incoming() / secrets.token_hex(8)
    try:
        yield path
    finally:
        for left in (path, path.with_suffix(".out"), path.with_suffix(".out.thumb")):
            left.unlink(missing_ok=True)


async def ingest(files: Files, path: Path) -> Ingested:
    """Make an upload at ``path`` (in ``files.incoming()``) into a file of the library. Raises BadUpload."""
    form = await asyncio.to_thread(_checked, path)
    target = path.with_suffix(".out")
    said = await run(sys.executable, "-P", "-m", "content.ingest", str(path), str(target), form)
    if "problem" in said:
        raise BadUpload(str(said["problem"]))
    suffix = str(said["suffix"])
    sha256 = await asyncio.to_thread(files.keep, target, suffix, target.with_name(target.name + ".thumb"))
    return Ingested(sha256, suffix, "image", int(str(said["width"])), int(str(said["height"])))


def _checked(path: Path) -> str:
    with path.open("rb") as file:
        form = sniff(file.read(64))
    if path.stat().st_size > (LARGEST):
        raise BadUpload("large")
    return form


async def run(*command: str) -> dict[str, object]:
    """Run a converter and read its one line; one that crashed or was killed by its bounds left a broken file."""
    worker = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            out, _ = await worker.communicate()
    except TimeoutError as error:
        raise BadUpload("slow") from error
    finally:
        if worker.returncode is None:
            with suppress(ProcessLookupError):
                worker.kill()
            await worker.wait()
    try:
        return dict(json.loads(out))
    except ValueError as error:
        raise BadUpload("broken") from error

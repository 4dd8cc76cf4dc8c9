"""The worker that opens what staff upload, in a process of its own with bounds: ``python -m content.ingest IN OUT``.

It writes ``OUT`` (the picture, upright, in sRGB, without metadata) and ``OUT.thumb``, and prints one JSON line:
what it made, or the word of the problem (``content.uploads.PROBLEMS``). A decoder that crashes ends this process only.
"""

from __future__ import annotations

import io
import json
import os
import resource
import sys
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

MEMORY = 2 << 30
CPU_S = 40
LONGEST = 3840
THUMB = 480
MOST_PIXELS = 120_000_000
"""Phones make 108 megapixels; a bomb says it has thousands. Read from the header, before any pixel is decoded."""

_PHOTOS = frozenset({"JPEG", "MPO", "TIFF", "HEIF"})


class Bad(Exception):
    """The upload cannot be used; the text is a word of ``content.uploads.PROBLEMS``."""


def main(arguments: list[str]) -> int:
    """Bound this process, then convert; prints one JSON line and always returns 0 when it could say something."""
    source, target, form = Path(arguments[0]), Path(arguments[1]), arguments[2]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(19)
    try:
        answer: dict[str, object] = made(source, target, form)
    except Bad as error:
        answer = {"problem": str(error)}
    except (Image.DecompressionBombError, MemoryError):
        answer = {"problem": "pixels"}
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        answer = {"problem": "broken"}
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def made(source: Path, target: Path, form: str) -> dict[str, object]:
    """Convert ``source``, whose magic bytes said ``form``, and give suffix, width and height of what was made."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    if form == "HEIF":
        import pi_heif

        pi_heif.register_heif_opener(thumbnails=False)
    with Image.open(source, formats=[form]) as photo:
        if photo.width * photo.height > MOST_PIXELS:
            raise Bad("pixels")
        if min(photo.size) < 16:
            raise Bad("tiny")
        photographed = photo.format in _PHOTOS
        picture = _flat(photo)
    suffix = ".jpg" if photographed else ".webp"
    _save(picture, target, suffix)
    small = picture.copy()
    small.thumbnail((THUMB, THUMB))
    small.save(target.with_name(target.name + ".thumb"), "WEBP", quality=80)
    return {"suffix": suffix, "width": picture.width, "height": picture.height}


def _flat(photo: Image.Image) -> Image.Image:
    """The first picture in the file, small enough for a 4K screen, upright, RGB or RGBA, colours as sRGB."""
    photo.draft(None, (LONGEST, LONGEST))
    photo.load()
    profile = photo.info.get("icc_profile")
    upright = ImageOps.exif_transpose(photo)
    upright.thumbnail((LONGEST, LONGEST), reducing_gap=2.0)
    alpha = "A" in upright.getbands() or "transparency" in upright.info
    wanted = "RGBA" if alpha else "RGB"
    return _managed(upright, profile, wanted) if profile else _toned(upright).convert(wanted)


def _toned(picture: Image.Image) -> Image.Image:
    """16-bit greys scaled to 8; Pillow would clip them."""
    if picture.mode.startswith("I"):
        return picture.convert("I").point(lambda value: value / 256).convert("L")
    return picture


def _managed(picture: Image.Image, profile: bytes, wanted: str) -> Image.Image:
    """Colours by the file's own profile (phones: Display P3, print shops: CMYK); a bad profile is left unused."""
    if picture.mode not in {"RGB", "CMYK", "L"}:
        return _toned(picture).convert(wanted)
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return picture.convert(wanted)
    return (turned or picture).convert(wanted)


def _save(picture: Image.Image, target: Path, suffix: str) -> None:
    """Photos as JPEG (fast to decode on a small PC), drawings and what is see-through as WebP; no metadata at all."""
    picture.info.clear()
    if suffix == ".jpg":
        picture.convert("RGB").save(target, "JPEG", quality=86)
    else:
        picture.save(target, "WEBP", quality=88, method=2)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

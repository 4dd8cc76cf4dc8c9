"""What staff upload: photos come out upright and clean, everything else is refused in words and harms nothing."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from content.files import Files
from content.uploads import PROBLEMS, BadUpload, Ingested, arriving, ingest

ROTATED = 6
"""EXIF orientation: turn it by 90 degrees to the right to look at it."""


def encoded(picture: Image.Image, form: str, **how: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **how)
    return out.getvalue()


def phone_photo() -> bytes:
    """A landscape file that is to be looked at upright: its left half blue becomes the top; it tells where it was."""
    picture = Image.new("RGB", (400, 300), "red")
    picture.paste("blue", (0, 0, 200, 300))
    exif = Image.Exif()
    exif[0x0112] = ROTATED
    exif[0x010F] = "SecretPhone"
    exif.get_ifd(0x8825)[1] = "N"
    return encoded(picture, "JPEG", exif=exif, quality=95)


def png_bomb() -> bytes:
    """A PNG that says it has 2.5 billion pixels in a few hundred bytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


async def taken(files: Files, data: bytes) -> Ingested:
    async with arriving(files) as path:
        path.write_bytes(data)
        return await ingest(files, path)


def opened(files: Files, made: Ingested) -> Image.Image:
    with Image.open(files.path(made.sha256, made.suffix)) as picture:
        picture.load()
        return picture.copy()


async def test_a_phones_photo_comes_out_upright_and_says_nothing_of_the_phone(tmp_path: Path) -> None:
    files = Files(tmp_path)
    made = await taken(files, phone_photo())
    picture = opened(files, made)
    red, _, blue = picture.getpixel((150, 50))  # type: ignore[misc]
    assert (made.width, made.height, made.suffix) == (300, 400, ".jpg")
    assert picture.size == (300, 400)
    assert blue > red
    assert not picture.getexif()
    assert b"SecretPhone" not in files.path(made.sha256, ".jpg").read_bytes()
    assert files.thumb(made.sha256).exists()


async def test_an_iphones_heic_comes_out_upright_as_jpeg(tmp_path: Path) -> None:
    """``phone.heic`` is the same drawing, encoded once by libheif and x265 with an orientation of 6."""
    files = Files(tmp_path)
    made = await taken(files, (Path(__file__).parent / "phone.heic").read_bytes())
    red, _, blue = opened(files, made).getpixel((150, 50))  # type: ignore[misc]
    assert (made.width, made.height, made.suffix) == (300, 400, ".jpg")
    assert blue > red
    assert b"SecretPhone" not in files.path(made.sha256, ".jpg").read_bytes()


@pytest.mark.parametrize(
    ("form", "mode", "suffix"),
    [
        ("PNG", "RGB", ".webp"),
        ("PNG", "RGBA", ".webp"),
        ("PNG", "P", ".webp"),
        ("PNG", "I;16", ".webp"),
        ("WEBP", "RGB", ".webp"),
        ("GIF", "P", ".webp"),
        ("AVIF", "RGB", ".webp"),
        ("TIFF", "RGB", ".jpg"),
        ("JPEG", "L", ".jpg"),
        ("JPEG", "CMYK", ".jpg"),
    ],
)
async def test_every_kind_of_picture_becomes_one_that_a_screen_shows(
    tmp_path: Path, form: str, mode: str, suffix: str
) -> None:
    files = Files(tmp_path)
    made = await taken(files, encoded(Image.new(mode, (320, 200)), form))
    picture = opened(files, made)
    assert (made.suffix, picture.size) == (suffix, (320, 200))
    assert picture.mode == ("RGBA" if mode == "RGBA" else "RGB")


async def test_a_huge_photo_is_made_to_fit_a_4k_screen(tmp_path: Path) -> None:
    made = await taken(Files(tmp_path), encoded(Image.new("L", (8000, 6000), 128), "JPEG"))
    assert (made.width, made.height) == (3840, 2880)


async def test_a_wide_gamut_photo_is_turned_to_srgb(tmp_path: Path) -> None:
    """XYZ stands in for a phone's Display P3, which has no profile in Pillow: the profile is applied and left out."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    files = Files(tmp_path)
    made = await taken(files, encoded(Image.new("RGB", (64, 64), (200, 30, 40)), "JPEG", icc_profile=profile))
    picture = opened(files, made)
    assert "icc_profile" not in picture.info
    assert abs(picture.getpixel((5, 5))[0] - 200) < 6  # type: ignore[index]


def jpeg() -> bytes:
    return encoded(Image.effect_noise((400, 300), 80), "JPEG")


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "drawing"),
        (b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY x 'x'>]><svg/>", "drawing"),
        (b"<!doctype html><script>alert(1)</script>", "unknown"),
        (b"%PDF-1.7 ...", "document"),
        (b"PK\x03\x04word/document.xml", "document"),
        (b"\x00\x00\x00\x20ftypisom" + bytes(64), "video"),
        (b"GIF89a/*<script>alert(1)</script>*/=1", "broken"),
        (b"\xff\xd8\xff\xe0" + b"<html>" * 20, "broken"),
        (b"\x00\x00\x00\x20ftypheic" + bytes(200), "broken"),
        (png_bomb(), "pixels"),
        (jpeg()[:4000], "broken"),
        (encoded(Image.new("RGB", (4, 4)), "PNG"), "tiny"),
    ],
)
async def test_what_is_no_whole_photo_is_refused_and_leaves_nothing(tmp_path: Path, data: bytes, problem: str) -> None:
    files = Files(tmp_path)
    with pytest.raises(BadUpload) as refused:
        await taken(files, data)
    assert refused.value.problem == problem
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.promise("X-3")
async def test_a_page_hidden_in_a_photo_does_not_come_out(tmp_path: Path) -> None:
    files = Files(tmp_path)
    made = await taken(files, jpeg() + b"<script>alert(1)</script>")
    assert b"<script" not in files.path(made.sha256, made.suffix).read_bytes()


async def test_a_file_over_the_limit_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    files = Files(tmp_path)
    path = files.incoming() / "huge"
    path.write_bytes(b"\xff\xd8\xff")
    os.truncate(path, 61 << 20)
    with pytest.raises(BadUpload, match="too large"):
        await ingest(files, path)


def test_every_problem_is_worded_in_both_languages() -> None:
    assert all(set(texts) == {"ja", "en"} for texts in PROBLEMS.values())

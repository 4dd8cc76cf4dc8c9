"""A sample shop, put into an empty library once: catalogue, pictures, media, playlists, campaigns (README)."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from content import store
from content.catalogue import FILE as CATALOGUE
from content.catalogue import PICTURES
from content.files import TYPES, Files
from content.model import Campaign, Media, Playlist
from content.ports import Database
from content.records import BadRecord, dumped, read

FILE = "campaigns.json"
_FORMAT = "tentou-campaigns/1"
_THUMB = (480, 480)


async def sown(db: Database, files: Files, seed: Path, at: float) -> bool:
    """Load ``seed`` if the library has never been written to; True if it was. Raises BadRecord."""
    if await db.read(lambda connection: next(iter(store.things(connection)), None)) is not None:
        return False
    changes = await asyncio.to_thread(_kept, files, seed)
    await db.write(lambda connection: _write(connection, changes, at))
    return True


def _write(connection: sqlite3.Connection, changes: list[store.Change], at: float) -> None:
    store.perform(connection, at, "Tentou", "seed", "", changes)


def _kept(files: Files, seed: Path) -> list[store.Change]:
    """Copy the files, then give the entries that refer to them."""
    for source in sorted((seed / PICTURES).glob("*")) if (seed / PICTURES).is_dir() else ():
        (files.folder / PICTURES).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, files.folder / PICTURES / source.name)
    if (seed / CATALOGUE).exists() and not (files.folder / CATALOGUE).exists():
        shutil.copyfile(seed / CATALOGUE, files.folder / CATALOGUE)
    if not (seed / FILE).exists():
        return []
    raw = json.loads((seed / FILE).read_text(encoding="utf-8"))
    if raw.get("format") != _FORMAT:
        raise BadRecord(f"{FILE}: format is {raw.get('format')!r}; known: {_FORMAT!r}")
    return list(_entries(raw, files, seed))


def _entries(raw: Mapping[str, Any], files: Files, seed: Path) -> Iterator[store.Change]:
    for each in raw.get("media", ()):
        medium = _medium(each, files, seed)
        yield store.Change("media", medium.id, dumped(medium))
    for each in raw.get("playlists", ()):
        playlist = read(Playlist, each, f"{FILE}: playlist {each.get('id')!r}")
        yield store.Change("playlist", playlist.id, dumped(playlist))
    for each in raw.get("campaigns", ()):
        campaign = read(Campaign, each, f"{FILE}: campaign {each.get('id')!r}")
        yield store.Change("campaign", campaign.id, dumped(campaign))


def _medium(raw: Mapping[str, Any], files: Files, seed: Path) -> Media:
    """One entry of ``media``: the fields of Media with ``file`` instead of hash, suffix and, for photos, size."""
    entry = dict(raw)
    source = seed / "media" / str(entry.pop("file", ""))
    suffix = source.suffix.lower()
    if suffix not in TYPES or not source.is_file():
        raise BadRecord(f"{FILE}: media {raw.get('id')!r}: no such file: {source.name!r}")
    sha256 = files.copy(source)
    entry |= {"sha256": sha256, "suffix": suffix}
    entry.setdefault("kind", "video" if suffix == ".mp4" else "image")
    if suffix not in {".svg", ".mp4"}:
        entry["width"], entry["height"] = _small(source, files.thumb(sha256))
    return read(Media, entry, f"{FILE}: media {raw.get('id')!r}")


def _small(source: Path, thumb: Path) -> tuple[int, int]:
    """Write a photo's small picture; gives the photo's own width and height."""
    try:
        with Image.open(source) as photo:
            size = photo.size
            photo.draft("RGB", (960, 960))
            photo.thumbnail(_THUMB)
            thumb.parent.mkdir(parents=True, exist_ok=True)
            photo.convert("RGB").save(thumb, "WEBP", quality=80)
    except (UnidentifiedImageError, OSError) as error:
        raise BadRecord(f"{source.name}: not a picture: {error}") from error
    return size

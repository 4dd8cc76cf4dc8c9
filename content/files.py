"""The library's files and their routes: named by the SHA-256 of their bytes, whole or not there at all (C-1)."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from content.catalogue import PICTURES
from content.model import Media

TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".svg": "image/svg+xml",
    ".mp4": "video/mp4",
}
"""What may be served, by suffix; anything else is not found."""

_FOR_EVER = "public, max-age=31536000, immutable"
_DRAWING = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""A picture opened as a page of its own runs nothing."""


class Files:
    """A folder of files by hash, with a small picture of each beside it.

    ``unread`` are those of which the disk could not tell, at the last look, whether they are whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unread: set[Path] = set()
        self._whole: dict[Path, tuple[int, int]] = {}

    def path(self, sha256: str, suffix: str) -> Path:
        """Where a file lies, or would."""
        return self.folder / "files" / f"{sha256}{suffix}"

    def thumb(self, sha256: str) -> Path:
        """Where the small picture of a file lies, or would."""
        return self.folder / "thumbs" / f"{sha256}.webp"

    def incoming(self) -> Path:
        """The folder for what is not whole yet, on the same disk as the files."""
        made = self.folder / "incoming"
        made.mkdir(parents=True, exist_ok=True)
        return made

    def keep(self, source: Path, suffix: str, thumb: Path | None = None) -> str:
        """Move a finished file to its place and give its hash; what is there is on disk and whole."""
        sha256 = digest(source)
        if thumb is not None:
            _settle(thumb, self.thumb(sha256))
        _settle(source, self.path(sha256, suffix))
        return sha256

    def copy(self, source: Path) -> str:
        """Keep a copy of a file of ours; gives its hash."""
        draft = self.incoming() / f"{source.name}.{os.getpid()}"
        shutil.copyfile(source, draft)
        return self.keep(draft, source.suffix.lower())

    def whole(self, medium: Media) -> bool:
        """True when a medium's file is there with the very bytes that its hash promises; read again only if touched.

        A file that the disk cannot read is not whole.
        """
        path = self.path(medium.sha256, medium.suffix)
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if self._whole.get(path) == stamp:
                return True
            if digest(path) != medium.sha256:
                return False
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            self.unread.add(path)
            return False
        self._whole[path] = stamp
        return True


def digest(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _settle(source: Path, place: Path) -> None:
    """Sync a file, then rename it into its place, then sync the folder: a power cut leaves all of it or nothing."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb+") as file:
        os.fsync(file.fileno())
    source.replace(place)
    folder = os.open(place.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def media_routes(files: Files) -> Iterable[web.AbstractRouteDef]:
    """Routes for media, their small pictures and the products' pictures; open to all, as screens fetch them."""

    async def medium(request: web.Request) -> web.StreamResponse:
        suffix = request.match_info["suffix"]
        return _sent(files.path(request.match_info["sha"], suffix), suffix, _FOR_EVER)

    async def thumb(request: web.Request) -> web.StreamResponse:
        return _sent(files.thumb(request.match_info["sha"]), ".webp", _FOR_EVER)

    async def product(request: web.Request) -> web.StreamResponse:
        path = files.folder / PICTURES / request.match_info["file"]
        # What a browser keeps would tell later whose favourites were shown (promise S-2).
        return _sent(path, path.suffix.lower(), "no-store")

    return (
        web.get(r"/media/{sha:[0-9a-f]{64}}{suffix:\.[a-z0-9]{2,4}}", medium),
        web.get(r"/media/thumbs/{sha:[0-9a-f]{64}}.webp", thumb),
        web.get(r"/media/products/{file:[A-Za-z0-9][A-Za-z0-9._-]{0,127}}", product),
    )


def _sent(path: Path, suffix: str, cache: str) -> web.StreamResponse:
    if suffix not in TYPES or not path.is_file():
        raise web.HTTPNotFound
    headers = {"Content-Type": TYPES[suffix], "Cache-Control": cache, "X-Content-Type-Options": "nosniff"}
    if suffix == ".svg":
        headers["Content-Security-Policy"] = _DRAWING
    return web.FileResponse(path, headers=headers)

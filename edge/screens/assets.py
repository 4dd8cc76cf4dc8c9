"""The files that a screen's browser needs, read once, under addresses that change with their content."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from content.model import LoopItem
from edge.model import Loop

DEFAULT_ART = (
    ("art/default-welcome.svg", "default-welcome", "いらっしゃいませ"),
    ("art/default-member.svg", "default-member", "会員証をかざすと、あなたに合うおすすめ"),
    ("art/default-stock.svg", "default-stock", "ここにあるか、すぐわかる"),
)
DEFAULT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes and its media type."""

    body: bytes
    content_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Assets:
    """All static files by path below ``static``; ``version`` changes when any of them or a template changes."""

    files: Mapping[str, Asset]
    version: str
    folder: Path

    def url(self, path: str) -> str:
        """The address of a static file, good for ever; raises KeyError for a file that does not exist."""
        assert path in self.files, path
        return f"/static/{self.version}/{path}"


def _kiosk_ui() -> Path:
    """Where the package of templates and static files lies; it is data, so it is found and not imported."""
    found = find_spec("kiosk_ui")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


def read_assets(folder: Path | None = None) -> Assets:
    """Read the static files of ``kiosk_ui`` (or another folder of its shape) into memory: some 200 kB."""
    root = folder or _kiosk_ui()
    static = root / "static"
    files = {str(path.relative_to(static).as_posix()): _asset(path) for path in _below(static)}
    digest = hashlib.sha256()
    for path in (*_below(static), *_below(root / "templates"), *_below(root / "locales")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return Assets(files, digest.hexdigest()[:12], root)


def default_loop(assets: Assets) -> Loop:
    """What a screen plays before any content was published: pictures of our own, so that it is never blank."""
    items = tuple(
        LoopItem(assets.url(path), "image", DEFAULT_SECONDS, content, assets.files[path].sha256, title=title)
        for path, content, title in DEFAULT_ART
    )
    return Loop(f"default-{assets.version}", items)


def _below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    kind = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0]
    return Asset(body, kind or "application/octet-stream", hashlib.sha256(body).hexdigest())

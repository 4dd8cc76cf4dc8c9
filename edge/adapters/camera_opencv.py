"""A camera by OpenCV: USB by number or path, an RTSP stream, or a video file at its own rate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlsplit

from pydantic import Field, field_validator

from edge import config
from edge.ports import Camera
from edge.vision import address
from edge.vision.film import film, stream
from edge.vision.grabber import Grabber
from edge.vision.passwords import password
from edge.vision.v4l import Device, Wish

LIVE = True
SILENT = ("the camera gives no picture", "Look at its cable; if it stays so, unplug it and plug it in again.")


class Settings(config.Settings):
    """``source`` is a number, a device (``/dev/v4l/by-id/…``), an ``rtsp://`` address or a video file.

    ``width``, ``height`` and ``fps`` are asked of a USB camera, which may give others. ``raw`` takes its pictures as
    they come and makes gray of them alone, for a third of the time. ``mains_hz`` keeps its exposure at whole flickers
    of the lamps: ``exposure_ms`` rounded to them or, without, what the picture asks for; ``focus`` is fixed at a value
    of its own scale. ``loop`` starts a file again. ``user`` and ``password_file`` are for a stream.
    """

    source: int | str = 0
    width: int = Field(1280, ge=160, le=4096)
    height: int = Field(720, ge=120, le=4096)
    fps: float = Field(30.0, gt=0, le=120)
    loop: bool = True
    raw: bool = True
    mains_hz: Literal[0, 50, 60] = 0
    exposure_ms: float | None = Field(None, gt=0, le=1000)
    focus: int | None = Field(None, ge=0, le=1023)
    user: str = ""
    password_file: Path | None = None

    @field_validator("source")
    @classmethod
    def _plain(cls, source: int | str) -> int | str:
        if isinstance(source, str) and "://" in source:
            return address.checked(source, ("rtsp", "rtsps"))
        return source


@dataclass(frozen=True, slots=True)
class Source:
    """What a setting means: kind is device, stream or file; ``name`` may be shown, ``target`` may hold a password."""

    kind: str
    name: str
    target: str


def source(setting: int | str, where: Path) -> Source:
    """The kind of a source, and a name for it without what must not be seen."""
    text = str(setting)
    if text.isdigit():
        return Source("device", f"/dev/video{text}", f"/dev/video{text}")
    if text.startswith("/dev/"):
        return Source("device", text, text)
    if "://" in text:
        return Source("stream", urlsplit(text).hostname or "stream", text)
    return Source("file", Path(text).name, str(where / text))


def network(settings: Settings) -> bool:
    """The eye of a stream's address is let out to it; that of a device or a file is not."""
    return "://" in str(settings.source)


@contextmanager
def open(settings: Settings, where: Path) -> Iterator[Camera]:
    """The camera; opening it happens in its thread, so a device that is away shows at the first read."""
    grabber = _grabber(source(settings.source, where), settings, where)
    try:
        yield grabber
    finally:
        grabber.close()


def _grabber(source: Source, settings: Settings, where: Path) -> Grabber:
    if source.kind == "stream":
        return Grabber(partial(stream, source.name, with_password(source.target, settings, where)))
    if source.kind == "file":
        return Grabber(partial(film, Path(source.target), settings.loop))
    asked = settings.model_dump(include={"width", "height", "fps", "raw", "mains_hz", "exposure_ms", "focus"})
    device = Device(Path(source.target), Wish(**asked))
    return Grabber(device.pictures, lambda: device.note)


def with_password(target: str, settings: Settings, where: Path) -> str:
    """The target as FFmpeg takes it, with the user and the password of the settings; raises SourceGone."""
    if not settings.user:
        return target
    secret = password(settings.password_file, where)
    scheme, _, rest = target.partition("://")
    return f"{scheme}://{quote(settings.user, safe='')}:{quote(secret, safe='')}@{rest}"

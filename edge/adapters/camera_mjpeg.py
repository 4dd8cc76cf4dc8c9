"""A network camera that serves motion JPEG over HTTP: its pictures are taken as they are and decoded to gray alone."""

from __future__ import annotations

import secrets
import ssl
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from edge import config
from edge.ports import Camera, SourceGone
from edge.vision import address
from edge.vision.challenge import authorization
from edge.vision.grabber import Grabber, Undeveloped
from edge.vision.multipart import Ended, NoStream, boundary, parts
from edge.vision.passwords import password
from edge.vision.pixels import gray_jpeg

LIVE = True
SILENT = ("the camera sends no picture", "Look at the camera's power and network cable.")
PIECE = 64 << 10


class Settings(config.Settings):
    """``url`` is the camera's MJPEG address, without a password: ``user`` and ``password_file`` are for it.

    ``ca_file`` holds the certificate of a camera that has one of its own. No redirect is followed.
    """

    url: str
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    timeout_s: float = Field(5.0, gt=0, le=60)

    @field_validator("url")
    @classmethod
    def _plain(cls, url: str) -> str:
        return address.checked(url, ("http", "https"))


def network(settings: Settings) -> bool:
    """The eye is let out to its camera."""
    return True


@contextmanager
def open(settings: Settings, where: Path) -> Iterator[Camera]:
    """The camera; connecting to it happens in its thread, so one that is away shows at the first read."""
    grabber = Grabber(partial(_pictures, settings, where))
    try:
        yield grabber
    finally:
        grabber.close()


def _pictures(settings: Settings, where: Path, stop: threading.Event) -> Generator[Undeveloped, None, None]:
    name = urlsplit(settings.url).hostname
    try:
        with closing(_answer(settings, where)) as answer:
            for part in parts(partial(answer.read1, PIECE), boundary(answer.headers.get("Content-Type", ""))):
                if stop.is_set():
                    return
                yield partial(gray_jpeg, part)
    except NoStream as error:
        raise SourceGone(f"{name} gives no MJPEG stream: {error}", "Correct the camera's setting 'url'.") from None
    except (OSError, HTTPException, Ended, ValueError):
        raise SourceGone(f"the stream of {name} is away", SILENT[1]) from None


def _connection(settings: Settings, where: Path) -> HTTPConnection:
    """A connection to the camera itself: no proxy, and no redirect ever follows from it."""
    url = urlsplit(settings.url)
    assert url.hostname is not None
    if url.scheme == "http":
        return HTTPConnection(url.hostname, url.port, timeout=settings.timeout_s)
    trusted = None if settings.ca_file is None else str(where / settings.ca_file)
    context = ssl.create_default_context(cafile=trusted)
    return HTTPSConnection(url.hostname, url.port, timeout=settings.timeout_s, context=context)


def _answer(settings: Settings, where: Path) -> HTTPResponse:
    """The camera's answer, once it has been told who asks; raises SourceGone if it is another than the stream."""
    url = urlsplit(settings.url)
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    secret = password(settings.password_file, where)
    answer = _asked(_connection(settings, where), path, {})
    if answer.status == 401 and settings.user:
        asked = answer.headers.get_all("WWW-Authenticate", [])
        said = authorization(asked, path, settings.user, secret, secrets.token_hex(8))
        answer.close()
        answer = _asked(_connection(settings, where), path, {"Authorization": said} if said else {})
    if answer.status != 200:
        answer.close()
        raise SourceGone(f"{url.hostname} answers {answer.status}", _advice(answer.status))
    return answer


def _asked(connection: HTTPConnection, path: str, headers: dict[str, str]) -> HTTPResponse:
    """The answer alone, which then holds the connection and closes it."""
    try:
        connection.request("GET", path, headers={**headers, "Connection": "close"})
        return connection.getresponse()
    except (OSError, HTTPException):
        connection.close()
        raise


def _advice(status: int) -> str:
    if status in (401, 403):
        return "Correct the camera's settings 'user' and 'password_file'."
    if 300 <= status < 400:
        return "Set 'url' to the final address; redirects are not followed."
    return "Correct the camera's setting 'url'."

"""A motion JPEG camera on a real local server: its pictures, its manners, its password, and its cable."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.adapters import camera_mjpeg
from edge.config import BadConfig, checked
from edge.health import Health, State
from edge.ports import Camera, SourceGone
from edge.vision.multipart import LONGEST_PART, Ended, NoStream, boundary, parts
from tests.vision.conftest import Draw, Open
from tests.vision.waiting import next_text, part, until

MIXED = "multipart/x-mixed-replace; boundary=frame"
Serve = Callable[[BaseHTTPRequestHandler], None]


def jpeg(level: int) -> bytes:
    return cv2.imencode(".jpg", np.full((120, 160), level, np.uint8))[1].tobytes()


def framed(picture: bytes, mark: bytes = b"--frame", header: bytes | None = None) -> bytes:
    own = b"Content-Type: image/jpeg\r\nContent-Length: %d\r\n" % len(picture) if header is None else header
    return mark + b"\r\n" + own + b"\r\n" + picture + b"\r\n"


class Station:
    """The camera's web server; each request is answered by ``serve``."""

    def __init__(self, serve: Serve, port: int = 0) -> None:
        self.over = threading.Event()
        station = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.over = station.over
                with suppress(OSError):
                    serve(self)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *_: Any) -> None:
                """A camera that is switched off in mid-sentence."""

        self._server = Server(("127.0.0.1", port), Answer)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/video"

    def stop(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def served(serve: Serve) -> Iterator[str]:
    station = Station(serve)
    try:
        yield station.url
    finally:
        station.stop()


def started(answer: BaseHTTPRequestHandler, kind: str = MIXED, status: int = 200, **headers: str) -> None:
    answer.send_response(status)
    for name, value in {"Content-Type": kind, **headers}.items():
        answer.send_header(name, value)
    answer.end_headers()


def endless(picture: bytes, pause: float = 0.02) -> Serve:
    def serve(answer: BaseHTTPRequestHandler) -> None:
        started(answer)
        while not answer.over.wait(pause):  # type: ignore[attr-defined]
            answer.wfile.write(framed(picture))

    return serve


def sending(*pieces: bytes, kind: str = MIXED) -> Serve:
    """Send these and then nothing, without hanging up."""

    def serve(answer: BaseHTTPRequestHandler) -> None:
        started(answer, kind)
        for piece in pieces:
            answer.wfile.write(piece)
        answer.over.wait(20)  # type: ignore[attr-defined]

    return serve


@contextmanager
def opened(url: str, where: Path, **more: Any) -> Iterator[Camera]:
    settings = checked(camera_mjpeg.Settings, {"url": url, "timeout_s": 5.0, **more}, "camera c1")
    with camera_mjpeg.open(settings, where) as camera:
        yield camera


def level(camera: Camera) -> int:
    frame = camera.read(10.0)
    assert frame is not None
    return round(float(frame.gray.mean()))


def whole(data: bytes, mark: bytes = b"--frame", size: int = 1 << 16) -> list[bytes]:
    """The pictures in these bytes, which come in pieces of a size."""
    pieces = iter([data[at : at + size] for at in range(0, len(data), size)])
    found: list[bytes] = []
    with suppress(Ended):
        for picture in parts(lambda: next(pieces, b""), mark):
            found.append(picture)
    return found


def test_the_newest_picture_of_the_stream_is_the_frame(tmp_path: Path) -> None:
    with served(endless(jpeg(77))) as url, opened(url, tmp_path) as camera:
        first, second = camera.read(10.0), camera.read(10.0)
    assert first is not None
    assert second is not None
    assert second.number > first.number
    assert first.gray.shape == (120, 160)
    assert abs(int(first.gray.mean()) - 77) <= 1


@pytest.mark.parametrize("size", [1, 7, 1 << 16])
@pytest.mark.parametrize(
    "data",
    [
        framed(b"one") + framed(b"two") + b"--frame--\r\n",
        framed(b"one", header=b"content-length:3\r\n") + framed(b"two", header=b"X: y\r\nCONTENT-LENGTH : 3\r\n"),
        framed(b"one").replace(b"\r\n", b"\n") + framed(b"two").replace(b"\r\n", b"\n"),
        b"\r\nsome words before\r\n" + framed(b"one") + b"\r\n\r\n" + framed(b"two"),
    ],
)
def test_pictures_come_whole_however_the_bytes_are_cut(data: bytes, size: int) -> None:
    assert whole(data, size=size) == [b"one", b"two"]


def test_a_picture_of_known_length_needs_no_next_one_to_be_whole() -> None:
    pieces = iter([framed(b"one")[:-2]])
    assert next(parts(lambda: next(pieces), b"--frame")) == b"one"


@pytest.mark.parametrize("mark", [b"--frame", b"----frame"])
def test_without_a_length_a_picture_ends_at_the_next_boundary(mark: bytes) -> None:
    picture = jpeg(77)
    found = whole(framed(picture, mark, b"Content-Type: image/jpeg\r\n") * 3)
    assert len(found) == 2
    assert all(one.startswith(picture) for one in found)


@pytest.mark.parametrize(
    ("kind", "mark"),
    [
        (MIXED, b"--frame"),
        ('multipart/x-mixed-replace;boundary="frame"', b"--frame"),
        ("multipart/x-mixed-replace; boundary=--frame", b"--frame"),
        ("Multipart/X-Mixed-Replace; charset=utf-8; boundary=a.b-c", b"--a.b-c"),
    ],
)
def test_the_boundary_is_found_in_whatever_way_it_is_told(kind: str, mark: bytes) -> None:
    assert boundary(kind) == mark


ENDLESS_HEADER = b"--frame\r\n" + b"X-More: 1\r\n" * 100_000
ENDLESS_LINE = b"--frame\r\nX: " + b"y" * 1_000_000
OVERSIZE = framed(b"", header=b"Content-Length: %d\r\n" % (LONGEST_PART + 1))
NEGATIVE = framed(b"", header=b"Content-Length: -1\r\n")
NO_END = framed(b"\0" * (LONGEST_PART + 100_000), header=b"")
RUBBISH = b"\xff\0rubbish" * 20_000


@pytest.mark.promise("X-3")
@pytest.mark.parametrize("data", [ENDLESS_HEADER, ENDLESS_LINE, OVERSIZE, NEGATIVE, NO_END, RUBBISH])
def test_a_stream_that_cannot_be_is_given_up_within_bounds(data: bytes) -> None:
    with pytest.raises(NoStream):
        whole(data)


@pytest.mark.promise("X-3")
@given(st.lists(st.sampled_from([b"--frame", b"\r\n", b"Content-Length: 3", b":", b"--", b"\xff\xd8"]) | st.binary()))
def test_whatever_comes_is_a_stream_or_none(pieces: list[bytes]) -> None:
    with suppress(NoStream):
        assert all(isinstance(picture, bytes) for picture in whole(b"".join(pieces), size=5))


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    ("serve", "words"),
    [
        (sending(ENDLESS_HEADER), "no end within"),
        (sending(OVERSIZE), "impossible length"),
        (sending(RUBBISH), "no end within"),
        (sending(jpeg(77), kind="image/jpeg"), "it gives image/jpeg"),
        (sending(b"<html>", kind="text/html"), "it gives text/html"),
        (sending(b"", kind="multipart/x-mixed-replace"), "it gives multipart"),
    ],
)
def test_what_is_no_stream_is_named_with_what_to_do(serve: Serve, words: str, tmp_path: Path) -> None:
    with served(serve) as url, opened(url, tmp_path) as camera, pytest.raises(SourceGone) as gone:
        camera.read(10.0)
    assert words in gone.value.args[0]
    assert "'url'" in gone.value.args[1]


def test_a_broken_picture_has_no_pixels_and_the_next_one_has(tmp_path: Path) -> None:
    go_on = threading.Event()

    def serve(answer: BaseHTTPRequestHandler) -> None:
        started(answer)
        answer.wfile.write(framed(b"\xff\xd8 broken"))
        go_on.wait(20)
        endless(jpeg(77))(answer)

    with served(serve) as url, opened(url, tmp_path) as camera:
        broken = camera.read(10.0)
        go_on.set()
        assert broken is not None
        assert broken.gray.size == 0
        assert abs(level(camera) - 77) <= 1


@pytest.mark.promise("V-5")
@pytest.mark.parametrize("serve", [sending(framed(jpeg(77))), sending(framed(jpeg(77))[:400]), sending(b"")])
def test_a_stream_that_stands_still_is_gone(serve: Serve, tmp_path: Path) -> None:
    with (
        served(serve) as url,
        opened(url, tmp_path, timeout_s=0.3) as camera,
        pytest.raises(SourceGone, match="the stream of 127.0.0.1 is away"),
    ):
        list(iter(partial(camera.read, 10.0), None))


def hashed(name: str, text: str) -> str:
    return hashlib.new(name.replace("-", "").lower(), text.encode()).hexdigest()


def asks_basic(answer: BaseHTTPRequestHandler) -> None:
    if answer.headers.get("Authorization") == "Basic " + base64.b64encode(b"root:p:ss").decode():
        endless(jpeg(77))(answer)
    else:
        started(answer, "text/plain", 401, **{"WWW-Authenticate": 'Basic realm="camera"', "Content-Length": "0"})


def asks_digest(answer: BaseHTTPRequestHandler, name: str = "MD5", qop: str = ', qop="auth"') -> None:
    said = dict(re.findall(r'(\w+)="?([^",]*)"?', answer.headers.get("Authorization", "")))
    own = [said.get("nc", ""), said.get("cnonce", ""), "auth"] if qop else []
    who, what = hashed(name, "root:camera:p:ss"), hashed(name, "GET:/video")
    if said.get("response") == hashed(name, ":".join([who, "abc", *own, what])):
        endless(jpeg(77))(answer)
    else:
        challenge = f'Digest realm="camera", nonce="abc"{qop}, algorithm={name}'
        started(answer, "text/plain", 401, **{"WWW-Authenticate": challenge, "Content-Length": "0"})


ASKING = [
    asks_basic,
    asks_digest,
    partial(asks_digest, qop=""),
    partial(asks_digest, name="SHA-256", qop=', qop="auth,auth-int"'),
]


@pytest.mark.parametrize("serve", ASKING)
def test_a_camera_with_a_password_is_given_it(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "door.pass").write_text("p:ss\n")
    with served(serve) as url, opened(url, tmp_path, user="root", password_file="door.pass") as camera:
        assert abs(level(camera) - 77) <= 1


@pytest.mark.parametrize("serve", [asks_basic, asks_digest])
@pytest.mark.parametrize("user", ["", "root"])
def test_a_wrong_password_is_named_and_not_told(serve: Serve, user: str, tmp_path: Path) -> None:
    (tmp_path / "door.pass").write_text("hunter2")
    with (
        served(serve) as url,
        opened(url, tmp_path, user=user, password_file="door.pass") as camera,
        pytest.raises(SourceGone) as gone,
    ):
        camera.read(10.0)
    assert gone.value.args == ("127.0.0.1 answers 401", "Correct the camera's settings 'user' and 'password_file'.")


def test_a_password_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with (
        opened("http://127.0.0.1:9/", tmp_path, user="root", password_file="none.pass") as camera,
        pytest.raises(SourceGone, match="none.pass cannot be read"),
    ):
        camera.read(10.0)


def test_no_redirect_is_followed(tmp_path: Path) -> None:
    asked: list[str] = []

    def serve(answer: BaseHTTPRequestHandler) -> None:
        asked.append(answer.path)
        started(answer, "text/plain", 302, Location="/elsewhere", **{"Content-Length": "0"})

    with served(serve) as url, opened(url, tmp_path) as camera, pytest.raises(SourceGone, match="answers 302"):
        camera.read(10.0)
    assert asked == ["/video"]


@pytest.mark.parametrize(
    ("url", "words"),
    [("ftp://camera/video", "must be http"), ("video", "must be http"), ("http://a:b@camera/", "a secret does not")],
)
def test_an_address_that_cannot_be_is_refused(url: str, words: str) -> None:
    with pytest.raises(BadConfig, match=words):
        checked(camera_mjpeg.Settings, {"url": url}, "camera c1")


@pytest.mark.promise("V-5")
async def test_an_eye_reads_a_network_camera_and_again_after_its_loss(opened: Open, symbol: Draw, scene: Draw) -> None:
    picture = cv2.imencode(".jpg", scene(symbol("MC1:SEEN FROM AFAR")))[1].tobytes()
    station, health = Station(endless(picture)), Health()
    async with opened("mjpeg", health, url=station.url) as eye:
        assert await next_text(eye) == "MC1:SEEN FROM AFAR"
        station.stop()
        await until(lambda: part(health).state is State.DOWN)
        assert part(health).detail == "the stream of 127.0.0.1 is away"
        back = Station(endless(picture), station.port)
        await until(lambda: part(health).state is State.UP)
        back.stop()

"""A network camera in small: RTSP over TCP with JPEG pictures in RTP (RFC 2326 and 2435), enough for FFmpeg."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress

PERIOD_S = 0.05
PIECE = 1400
SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=door\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:track1\r\n"
EXTRA = {
    "OPTIONS": "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n",
    "DESCRIBE": f"Content-Type: application/sdp\r\nContent-Length: {len(SDP)}\r\n",
    "SETUP": "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n",
    "PLAY": "Session: 1\r\n",
}


class NetworkCamera:
    """Shows one colour JPEG to whoever asks; ``mute`` leaves everybody connected and sends nothing more."""

    def __init__(self, jpeg: bytes, port: int = 0) -> None:
        self._jpeg, self._open = jpeg, True
        self.mute = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", port), reuse_port=True)
        self.port = self._listener.getsockname()[1]
        self._guests: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._welcome, daemon=True)]
        self._threads[0].start()

    def unplug(self) -> None:
        self._open = False
        for one in (self._listener, *self._guests):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join()

    def _welcome(self) -> None:
        while self._open:
            with suppress(OSError):
                guest, _ = self._listener.accept()
                self._guests.append(guest)
                self._threads.append(threading.Thread(target=self._serve, args=(guest,), daemon=True))
                self._threads[-1].start()

    def _serve(self, guest: socket.socket) -> None:
        asked = b""
        with suppress(OSError):
            while part := guest.recv(4096):
                *whole, asked = (asked + part).split(b"\r\n\r\n")
                for request in whole:
                    method = request.split(b" ", 1)[0].decode()
                    number = next(line for line in request.decode().split("\r\n") if line.lower().startswith("cseq"))
                    body = SDP if method == "DESCRIBE" else ""
                    guest.sendall(f"RTSP/1.0 200 OK\r\n{number}\r\n{EXTRA.get(method, '')}\r\n{body}".encode())
                    if method == "PLAY":
                        self._play(guest)

    def _play(self, guest: socket.socket) -> None:
        packet = 0
        for frame in range(1 << 20):
            while self.mute.wait(0) and self._open:
                threading.Event().wait(PERIOD_S)
            for last, payload in payloads(self._jpeg):
                header = struct.pack(
                    ">BBHII", 0x80, 26 | last << 7, packet & 0xFFFF, round(frame * PERIOD_S * 90_000), 7
                )
                guest.sendall(struct.pack(">cBH", b"$", 0, len(header + payload)) + header + payload)
                packet += 1
            threading.Event().wait(PERIOD_S)


def payloads(jpeg: bytes) -> Iterator[tuple[bool, bytes]]:
    """The JPEG (baseline, 4:2:0, the usual Huffman tables) as RTP payloads, and whether each is the picture's last."""
    tables, at = b"", 2
    while jpeg[at + 1] != 0xDA:
        length = int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if jpeg[at + 1] == 0xDB:
            tables += b"".join(jpeg[start + 1 : start + 65] for start in range(at + 4, at + 2 + length, 65))
        if jpeg[at + 1] == 0xC0:
            height, width = struct.unpack(">HH", jpeg[at + 5 : at + 9])
        at += 2 + length
    scan = jpeg[at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big") : -2]
    for start in range(0, len(scan), PIECE):
        header = struct.pack(">B3sBBBB", 0, start.to_bytes(3, "big"), 1, 255, width // 8, height // 8)
        header += struct.pack(">BBH", 0, 0, len(tables)) + tables if start == 0 else b""
        yield start + PIECE >= len(scan), header + scan[start : start + PIECE]

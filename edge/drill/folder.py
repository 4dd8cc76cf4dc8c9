"""The folder of a drill: a chain of one store with kiosks and hand scanners, and its head office."""

from __future__ import annotations

import secrets
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provisioning import chain, keys, toml
from provisioning.files import SECRET, write

HOST = "127.0.0.1"
STORE, EDGE = "s001", "drill"
SCANNERS = ("hand-1", "hand-2", "hand-3")
DISK = "disk"
"""The store's disk in a drill's folder."""
BALLAST_MB = 1


@dataclass(frozen=True, slots=True)
class Folder:
    """Where a drill's files lie. ``issuer`` signs members' codes; a store on a shop floor never has it."""

    home: Path
    issuer: Ed25519PrivateKey

    @property
    def store(self) -> Path:
        """The store's settings, and its scanners' devices."""
        return self.home / "store"

    @property
    def data(self) -> Path:
        """The store's disk."""
        return self.home / DISK

    @property
    def hub(self) -> Path:
        """Head office's settings."""
        return self.home / "hub"

    @property
    def sink(self) -> Path:
        """Head office's database."""
        return self.hub / "data" / "contacts.sqlite"

    def log(self, name: str) -> Path:
        """What a process says."""
        return self.home / f"{name}.log"


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def made(home: Path, store_port: int, hub_port: int, upstream: Mapping[str, Any]) -> Folder:
    """Write the folder; the store dials ``store_port`` and the hub ``hub_port``, both with ``upstream`` besides."""
    rule = {"name": "card", "symbologies": ["qrcode"], "pattern": r"29(?P<member>\d{10})\d", "check": "ean13"}
    chain.init(home / "chain", "drill", now_s=time.time(), settings={"member_code": {"static": [rule]}})
    chain.add_store(home / "chain", STORE)
    screens = [chain.screen(f"{name}-kiosk:kiosk") for name in SCANNERS]
    chain.add_device(home / "chain", EDGE, store=STORE, screens=screens)
    folder = Folder(home, keys.load(chain.issuer(home / "chain")))
    chain.write_config(home / "chain", STORE, EDGE, folder.store, _machine(folder, _dial(store_port, upstream)))
    write(folder.store / "ref.key", secrets.token_bytes(32), SECRET)
    write(folder.hub / "hub.toml", toml.dumps(_hub(_dial(hub_port, upstream)), "Head office of a drill."))
    folder.data.mkdir(exist_ok=True)
    return folder


def _dial(port: int, upstream: Mapping[str, Any]) -> dict[str, Any]:
    return {"adapter": "mqtt", "settings": {"host": HOST, "port": port, "keepalive": 5, "timeout": 2.0, **upstream}}


def _machine(folder: Folder, upstream: dict[str, Any]) -> dict[str, Any]:
    """What makes the store one of a drill: its disk, any free port, scanners on pseudo-terminals, a drain unbounded."""
    return {
        "device": {"clock": "trusted", "data": str(folder.data)},
        "web": {"host": HOST, "port": 0},
        "member_code": {"ref_key": "ref.key"},
        "outbox": {"ballast_mb": BALLAST_MB, "drain": 0},
        "upstream": upstream,
        "scanner": [
            {
                "id": name,
                "screen": f"{name}-kiosk",
                "adapter": "serial",
                "symbology": "qrcode",
                "settings": {"device": name},
            }
            for name in SCANNERS
        ],
    }


def _hub(upstream: dict[str, Any]) -> dict[str, Any]:
    return {"hub": {"id": "hub"}, "web": {"host": HOST, "port": 0}, "upstream": upstream}

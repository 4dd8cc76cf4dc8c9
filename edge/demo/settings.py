"""The demo's folder: a chain with its keys, a store's and head office's configuration, accounts, sample members.

::

    demo.json                     ports, the password, and where the keys lie; readable by its owner alone
    chain/  edge/  hub/           the chain and what `tentou run` and `tentou hub` are started from
    edge/seed/  edge/pos.csv  edge/members.csv     the store's sample content, till and members
    world/  logs/  processes.json                  the world outside, what each process says, who runs
"""

from __future__ import annotations

import csv
import io
import json
import secrets
import socket
import time
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge.demo.people import SEGMENTS, Person, people, pseudonym
from edge.demo.seed import goods, opening_stock, sow, variants
from edge.handoff import KINDS
from edge.model import LANGUAGES
from provisioning import chain, keys, toml
from provisioning.accounts import Accounts, Role, generated
from provisioning.files import SECRET, write

HOST = "127.0.0.1"
CHAIN, STORE, EDGE = "tentou", "s001", "s001-edge"
HERE, NEAR, ONLINE = "s001", "s002", "ec"
SCREENS = {"kiosk-1": "kiosk", "sign-1": "signage"}
CAMERAS = {"cam-kiosk": "kiosk-1", "cam-sign": "sign-1"}
STAFF, IT = "staff", "it"
DOES: Mapping[str, Mapping[str, Any]] = {
    HERE: {},
    NEAR: {"minutes": 8, "hours": "00:00-24:00", "pickup": True},
    ONLINE: {"orders": True, "ships": True, "cutoff": "15:00"},
}
"""What each place does for shoppers; a demo is looked at by day and by night, so the neighbour never closes."""
STOCK_BEARER = "stock.token"
"""Beside the edge's and the hub's settings: what the store bears when it asks the hub for stock."""
BEARER = "handoff.token"
"""Beside the hub's settings: what the online store bears when it tells what became of a link."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the demo's processes listen, all on 127.0.0.1."""

    edge: int
    world: int
    broker: int
    hub: int


@dataclass(frozen=True, slots=True)
class Demo:
    """What the processes of a demo know of each other; ``password`` opens both accounts, ``staff`` and ``it``."""

    folder: Path
    ports: Ports
    password: str

    def url(self, part: str, path: str = "/") -> str:
        """An address of one of the processes."""
        return f"http://{HOST}:{getattr(self.ports, part)}{path}"


class PortTaken(Exception):
    """Something else listens where the demo's pages should be."""


def find_ports(first: int) -> Ports:
    """``first`` for the edge's pages and the next for the world's, the rest near or anywhere; 0 takes any.

    Raises PortTaken if the first is taken.
    """
    if first and not _free(first):
        raise PortTaken(f"port {first} is taken; end what listens there, or choose another: --port {first + 10}")
    taken: list[int] = [first or _any()]
    for offset in (1, 2, 3):
        near = first + offset
        taken.append(near if first and near < 65536 and _free(near) and near not in taken else _any(taken))
    return Ports(*taken)


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _any(besides: Collection[int] = ()) -> int:
    """Whichever port is free; the kernel may well give one again that was just let go."""
    while True:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            if (port := int(probe.getsockname()[1])) not in besides:
                return port


def prepare(folder: Path, ports: Ports, now_s: float | None = None) -> Demo:
    """Write the demo's folder; in one that was used before, the keys, the password, stock and contacts stay."""
    old = json.loads((folder / "demo.json").read_text()) if (folder / "demo.json").exists() else None
    demo = Demo(folder, ports, old["password"] if old else generated())
    if old is None:
        _found_chain(demo, time.time() if now_s is None else now_s)
    edge = folder / "edge"
    chain.write_config(folder / "chain", STORE, EDGE, edge, _machine(demo))
    write(folder / "hub" / "hub.toml", toml.dumps(_hub(demo), "Head office of the demo."))
    if not (folder / "hub" / BEARER).exists():
        write(folder / "hub" / BEARER, secrets.token_urlsafe(24), SECRET)
    if not (folder / "hub" / STOCK_BEARER).exists():
        write(folder / "hub" / STOCK_BEARER, secrets.token_urlsafe(24), SECRET)
    write(edge / STOCK_BEARER, (folder / "hub" / STOCK_BEARER).read_text(), SECRET)
    sow(edge / "seed")
    write(edge / "members.csv", members_table(people(), _secret(folder)))
    stock_till(edge / "pos.csv")
    plain = {"ports": asdict(ports), "password": demo.password}
    write(folder / "demo.json", json.dumps(plain, indent=1), SECRET)
    return demo


def read(folder: Path) -> Demo:
    """The demo that ``prepare`` wrote."""
    plain = json.loads((folder / "demo.json").read_text())
    return Demo(folder, Ports(**plain["ports"]), plain["password"])


def _found_chain(demo: Demo, now_s: float) -> None:
    """A chain with one store and one device, made as IT would make it."""
    home = demo.folder / "chain"
    rule = {"name": "jan13", "symbologies": ["ean13", "qrcode"], "pattern": r"29(?P<member>\d{10})\d", "check": "ean13"}
    chain.init(
        home, CHAIN, now_s=now_s, settings={"member_code": {"static": [rule], **_numbers()}, **_wares(), **_notice()}
    )
    chain.add_store(home, STORE, settings=_store())
    chain.add_device(home, EDGE, store=STORE, settings=_device())
    book = Accounts(chain.store_folder(home, STORE) / "accounts.json")
    book.add(STAFF, Role.STAFF, demo.password)
    book.add(IT, Role.IT, demo.password)
    write(home / "offline" / "sub.key", secrets.token_bytes(32), SECRET)


def _wares() -> dict[str, Any]:
    """Products are read by their bars and by the Digital Links of shelf labels."""
    return {"product_code": {"symbologies": ["ean13", "qrcode"]}}


def _notice() -> dict[str, Any]:
    """Whose cameras they are; a company that does not exist, at a postal code that none has."""
    return {
        "notice": {
            "operator": "株式会社テントウ商店（見本）",
            "address": "〒000-0000 東京都渋谷区 0-0-0 privacy@tentou.example",
        }
    }


def _numbers() -> dict[str, dict[str, int]]:
    """The names of the numbers in tokens, as the chain's settings tell them to every edge."""
    return {
        "segments": {name: number for number, name in enumerate(SEGMENTS, start=1)},
        "tiers": {one.tier_name: one.tier for one in people().values()},
    }


def _secret(folder: Path) -> bytes:
    return (folder / "chain" / "offline" / "sub.key").read_bytes()


def issuing(folder: Path) -> tuple[Any, bytes]:
    """The key that signs members' codes and the secret of their pseudonyms: the member server's, not an edge's."""
    return keys.load(chain.issuer(folder / "chain")), _secret(folder)


def _store() -> dict[str, Any]:
    names = {
        HERE: ("渋谷店", "Shibuya", "涩谷店", "시부야점"),
        NEAR: ("原宿店", "Harajuku", "原宿店", "하라주쿠점"),
        ONLINE: ("オンライン", "Online", "网店", "온라인"),
    }
    places = {HERE: "here", NEAR: "near", ONLINE: "online"}
    return {
        "members": {"adapter": "csv", "settings": {"path": "members.csv"}},
        "location": [
            {"id": one, "place": places[one], "name": dict(zip(LANGUAGES, said, strict=True)), **DOES[one]}
            for one, said in names.items()
        ],
        "variants": variants(),
    }


def _device() -> dict[str, Any]:
    titles = {"kiosk-1": "店内キオスク", "sign-1": "入口サイネージ"}
    return {
        "device": {"clock": "trusted"},  # a laptop's time is kept by its owner, and a virtual machine's by its host
        "screen": [
            {"id": one, "name": titles[one], "device_class": kind, "nickname": kind == "kiosk"}
            for one, kind in SCREENS.items()
        ],
        "camera": [{"id": one, "screen": screen, "adapter": "push"} for one, screen in CAMERAS.items()],
    }


def _machine(demo: Demo) -> dict[str, Any]:
    """What differs from start to start: ports, so this machine's own layer."""
    world = demo.ports.world
    return {
        "web": {
            "host": HOST,
            "port": demo.ports.edge,
            "frame_ancestors": [f"http://{name}:{world}" for name in (HOST, "localhost")],
            "start_page": demo.url("world"),
        },
        "handoff": {"url": demo.url("hub", "/h/"), "kinds": list(KINDS)},
        "upstream": {"adapter": "mqtt", "settings": {"host": HOST, "port": demo.ports.broker, "tls": False}},
        "stock": [
            {"id": "pos", "adapter": "csv", "settings": {"path": "pos.csv", "locations": [HERE, NEAR]}},
            {
                "id": "hub",
                "adapter": "hub",
                "settings": {"url": demo.url("hub"), "token_file": STOCK_BEARER, "spread_s": 0, "poll_s": 1},
            },
        ],
    }


def _hub(demo: Demo) -> dict[str, Any]:
    return {
        "hub": {"id": "hub"},
        "web": {"host": HOST, "port": demo.ports.hub, "start_page": demo.url("world")},
        "upstream": {"adapter": "mqtt", "settings": {"host": HOST, "port": demo.ports.broker, "tls": False}},
        "stock": [_system(demo)],
        "stock_token": STOCK_BEARER,
        "handoff": {"token": BEARER} | {kind: demo.url("world", f"/ec/p/{{sku}}?do={kind}&h={{id}}") for kind in KINDS},
    }


def _system(demo: Demo) -> dict[str, Any]:
    """The chain's own system, of which all is read each second, and which keeps units at its stores."""
    pointed = ("sku", "location", "available", "gtin", "style", "color", "size", "name", "incoming", "incoming_on")
    settings = {
        "url": demo.url("world", "/ec/stock.json"),
        "locations": {one: one for one in (HERE, NEAR, ONLINE)},
        "rows": "/levels",
        "fields": {name: f"/{name}" for name in pointed},
        "compare_s": 1,
        "reserve": "atomic",
        "reserve_url": demo.url("world", "/ec/reserve"),
    }
    return {"id": "ec", "adapter": "generic", "settings": settings}


def members_table(members: Mapping[str, Person], secret: bytes) -> str:
    """The sample members as the ``members_csv`` adapter reads them, under their pseudonyms."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["ref", "tier", "segments", "nickname", "language", "favourites", "coupons"])
    for one in members.values():
        titles = ";".join(
            f"{each['id']}={'|'.join(each['title'][tongue] for tongue in LANGUAGES)}" for each in one.coupons
        )
        listed = (";".join(one.segments), one.nickname, one.language, ";".join(one.favourites), titles)
        rows.writerow([pseudonym(secret, one.id), one.tier_name, *listed])
    return text.getvalue()


def stock_till(path: Path) -> None:
    """The till's file with this store's and its neighbour's opening stock; a count that is there already stays, so that
    a demo of an earlier version gets what it did not have."""
    skus = [good.sku for good in goods()]
    opening = {(sku, place): str(n) for place in (HERE, NEAR) for sku, n in opening_stock(skus, place).items()}
    kept = _counted(path) if path.exists() else {}
    counts = opening | kept
    if counts != kept:
        rows = "".join(f"{sku},{place},{count}\n" for (sku, place), count in counts.items())
        write(path, "sku,location,available\n" + rows)


def _counted(path: Path) -> dict[tuple[str, str], str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["sku"], row["location"]): row["available"] for row in csv.DictReader(file)}

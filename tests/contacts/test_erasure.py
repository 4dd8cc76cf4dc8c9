"""Erasure, from the signed list to the raw bytes on an edge's disk and head office's database."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from edge import hub
from edge.adapters import upstream_mqtt
from edge.config import Device, read_hub
from edge.contacts import topics
from edge.contacts.line import uplink
from edge.contacts.line.dial import Pace
from edge.contacts.line.post import Post
from edge.contacts.office.sink import SinkAway
from edge.contacts.spool import quarantine
from edge.contacts.spool.opening import outbox
from edge.contacts.spool.outbox import FILE, Outbox
from edge.erasures import Erasures, keep
from edge.health import Health
from edge.letters import Letters, hears
from edge.members.erasure import ERASURE, ErasureList, make_erasure
from edge.members.papers import erased_of
from edge.members.shelf import Shelf, Way
from edge.model import Contact
from edge.ports import Message
from edge.supervise import kept
from tests.members.signing import NOW, ROOT, SECOND, SUB, opened, public, told

BEN = "s1.AAAAAAAAAAAAAAAA"


def erasure(version: int = 1, refs: Iterable[str] = (SUB,), root: Any = ROOT) -> str:
    return ERASURE.sign(make_erasure("acme", version, NOW, [*refs]), root)


def scan(member: str, n: int = 1) -> Contact:
    return Contact("scan", "entrance", 1.0, {"n": n}, member, f"session-{n}" if member else "")


class Store:
    """An edge's outbox and the list that it holds."""

    def __init__(self, box: Outbox, folder: Path) -> None:
        self.box, self.folder, self.health, self.forgotten = box, folder, Health(), list[str]()
        self.shelf: Shelf[ErasureList] = Shelf(
            erased_of("acme", [public(ROOT)], lambda: None), folder / "erase.json", self.health
        )
        self.erasures = Erasures(self.shelf, box, folder / FILE, self.health, self.forgotten.append)

    async def hear(self, text: str) -> None:
        """The list has come."""
        self.shelf.offer(text, Way.TOPIC)
        await self.erasures.settle()

    async def events(self) -> list[dict[str, Any]]:
        return [json.loads(row.body) for row in await self.box.page(0, 100)]

    def raw(self) -> bytes:
        return b"".join(
            each.read_bytes() for each in self.folder.rglob("*") if each.is_file() and "outbox" in each.name
        )


@asynccontextmanager
async def store(folder: Path, device: Device) -> AsyncIterator[Store]:
    async with outbox(folder / FILE, device) as box:
        yield Store(box, folder)


async def test_no_byte_of_an_erased_member_is_left_in_the_files(tmp_path: Path, device: Device) -> None:
    async with store(tmp_path, device) as shop:
        await shop.box.record_all([scan(member, n) for n in range(400) for member in (SUB, BEN, "")])
        await shop.box.set_aside(1, "too large")
        assert SUB.encode() in shop.raw()
        await shop.hear(erasure())
        assert SUB.encode() not in shop.raw()
        assert shop.raw().count(BEN.encode()) >= 400
        assert shop.box.waiting() == 1200
        first = (await shop.events())[2]
    assert first["data"] == {"n": 1, "touchpoint": "entrance", "timezone": "Asia/Tokyo", "redaction": "erased"}
    assert shop.forgotten == [SUB]


async def test_who_is_erased_is_not_named_by_what_is_recorded_later(tmp_path: Path, device: Device) -> None:
    async with store(tmp_path, device) as shop:
        await shop.hear(erasure(refs=[SUB, BEN]))
        await shop.box.record_all([scan(SUB), scan("AAAAAAAAAAAA", 2)])
        found = [event["data"] for event in await shop.events()]
        assert SUB.encode() not in shop.raw()
    assert [(data.get("member"), data.get("session"), data.get("redaction")) for data in found] == [
        (None, None, "erased"),
        ("AAAAAAAAAAAA", "session-2", None),
    ]


async def test_a_list_is_carried_out_once_and_the_next_one_again(tmp_path: Path, device: Device) -> None:
    async with store(tmp_path, device) as shop:
        await shop.hear(erasure())
        before = await shop.box.look(lambda db: db.total_changes)
        await shop.hear(erasure())
        again = Erasures(shop.shelf, shop.box, tmp_path / FILE, shop.health)  # after a restart
        await again.settle()
        assert await shop.box.look(lambda db: db.total_changes) == before
        await shop.box.record(scan(BEN))
        await shop.hear(erasure(2, [SUB, BEN]))
        assert BEN.encode() not in shop.raw()


async def test_a_list_of_another_root_erases_nobody_and_is_named(tmp_path: Path, device: Device) -> None:
    async with store(tmp_path, device) as shop:
        await shop.box.record(scan(SUB))
        await shop.hear(erasure(root=SECOND))
        part = told(shop.health, "codes", "erasure list")
        assert part is not None
        assert "not pinned" in part.detail
        assert SUB not in part.detail
        assert (await shop.events())[0]["data"]["member"] == SUB


async def test_a_disk_that_refuses_is_named_and_the_list_is_carried_out_later(tmp_path: Path, device: Device) -> None:
    async with store(tmp_path, device) as shop:
        await shop.box.record(scan(SUB))
        await shop.box.look(lambda db: db.execute("PRAGMA query_only=ON").fetchall())
        await shop.hear(erasure())
        part = told(shop.health, "disk", "erasure")
        assert part is not None
        assert "read-only" in part.detail
        assert SUB.encode() in shop.raw()
        await shop.box.look(lambda db: db.execute("PRAGMA query_only=OFF").fetchall())
        await shop.erasures.settle()
        assert SUB.encode() not in shop.raw()


async def test_a_reader_beside_us_delays_the_cut_of_the_log_and_no_contact(
    tmp_path: Path, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.erasures.PAUSE_S", 0.001)
    async with store(tmp_path, device) as shop:
        await shop.box.record(scan(SUB))
        beside = sqlite3.connect(tmp_path / FILE, isolation_level=None)
        beside.execute("BEGIN")
        beside.execute("SELECT count(*) FROM outbox").fetchall()
        await shop.hear(erasure())
        await shop.box.record(scan(BEN))
        beside.close()
        await shop.erasures.settle()
        assert SUB.encode() not in shop.raw()


async def test_what_is_salvaged_names_nobody_and_the_spoilt_file_goes_once_it_is_saved(
    tmp_path: Path, device: Device
) -> None:
    async with store(tmp_path, device) as shop:
        await shop.box.record_all([scan(SUB), scan(BEN, 2)])
    with (tmp_path / FILE).open("r+b") as file:
        file.write(bytes(100))
    async with store(tmp_path, device) as shop:
        salvaged = [event for event in await shop.events() if "salvagedstream" in event]
        assert len(salvaged) == 2
        await shop.hear(erasure())
        assert SUB.encode() not in shop.raw()
        assert [event["data"].get("member") for event in await shop.events() if event in salvaged] == [BEN]
        assert quarantine.saved(tmp_path / FILE) == []


async def test_a_spoilt_file_stays_until_it_is_saved_and_where_it_names_nobody(tmp_path: Path, device: Device) -> None:
    async with store(tmp_path, device) as shop:
        names, keeps = (lay(tmp_path, *each) for each in (("a", SUB, "waiting"), ("b", BEN, "done")))
        await shop.hear(erasure())
        assert names.is_dir()
        lay(tmp_path, "a", SUB, "done")
        await shop.erasures.settle()
        assert (names.is_dir(), keeps.is_dir()) == (False, True)
        assert shop.erasures.redacted(b'{"data":{"member":"AAECAwQFBgcI"}}') == b'{"data":{"redaction":"erased"}}'


def lay(folder: Path, name: str, member: str, state: Any) -> Path:
    """A spoilt file in quarantine."""
    where = folder / "quarantine" / name
    where.mkdir(parents=True, exist_ok=True)
    (where / FILE).write_bytes(b'\0\xff{"member":"' + member.encode() + b'","x":')
    (where / f"{FILE}-wal").write_bytes(b"")
    (where / "order.json").write_text(quarantine.Order(state=state, why="torn").model_dump_json())
    return where


async def test_contacts_wait_for_the_list_that_came_before_them(tmp_path: Path, device: Device) -> None:
    async with opened(tmp_path) as desk, store(tmp_path / "data", device) as shop:
        erasures = Erasures(desk.papers.erase, shop.box, tmp_path / "data" / FILE, shop.health)
        post = Post()
        letters = Letters(desk, post, device, shop.health, erasures.settle)
        await shop.box.record(scan(SUB))
        async with kept({"letters": letters.run}):
            post.arrived(Message(topics.ERASE, erasure().encode(), retain=True))
            await post.handled()
            assert SUB.encode() not in shop.raw()
            assert desk.papers.versions["erase"] == 1
    assert ERASURE.read((tmp_path / "data" / "erase.json").read_text(), [public(ROOT)]).members == {SUB}


async def test_contacts_do_not_wait_for_ever_for_a_letter_that_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.contacts.line.post.HANDLED_S", 0.01)
    post = Post()
    await post.handled()
    post.arrived(Message(topics.ERASE, b"", retain=True))
    await post.handled()
    reading = aiter(post.messages())
    await anext(reading)
    unread = asyncio.ensure_future(anext(reading))  # whoever asks for the next one has carried out the one before
    await post.handled()
    assert not unread.done()
    unread.cancel()


class Database:
    """A sink that is away at first."""

    def __init__(self) -> None:
        self.erased: list[set[str]] = []

    async def erase(self, members: Iterable[str]) -> int:
        self.erased.append(set(members))
        if len(self.erased) == 1:
            raise SinkAway("the database is away")
        return 7


async def test_head_offices_database_is_asked_for_each_list_until_it_has_done_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, eventually: Any, background: Any
) -> None:
    monkeypatch.setattr("edge.erasures.LOOK_S", 0.002)
    health, sink = Health(), Database()
    shelf: Shelf[ErasureList] = Shelf(erased_of("", None, lambda: None), None, health)
    async with background(keep(shelf, sink, health)):
        shelf.offer(erasure(), Way.FILE)
        await eventually(lambda: (part := told(health, "sink", "erasure")) and part.figures)
        shelf.offer(erasure(2, [SUB, BEN]), Way.FILE)
        await eventually(lambda: len(sink.erased) == 3)
    assert sink.erased == [{SUB}, {SUB}, {SUB, BEN}]


async def test_a_sink_that_cannot_erase_is_named(
    monkeypatch: pytest.MonkeyPatch, eventually: Any, background: Any
) -> None:
    monkeypatch.setattr("edge.erasures.LOOK_S", 0.002)
    health = Health()
    shelf: Shelf[ErasureList] = Shelf(erased_of("", None, lambda: None), None, health)
    shelf.offer(erasure(), Way.FILE)
    async with background(keep(shelf, object(), health)):
        await eventually(lambda: (part := told(health, "sink", "erasure")) and "cannot erase" in part.detail)
    assert [part.state for part in health.parts() if part.name == "erasure"] == ["down"]


async def test_a_list_that_head_office_hands_out_reaches_edges_before_they_send_and_its_own_database(
    tmp_path: Path, mosquitto: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.members.handout.LOOK_S", 0.05)
    monkeypatch.setattr("edge.erasures.LOOK_S", 0.05)
    port, office = mosquitto().port, tmp_path / "hub"
    office.mkdir()
    (office / "erase.json").write_text(erasure())
    heard: list[bytes] = []
    async with head_office(office, port) as running, listening(port, heard):
        await eventually(lambda: any(b"erase" in each for each in heard))  # the broker keeps it from now on
        async with edge(tmp_path / "e1", port) as box:
            await eventually(lambda: box.acked == 2)
        assert [each for each in heard if SUB.encode() in each] == []
        assert members(office) == ["", BEN]
        (office / "erase.json").write_text(erasure(2, [SUB, BEN]))
        await eventually(lambda: members(office) == ["", ""])
        await eventually(lambda: figures(running.health).get("members") == 2)  # told once it is done


def figures(health: Health) -> Mapping[str, float]:
    """What is told of the last erasure at head office."""
    part = told(health, "sink", "erasure")
    return part.figures if part is not None else {}


@asynccontextmanager
async def listening(port: int, heard: list[bytes]) -> AsyncIterator[None]:
    """Hears contacts and lists, as they are on the wire."""

    async def listen() -> None:
        async with upstream_mqtt.MqttDial(upstream_mqtt.Settings(port=port), Path("."))(
            "listener", None, (topics.CONTACTS, topics.ERASE)
        ) as link:
            async for message in link.messages():
                heard.append(message.payload)

    async with kept({"listener": listen}):
        yield


def members(office: Path) -> list[str]:
    with closing(sqlite3.connect(office / "data" / "contacts.sqlite")) as db:
        return [member for (member,) in db.execute("SELECT member FROM contacts ORDER BY seq")]


@asynccontextmanager
async def head_office(folder: Path, port: int) -> AsyncIterator[hub.Hub]:
    """A running hub that hands out the erasure list of its folder."""
    lines = ['erase = "erase.json"', "[web]", "port = 0", "[upstream]", 'adapter = "mqtt"']
    (folder / "hub.toml").write_text("\n".join([*lines, f"settings = {{ port = {port} }}", ""]))
    async with hub.running(read_hub(folder), folder) as running:
        yield running


@asynccontextmanager
async def edge(folder: Path, port: int) -> AsyncIterator[Outbox]:
    """An edge that was cut off while two members were there, and is connected now."""
    who = Device(chain="acme", store="s1", id="e1")
    async with opened(folder) as desk, outbox(folder / "data" / FILE, who) as box:
        await box.record_all([scan(SUB), scan(BEN, 2)])
        health = Health()
        erasures = Erasures(desk.papers.erase, box, folder / "data" / FILE, health)
        letters = Letters(desk, Post(hears(who, rotating=True)), who, health, erasures.settle)
        dial = upstream_mqtt.MqttDial(upstream_mqtt.Settings(port=port, timeout=1.0), Path("."))
        line = partial(uplink.run, box, dial, who, health, Pace(redial=0.02, redial_longest=0.1), letters.post)
        async with kept({"letters": letters.run, "erasures": erasures.run, "uplink": line}):
            yield box

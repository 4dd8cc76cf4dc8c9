"""Brokers as they stand in a chain: mosquitto as our README sets it up, a second durable one, and bad lines to both."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from edge.adapters.sink_sqlite import Settings as SinkSettings
from edge.adapters.sink_sqlite import open as open_sink
from edge.adapters.upstream_mqtt import MqttDial, Settings
from edge.config import Device
from edge.contacts.line import uplink
from edge.contacts.office import inbox
from edge.contacts.spool.opening import outbox
from edge.contacts.spool.outbox import Outbox
from edge.drill import brokers
from edge.drill.books import in_sink
from edge.drill.proxy import FAIR, Line, Weather, proxied
from edge.health import Health, State
from edge.model import Contact
from edge.ports import LinkLost, Message
from edge.stock.line import topics as stock_topics
from tests.contacts.conftest import QUICK, Broker, free_port, in_background, wait_for_port
from tests.e2e.papers import EXPIRED, HERE, NOT_YET, VALID, Authority
from tests.e2e.running import ROOT, eventually
from tests.house.test_app import plays, store

README = (ROOT / "edge" / "README.md").read_text()
DEVICE = Device(chain="acme", store="ginza", id="ginza-front")
EDGE = "ginza.ginza-front"
PACE = replace(QUICK, stall=2.0)
HESITANT = replace(QUICK, stall=0.5, redial=0.1, redial_longest=0.5)


def documented(path: str) -> str:
    """The file of the README whose first line names it."""
    found = re.search(rf"```\n# {re.escape(path)}\n(.*?)```", README, re.DOTALL)
    assert found, f"no {path} in edge/README.md"
    return found[1]


@dataclass
class Server:
    """A broker's process that can be killed and started again."""

    argv: tuple[str, ...]
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(self.argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self.port)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "tls")


@pytest.fixture
def secured(tmp_path: Path, authority: Authority) -> Iterator[Callable[[tuple[Path, Path]], Server]]:
    """Starts mosquitto as the README says, with the certificate that is given."""
    started: list[Server] = []

    def start(papers: tuple[Path, Path]) -> Server:
        port = free_port()
        places = {
            "/etc/mosquitto/ca.pem": authority.ca,
            "/etc/mosquitto/broker.pem": papers[0],
            "/etc/mosquitto/broker.key": papers[1],
            "/etc/mosquitto/tentou.acl": tmp_path / "tentou.acl",
        }
        config = documented("/etc/mosquitto/conf.d/tentou.conf").replace("listener 8883", f"listener {port} {HERE}")
        for old, new in places.items():
            config = config.replace(old, str(new))
        (tmp_path / "tentou.conf").write_text(f"user root\n{config}")
        (tmp_path / "tentou.acl").write_text(documented("/etc/mosquitto/tentou.acl"))
        program = brokers.program("mosquitto")
        assert program, "mosquitto is needed: apt-get install mosquitto"
        server = Server((program, "-c", str(tmp_path / "tentou.conf")), port)
        started.append(server)
        server.start()
        return server

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[int]:
    """The port of a mosquitto that knows no certificates."""
    broker = Broker(tmp_path, free_port(), ("max_queued_messages 0",))
    broker.start()
    yield broker.port
    broker.kill()


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[Server]:
    """nats-server as a drill runs it, with its files."""
    server = Server(brokers.broker("nats", port := free_port(), tmp_path).argv, port)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def secured_nats(tmp_path: Path, authority: Authority) -> Iterator[Server]:
    """nats-server as the README says."""
    papers, port = authority.give("broker"), free_port()
    places = {
        "127.0.0.1:4222": "127.0.0.1:-1",
        "0.0.0.0:8883": f"{HERE}:{port}",
        "/var/lib/nats": tmp_path / "nats",
        "/etc/nats-server/ca.pem": authority.ca,
        "/etc/nats-server/broker.pem": papers[0],
        "/etc/nats-server/broker.key": papers[1],
    }
    config = documented("/etc/nats-server/tentou.conf")
    for old, new in places.items():
        config = config.replace(old, str(new))
    (tmp_path / "tentou.conf").write_text(config)
    program = brokers.program("nats-server")
    assert program, "nats-server is among the dependencies of the tests"
    server = Server((program, "-c", str(tmp_path / "tentou.conf")), port)
    server.start()
    yield server
    server.kill()


def dialling(port: int, authority: Authority, papers: tuple[Path, Path] | None, **more: Any) -> MqttDial:
    cert, key = papers or (None, None)
    settings = Settings(host=HERE, port=port, ca=authority.ca, cert=cert, key=key, **{"timeout": 2.0, **more})
    return MqttDial(settings, Path("."))


@asynccontextmanager
async def box(folder: Path, device: Device = DEVICE) -> AsyncIterator[Outbox]:
    async with outbox(folder / device.id / "outbox.sqlite", device) as opened:
        yield opened


@asynccontextmanager
async def head_office(folder: Path, dial: MqttDial) -> AsyncIterator[Path]:
    """An inbox before its database; the database's file."""
    async with open_sink(SinkSettings(), folder) as sink, in_background(inbox.run(sink, dial, Health(), pace=PACE)):
        yield folder / "contacts.sqlite"


def contacts(count: int) -> list[Contact]:
    return [Contact("scan", "kiosk-1", 1.0 + n, {"n": n}) for n in range(count)]


def whole(sink: Path, stream: str, count: int) -> bool:
    """Each number of the stream is there, once, and nothing else."""
    return sorted(row.place for row in in_sink(sink)) == [(stream, seq) for seq in range(1, count + 1)]


def why(health: Health, kind: str = "upstream") -> str:
    """What the health page says of the line while it is down."""
    return " ".join(f"{p.detail} {p.todo}" for p in health.parts() if p.kind == kind and p.state is State.DOWN)


@pytest.mark.promise("L-2")
async def test_with_certificates_and_the_access_list_of_the_readme_nothing_is_lost(
    tmp_path: Path, authority: Authority, secured: Any
) -> None:
    port = secured(authority.give("broker")).port
    edge, hub = (dialling(port, authority, authority.give(name)) for name in (EDGE, "hub"))
    async with box(tmp_path) as kept, head_office(tmp_path, hub) as sink:
        await kept.record_all(contacts(300))
        async with in_background(uplink.run(kept, edge, DEVICE, Health(), PACE)):
            await eventually(lambda: not kept.waiting())
        assert whole(sink, kept.stream, 300)


@pytest.mark.promise("X-2")
async def test_a_device_that_writes_as_another_is_refused_told_so_and_nothing_of_it_arrives(
    tmp_path: Path, authority: Authority, secured: Any
) -> None:
    port = secured(authority.give("broker")).port
    thief, health = dialling(port, authority, authority.give("shibuya.other")), Health()
    async with box(tmp_path) as kept, head_office(tmp_path, dialling(port, authority, authority.give("hub"))) as sink:
        await kept.record_all(contacts(3))
        async with in_background(uplink.run(kept, thief, DEVICE, health, PACE)):
            await eventually(lambda: EDGE in why(health))
        async with thief("shibuya.other", None, ()) as link:
            refused = await link.publish(Message(f"c/v1/{EDGE}/contact/scan", b"{}"))
            assert refused == 0x87, "not authorized"
        assert (kept.waiting(), in_sink(sink)) == (3, [])


async def test_by_the_access_list_of_the_readme_the_hub_alone_writes_stock_and_edges_hear_it(
    authority: Authority, secured: Any
) -> None:
    port, topic = secured(authority.give("broker")).port, stock_topics.changes("ginza", "pos")
    edge, hub = (dialling(port, authority, authority.give(name)) for name in (EDGE, "hub"))
    async with edge(EDGE, None, stock_topics.heard(["ginza"])) as hears, hub("hub", None, ()) as writes:
        assert await hears.publish(Message(topic, b"forged")) == 0x87, "not authorized"
        assert await writes.publish(Message(topic, b"{}")) == 0
        assert (await anext(aiter(hears.messages()))).payload == b"{}"


def _foreign(authority: Authority) -> tuple[Path, Path]:
    return Authority(authority.folder.with_name("foreign"), "Another CA").give("broker")


WRONG: dict[str, tuple[Callable[[Authority], tuple[Path, Path]], str]] = {
    "of a foreign authority": (_foreign, "authority"),
    "expired": (lambda authority: authority.give("broker", EXPIRED), "certificate has expired"),
    "not yet valid": (lambda authority: authority.give("broker", NOT_YET), "certificate is not yet valid"),
    "of another host": (lambda authority: authority.give("broker", VALID, "192.0.2.1"), "names another host"),
}


@pytest.mark.promise("X-2")
@pytest.mark.parametrize("wrong", WRONG)
async def test_a_broker_whose_certificate_is_wrong_gets_nothing_and_the_health_page_says_why(
    wrong: str, tmp_path: Path, authority: Authority, secured: Any
) -> None:
    give, words = WRONG[wrong]
    port, health = secured(give(authority)).port, Health()
    edge = dialling(port, authority, authority.give(EDGE))
    async with box(tmp_path) as kept:
        await kept.record_all(contacts(3))
        async with in_background(uplink.run(kept, edge, DEVICE, health, PACE)):
            await eventually(lambda: words in why(health))
            assert kept.waiting() == 3


@pytest.mark.promise("X-2")
@pytest.mark.parametrize(
    ("span", "words"),
    [(EXPIRED, "own certificate has expired"), (NOT_YET, "own certificate is not yet valid"), (None, "certificate")],
)
async def test_a_device_whose_own_certificate_is_wrong_or_missing_is_refused_and_told_why(
    span: Any, words: str, tmp_path: Path, authority: Authority, secured: Any
) -> None:
    port, health = secured(authority.give("broker")).port, Health()
    edge = dialling(port, authority, authority.give(EDGE, span) if span else None)
    async with box(tmp_path) as kept:
        await kept.record_all(contacts(3))
        async with in_background(uplink.run(kept, edge, DEVICE, health, PACE)):
            await eventually(lambda: words in why(health))
            assert kept.waiting() == 3


@pytest.mark.promise("X-1")
async def test_the_pages_of_a_whole_store_say_why_its_line_is_down_and_its_screen_plays(
    tmp_path: Path, authority: Authority, secured: Any
) -> None:
    port = secured(_foreign(authority)).port
    settings = f'settings = {{ host = "{HERE}", port = {port}, ca = "{authority.ca}" }}'
    async with store(tmp_path, f'[upstream]\nadapter = "mqtt"\n{settings}\n') as (parts, url):
        await eventually(lambda: "authority" in why(parts.health))
        assert await plays(parts, url)
        async with aiohttp.ClientSession() as session, session.get(f"{url}/readyz") as answer:
            assert "authority that is not trusted here" in await answer.text()


@pytest.mark.promise("X-2")
async def test_a_name_that_nobody_knows_is_said_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def unknown(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    health, dial = Health(), MqttDial(Settings(host="broker.acme.invalid"), tmp_path)
    async with box(tmp_path) as kept, in_background(uplink.run(kept, dial, DEVICE, health, PACE)):
        await eventually(lambda: "name cannot be found" in why(health) and len(asked) >= 3)
    assert set(asked) == {"broker.acme.invalid"}


@pytest.mark.promise("X-2")
async def test_a_look_up_that_hangs_stops_nothing_and_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, asked = threading.Event(), threading.Semaphore(0)

    def hanging(*_: Any, **__: Any) -> list[Any]:
        asked.release()
        answer.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    health, dial = Health(), MqttDial(Settings(host="broker.acme.invalid", timeout=0.2), tmp_path)
    try:
        async with box(tmp_path) as kept, in_background(uplink.run(kept, dial, DEVICE, health, PACE)):
            await eventually(lambda: "look-up" in why(health))
            assert await kept.record(contacts(1)[0]) == 1, "the ledger goes on while the name is looked up"
            assert not answer.is_set()
    finally:
        answer.set()
    assert asked.acquire(timeout=1)
    assert not asked.acquire(blocking=False), "one look-up at a time, however long it hangs"


@pytest.mark.promise("X-2")
@pytest.mark.parametrize(
    "weather",
    [Weather(Line.DEAF), Weather(loss=0.9), Weather(bytes_s=1), Weather(Line.CUT)],
    ids=["half-open", "nine tenths lost", "a byte a second", "cut"],
)
async def test_a_bad_line_loses_nothing_and_is_not_dialled_without_pause(
    weather: Weather, tmp_path: Path, plain: int
) -> None:
    hub = MqttDial(Settings(port=plain, timeout=1.0), tmp_path)
    async with proxied(plain) as line, box(tmp_path) as kept, head_office(tmp_path, hub) as sink:
        edge = MqttDial(Settings(port=line.port, timeout=0.5), tmp_path)
        async with in_background(uplink.run(kept, edge, DEVICE, Health(), HESITANT)):
            await kept.record_all(contacts(50))
            await eventually(lambda: kept.acked > 0)
            line.weather = weather
            dials = line.taken
            await kept.record_all(contacts(50))
            await asyncio.sleep(1.2)
            assert line.taken - dials < 60, "a redial waits, and longer each time"
            line.weather = FAIR
            await eventually(lambda: not kept.waiting())
        assert whole(sink, kept.stream, 100)


@pytest.mark.promise("X-2")
async def test_a_line_that_is_cut_again_and_again_loses_nothing(tmp_path: Path, plain: int) -> None:
    hub = MqttDial(Settings(port=plain, timeout=1.0), tmp_path)
    async with proxied(plain) as line, box(tmp_path) as kept, head_office(tmp_path, hub) as sink:
        edge = MqttDial(Settings(port=line.port, timeout=1.0), tmp_path)
        async with in_background(uplink.run(kept, edge, DEVICE, Health(), PACE)):
            for _ in range(8):
                await kept.record_all(contacts(40))
                await asyncio.sleep(0.1)
                line.drop()
            await eventually(lambda: not kept.waiting())
        assert whole(sink, kept.stream, 320)


@pytest.mark.promise("L-2")
@pytest.mark.promise("X-2")
async def test_nats_with_its_files_carries_all_whatever_kills_it(tmp_path: Path, nats: Server) -> None:
    dial = MqttDial(Settings(port=nats.port, protocol="3.1.1", timeout=2.0), tmp_path)
    async with box(tmp_path) as kept, head_office(tmp_path, dial) as sink:
        async with in_background(uplink.run(kept, dial, DEVICE, Health(), PACE)):
            for _ in range(3):
                await kept.record_all(contacts(100))
                await eventually(lambda: kept.waiting() < 100)
                nats.kill()
                await kept.record_all(contacts(20))
                await asyncio.to_thread(nats.start)
            await eventually(lambda: not kept.waiting())
        assert whole(sink, kept.stream, 360)


@pytest.mark.promise("X-2")
async def test_nats_as_the_readme_sets_it_up_carries_an_edges_own_contacts_alone(
    tmp_path: Path, authority: Authority, secured_nats: Server
) -> None:
    edge, stranger, hub = (
        dialling(secured_nats.port, authority, authority.give(name), protocol="3.1.1")
        for name in (EDGE, "shibuya.other", "hub")
    )
    other, health = Device(chain="acme", store="ginza", id="ginza-back"), Health()
    async with box(tmp_path) as mine, box(tmp_path, other) as forged, head_office(tmp_path, hub) as sink:
        await mine.record_all(contacts(30))
        await forged.record_all(contacts(3))
        with pytest.raises(LinkLost, match="refuses"):
            async with stranger("shibuya.other", None, ()):
                pass
        async with in_background(uplink.run(forged, edge, other, health, PACE)):
            await eventually(lambda: "refuses" in why(health))
        async with edge(EDGE, None, ()) as link:
            row = (await forged.page(0, 1))[0]
            answer = await link.publish(Message("c/v1/ginza.ginza-back/contact/scan", row.body))
            assert answer == 0, "MQTT 3.1.1 cannot refuse: the broker acknowledges it, and drops it"
        async with in_background(uplink.run(mine, edge, DEVICE, Health(), PACE)):
            await eventually(lambda: not mine.waiting())
        assert {row.place[0] for row in in_sink(sink)} == {mine.stream}
        assert (whole(sink, mine.stream, 30), forged.waiting()) == (True, 3)

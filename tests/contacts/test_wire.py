"""The whole wire over real brokers: outbox, uplink, broker, inbox, sink, and what their deaths cost (nothing)."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.adapters import upstream_mqtt
from edge.config import Device
from edge.contacts.line import uplink
from edge.contacts.line.dial import Confirms, Pace, Will
from edge.contacts.office import inbox
from edge.contacts.office.sink import Arrival
from edge.health import Health, State
from edge.ports import LinkLost, Message


def received(folder: Path) -> list[int]:
    with sqlite3.connect(folder / "contacts.sqlite") as connection:
        return [seq for (seq,) in connection.execute("SELECT seq FROM contacts ORDER BY seq")]


@pytest.fixture(params=["mosquitto", "iotcore"])
def port(request: pytest.FixtureRequest) -> int:
    started = request.getfixturevalue(request.param)
    return started if isinstance(started, int) else int(started().port)


@pytest.mark.promise("L-2")
@pytest.mark.promise("L-3")
async def test_what_is_recorded_arrives_once_in_order_and_leaves_the_outbox(
    port: int,
    tmp_path: Path,
    box: Any,
    device: Device,
    sink: Any,
    dialled: Any,
    background: Any,
    eventually: Any,
    contacts: Any,
    quick: Pace,
) -> None:
    await box.record_all(contacts(300))
    health = Health()
    async with background(
        uplink.run(box, dialled(port), device, health, quick), inbox.run(sink, dialled(port), health, pace=quick)
    ):
        await eventually(lambda: box.waiting() == 0)
    assert received(tmp_path) == list(range(1, 301))


@pytest.mark.promise("L-2")
@pytest.mark.parametrize("fault", ["kill -9", "freeze"])
async def test_a_broker_that_dies_while_events_drain_loses_none(
    fault: str,
    mosquitto: Any,
    tmp_path: Path,
    box: Any,
    device: Device,
    sink: Any,
    dialled: Any,
    background: Any,
    eventually: Any,
    contacts: Any,
    quick: Pace,
) -> None:
    broker, health = mosquitto(), Health()
    async with background(
        uplink.run(box, dialled(broker.port), device, health, quick),
        inbox.run(sink, dialled(broker.port), Health(), pace=quick),
    ):
        for turn in range(3):
            await box.record_all(contacts(400))
            await eventually(lambda before=500 * turn: box.acked > before)
            broker.freeze() if fault == "freeze" else broker.kill()
            await box.record_all(contacts(100))
            await eventually(lambda: health.parts()[0].state is State.DOWN)
            broker.kill()
            broker.start()
        await eventually(lambda: box.waiting() == 0)
    assert received(tmp_path) == list(range(1, 1_501))


@pytest.mark.promise("L-2")
async def test_the_uplink_may_stop_at_any_moment_and_sends_no_more_twice_than_was_ahead(
    mosquitto: Any,
    tmp_path: Path,
    box: Any,
    device: Device,
    sink: Any,
    dialled: Any,
    background: Any,
    eventually: Any,
    contacts: Any,
    quick: Pace,
) -> None:
    dial, health, taken = dialled(mosquitto().port), Health(), Counted(sink)
    pace = replace(quick, batch=1, ahead=50, ahead_most=50, probe=60.0, probe_longest=60.0, stall=60.0)
    await box.record_all(contacts(600))
    async with background(inbox.run(taken, dial, health, pace=quick)):
        await eventually(lambda: State.UP in [part.state for part in health.parts() if part.kind == "inbox"])
        for moment in (0.0, 0.02, 0.05, 0.1, 0.15):
            async with background(uplink.run(box, dial, device, Health(), pace)):
                await asyncio.sleep(moment)
        async with background(uplink.run(box, dial, device, Health(), pace)):
            await eventually(lambda: box.waiting() == 0)
    assert received(tmp_path) == list(range(1, 601))
    assert taken.arrivals <= 600 + 5 * pace.ahead


class Counted:
    """A sink that counts what arrives, be it new or not."""

    def __init__(self, sink: Any) -> None:
        self.sink, self.arrivals = sink, 0

    async def insert(self, arrivals: Sequence[Arrival]) -> dict[str, int]:
        self.arrivals += len(arrivals)
        whole: dict[str, int] = await self.sink.insert(arrivals)
        return whole


class DiesAfterCommit:
    """A sink whose process ends between its commit and the acknowledgement, a few times."""

    def __init__(self, sink: Any, deaths: int) -> None:
        self.sink, self.deaths = sink, deaths

    async def insert(self, arrivals: Sequence[Arrival]) -> dict[str, int]:
        whole: dict[str, int] = await self.sink.insert(arrivals)
        if self.deaths:
            self.deaths -= 1
            raise LinkLost("killed between commit and acknowledgement")
        return whole


@pytest.mark.promise("L-3")
async def test_an_inbox_that_dies_between_commit_and_acknowledgement_makes_no_duplicates(
    mosquitto: Any,
    tmp_path: Path,
    box: Any,
    device: Device,
    sink: Any,
    dialled: Any,
    background: Any,
    eventually: Any,
    contacts: Any,
    quick: Pace,
) -> None:
    dial, dying = dialled(mosquitto().port), DiesAfterCommit(sink, 4)
    await box.record_all(contacts(200))
    async with background(uplink.run(box, dial, device, Health(), quick), inbox.run(dying, dial, Health(), pace=quick)):
        await eventually(lambda: box.waiting() == 0)
    assert (received(tmp_path), dying.deaths) == (list(range(1, 201)), 0)


@pytest.mark.promise("L-8")
@pytest.mark.parametrize(
    ("line", "reason"), [("max_packet_size 3000", "too large"), ("message_size_limit 3000", "poison")]
)
async def test_an_event_too_large_for_the_broker_is_set_aside_and_the_rest_arrives(
    line: str,
    reason: str,
    mosquitto: Any,
    tmp_path: Path,
    box: Any,
    device: Device,
    sink: Any,
    dialled: Any,
    background: Any,
    eventually: Any,
    contacts: Any,
    quick: Pace,
) -> None:
    dial, many = dialled(mosquitto(line).port), contacts(30)
    many[10].data["text"] = random.Random(1).randbytes(4_000).hex()  # it stays large in a batch, too
    await box.record_all(many)
    async with background(uplink.run(box, dial, device, Health(), quick), inbox.run(sink, dial, Health(), pace=quick)):
        await eventually(lambda: box.waiting() == 0)
    assert received(tmp_path) == [*range(1, 11), *range(12, 32)]
    assert await box._db.read(lambda c: c.execute("SELECT seq, reason FROM dead").fetchall()) == [(11, reason)]


@pytest.mark.promise("L-8")
async def test_a_topic_that_the_brokers_access_list_refuses_blocks_no_other(
    mosquitto: Any,
    tmp_path: Path,
    box: Any,
    device: Device,
    sink: Any,
    dialled: Any,
    background: Any,
    eventually: Any,
    contacts: Any,
    quick: Pace,
) -> None:
    allowed = ("c/v1/+/contact/scan", "c/v1/+/contact/gap", "s/v1/#", "u/v1/#")
    rules = [f"topic readwrite {topic}" for topic in allowed] + ["topic read c/v1/#"]
    (tmp_path / "acl").write_text("\n".join(rules) + "\n")
    dial = dialled(mosquitto(f"acl_file {tmp_path / 'acl'}").port)
    await box.record_all(contacts(4))
    async with background(uplink.run(box, dial, device, Health(), quick), inbox.run(sink, dial, Health(), pace=quick)):
        await eventually(lambda: box.waiting() == 0)
    assert received(tmp_path)[:2] == [1, 3]
    dead = await box._db.read(lambda c: c.execute("SELECT seq, reason FROM dead").fetchall())
    assert [seq for seq, _ in dead] == [2, 4]


@pytest.mark.promise("L-2")
async def test_in_puback_mode_nothing_is_deleted_while_nobody_listens(
    mosquitto: Any, box: Any, device: Device, dialled: Any, background: Any, eventually: Any, contacts: Any, quick: Pace
) -> None:
    port = mosquitto().port
    dial, health = dialled(port, Confirms.PUBACK), Health()
    await box.record_all(contacts(50))
    async with background(uplink.run(box, dial, device, health, quick)):
        await eventually(lambda: any(part.detail.endswith("nobody listens") for part in health.parts()))
        assert box.waiting() == 50
        async with dialled(port)("consumer", None, ("c/v1/#",)):
            await eventually(lambda: box.waiting() == 0)


@pytest.mark.promise("L-2")
async def test_while_head_office_is_off_and_the_brokers_queue_overflows_nothing_is_lost(
    mosquitto: Any,
    tmp_path: Path,
    box: Any,
    device: Device,
    sink: Any,
    dialled: Any,
    background: Any,
    eventually: Any,
    contacts: Any,
    quick: Pace,
) -> None:
    port, health = mosquitto("max_queued_messages 20", "max_inflight_messages 10").port, Health()
    await leave_a_session(port, "hub", "c/v1/#")
    await box.record_all(contacts(200))
    async with background(uplink.run(box, dialled(port), device, health, replace(quick, batch=1))):
        await eventually(lambda: any("inbox confirms none" in part.detail for part in health.parts()))
        assert box.waiting() == 200
        async with background(inbox.run(sink, dialled(port), Health(), pace=quick)):
            await eventually(lambda: box.waiting() == 0)
    assert received(tmp_path) == list(range(1, 201))


async def leave_a_session(port: int, who: str, topic: str) -> None:
    """What a subscriber leaves at the broker that went without a word: its queue, up to the broker's bound."""
    gone = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    gone.SessionExpiryInterval = 600
    client, subscribed = Client(CallbackAPIVersion.VERSION2, who, protocol=MQTTv5), threading.Event()
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", port, clean_start=False, properties=gone)
    client.subscribe(topic, 1)
    client.loop_start()
    try:
        assert await asyncio.to_thread(subscribed.wait, 30)
    finally:
        client.disconnect()
        client.loop_stop()


async def test_without_a_broker_health_says_so_and_nothing_is_lost(
    box: Any, device: Device, dialled: Any, background: Any, eventually: Any, contacts: Any, quick: Pace
) -> None:
    health = Health()
    await box.record_all(contacts(5))
    async with background(uplink.run(box, dialled(1), device, health, quick)):
        await eventually(lambda: [part.state for part in health.parts()] == [State.DOWN])
    assert "contacts are kept" in health.parts()[0].todo
    assert box.waiting() == 5


async def test_a_broker_that_has_an_ipv6_address_alone_is_reached(mosquitto: Any, tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError as error:
            pytest.skip(f"this machine has no IPv6: {error}")
        port = probe.getsockname()[1]
    mosquitto(f"listener {port} ::1")
    dial = upstream_mqtt.MqttDial(upstream_mqtt.Settings(host="::1", port=port), tmp_path)
    async with dial("edge", None, ("t",)) as link:
        await link.publish(Message("t", b"heard"))
        assert (await anext(link.messages())).payload == b"heard"


async def test_a_broker_that_accepts_and_never_answers_is_given_up(mosquitto: Any, dialled: Any) -> None:
    broker = mosquitto()
    broker.freeze()
    with pytest.raises(LinkLost, match="does not answer"):
        async with dialled(broker.port)("edge", None, ()):
            pass
    assert broker.process is not None
    os.kill(broker.process.pid, signal.SIGCONT)


async def test_a_lost_edge_is_told_by_its_will_and_the_state_stays(
    mosquitto: Any, dialled: Any, eventually: Any
) -> None:
    dial, heard = dialled(mosquitto().port), []

    async def be_cut() -> None:
        async with dial("edge", Will("s/v1/edge/state", b"offline", 0), ()) as link:
            await link.publish(Message("s/v1/edge/state", b"online", retain=True))
            raise LinkLost("a cable was pulled")

    with pytest.raises(LinkLost):
        await be_cut()
    async with dial("watcher", None, ("s/v1/+/state",)) as link:
        async for message in link.messages():
            heard.append((message.payload, message.retain))
            if message.payload == b"offline":
                break
    assert heard[-1][0] == b"offline"


async def test_what_nobody_reads_stays_in_the_socket_and_arrives_when_somebody_does(
    mosquitto: Any, dialled: Any
) -> None:
    dial, count = dialled(mosquitto("max_queued_messages 0").port), 0
    async with dial("reader", None, ("t",)) as reader, dial("writer", None, ()) as writer:
        for n in range(0, 3_000, 100):
            await asyncio.gather(*(writer.publish(Message("t", str(n + k).encode())) for k in range(100)))
        assert len(reader._unread) < 2_000
        async for message in reader.messages():
            assert message.payload == str(count).encode()
            count += 1
            if count == 3_000:
                break

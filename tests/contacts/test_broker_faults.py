"""What brokers answer when all is not well (RELIABILITY.md 2.5 and 6: 15 to 20, 28), by a broker with exact books."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from edge.config import Device
from edge.contacts import topics
from edge.contacts.line import uplink
from edge.contacts.line.dial import Pace
from edge.health import Health, State
from edge.ports import Message
from tests.contacts.conftest import QUICK, dial_to, in_background, seqs_of
from tests.contacts.fakes.broker import FakeBroker

EDGE = "shibuya.edge-1"


@pytest.fixture
def quick() -> Pace:
    """Nobody confirms anything here, so nothing is to be tried again for that."""
    return replace(QUICK, probe=60.0, probe_longest=60.0)


@asynccontextmanager
async def sending(far: FakeBroker, box: Any, device: Device, pace: Pace, health: Health | None = None) -> Any:
    """An uplink to this broker for as long as the block runs."""
    async with far.open(), in_background(uplink.run(box, dial_to(far.port), device, health or Health(), pace)):
        yield far


def received(far: FakeBroker) -> Counter[int]:
    """How often each number was taken."""
    events = [Message(topic, payload) for topic, payload in far.taken if topic.startswith("c/")]
    return Counter(seq for message in events for seq in seqs_of(message))


def words(health: Health, kind: str) -> str:
    return " ".join(f"{part.detail} {part.todo}" for part in health.parts() if part.kind == kind)


class Telling(Health):
    """Keeps all that it was told: a line that is lost can be back before anybody looks."""

    def __init__(self) -> None:
        super().__init__()
        self.told = ""

    def down(
        self, kind: str, name: str, detail: str, todo: str = "", figures: Mapping[str, float] | None = None
    ) -> None:
        self.told += f"{kind}: {detail} {todo}\n"
        super().down(kind, name, detail, todo, figures)


async def dead(box: Any) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = await box.look(lambda c: c.execute("SELECT seq, reason FROM dead").fetchall())
    return found


@pytest.mark.promise("X-2")
@pytest.mark.parametrize("maximum", [1, 3])
async def test_never_more_lacks_its_puback_than_the_broker_takes(
    maximum: int, box: Any, device: Device, contacts: Any, eventually: Any, quick: Pace
) -> None:
    await box.record_all(contacts(60))
    async with sending(FakeBroker(receive_maximum=maximum, delay_s=0.001), box, device, replace(quick, batch=1)) as far:
        await eventually(lambda: set(received(far)) == set(range(1, 61)))
    assert far.most_unanswered == maximum


@pytest.mark.promise("X-2")
@pytest.mark.promise("L-2")
@pytest.mark.parametrize("reason", [0x80, 0x83, 0x97])
async def test_a_storm_of_refusals_for_a_quota_blames_no_event_and_loses_none(
    reason: int, box: Any, device: Device, contacts: Any, eventually: Any, quick: Pace
) -> None:
    storm, pace = [reason] * 40, replace(quick, slow=0.005, slow_longest=0.02)
    await box.record_all(contacts(60))
    async with sending(
        FakeBroker(reason=lambda t, _: storm.pop() if storm and t.startswith("c/") else 0), box, device, pace
    ) as far:
        await eventually(lambda: set(received(far)) == set(range(1, 61)))
    assert (await dead(box), box.waiting(), storm) == ([], 60, [])


async def test_a_broker_that_stays_busy_is_an_alarm(
    box: Any, device: Device, contacts: Any, eventually: Any, quick: Pace
) -> None:
    health = Health()
    await box.record_all(contacts(3))
    async with sending(
        FakeBroker(reason=lambda t, _: 0x97 if t.startswith("c/") else 0), box, device, replace(quick, busy=0.1), health
    ):
        await eventually(lambda: "busy or over its quota" in words(health, "inbox"))
    assert box.waiting() == 3


@pytest.mark.promise("X-2")
@pytest.mark.promise("L-8")
async def test_a_poison_in_a_batch_is_found_and_its_neighbours_arrive(
    box: Any, device: Device, contacts: Any, eventually: Any, quick: Pace
) -> None:
    def reason(topic: str, payload: bytes) -> int:
        return 0x99 if topic.startswith("c/") and 33 in seqs_of(Message(topic, payload)) else 0

    await box.record_all(contacts(100))
    async with sending(FakeBroker(reason=reason), box, device, quick) as far:
        await eventually(lambda: set(received(far)) == {*range(1, 33), *range(34, 102)})
    assert await dead(box) == [(33, "refused payload")]


@pytest.mark.promise("L-8")
async def test_an_access_list_without_the_topic_of_batches_costs_batches_alone(
    box: Any, device: Device, contacts: Any, eventually: Any, quick: Pace
) -> None:
    await box.record_all(contacts(60))
    async with sending(
        FakeBroker(reason=lambda t, _: 0x87 if t == topics.batch(EDGE) else 0), box, device, quick
    ) as far:
        await eventually(lambda: set(received(far)) == set(range(1, 61)))
    assert await dead(box) == []


@pytest.mark.promise("L-8")
@pytest.mark.promise("L-4")
async def test_a_gap_whose_topic_alone_is_refused_goes_by_another_and_blocks_nothing(
    box: Any, device: Device, contacts: Any, eventually: Any, quick: Pace
) -> None:
    await box.record_all(contacts(2))
    await box.account("overflow", Counter({"scan": 2}), [])
    await box.record_all(contacts(2))
    async with sending(
        FakeBroker(reason=lambda t, _: 0x87 if t.endswith("/gap") else 0), box, device, replace(quick, batch=1)
    ) as far:
        await eventually(lambda: set(received(far)) == {1, 2, 3, 4, 5})
    assert await dead(box) == []


@pytest.mark.promise("X-2")
async def test_what_is_larger_than_the_brokers_packets_is_never_sent_to_it(
    box: Any, device: Device, contacts: Any, eventually: Any, quick: Pace
) -> None:
    many = contacts(40)
    many[20].data["text"] = "x" * 5_000
    await box.record_all(many)
    async with sending(FakeBroker(packet_maximum=4_000), box, device, quick) as far:
        await eventually(lambda: {*range(1, 21), *range(22, 42)} <= set(received(far)))
    assert (far.most_bytes <= 4_000, far.connects, await dead(box)) == (True, 1, [(21, "too large")])


@pytest.mark.promise("X-2")
@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (0x8E, "SECURITY: find the clone"),
        (0x93, "more at once than it takes"),
        (0x9C, "never followed"),
        (0x9D, "never followed"),
        (0x97, "busy or over its quota"),
    ],
)
async def test_why_the_broker_hangs_up_is_said_and_no_event_is_blamed(
    reason: int,
    said: str,
    box: Any,
    device: Device,
    contacts: Any,
    eventually: Any,
    quick: Pace,
) -> None:
    health = Telling()
    await box.record_all(contacts(3))
    async with sending(
        FakeBroker(reason=lambda t, _: -1 if t.startswith("c/") else 0), box, device, quick, health
    ) as far:
        await eventually(lambda: far.tried >= 2)
        far.hang_up(reason)
        await eventually(lambda: said in health.told)
    assert (await dead(box), box.waiting()) == ([], 3)


async def test_two_devices_with_one_identity_do_not_take_turns(
    box: Any, device: Device, eventually: Any, quick: Pace
) -> None:
    async with sending(FakeBroker(), box, device, quick) as far:
        await eventually(lambda: far.taken)
        far.hang_up(0x8E)
        await asyncio.sleep(0.5)  # ten times the longest pause of this pace
    assert far.connects == 1


@pytest.mark.parametrize(("reason", "said"), [(0x84, "3.1.1"), (0x86, "password"), (0x9D, "never followed")])
async def test_why_the_broker_does_not_greet_is_said(
    reason: int, said: str, box: Any, device: Device, eventually: Any, quick: Pace
) -> None:
    health = Health()
    async with sending(FakeBroker(greeting=lambda: reason), box, device, quick, health):
        await eventually(lambda: said in words(health, "upstream"))
    assert {part.state for part in health.parts() if part.kind == "upstream"} == {State.DOWN}


async def test_a_web_page_in_the_brokers_place_is_named(box: Any, device: Device, eventually: Any, quick: Pace) -> None:
    async def portal(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n")
        await writer.drain()
        writer.close()

    health = Health()
    async with await asyncio.start_server(portal, "127.0.0.1", 0) as server:
        dial = dial_to(server.sockets[0].getsockname()[1])
        async with in_background(uplink.run(box, dial, device, health, quick)):
            await eventually(lambda: "a web page answers" in words(health, "upstream"))
    assert {part.state for part in health.parts() if part.kind == "upstream"} == {State.DOWN}


async def test_head_offices_policy_slows_a_backlog_until_it_is_taken_back(
    box: Any, device: Device, contacts: Any, eventually: Any, quick: Pace
) -> None:
    far, slowly = FakeBroker(), replace(quick, batch=5)
    far.deliver(topics.POLICY, b'{"drain_eps": 0.001, "connect_spread_s": null, "more": 1}', retain=True)
    await box.record_all(contacts(100))
    async with sending(far, box, device, slowly):
        await eventually(lambda: received(far))
        await asyncio.sleep(0.2)  # time in which a backlog without a bound is through
        assert len(received(far)) == 5
        far.deliver(topics.POLICY, b'{"drain_eps": 0}')
        await eventually(lambda: len(received(far)) == 100)

"""Letters beside the ledger: bounded, never in its way, and silent where a broker refuses them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edge.adapters import upstream_file
from edge.config import Device
from edge.contacts import topics
from edge.contacts.line import uplink
from edge.contacts.line.dial import Pace
from edge.contacts.line.pipe import MqttLink
from edge.contacts.line.post import MUTE_S, OUT, TRIES, UNREAD, Post
from edge.contacts.spool.opening import outbox
from edge.health import Health
from edge.ports import LinkLost, Message


def letter(number: int, topic: str = "k/v1/s/s.e/spent") -> Message:
    return Message(topic, str(number).encode())


@dataclass
class Line:
    """A connection that answers each letter as the test says, and books what it was given."""

    reason: Callable[[Message], int] = lambda _: 0
    refuses: Sequence[str] = ()
    window: int = 20
    max_bytes: int = 10_000
    sent: list[Message] = field(default_factory=list)

    async def also(self, topics: Sequence[str]) -> Sequence[str]:
        return [topic for topic in topics if topic in self.refuses]

    async def publish(self, message: Message) -> int:
        await asyncio.sleep(0)
        answer = self.reason(message)
        self.sent.append(message)
        return answer

    async def messages(self) -> AsyncIterator[Message]:
        await asyncio.Event().wait()
        yield letter(0)

    def numbers(self) -> list[int]:
        return [int(message.payload) for message in self.sent]


async def turns(rounds: int = 200) -> None:
    """Until nothing more happens: turns of the loop, as time may pass without any."""
    for _ in range(rounds):
        await asyncio.sleep(0)


async def carried(post: Post, line: Line) -> None:
    """One connection, until it is lost or nothing more happens."""
    carrying = asyncio.ensure_future(post.carry(line))
    await turns(2_000)
    carrying.cancel()
    with pytest.raises((asyncio.CancelledError, LinkLost)):
        await carrying


async def test_of_what_waits_without_a_connection_the_newest_is_kept() -> None:
    post, line = Post(), Line()
    for number in range(OUT + 50):
        post.send(letter(number))
    await carried(post, line)
    assert line.numbers() == list(range(50, OUT + 50))
    assert post.counted == {"too many waited": 50}


async def test_what_stands_is_said_on_every_connection_and_again_when_it_changes() -> None:
    post, first, second = Post(), Line(), Line()
    post.stand(letter(1))
    await carried(post, first)
    post.stand(letter(2))
    carrying = asyncio.ensure_future(post.carry(second))
    await turns()
    post.stand(letter(2))
    post.stand(letter(3))
    await turns()
    carrying.cancel()
    assert (first.numbers(), second.numbers()) == ([1], [2, 3])


@pytest.mark.parametrize("reason", [0x87, 0x90, 0x99])
async def test_a_topic_that_the_broker_refuses_is_left_alone_for_a_while(reason: int) -> None:
    clock = 0.0
    post, line = Post(mono=lambda: clock), Line(reason=lambda message: reason if message.topic == "a" else 0)
    for number in range(5):
        post.send(letter(number, "a"))
        post.send(letter(number, "b"))
    await carried(post, line)
    assert [message.topic for message in line.sent] == ["a", "b", "b", "b", "b", "b"]
    clock = MUTE_S
    post.send(letter(9, "a"))
    await carried(post, line)
    assert line.numbers()[-1] == 9


async def test_a_letter_that_ends_each_connection_is_given_up_and_the_next_goes_out() -> None:
    post = Post()
    post.send(letter(1, "poison"))
    post.send(letter(2))

    def cut(message: Message) -> int:
        if message.topic == "poison":
            raise LinkLost("closed")
        return 0

    lines = [Line(reason=cut) for _ in range(TRIES + 1)]
    for line in lines:
        await carried(post, line)
    assert [line.numbers() for line in lines] == [[]] * TRIES + [[2]]


async def test_a_letter_too_large_for_the_broker_is_not_sent() -> None:
    post, line = Post(), Line(max_bytes=600)
    post.send(Message("a", b"x" * 500))
    await carried(post, line)
    assert (line.sent, post.counted) == ([], {"refused": 1})


async def test_what_nobody_reads_is_dropped_and_counted() -> None:
    post = Post()
    for number in range(UNREAD + 3):
        post.arrived(letter(number))
    assert post.counted == {"unread": 3}
    async for first in post.messages():
        assert first == letter(0)
        break


async def test_a_subscription_that_is_refused_keeps_nothing_else_from_going(caplog: pytest.LogCaptureFixture) -> None:
    post, line = Post(("u/v1/all/keyset", "k/v1/s/+/spent")), Line(refuses=("k/v1/s/+/spent",))
    post.send(letter(1))
    await carried(post, line)
    assert line.numbers() == [1]
    assert "k/v1/s/+/spent" in caplog.text


@pytest.mark.parametrize(
    ("topic", "peer"),
    [
        ("k/v1/shibuya/shibuya.edge-2/spent", "shibuya.edge-2"),
        ("k/v1/shibuya/shibuya.edge-1/spent", None),
        ("k/v1/shibuya/ginza.edge-2/spent", None),
        ("k/v1/ginza/ginza.edge-2/spent", None),
        ("k/v1/shibuya/shibuya2.edge-2/spent", None),
        ("k/v1/shibuya/shibuya.edge-2/other", None),
        ("k/v1/shibuya/shibuya.edge-2/spent\n", None),
        ("", None),
    ],
)
def test_only_another_edge_of_the_own_store_is_a_peer(device: Device, topic: str, peer: str | None) -> None:
    assert topics.peer_that_sent(topic, device) == peer


@pytest.mark.promise("L-5")
async def test_a_broker_that_knows_none_of_our_letters_takes_every_contact(
    mosquitto: Any,
    tmp_path: Path,
    device: Device,
    contacts: Any,
    dialled: Any,
    background: Any,
    eventually: Any,
    quick: Pace,
) -> None:
    rules = ["topic readwrite c/v1/#", "topic readwrite s/v1/#", "topic readwrite u/v1/#"]
    (tmp_path / "acl").write_text("\n".join(rules) + "\n")
    broker = mosquitto(f"acl_file {tmp_path / 'acl'}")
    post = Post((topics.spent("shibuya", "+"),))
    post.stand(letter(0, topics.spent("shibuya", "shibuya.edge-1")))
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(200))
        async with (
            dialled(broker.port)("consumer", None, ("c/v1/#",)),
            background(uplink.run(box, dialled(broker.port, "puback"), device, Health(), quick, post)),
        ):
            await eventually(lambda: box.waiting() == 0 and post.counted["refused"])
        assert box.acked == box.last


async def test_what_is_told_of_an_edge_stands_in_its_state_and_is_told_again_when_it_changes(
    mosquitto: Any, tmp_path: Path, device: Device, dialled: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    dial, post, heard = dialled(mosquitto().port), Post(), []

    async def listen() -> None:
        async with dial("hub", None, ("s/v1/+/state",)) as link:
            async for message in link.messages():
                heard.append(json.loads(message.payload).get("keyset"))

    post.tell({"keyset": 4, "deny": 0})
    async with (
        outbox(tmp_path / "outbox.sqlite", device) as box,
        background(listen(), uplink.run(box, dial, device, Health(), quick, post)),
    ):
        await eventually(lambda: 4 in heard)
        post.tell({"keyset": 5, "deny": 0})
        await eventually(lambda: heard[-1] == 5)


async def test_a_file_as_the_upstream_holds_contacts_and_no_letters(
    tmp_path: Path, device: Device, contacts: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    post = Post(("k/v1/s/+/spent",))
    post.stand(letter(0))
    post.send(letter(1))
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(3))
        dial = upstream_file.FileDial(tmp_path / "sent.jsonl")
        async with background(uplink.run(box, dial, device, Health(), quick, post)):
            await eventually(lambda: box.waiting() == 0 and not post._out)
    assert [json.loads(line)["specversion"] for line in (tmp_path / "sent.jsonl").read_text().splitlines()] == [
        "1.0"
    ] * 3


async def test_nobody_hears_their_own_letters(mosquitto: Any, dialled: Any) -> None:
    async with dialled(mosquitto().port)("edge", None, ("done",)) as link:
        assert isinstance(link, MqttLink)
        assert await link.also(("k/v1/s/+/spent",)) == []
        await link.publish(letter(1, "k/v1/s/s.e/spent"))
        await link.publish(Message("done", b"2"))
        async for message in link.messages():
            assert message.topic == "done"
            break


async def test_on_one_connection_what_stands_is_said_once_whatever_else_goes_out() -> None:
    post, line = Post(), Line()
    post.stand(letter(1, "standing"))
    carrying = asyncio.ensure_future(post.carry(line))
    for number in range(2, 5):
        await turns()
        post.send(letter(number))
    await turns()
    carrying.cancel()
    assert line.numbers() == [1, 2, 3, 4]


async def test_letters_that_overflow_while_one_is_on_its_way_are_not_taken_for_it() -> None:
    post, line = Post(), Line()
    full = iter([True])

    def flood(_: Message) -> int:
        if next(full, False):
            for number in range(1, OUT + 2):
                post.send(letter(number))
        return 0

    line.reason = flood
    post.send(letter(0))
    await carried(post, line)
    assert line.numbers() == [0, *range(2, OUT + 2)]


async def test_a_topic_has_all_its_tries_again_after_it_was_left_alone() -> None:
    clock, post = 0.0, Post(mono=lambda: clock)

    def cut(_: Message) -> int:
        raise LinkLost("closed")

    for _ in range(2):
        lines = [Line(cut) for _ in range(TRIES)]
        post.send(letter(1))
        for line in lines:
            with pytest.raises(LinkLost):
                await post.carry(line)
        await carried(post, given_up := Line())
        assert given_up.sent == []
        clock += MUTE_S
    post.send(letter(2))
    await carried(post, after := Line())
    assert after.numbers() == [2]


async def test_what_is_told_again_unchanged_is_no_news() -> None:
    post = Post()
    post.tell({"keyset": 1})
    post.retold.clear()
    post.tell({"keyset": 1})
    assert not post.retold.is_set()


async def test_a_reader_of_many_letters_lets_others_run_between_them() -> None:
    post, turns = Post(), list[int]()
    for number in range(50):
        post.arrived(letter(number))

    async def read() -> None:
        async for message in post.messages():
            turns.append(int(message.payload))

    reading = asyncio.ensure_future(read())
    for _ in range(5):
        await asyncio.sleep(0)
    reading.cancel()
    assert 0 < len(turns) < 10


async def test_letters_that_are_somebody_elses_take_no_letters_place() -> None:
    others: list[Message] = []

    def taken(came: Message) -> bool:
        others.extend([came] if came.topic.startswith("d/") else [])
        return came.topic.startswith("d/")

    post = Post(others=taken)
    for number in range(2 * UNREAD):
        post.arrived(letter(number, "d/v1/loc/ginza/stock/pos"))
    post.arrived(letter(7))
    assert (len(others), (await anext(post.messages())).payload) == (2 * UNREAD, b"7")
    assert post.counted == {}

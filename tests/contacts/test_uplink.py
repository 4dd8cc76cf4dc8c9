"""The uplink against a far side that answers as the test says: what is deleted, held, set aside, sent again."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from edge.config import Device
from edge.contacts.line import uplink
from edge.contacts.line.dial import Confirms, Pace
from edge.contacts.spool.outbox import Outbox
from edge.health import Health, State
from edge.ports import LinkLost, Message
from tests.contacts.conftest import seqs_of


async def dead(box: Outbox) -> list[tuple[int, str]]:
    return await box._db.read(lambda c: c.execute("SELECT seq, reason FROM dead ORDER BY seq").fetchall())


async def settled(seconds: float = 0.3) -> None:
    """Time in which something wrong would happen."""
    await asyncio.sleep(seconds)


@pytest.mark.promise("L-2")
async def test_a_puback_deletes_nothing_and_the_inboxs_word_does(
    box: Outbox, device: Device, contacts: Any, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    far = scripted()
    await box.record_all(contacts(30))
    async with background(uplink.run(box, far, device, Health(), quick)):
        await eventually(lambda: len(far.seqs()) >= 30)
        await settled()
        assert box.waiting() == 30
        far.ack(box, 12)
        await eventually(lambda: box.waiting() == 18)
        far.ack(box, 30)
        await eventually(lambda: box.waiting() == 0)


@pytest.mark.promise("L-2")
@pytest.mark.parametrize(
    "payload",
    [
        '{"outbox": "%s", "upto": 31}',
        '{"outbox": "another", "upto": 20}',
        '{"outbox": "%s", "upto": "20"}',
        "nonsense",
    ],
    ids=["the future", "another stream", "no number", "no json"],
)
async def test_a_wrong_acknowledgement_deletes_nothing(
    box: Outbox,
    device: Device,
    contacts: Any,
    scripted: Any,
    background: Any,
    eventually: Any,
    quick: Pace,
    payload: str,
) -> None:
    far = scripted()
    await box.record_all(contacts(30))
    async with background(uplink.run(box, far, device, Health(), quick)):
        text = payload % box.stream if "%s" in payload else payload
        far.incoming.put_nowait(Message("u/v1/shibuya.edge-1/ack", text.encode()))
        await eventually(lambda: len(far.seqs()) >= 30 and far.incoming.empty())
        await settled()
        assert box.waiting() == 30


async def test_acknowledgements_may_come_twice_and_out_of_order(
    box: Outbox, device: Device, contacts: Any, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    far = scripted()
    await box.record_all(contacts(30))
    async with background(uplink.run(box, far, device, Health(), quick)):
        await eventually(lambda: len(far.seqs()) >= 30)
        for upto in (20, 5, 20, 1, 30, 20, 20, 20, 20):
            far.ack(box, upto)
        await eventually(lambda: box.waiting() == 0)
        await settled()
        assert (box.waiting(), box.last) == (0, 30)


@pytest.mark.promise("L-3")
async def test_what_the_acknowledgement_misses_is_sent_again(
    box: Outbox, device: Device, contacts: Any, scripted: Any, background: Any, eventually: Any
) -> None:
    far = scripted()
    await box.record_all(contacts(10))
    async with background(uplink.run(box, far, device, Health())):
        await eventually(lambda: far.seqs() == list(range(1, 11)))
        far.ack(box, 4, 10)
        await eventually(lambda: far.seqs() == [*range(1, 11), *range(5, 11)])
        far.ack(box, 10)
        await eventually(lambda: box.waiting() == 0)
    assert far.seqs() == [*range(1, 11), *range(5, 11)]


@pytest.mark.promise("L-3")
async def test_a_new_connection_starts_from_the_watermark(
    box: Outbox, device: Device, contacts: Any, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    far = scripted()
    await box.record_all(contacts(10))
    async with background(uplink.run(box, far, device, Health(), quick)):
        await eventually(lambda: len(far.seqs()) >= 10)
        far.ack(box, 7)
        await eventually(lambda: box.acked == 7)
        far.published.clear()
        far.incoming.put_nowait(Message("cut", b""))
        await eventually(lambda: far.dials == 2 and len(far.seqs()) >= 3)
        assert far.seqs()[:3] == [8, 9, 10]


@pytest.mark.parametrize(("window", "most"), [(1, 1), (7, 7), (65_535, 100)])
async def test_the_window_is_the_smaller_of_ours_and_theirs(
    box: Outbox, device: Device, contacts: Any, scripted: Any, background: Any, eventually: Any, window: int, most: int
) -> None:
    far = scripted(window=window)
    await box.record_all(contacts(300))
    async with background(uplink.run(box, far, device, Health(), replace(Pace(), batch=1))):
        await eventually(lambda: len(far.seqs()) >= 300)
    assert far.most_aloft == most


async def test_when_the_inbox_comes_back_all_it_lacks_is_sent_at_once(
    box: Outbox, device: Device, contacts: Any, scripted: Any, background: Any, eventually: Any
) -> None:
    far = scripted(reason=lambda _: 0x10)
    health = Health()
    await box.record_all(contacts(50))
    async with background(uplink.run(box, far, device, health)):
        await eventually(lambda: any(part.kind == "inbox" and part.state is State.DOWN for part in health.parts()))
        await settled(0.1)
        assert max(far.seqs()) <= 20
        far.reason = lambda _: 0
        far.published.clear()
        far.incoming.put_nowait(Message("u/v1/all/inbox", b'{"state":"online"}'))
        await eventually(lambda: far.seqs() == list(range(1, 51)))


async def test_a_full_quota_loses_nothing_and_passes(
    box: Outbox, device: Device, contacts: Any, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    answers = iter([0x97] * 60)
    far = scripted(reason=lambda _: next(answers, 0))
    await box.record_all(contacts(50))
    async with background(uplink.run(box, far, device, Health(), quick)):
        await eventually(lambda: set(far.seqs()) == set(range(1, 51)))
    assert await dead(box) == []


@pytest.mark.promise("L-8")
@pytest.mark.promise("L-4")
async def test_a_refused_topic_is_set_aside_and_the_others_flow(
    box: Outbox, device: Device, contacts: Any, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    taken: set[str] = set()

    def reason(message: Message) -> int:
        if message.topic.endswith("/play"):
            return 0x87
        taken.add(json.loads(message.payload)["sequence"])
        return 0

    await box.record_all(contacts(6))
    async with background(uplink.run(box, scripted(reason=reason), device, Health(), quick)):
        await eventually(lambda: len(taken) == 6)  # 3 scans and 3 gaps
    assert await dead(box) == [(2, "refused topic"), (4, "refused topic"), (6, "refused topic")]
    told = [json.loads(row.body)["data"] for row in await box.page(0, 100) if row.kind == "gap"]
    assert sorted(gap["ranges"] for gap in told) == [[[n, n]] for n in (2, 4, 6)]


@pytest.mark.promise("L-1")
async def test_an_edge_that_may_write_nothing_sets_nothing_aside_and_says_whose_name_counts(
    box: Outbox, device: Device, contacts: Any, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    mended, health = asyncio.Event(), Health()
    far = scripted(reason=lambda _: 0 if mended.is_set() else 0x87, state=lambda: 0 if mended.is_set() else 0x87)
    await box.record_all(contacts(6))
    async with background(uplink.run(box, far, device, health, quick)):
        await eventually(lambda: any("common name" in part.detail for part in health.parts()))
        await settled()
        assert (await dead(box), box.waiting()) == ([], 6)
        far.published.clear()
        mended.set()
        await eventually(lambda: {1, 2, 3, 4, 5, 6} <= set(far.seqs()))
    assert await dead(box) == []


@pytest.mark.promise("L-8")
async def test_a_refused_gap_makes_no_further_gaps(
    box: Outbox, device: Device, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    health = Health()
    await box.account("overflow", Counter({"scan": 2}), [(1, 2)])
    async with background(uplink.run(box, scripted(reason=lambda _: 0x87), device, health, quick)):
        await eventually(lambda: any("common name" in part.detail for part in health.parts()))
        await settled()
    assert (await dead(box), box.waiting()) == ([], 1)


@pytest.mark.promise("L-8")
async def test_what_is_larger_than_the_far_side_takes_is_never_sent(
    box: Outbox, device: Device, contacts: Any, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    far = scripted(max_bytes=2_000)
    first, large, last = contacts(3)
    large.data["text"] = "x" * 3_000
    await box.record_all([first, large, last])
    async with background(uplink.run(box, far, device, Health(), quick)):
        await eventually(lambda: {1, 3, 4} <= set(far.seqs()))
    assert 2 not in far.seqs()
    assert await dead(box) == [(2, "too large")]


@pytest.mark.promise("L-8")
async def test_an_event_that_cuts_every_connection_is_set_aside(
    box: Outbox, device: Device, contacts: Any, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    def reason(message: Message) -> int:
        if 33 in seqs_of(message):
            raise LinkLost("cut")
        return 0

    far = scripted(reason=reason)
    await box.record_all(contacts(60))
    async with background(uplink.run(box, far, device, Health(), quick)):
        await eventually(lambda: {*range(1, 33), *range(34, 62)} <= set(far.seqs()))
    assert await dead(box) == [(33, "poison")]


@pytest.mark.promise("L-8")
async def test_a_row_whose_bytes_changed_on_disk_is_set_aside(
    box: Outbox, device: Device, contacts: Any, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    far = scripted()
    await box.record_all(contacts(3))
    await box._db.write(lambda c: c.execute("UPDATE outbox SET body = x'7b7d' WHERE seq = 2"))
    async with background(uplink.run(box, far, device, Health(), quick)):
        await eventually(lambda: {1, 3, 4} <= set(far.seqs()))
    assert (await dead(box), 2 in far.seqs()) == ([(2, "corrupt")], False)


@pytest.mark.promise("L-2")
async def test_puback_mode_deletes_what_was_taken_with_reason_0_and_nothing_else(
    box: Outbox, device: Device, contacts: Any, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    far = scripted(confirms=Confirms.PUBACK, reason=lambda m: 0x10 if seqs_of(m)[0] >= 20 else 0)
    await box.record_all(contacts(30))
    async with background(uplink.run(box, far, device, Health(), quick)):
        await eventually(lambda: box.waiting() == 11)
        await settled()
        assert box.acked == 19
        far.reason = lambda _: 0
        await eventually(lambda: box.waiting() == 0)


@pytest.mark.promise("L-4")
async def test_an_inbox_that_forgot_what_it_had_confirmed_is_told_of_it(
    box: Outbox, device: Device, contacts: Any, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    far = scripted()
    await box.record_all(contacts(10))
    async with background(uplink.run(box, far, device, Health(), quick)):
        await eventually(lambda: len(far.seqs()) >= 10)
        far.ack(box, 10)
        await eventually(lambda: box.waiting() == 0)
        await box.record(contacts(1)[0])
        for _ in range(5):
            far.ack(box, 4, 11)
        await eventually(lambda: 12 in far.seqs())
    told = [json.loads(row.body)["data"] for row in await box.page(11, 10)]
    assert [(gap["reason"], gap["ranges"]) for gap in told] == [("forgotten by the inbox", [[5, 10]])]


async def test_a_far_side_that_never_answers_is_dialled_again(
    box: Outbox, device: Device, contacts: Any, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    class Silent(scripted):  # type: ignore[misc]
        async def publish(self, message: Message) -> int:
            if not message.retain:
                self.published.append(message)
                await asyncio.Event().wait()
            return 0

    far, health = Silent(), Health()
    await box.record_all(contacts(3))
    async with background(uplink.run(box, far, device, health, quick)):
        await eventually(lambda: far.dials >= 2)
        assert Counter(far.seqs())[1] >= 1
    assert box.waiting() == 3


async def test_the_state_is_told_at_birth_and_at_an_orderly_end(
    box: Outbox, device: Device, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    told: list[dict[str, Any]] = []

    class Hearing(scripted):  # type: ignore[misc]
        async def publish(self, message: Message) -> int:
            if message.topic == "s/v1/shibuya.edge-1/state" and message.retain:
                told.append(json.loads(message.payload))
            return 0

    async with background(uplink.run(box, Hearing(), device, Health(), quick)):
        await eventually(lambda: len(told) == 1)
        await settled(0.05)
    assert [each["state"] for each in told] == ["online", "offline"]
    assert told[0]["outbox"] == box.stream


async def test_contacts_that_nobody_confirms_are_told_on_the_health_page(
    box: Outbox, device: Device, contacts: Any, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    far, health = scripted(), Health()

    def inboxes() -> list[str]:
        return [part.state for part in health.parts() if part.kind == "inbox"]

    await box.record_all(contacts(3))
    async with background(uplink.run(box, far, device, health, quick)):
        await eventually(lambda: inboxes() == ["down"])
        assert "access list" in next(part.todo for part in health.parts() if part.kind == "inbox")
        far.ack(box, 3)
        await eventually(lambda: inboxes() == ["up"])


@pytest.mark.parametrize("steps", range(12))
async def test_a_stop_in_the_moment_in_which_the_line_is_lost_is_a_stop(
    box: Outbox, device: Device, scripted: Any, quick: Pace, eventually: Any, steps: int
) -> None:
    far = scripted()
    running = asyncio.ensure_future(uplink.run(box, far, device, Health(), quick))
    await eventually(lambda: far.dials)
    await settled(0.01)
    far.incoming.put_nowait(Message("cut", b""))
    for _ in range(steps):
        await asyncio.sleep(0)
    running.cancel()
    await asyncio.wait([running], timeout=5)
    assert running.cancelled()

"""Both ends of the stock wire together: what comes over is what was sent, and is called fresh only while it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from edge.ports import Message, StockLevel, StockReport
from edge.stock.line import topics
from edge.stock.line.beat import Beat, Word, write
from edge.stock.line.rows import write as write_note
from edge.stock.line.source import ROUND_S
from tests.stock.line.conftest import Wire, Wired

LIVE_S, LABEL_S = 10.0, 15.0
BEAT = topics.beat("ginza", "pos")
CHANGES = topics.changes("ginza", "pos")


async def test_an_edge_has_what_the_hub_has_and_each_change_of_it(wired: Wired) -> None:
    async with wired() as wire:
        assert (wire.has("A"), wire.has("B")) == (3, 1)
        await wire.sells("A", 2)
        await wire.publish()
        assert (wire.has("A"), wire.has("B")) == (2, 1)
        assert wire.source.counted["wholes"] == 1


async def test_what_is_gone_at_the_hub_is_gone_at_the_edge(wired: Wired) -> None:
    async with wired() as wire:
        await wire.says(A=3)
        await wire.publish()
        assert (wire.has("A"), wire.has("B")) == (3, None)


def lose(message: Message) -> Sequence[Message]:
    return ()


def double(message: Message) -> Sequence[Message]:
    return (message, message)


class Late:
    """Each message comes after the one that was sent later."""

    def __init__(self) -> None:
        self.kept: list[Message] = []

    def __call__(self, message: Message) -> Sequence[Message]:
        kept, self.kept = self.kept, [message]
        return (message, *kept) if kept else ()


@pytest.mark.promise("K-2")
@pytest.mark.parametrize("fate", [lose, double, Late()])
async def test_changes_that_are_lost_doubled_or_out_of_order_leave_the_edge_as_the_hub_is(
    wired: Wired, fate: Callable[[Message], Sequence[Message]]
) -> None:
    async with wired() as wire:
        wire.broker.fate = lambda message: fate(message) if message.topic == CHANGES else (message,)
        for count in range(20, 0, -1):
            await wire.sells("A", count)
            await wire.step(0.3)
        await wire.step(6.0)
        assert wire.has("A") == 1
        assert await wire.hub.digest("pos", "ginza") == await wire.edge.digest("hub/pos", "ginza")


@pytest.mark.promise("K-2")
async def test_a_row_of_the_edge_that_nobody_changed_is_put_right_by_the_next_beat(wired: Wired) -> None:
    async with wired() as wire:
        wrong = StockReport(frozenset({"ginza"}), [StockLevel("A", "ginza", 99)], 0, False, vouches=False, part="pos")
        await wire.edge.apply("hub", wrong, wire.world.at)
        assert wire.has("A") == 99
        await wire.says(A=3, B=1)
        await wire.step(6.0)
        assert wire.has("A") == 3
        counted = wire.source.counted
        assert (counted["rows apart"], counted["buckets apart"], counted["wholes"]) == (1, 1, 1)


@pytest.mark.promise("K-2")
async def test_a_row_that_was_changed_in_the_edges_file_is_put_right_at_its_start(wired: Wired, tmp_path: Path) -> None:
    file = tmp_path / "edge.sqlite"
    async with wired(file) as wire:
        assert wire.has("A") == 3
    with sqlite3.connect(file) as hand:
        hand.execute("UPDATE stock_row SET available = 77 WHERE sku = 'A'")
    async with wired(file) as wire:
        assert (wire.has("A"), wire.source.counted["wholes"]) == (3, 0)


async def test_a_start_with_a_good_file_asks_for_no_rows_and_is_live_by_the_next_beat(
    wired: Wired, tmp_path: Path
) -> None:
    async with wired(tmp_path / "edge.sqlite"):
        pass
    async with wired(tmp_path / "edge.sqlite", spread_s=3600) as wire:
        await wire.step(0.1)
        assert (wire.has("A"), wire.source.counted["wholes"], wire.counter.made) == (3, 0, 0)
        age = wire.age()
        assert age <= LIVE_S


async def test_a_start_without_a_file_asks_for_rows_at_a_moment_of_its_own(wired: Wired) -> None:
    async with wired(spread_s=60) as wire:
        assert wire.counter.made == 0
        for _ in range(61):
            await wire.says(A=3, B=1)
            await wire.step()
        assert (wire.has("A"), wire.counter.made) == (3, 1)


@pytest.mark.promise("K-1")
@pytest.mark.parametrize("cut", ["broker", "hub", "source", "broker and hub"])
async def test_whatever_is_cut_no_old_number_is_called_live_and_the_label_comes(wired: Wired, cut: str) -> None:
    async with wired() as wire:
        truth: list[tuple[float, int]] = []
        for second in range(90):
            went = 30 <= second < 70
            wire.broker.up = not (went and "broker" in cut)
            wire.asker.up = not (went and "hub" in cut)
            if not (went and cut == "source"):
                truth.append((wire.world.at, 1000 - second))
                await wire.says(A=1000 - second)
            await wire.step()
            shown, age = wire.has("A"), wire.age()
            if age <= LIVE_S:
                assert shown in {count for at, count in truth if wire.world.at - at <= LIVE_S}
            if cut in ("source", "broker and hub") and 30 + LABEL_S <= second < 70:
                assert age > LIVE_S
            elif cut in ("broker", "hub") or second < 30 or second > 85:
                assert age <= LIVE_S


@pytest.mark.promise("K-1")
async def test_messages_that_were_held_up_on_their_way_are_as_old_as_they_are(wired: Wired) -> None:
    async with wired() as wire:
        await wire.publish()
        held: list[Message] = []
        wire.broker.fate = lambda message: held.append(message) or ()  # type: ignore[func-returns-value]
        wire.asker.up = False
        await wire.says(A=2)
        await wire.publish()
        for _ in range(40):
            await wire.step()
        for message in held[:2]:
            wire.ear.arrived(message.topic, message.payload)
        for _ in range(12):
            await wire.step()
        assert (wire.has("A"), wire.age() >= 52) == (2, True)


@pytest.mark.promise("K-1")
async def test_a_hub_that_lives_without_its_source_vouches_for_nothing(wired: Wired) -> None:
    async with wired() as wire:
        for _ in range(30):
            await wire.step()
        age = wire.age()
        assert wire.source.counted["wholes"] == 1
        assert 30 <= age < 32


@pytest.mark.promise("K-1")
@pytest.mark.parametrize(
    ("epoch", "n", "boot"), [(None, 99, None), (123, 1, None), (None, 1, "00000000"), (None, 0, None)]
)
async def test_a_beat_of_what_the_edge_does_not_hold_or_of_another_start_makes_nothing_younger(
    wired: Wired, epoch: int | None, n: int, boot: str | None
) -> None:
    async with wired() as wire:
        wire.asker.up = False
        await wire.step(20)
        standing = wire.hub.standing("pos", "ginza")
        now = int((wire.world.at + 77_000) * 1000)
        word = Word(boot or wire.press.speaker.boot, now, 0)
        before = wire.age()
        wire.ear.arrived(BEAT, write(Beat(epoch or standing.epoch, n, word)).encode())
        await wire.settle()
        assert n == 0 or wire.age() == before


async def test_a_change_too_large_for_one_message_comes_in_parts_and_counts_when_all_have_come(wired: Wired) -> None:
    async with wired() as wire:
        counts = {f"S{number}": number for number in range(1200)}
        wire.broker.sent.clear()
        await wire.says(**counts)
        await wire.publish()
        assert [message.topic for message in wire.broker.sent][:3] == [CHANGES] * 3
        assert (wire.has("S1199"), wire.has("A")) == (1199, None)
        assert wire.source.counted["gaps"] == 0


async def test_a_part_that_is_lost_is_asked_for(wired: Wired) -> None:
    async with wired() as wire:
        wire.broker.fate = lambda message: () if b'"c":[2,' in message.payload else (message,)
        await wire.says(**{f"S{number}": number for number in range(1200)})
        await wire.publish()
        assert {wire.has(f"S{number}") for number in (0, 600, 1199)} == {0, 600, 1199}
        assert wire.source.counted["gaps"] == 1


async def test_a_channel_that_is_hidden_goes_over_no_wire(wired: Wired) -> None:
    async with wired() as wire:
        wire.hub.hide(["ec"])
        await wire.says("ec", "web", C=5)
        await wire.step(301)
        assert wire.has("C", "web") is None
        assert not [message for message in wire.broker.sent if "/ec" in message.topic]


async def test_several_channels_of_a_hub_stay_apart_and_say_whether_they_keep_a_unit(wired: Wired) -> None:
    async with wired() as wire:
        await wire.says("ec", "web", A=40)
        await wire.step()
        await wire.step()
        assert (wire.has("A"), wire.has("A", "web")) == (3, 40)
        assert (wire.source.reserves("web"), wire.source.reserves("ginza")) == ({"ec"}, frozenset())


async def test_a_hub_with_a_new_file_is_followed_by_its_digest_alone_where_its_rows_are_the_same(wired: Wired) -> None:
    async with wired() as wire:
        old = wire.hub.standing("pos", "ginza").epoch
        await wire.hub.keep_only([])
        await wire.says(A=3, B=1)
        assert wire.hub.standing("pos", "ginza").epoch != old
        await wire.step()
        await wire.sells("A", 2)
        await wire.step()
        assert (wire.has("A"), wire.source.counted["wholes"]) == (2, 1)


BROKEN = [
    b"",
    b"{",
    b"[]",
    b"\xff",
    b"[" * 10_000,
    b'{"e":1,"e":1,"n":5}',
    b'{"e":1,"n":NaN,"p":0,"c":[1,1],"r":[]}',
    b'{"e":1,"n":1e308,"p":0,"c":[1,1],"r":[]}',
    b'{"e":1,"n":true,"p":0,"c":[1,1],"r":[]}',
    b'{"e":1,"n":-1,"p":0,"c":[1,1],"r":[]}',
    b'{"e":1,"n":2,"p":1,"c":[2,1],"r":[]}',
    b'{"e":1,"n":2,"p":1,"c":[1,1],"r":[["A",-1e3]]}',
    b'{"e":1,"n":2,"p":1,"c":[1,1],"r":[["A",99999999]]}',
    b'{"e":1,"n":2,"p":1,"c":[1,1],"r":[["A",1],["A",2]]}',
    b'{"e":1,"n":2,"p":1,"c":[1,1],"r":[["A\\u0000",1]]}',
    b'{"e":1,"n":2,"p":1,"c":[1,1],"r":[["A",1,2,3,4,5,"lots"]]}',
    b'{"e":1,"n":2,"p":1,"c":[1,1],"r":[],"i":[["A","1"]]}',
    b'{"e":1,"n":2,"p":1,"c":[1,1],"r":' + str([[f"S{n}", 1] for n in range(501)]).replace("'", '"').encode() + b"}",
    b'{"e":1,"n":2,"boot":"<script>","at":1,"age_ms":0}',
    b'{"e":1,"n":2,"boot":"5a5a5a5a","at":1,"age_ms":-1}',
]


@pytest.mark.promise("X-3")
@pytest.mark.parametrize("topic", [BEAT, CHANGES])
async def test_broken_messages_change_nothing_and_are_counted(wired: Wired, topic: str) -> None:
    async with wired() as wire:
        epoch = str(wire.hub.standing("pos", "ginza").epoch).encode()
        before = (await state(wire), wire.age())
        for payload in BROKEN:
            wire.ear.arrived(topic, payload.replace(b'"e":1,', b'"e":' + epoch + b","))
        await wire.settle()
        assert (await state(wire), wire.age()) == before
        assert sum(wire.source.counted.values()) - wire.source.counted["wholes"] == len(BROKEN)


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "topic", ["d/v1/loc/ueno/stock/pos", "d/v1/loc/ginza/stock/a/b", "d/v1/loc/../stock/pos", "d/v1/"]
)
async def test_a_message_of_a_place_that_is_not_followed_changes_nothing(wired: Wired, topic: str) -> None:
    async with wired() as wire:
        before = await state(wire)
        standing = wire.hub.standing("pos", "ginza")
        wire.ear.arrived(topic, f'{{"e":{standing.epoch},"n":2,"p":1,"c":[1,1],"r":[["A",0]]}}'.encode())
        await wire.settle()
        assert await state(wire) == before
        assert wire.source.counted["of no place of ours"] == 1


async def state(wire: Wire) -> tuple[object, ...]:
    return tuple(sorted(wire.edge.levels("hub/pos", "ginza").items())), wire.edge.standing("hub/pos", "ginza").n


@pytest.mark.promise("K-1")
async def test_a_start_without_the_hubs_pages_keeps_the_age_that_the_file_has(wired: Wired, tmp_path: Path) -> None:
    async with wired(tmp_path / "edge.sqlite"):
        pass
    async with wired(tmp_path / "edge.sqlite", later_s=120, up=False) as wire:
        await wire.step()
        for _ in range(20):
            await wire.says(A=3, B=1)
            await wire.step()
        assert (wire.has("A"), 120 <= wire.age() < 160) == (3, True)
        wire.asker.up = True
        for _ in range(20):
            await wire.says(A=3, B=1)
            await wire.step()
        assert (wire.has("A"), wire.age() <= LIVE_S, wire.source.counted["wholes"]) == (3, True, 0)


@pytest.mark.promise("K-1")
async def test_a_shelf_that_is_asked_for_whole_again_is_as_fresh_as_its_word(wired: Wired) -> None:
    async with wired() as wire:
        await wire.says(**{f"S{number}": number for number in range(600)})
        await wire.publish()
        wrong = [StockLevel(f"S{number}", "ginza", 9) for number in range(600)]
        await wire.edge.apply("hub", StockReport(frozenset({"ginza"}), wrong, vouches=False, part="pos"), wire.world.at)
        for _ in range(int(ROUND_S * 1.2) // 4):
            await wire.says(**{f"S{number}": number for number in range(600)})
            await wire.step(4)
        assert (wire.has("S1"), wire.age() <= LIVE_S, wire.source.counted["wholes"]) == (1, True, 2)


@pytest.mark.promise("K-1")
async def test_a_change_that_was_told_makes_nothing_young_that_moved_on_behind_it(wired: Wired) -> None:
    async with wired() as wire:
        await wire.publish()
        await wire.step(30)
        first = wire.hub.standing("pos", "ginza")
        await wire.says(A=3, B=1, C=7)
        found = await wire.hub.rows_after("pos", "ginza", first.n, 100)
        await wire.sells("A", 0)
        note = wire.press.speaker.note(("pos", "ginza"), found, first.n)
        wire.asker.up = False
        wire.ear.arrived(CHANGES, write_note(note))
        await wire.settle()
        assert (wire.has("C"), wire.has("A"), wire.age() >= 30) == (7, 3, True)


@pytest.mark.promise("K-1")
async def test_after_a_machines_sleep_a_message_that_was_held_up_makes_nothing_young(wired: Wired) -> None:
    async with wired() as wire:
        await wire.publish()
        wire.asker.up, wire.broker.up, slept_s = False, False, 3600
        boot, now = wire.press.speaker.boot, wire.press.speaker.now
        standing = wire.hub.standing("pos", "ginza")
        await wire.step(5)
        held = Word(boot, int((now() + slept_s - 60) * 1000), 0)
        wire.ear.arrived(BEAT, write(Beat(standing.epoch, standing.n, held)).encode())
        await wire.settle()
        assert wire.age() >= 5


@pytest.mark.promise("K-2")
async def test_a_hub_that_was_restored_and_grew_past_what_it_told_is_compared(wired: Wired) -> None:
    async with wired() as wire:
        await wire.publish()
        await wire.sells("A", 2)
        await wire.publish()
        with_old = StockReport(frozenset({"ginza"}), [StockLevel("B", "ginza", 9)], 0, False, vouches=False, part="pos")
        await wire.edge.apply("hub", with_old, wire.world.at)
        wire.press.speaker.boot = "f" * 16
        await wire.sells("A", 1)
        for _ in range(10):
            await wire.step()
        assert (wire.has("A"), wire.has("B")) == (1, 1)


@pytest.mark.promise("K-1")
async def test_a_channel_that_the_hub_may_show_no_more_is_forgotten_at_the_edge_and_others_stay(wired: Wired) -> None:
    async with wired() as wire:
        await wire.says("ec", A=40)
        await wire.step(3)
        assert set(wire.edge.shelves()) == {("hub/pos", "ginza"), ("hub/ec", "ginza")}
        del wire.press.speaker.channels["ec"]
        wire.broker.up = False
        await wire.step(10)
        await wire.step(3)
        assert set(wire.edge.shelves()) == {("hub/pos", "ginza")}
        assert [word.channel for word in wire.edge.words("A", "ginza", wire.world.at)] == ["hub/pos"]


@pytest.mark.promise("K-1")
@pytest.mark.promise("K-2")
@pytest.mark.parametrize("beats", [True, False])
async def test_a_hub_that_lost_its_file_takes_no_row_away_before_its_source_has_told_all(
    wired: Wired, beats: bool
) -> None:
    async with wired() as wire:
        await wire.step(3)
        await wire.hub.keep_only([])
        await wire.sells("A", 2)
        wire.broker.up = beats
        for _ in range(20):
            await wire.step()
        assert (wire.has("A"), wire.has("B"), wire.age() >= 20) == (3, 1, True)
        await wire.says(A=2, C=5)
        for _ in range(20):
            await wire.step()
            await wire.says(A=2, C=5)
        assert (wire.has("A"), wire.has("B"), wire.has("C"), wire.age() <= 10) == (2, None, 5, True)

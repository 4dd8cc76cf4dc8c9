"""Hubs of one group: one reads a channel, all know the same, and whoever takes over goes on where the other was."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from edge.ports import StockAway, StockLevel, StockReport
from edge.stock.group.running import Group
from tests.stock.group.conftest import levels, numbers, post, reads, shared, until, wish

if TYPE_CHECKING:
    from edge.hub import Hub
    from tests.stock.group.conftest import Town

KEY = "0123456789abcdef0123456789abcdef"


async def agreed(town: Town, *heads: Hub) -> bool:
    """Whether all hubs come to know what the shop has, by the same numbers."""
    same = await until(lambda: all(levels(head) == town.shop.levels() for head in heads))
    return same and len({numbers(head) for head in heads}) == 1


async def parted(one: Hub, two: Hub) -> tuple[Hub, Hub]:
    """The hub that reads, and the other."""
    assert await until(lambda: reads(one) != reads(two))
    return (one, two) if reads(one) else (two, one)


async def test_of_two_hubs_from_zero_one_reads_and_both_tell_the_same(town: Town) -> None:
    async with town.hubs("one", "two") as (one, two):
        await parted(one, two)
        assert await agreed(town, one, two)
        assert await one.stock.digests("core", "ginza") == await two.stock.digests("core", "ginza")
        ours, theirs = [await head.stock.rows_after("core", "ginza", 0, 100) for head in (one, two)]
        assert (ours.epoch, ours.n, set(ours.levels)) == (theirs.epoch, theirs.n, set(theirs.levels))
        assert town.shop.breaches == []


async def test_a_webhook_may_reach_any_hub_and_counts_once(town: Town) -> None:
    async with town.hubs("one", "two", poll_s=3600) as (one, two):
        reader, other = await parted(one, two)
        assert await agreed(town, one, two)
        town.shop.stock("A-3", "ginza", 77)
        (delivery,) = town.shop.take()
        assert [await post(head, delivery) for head in (other, reader, other)] == [200, 200, 200]
        assert await until(lambda: levels(other)["A-3", "ginza"] == 77)
        assert await agreed(town, one, two)
        assert await town.asked("SELECT count(*) FROM stock_delivery") == 1
        assert await until(lambda: _settled(town))


async def _settled(town: Town) -> bool:
    return bool(await town.asked("SELECT count(*) = 0 FROM stock_delivery WHERE owed <> ''"))


@pytest.mark.promise("K-3")
async def test_a_wish_that_two_hubs_hear_is_one_wish(town: Town) -> None:
    async with town.hubs("one", "two") as (one, two):
        reader, other = await parted(one, two)
        assert await agreed(town, one, two)
        assert await until(lambda: "core" in reader.intake.open)
        first, second = await asyncio.gather(wish(other, KEY, "A-0"), wish(reader, KEY, "A-0"))
        assert {first["state"], second["state"]} <= {"confirmed", "pending", "unknown"}
        assert await until(lambda: _kept(other)), "the hub that was asked first never heard of it"
        assert (await wish(reader, KEY, "A-0"))["slip"] == (await wish(other, KEY, "A-0"))["slip"] == "K-7"
        assert town.shop.wishes == [KEY]
        assert (await wish(other, KEY[::-1], "A-0"))["state"] == "declined"


async def _kept(head: Hub) -> bool:
    return bool((await wish(head, KEY, "A-0"))["state"] == "confirmed")


async def test_numbers_go_on_when_another_hub_takes_over(town: Town) -> None:
    async with town.hubs("one", "two", "three") as heads:
        assert await until(lambda: sum(map(reads, heads)) == 1)
        assert await agreed(town, *heads)
        (reader,) = [head for head in heads if reads(head)]
        before = numbers(reader)
        await town.asked("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
                         f"tentou stock {reader.settings.hub.id}")  # fmt: skip
        town.shop.stock("A-1", "ginza", 50)
        assert await until(lambda: levels(heads[0]).get(("A-1", "ginza")) == 50)
        assert await agreed(town, *heads)
        assert numbers(heads[0])[0] == before[0]
        assert numbers(heads[0])[1] > before[1]


def report(n: int) -> StockReport:
    """A word of the shop itself that is wrong."""
    return StockReport(frozenset({"ginza"}), [StockLevel("A-1", "ginza", n, revision=10**12)], 0.0, whole=False)


async def test_a_hub_that_does_not_know_that_its_term_is_over_writes_nothing(town: Town) -> None:
    async with town.hubs("one") as (head,):
        assert await until(lambda: reads(head))
        assert await agreed(town, head)
        before = numbers(head)
        await town.asked("UPDATE stock_channel SET term = term + 1")
        with pytest.raises(StockAway):
            await head.stock.apply("core", report(999), head.intake.clocks.wall())
        assert await town.asked("SELECT count(*) FROM stock_row WHERE figures LIKE '%999%'") == 0
        assert levels(head)["A-1", "ginza"] == 2
        assert numbers(head) == before


async def test_while_the_database_is_away_nothing_is_asked_and_what_is_known_stays(town: Town) -> None:
    async with town.hubs("one", poll_s=0.05) as (head,):
        assert await until(lambda: reads(head))
        assert await agreed(town, head)
        town.server.stop()
        try:
            assert await until(lambda: not reads(head))
            calls = town.shop.calls
            town.shop.stock("A-1", "ginza", 60)
            (delivery,) = town.shop.take()
            assert await post(head, delivery) == 503
            assert town.shop.calls == calls
            assert levels(head)["A-1", "ginza"] == 2
        finally:
            town.server.start()
        assert await until(lambda: levels(head)["A-1", "ginza"] == 60)


async def test_a_database_that_was_restored_gives_no_number_twice(town: Town) -> None:
    async with town.hubs("one", "two") as (one, two):
        assert await agreed(town, one, two)
        before = numbers(one)
        await town.asked("UPDATE stock_shelf SET n = n - 1, v = v - 1 WHERE location = 'ginza'")
        assert await until(lambda: numbers(one)[0] != before[0] and numbers(two)[0] == numbers(one)[0])


async def test_only_the_hub_that_reads_a_channel_tells_stores_of_it(town: Town) -> None:
    async with town.hubs("one", "two") as (one, two):
        reader, other = await parted(one, two)
        assert await agreed(town, one, two)
        assert list(reader.press._turns())
        assert not list(other.press._turns())
        assert reader.press.speaker.boot[:16] == other.press.speaker.boot[:16] != reader.press.speaker.boot[16:]
        assert isinstance(shared(other), Group)


async def test_a_hub_whose_clock_is_behind_takes_over_and_its_readings_count(town: Town) -> None:
    fields = {
        name: at for name, at in town.shop.settings(town.shop.url, town.folder)["fields"].items() if name != "revision"
    }
    async with town.hubs("one", fields=fields) as (head,):
        assert await agreed(town, head)
    await town.asked("UPDATE stock_row SET revision = revision + 3600000, v = v + 1")
    await town.asked("UPDATE stock_shelf SET v = v + 1")
    town.shop.stock("A-1", "ginza", 60)
    async with town.hubs("two", fields=fields) as (head,):
        assert await agreed(town, head)


async def test_what_a_hub_found_out_about_a_system_the_next_one_knows(town: Town) -> None:
    def doubted(head: Hub) -> bool:
        return any(part.name == "core since" for part in head.health.parts())

    async def written() -> bool:
        return bool(await town.asked("SELECT told FROM stock_doubt") == "since")

    async with town.hubs("one", poll_s=0.05, compare_s=0.2) as (one,):
        assert await until(lambda: reads(one) and levels(one) == town.shop.levels())
        town.shop.rows["A-5", "0012"].at -= 600
        town.shop.sell_silently("A-5", "ginza")
        assert await until(lambda: doubted(one))
        assert await until(written)
    async with town.hubs("two", poll_s=0.05) as (two,):
        assert await until(lambda: doubted(two))

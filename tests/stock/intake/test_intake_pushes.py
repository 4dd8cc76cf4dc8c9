"""What deliveries left to do: none counts as worked off before it is, whatever fails in between."""

from __future__ import annotations

import pytest

from edge.stock.intake.pushes import Pushes
from edge.stock.system import Key, Pushed

KEY, OTHER = Key("1", "7"), Key("2", "7")


@pytest.fixture
def pushes() -> Pushes:
    return Pushes(lambda: 100.0)


async def told(pushes: Pushes, id: str, pushed: Pushed) -> None:
    """A delivery comes, and is taken."""
    pushes.add(id, pushed)
    found = await pushes.take()
    for _, each in found:
        for key in each.keys:
            pushes.ask(key)
    pushes.done(found)


async def beaten(pushes: Pushes) -> None:
    """A stream is sound: everything was read since it began."""
    await told(pushes, "beat", Pushed(stream="s", seq=1, sent_s=50.0))
    ids, then = pushes.begin_comparison()
    pushes.end_comparison(ids, then, through=True)
    pushes.settled()


async def test_what_could_not_be_read_is_owed_until_it_is(pushes: Pushes) -> None:
    await told(pushes, "a", Pushed(keys=(KEY,)))
    pushes.take_keys()
    pushes.give_back()
    assert pushes.settled() == []
    assert set(pushes.take_keys()) == {KEY}
    pushes.read()
    assert pushes.settled() == ["a"]


async def test_a_delivery_that_comes_while_others_are_read_is_settled_after_them(pushes: Pushes) -> None:
    await told(pushes, "a", Pushed(keys=(KEY,)))
    pushes.take_keys()
    await told(pushes, "b", Pushed(keys=(OTHER,)))
    assert pushes.settled() == []
    pushes.read()
    assert pushes.settled() == ["a"]
    pushes.take_keys()
    pushes.read()
    assert pushes.settled() == ["b"]


async def test_while_anything_is_read_nothing_that_comes_counts_as_worked_off(pushes: Pushes) -> None:
    await told(pushes, "a", Pushed(keys=(KEY,)))
    pushes.take_keys()
    await told(pushes, "b", Pushed())
    assert pushes.settled() == []
    pushes.read()
    assert sorted(pushes.settled()) == ["a", "b"]


async def test_a_comparison_that_failed_leaves_its_deliveries_to_the_next(pushes: Pushes) -> None:
    await told(pushes, "all", Pushed(everything=True))
    ids, then = pushes.begin_comparison()
    pushes.end_comparison(ids, then, through=False)
    assert pushes.settled() == []
    again, then = pushes.begin_comparison()
    pushes.end_comparison(again, then, through=True)
    assert (again, pushes.settled()) == (["all"], ["all"])


@pytest.mark.promise("K-1")
async def test_a_stream_says_nothing_while_a_row_is_still_to_be_read(pushes: Pushes) -> None:
    await beaten(pushes)
    assert pushes.word() == 50.0
    pushes.ask(KEY)
    assert pushes.word() is None
    pushes.take_keys()
    assert pushes.word() is None
    pushes.read()
    assert pushes.word() == 50.0
    pushes.add("c", Pushed(stream="s", seq=2, sent_s=60.0))
    assert pushes.word() is None


@pytest.mark.promise("K-1")
async def test_a_stream_whose_numbers_are_given_again_was_restored_and_is_compared(pushes: Pushes) -> None:
    await beaten(pushes)
    for seq in range(2, 8):
        await told(pushes, f"b{seq}", Pushed(stream="s", seq=seq, sent_s=50.0 + seq))
    await told(pushes, "late", Pushed(stream="s", seq=3, sent_s=53.0))
    assert pushes.word() == 57.0
    for seq in range(3, 12):
        await told(pushes, f"again{seq}", Pushed(stream="s", seq=seq, sent_s=100.0 + seq))
        assert pushes.word() is None
    ids, then = pushes.begin_comparison()
    pushes.end_comparison(ids, then, through=True)
    assert pushes.word() == 111.0

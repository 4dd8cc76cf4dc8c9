"""What screens show is read before its turn, and what goes on for ever leaves room for what vouches."""

from __future__ import annotations

import math

import pytest

from edge.stock.intake.shown import MOST_KEYS, MOST_SHOWN, Looks
from edge.stock.intake.windows import BLIND_POLLS, SHOWN, SURE_POLLS, WHOLES, Urgency, Windows
from edge.stock.system import Budget, Key

HOUR_S = 3600.0


def looks(*skus: str) -> Looks:
    return Looks(lambda: skus, lambda sku, place: Key(sku, place) if sku != "unread" else None)


def looked(looks: Looks, calls_a_key: float) -> list[str]:
    keys = looks.next(["web"])
    looks.took(keys, max(1.0, calls_a_key * len(keys)))
    return [key.item for key in keys]


def test_what_was_looked_at_longest_ago_comes_first_and_of_that_what_was_shown_last() -> None:
    turns = looks("C", "unread", "B", "A")
    assert [looked(turns, 1.0) for _ in range(6)] == [["C"], ["B", "A"], ["C"], ["B", "A"], ["C"], ["B", "A"]]


def test_what_is_shown_again_after_a_while_is_as_if_it_were_new() -> None:
    shown = ["A", "B"]
    turns = Looks(lambda: shown, lambda sku, place: Key(sku, place))
    assert [looked(turns, 2.0) for _ in range(2)] == [["A"], ["B"]]
    shown[:] = ["B"]
    assert looked(turns, 2.0) == ["B"]
    shown[:] = ["B", "A", "C"]
    assert [looked(turns, 2.0) for _ in range(3)] == [["A"], ["C"], ["B"]]


def test_a_look_takes_about_one_call_whatever_a_system_reads_in_one() -> None:
    many = looks(*(f"S{n}" for n in range(200)))
    sizes = [len(looked(many, 1 / MOST_KEYS)) for _ in range(8)]
    assert sizes == [1, 2, 4, 8, 16, 32, MOST_KEYS, MOST_KEYS]
    single = looks(*(f"S{n}" for n in range(200)))
    assert max(len(looked(single, 1.0)) for _ in range(20)) <= 2


def test_a_store_that_names_everything_makes_no_look_long() -> None:
    asked: list[str] = []

    def key(sku: str, place: str) -> Key:
        asked.append(sku)
        return Key(sku, place)

    many = Looks(lambda: [f"S{n}" for n in range(MOST_SHOWN + 9)], key)
    assert list(many.next(["web"])) == [Key("S0", "web")]
    assert len(asked) == MOST_SHOWN


async def test_what_a_look_reads_is_its_own_to_empty() -> None:
    turns = looks("A")

    async def read(keys: dict[Key, set[tuple[str, str]]], _: Urgency) -> float:
        keys.clear()
        return 1.0

    assert await turns.look(["web"], read) == 1.0
    assert turns.next(["web"]) == {Key("A", "web"): {("A", "web")}}


@pytest.mark.parametrize("polls", [[(SURE_POLLS, 3)], [(BLIND_POLLS, 3), (SHOWN, 1)], [(BLIND_POLLS, 40), (SHOWN, 9)]])
def test_polls_never_take_so_much_of_a_budget_that_comparisons_end(polls: list[tuple[float, int]]) -> None:
    windows = Windows([Budget(600, HOUR_S)])
    rounds = [(max(5.0, windows.even_s(calls, share)), calls) for share, calls in polls]
    wholes = compared(windows, 6 * HOUR_S, rounds)
    apart = [after - before for before, after in zip([0.0, *wholes], [*wholes, 6 * HOUR_S], strict=True)]
    assert max(apart) < 1.5 * HOUR_S


def compared(windows: Windows, until: float, polls: list[tuple[float, int]], calls: int = 30) -> list[float]:
    """When comparisons of so many calls ended, beside polls of (seconds apart, calls) that go first."""
    now, due, owed, left, ended, begin = 0.0, [0.0] * len(polls), 0, calls, [], 0.0
    space = max(5.0, windows.even_s(calls, WHOLES))
    while now < until:
        for n, (apart, cost) in enumerate(polls):
            if due[n] <= now:
                owed, due[n] = owed + cost, now + apart
        urgency = Urgency.POLL if owed else Urgency.COMPARE
        wait = windows.wait(1, urgency, now) if owed or now >= begin else math.inf
        if wait > 0:
            now = min([now + wait, *due, begin if begin > now else math.inf])
            continue
        windows.begin(1)
        now += 0.1
        windows.end(1, now)
        owed -= urgency is Urgency.POLL
        left -= urgency is Urgency.COMPARE
        if not left:
            left, begin = calls, max(now, begin + space)
            ended.append(now)
    return ended

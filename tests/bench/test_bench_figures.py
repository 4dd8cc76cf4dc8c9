"""The figures that every benchmark prints alike."""

import json

from edge.bench.figures import NEVER, in_json, mean, number, percent, percentiles, ratio, seeds, spent, table


def test_a_rank_that_falls_on_what_never_happened_is_never() -> None:
    times = [5.0, NEVER, 1.0, 3.0, 2.0]
    assert percentiles(times, (50, 80, 90)) == {"p50": 3.0, "p80": 5.0, "p90": NEVER}


def test_never_prints_as_a_word_and_is_null_in_json() -> None:
    assert number(NEVER) == "never"
    assert json.loads(json.dumps(in_json({"p90": NEVER, "all": [1, (NEVER,)]}))) == {"p90": None, "all": [1, [None]]}


def test_ours_to_nothing_is_no_ratio() -> None:
    assert (ratio(3.0, 2.0), ratio(0.0, 2.0)) == (1.5, 0.0)
    assert ratio(None, 2.0) is ratio(1.0, None) is ratio(1.0, 0.0) is None


def test_an_empty_sample_has_no_mean_and_a_missing_figure_is_a_dash() -> None:
    assert (mean([1.0, 2.0]), mean([])) == (1.5, None)
    assert (percent(0.925), percent(None), number(None), number(1.25, 2)) == ("92.5 %", "-", "-", "1.25")


def test_a_seed_gives_the_same_scenes_again_and_each_purpose_its_own() -> None:
    assert seeds(7, "clips", 3) == seeds(7, "clips", 4)[:3]
    assert len({*seeds(7, "clips", 3), *seeds(7, "idle", 3), *seeds(8, "clips", 3)}) == 9


def test_the_cpu_of_a_call_is_that_of_the_call_alone() -> None:
    little, much = (spent(lambda n=n: sum(range(n))) for n in (10, 1_000_000))  # type: ignore[misc]
    assert little[0] == 45
    assert 0 <= little[1] < much[1]


def test_the_columns_of_a_table_stand_below_each_other() -> None:
    lines = list(table(("", "read", "ms"), [("ours", "100.0 %", "1.0"), ("WeChat", "not here", "")]))
    assert lines == ["              read   ms", "  ours     100.0 %  1.0", "  WeChat  not here"]

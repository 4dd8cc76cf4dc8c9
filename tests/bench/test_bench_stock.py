"""The stock's benchmark in its short form: the real command, both sides on the same rows."""

from __future__ import annotations

import json

import pytest

from edge.__main__ import main
from edge.bench import stock
from edge.bench.stock_goods import PLACES, deltas, levels


def test_stock_measures_ours_and_bare_on_the_same_rows(capsys: pytest.CaptureFixture[str]) -> None:
    main(["bench", "stock", "-n", "300", "--seconds", "0.2", "--seed", "3", "--json"])
    result = json.loads(capsys.readouterr().out)
    assert (result["name"], result["n"], result["seed"]) == ("stock", 300, 3)
    for side in (result["ours"], result["peers"][stock.BARE]):
        assert side["rss_mb"] > 0
        assert side["lookup_p99_ms"] >= side["lookup_p50_ms"] > 0
        assert min(side["cold_start_s"], side["deltas_s"], side["lookups"]) > 0
    assert result["ours"]["first_answer_s"] <= result["ours"]["cold_start_s"]
    assert set(result["ratio"]) >= set(stock.BOUNDS)
    assert "bare sqlite3" in "\n".join(stock.words(result))


def test_made_stock_is_the_same_for_a_seed_and_has_a_shops_tails() -> None:
    made = levels(2000, 5, 1)
    assert made == levels(2000, 5, 1) != levels(2000, 6, 1)
    assert {level.location for level in made} == set(PLACES)
    counts = sorted(level.on_hand or 0 for level in made)
    assert counts[len(counts) // 8] == 0 < counts[-1]
    assert max(level.sold_daily or 0 for level in made) > 100
    assert len({level.revision for level in deltas(2000, 50, 5, 9)}) == 50


def test_a_figure_above_its_bound_is_a_finding() -> None:
    figures = dict.fromkeys(stock.BOUNDS, 1.0)
    assert list(stock.findings(figures)) == []
    assert [text.split(":")[0] for text in stock.findings(figures | {"deltas_s": 5.1})] == ["deltas_s"]

"""The ledger's benchmarks in their short form: the real command, a real broker, a real hub."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.__main__ import main
from edge.bench import bare_rows, drain, ledger_kill, outbox
from edge.bench.figures import NEVER
from edge.bench.ledger_events import bodies, device, fill
from edge.bench.processes import process
from edge.bench.watch import Watch
from edge.contacts.event import read_event
from edge.contacts.spool.opening import outbox as opened


def test_an_event_of_the_benchmarks_is_one_of_ours_and_as_large_as_a_shops() -> None:
    stream = secrets.token_hex(16)
    made = list(bodies(device(), stream, 7, 200))
    read = [read_event(body) for body in made]
    assert [one.seq for one in read] == list(range(7, 207))
    assert {(one.stream, one.store, one.device) for one in read} == {(stream, "s001", "edge1")}
    assert len({one.id for one in read}) == len({one.session for one in read}) == 200
    assert all(600 <= len(body) <= 720 for body in made)
    assert all(len(json.loads(body)["data"]["product"]) == 13 for body in made)


async def test_an_outbox_is_filled_with_events_that_it_takes_for_its_own(tmp_path: Path) -> None:
    async with opened(tmp_path / "outbox.sqlite", device()) as book:
        await fill(book, device(), 300)
    async with opened(tmp_path / "outbox.sqlite", device()) as book:
        assert (book.last, book.waiting()) == (300, 300)
        rows = await book.page(298, 10)
        assert [(row.seq, row.whole) for row in rows] == [(299, True), (300, True)]


def test_outbox_measures_ours_and_bare_with_each_number_of_writers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(outbox, "RATES", (2000,))
    monkeypatch.setattr(outbox, "SLICES", 1)
    monkeypatch.setattr(ledger_kill, "LIVES_S", (0.1, 0.2))
    main(["bench", "outbox", "-n", "0.05", "--kills", "1", "--json"])
    result = json.loads(capsys.readouterr().out)
    assert result["name"] == "outbox"
    for speeds in (result["ours"]["speed"], *(result["peers"][name] for name in outbox.BARE)):
        assert set(speeds) == {"1", "10", "100"}
        assert all(one["a_second"] > 0 and one["p99_ms"] >= one["p50_ms"] > 0 for one in speeds.values())
    killed = result["ours"]["killed"]
    assert set(killed) == {"2000"}
    assert all(one["accepted"] > one["lost"] == 0 for one in killed.values())
    assert result["peers"][outbox.GATEWAY] is None
    assert "not here" in "\n".join(outbox.words(result))


def test_a_drain_ends_when_head_office_has_every_event_and_the_edge_none() -> None:
    run = drain.drained(300, 50)
    assert run.lost == 0
    assert run.rate > 0
    assert set(run.cpu_ms) == set(run.rss_mb) == {"edge", "broker", "hub"}
    assert run.wire > 50


def made(rate: float, late_mb: float = 50.0) -> drain.Run:
    return drain.Run(rate, {"edge": 40.0}, 700.0, {"edge": (48.0, 50.0, late_mb)})


def test_drains_figures_are_medians_and_what_grows_or_is_slow_is_a_finding() -> None:
    runs = {drain.SINGLE: [made(9.0), made(70.0), made(60.0)], drain.BATCHED: [made(400.0, 90.0)]}
    found = drain.figures(runs | {drain.COUNTED: [made(100.0)], drain.ALONE: [made(120.0)]})
    assert found["ratio"][f"{drain.SINGLE}, to {drain.COUNTED}"] == 0.6
    assert found["ours"][drain.SINGLE]["a_second"] == 60
    assert [text.split(" by ")[0] for text in found["findings"]] == [
        f"{drain.SINGLE}, to {drain.COUNTED}: 0.60, below 0.8",
        "the edge's memory grew",
    ]
    result = {"n": 9, "batch": 50, "rounds": 3, "machine": "here", **found}
    assert drain.COUNTED in "\n".join(drain.words(result))


def test_a_watch_tells_a_busy_process_from_an_idle_one() -> None:
    busy, idle = subprocess.Popen([sys.executable, "-c", "while True: pass"]), subprocess.Popen(["sleep", "60"])
    try:
        with Watch({"busy": busy.pid, "idle": idle.pid}) as watch:
            while (now := process(busy.pid)) is not None and now.cpu_s < 0.2:
                time.sleep(0.02)
    finally:
        for one in (busy, idle):
            one.kill()
            one.wait()
    assert watch.cpu_s()["busy"] > watch.cpu_s()["idle"]
    assert watch.rss_mb()["busy"][2] > 0


@pytest.mark.parametrize(("value", "said"), [(0.79, 1), (0.81, 0)])
def test_a_ratio_below_what_is_promised_is_a_finding(value: float, said: int) -> None:
    ratios = {f"{drain.SINGLE}, to {drain.COUNTED}": value, f"{drain.BATCHED}, to {drain.SINGLE}": 9.0}
    assert len(list(drain._slow(ratios))) == said
    assert len(list(outbox._findings({f"1 writers to {outbox.APART}": value}, {}))) == said


def test_a_bare_writer_that_is_locked_out_kept_nothing_and_is_counted() -> None:
    slices = [bare_rows.summed([[0.001, 0.002], [NEVER]], 2.0, 0.5)]
    assert (slices[0].rate, slices[0].cpu_ms) == (1.0, 250_000.0)
    assert outbox._speed(slices)["locked"] == 1
    assert outbox._speed(slices)["p99_ms"] == NEVER

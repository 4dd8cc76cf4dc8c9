"""From looks at a running edge to how many cameras its machine carries."""

import os
import subprocess
import sys
from typing import Any

from edge.bench import processes
from edge.bench.carried import Eye, Look, eye, figures, looks, slowest
from edge.bench.processes import Process


def looked(*fps: float) -> list[Look]:
    return [Look("cam-0", True, one, 0) for one in fps]


def test_only_cameras_that_show_frames_are_up() -> None:
    parts: list[dict[str, Any]] = [
        {"kind": "camera", "name": "a", "state": "up", "figures": {"fps": 15.0, "restarts": 1.0}},
        {"kind": "camera", "name": "b", "state": "starting", "figures": {}},
        {"kind": "screen", "name": "c", "state": "up", "figures": {}},
    ]
    assert list(looks(parts)) == [Look("a", True, 15.0, 1), Look("b", False, 0.0, 0)]


def test_an_eye_is_as_slow_as_its_slowest_stretch() -> None:
    assert slowest([15.0] * 10 + [10.0] * 5 + [15.0] * 10, window=5) == 10.0
    assert slowest([15.0, 14.0, 15.0], window=2) == 14.5
    assert slowest([15.0, 13.0], window=10) == 14.0


def test_an_eyes_share_is_the_cpu_of_one_process_over_the_time() -> None:
    before, after = Process(7, 1, 10.0, 80.0), Process(7, 1, 11.0, 90.0)
    assert eye("cam-0", looked(15.0, 15.0), before, after, 10.0) == Eye("cam-0", 15.0, 15.0, 0.1, 90.0, 0)


def test_an_eye_that_did_not_last_has_no_share_and_is_a_finding() -> None:
    again = [Look("cam-0", True, 15.0, 0), Look("cam-0", True, 15.0, 1)]
    seen = eye("cam-0", again, Process(7, 1, 10.0, 80.0), Process(8, 1, 1.0, 80.0), 10.0)
    assert (seen.cpu, seen.restarts) == (None, 1)
    told = figures([seen], {"cpu": 0.1, "rss_mb": 90.0}, {"bare": 2.0})
    assert told["findings"] == ["cam-0 did not last: 1 restarts"]
    assert (told["ours"]["cameras"], told["ratio"]) == (None, {"cameras, ours to bare": None})


def test_the_cameras_of_two_cores_are_what_the_service_leaves() -> None:
    eyes = [Eye(f"cam-{turn}", 14.9, 15.0, 0.09, 80.0, 0) for turn in range(2)]
    told = figures(eyes, {"cpu": 0.2, "rss_mb": 90.0}, {"bare": 4.0})
    assert (told["ours"]["cpu_ms_a_frame"], told["ours"]["cameras"]) == (6.0, 20.0)
    assert told["peers"] == {"bare": {"cpu_ms_a_frame": 4.0, "cameras": 33.3}}
    assert (told["ratio"], told["findings"]) == ({"cameras, ours to bare": 0.601}, [])


def test_an_eye_below_14_frames_a_second_is_a_finding() -> None:
    told = figures([Eye("cam-0", 13.9, 15.0, 0.1, 80.0, 0)], {"cpu": 0.1, "rss_mb": 90.0}, {"bare": 2.0})
    assert told["findings"] == ["cam-0 fell to 13.9 frames a second, below 14"]


def test_a_process_is_read_whatever_its_name() -> None:
    stat = "42 (a ) name) S 7 42 42 0 -1 4194304 100 0 0 0 250 50 9 9 20 0 3 0 12345 99999 2560 184467"
    assert processes.parsed(stat, ticks=100, page=4096) == Process(42, 7, 3.0, 10.0)


BOUNDED = "import resource; resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30)); print('ready'); input()"


def test_the_kernel_tells_of_our_own_children_and_their_bounds() -> None:
    with subprocess.Popen([sys.executable, "-uc", BOUNDED], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        found = {one.pid: one for one in processes.children(os.getpid())}
        assert found[child.pid].rss_mb > 0
        assert processes.bound_mb(child.pid) == 3 << 10
        child.stdin.write(b"\n")
        child.stdin.close()
    assert processes.process(child.pid) is None

"""Time to first read under the policy that the latest frame wins."""

from collections.abc import Callable

import numpy as np
import pytest

from edge.bench.figures import NEVER
from edge.bench.presented import PERIOD_MS, glances, presentation
from edge.ports import Gray

CLIP = [np.full((1, 1), number, np.uint8) for number in range(20)]
HELD, LEAVES = 5, 16


def reader(ms: float, *shows: int, text: str = "mine") -> Callable[[Gray], tuple[frozenset[str], float]]:
    """A reader that takes so long, and reads the text in those frames."""
    return lambda gray: (frozenset({text} if int(gray[0, 0]) in shows else ()), ms)


def outcome(read: Callable[[Gray], tuple[frozenset[str], float]]) -> tuple[float, int, int]:
    came = presentation(glances(read, CLIP), "mine", HELD, LEAVES, "clean")
    return came.first_ms, came.wrong, len(came.hits)


def test_a_quick_reader_sees_every_frame() -> None:
    assert [glance.frame for glance in glances(reader(PERIOD_MS / 2), CLIP)] == list(range(20))


@pytest.mark.parametrize(("ms", "frames"), [(1.5, [0, 1, 3, 4, 6]), (2.1, [0, 2, 4, 6, 8]), (3.5, [0, 3, 7, 10, 14])])
def test_a_slow_reader_misses_the_frames_that_come_meanwhile(ms: float, frames: list[int]) -> None:
    assert [glance.frame for glance in glances(reader(ms * PERIOD_MS), CLIP)][:5] == frames


def test_a_read_is_timed_from_the_frame_that_holds_the_code_still_until_the_reader_is_done() -> None:
    assert outcome(reader(2.0, 5, 6))[0] == pytest.approx(2.0)
    assert outcome(reader(2.0, 8))[0] == pytest.approx(3 * PERIOD_MS + 2.0)


def test_a_code_read_on_its_way_in_took_no_time() -> None:
    assert outcome(reader(2.0, 2, 9))[0] == 0


def test_a_slow_readers_time_holds_what_it_waited_for() -> None:
    slow = reader(1.5 * PERIOD_MS, 5, 6)  # busy with frame 4 when frame 5 comes, so it is done with 6 at 9 frames' time
    assert outcome(slow)[0] == pytest.approx(2.5 * PERIOD_MS)


def test_a_code_that_is_read_only_as_it_leaves_was_never_read() -> None:
    assert outcome(reader(2.0, 16, 17)) == (NEVER, 0, 2)


def test_a_text_that_nobody_held_up_counts_as_wrong_and_not_as_read() -> None:
    assert outcome(reader(2.0, 6, 7, text="other")) == (NEVER, 1, 0)

"""From looks to presentations: examples, and a machine that tries what nobody thought of."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.health import Health, State
from edge.model import Code, Crowd, Gone, Look, Scan, Sight
from edge.ports import Frame
from edge.sessions.sight import follow
from edge.vision.presence import (
    AWAY_S,
    IGNORED_S,
    MOST,
    STAYS_S,
    TOGETHER_S,
    Presence,
    in_view,
    lingering,
    step,
    tick,
)
from edge.vision.stream import Stream
from edge.vision.watch import Watch
from edge.vision.wire import Pulse, heard
from tests.vision.conftest import Draw, Open

A, B = Code("MC1:A", "qrcode", "zxing"), Code("MC1:B", "qrcode", "zxing")
A2, A3 = Code("MC1:A:2", "qrcode", "zxing"), Code("MC1:A:3", "qrcode", "zxing")
BARS = Code("2901234567896", "ean13", "zxing")
BY_HAND = Code("2901234567896", "ean13", "scanner")
FOREIGN = Code("https://example.com", "qrcode", "zxing")

Looks = Sequence[tuple[float, tuple[Code, ...]]]


def whose(code: Code) -> str:
    """Of ``MC1:A:2`` it is A; a number is its own; whatever else is nobody's."""
    if code.text.startswith("MC1:"):
        return code.text.split(":")[1]
    return code.text if code.text.startswith("29") else ""


def seen(looks: Looks, end: float | None = None) -> tuple[Presence, list[Sight]]:
    presence, sights = Presence(), list[Sight]()
    for number, (at, codes) in enumerate(looks, 1):
        presence, new = step(presence, Look("door", codes, at, number), whose)
        sights += new
    if end is not None:
        presence, new = tick(presence, end)
        sights += new
    return presence, sights


def kinds(looks: Looks, end: float | None = None) -> list[str]:
    return [sight.code.text if isinstance(sight, Scan) else type(sight).__name__ for sight in seen(looks, end)[1]]


def held(*codes: Code, since: float = 0.0, until: float) -> list[tuple[float, tuple[Code, ...]]]:
    """Codes in view, a look each second."""
    return [(since + n, codes) for n in range(int(until - since) + 1)]


@pytest.mark.promise("V-6")
@pytest.mark.parametrize(
    ("looks", "end", "expected"),
    [
        pytest.param([(n / 15, (A,)) for n in range(100)], None, ["MC1:A"], id="many frames, one scan"),
        pytest.param([(0, (A,)), (2.9, (A,)), (5.8, (A,))], None, ["MC1:A"], id="a flicker is no second scan"),
        pytest.param([(0, (A,)), (1, ()), (2.9, (A,)), (3, ())], None, ["MC1:A"], id="seen, missed, seen"),
        pytest.param([(0, (A,)), (3, (A,))], None, ["MC1:A", "Gone", "MC1:A"], id="away for 3 s triggers again"),
        pytest.param([(0, (A,))], 2.9, ["MC1:A"], id="not yet gone"),
        pytest.param([(0, (A,))], 3, ["MC1:A", "Gone"], id="gone by silence"),
        pytest.param([(0, (FOREIGN,)), (1, (FOREIGN, A))], None, ["MC1:A"], id="a foreign code hides nothing"),
        pytest.param([(0, (FOREIGN,))], 9, [], id="a foreign code alone is nothing"),
        pytest.param([(0, (A, B)), (0.1, (A, B))], 9, ["Crowd"], id="two at once, said once"),
        pytest.param([(0, (A, B)), (5, (A, B))], None, ["Crowd", "Crowd"], id="two who left and came back"),
        pytest.param([(0, (A,)), (0.1, (A2,))], 2, ["MC1:A", "MC1:A:2"], id="a member's next token is told"),
        pytest.param([(0, (A, A2)), (0.1, (A,))], None, ["MC1:A"], id="two tokens of one member are no crowd"),
        pytest.param([(0, (A,)), (0.1, (A2,)), (0.2, (A,))], None, ["MC1:A", "MC1:A:2"], id="nor in turns"),
        pytest.param([(0, (A,)), (1, (A2,)), (3.5, (A2,))], 6.4, ["MC1:A", "MC1:A:2"], id="the next token stays"),
        pytest.param([(0, (A,)), (1, (A2,))], 4, ["MC1:A", "MC1:A:2", "Gone"], id="the last token leaves"),
        pytest.param([(0, (A,)), (0.1, (B,))], None, ["MC1:A", "MC1:B"], id="another's code replaces the old one"),
        pytest.param(
            [(0, (A,)), (0.1, (B,)), (0.2, (A,)), (0.3, (B,))], None, ["MC1:A", "MC1:B", "Crowd"], id="in turns"
        ),
        pytest.param([(0, (A, B)), (0.5, (A,)), (1.1, (A,))], None, ["Crowd", "MC1:A"], id="one of two stays"),
        pytest.param([(0, (A, B)), (0.1, (A,)), (0.2, (B,))], None, ["Crowd"], id="a crowd in single frames"),
        pytest.param(
            [(0, (A,)), (1, (A, B)), (2.5, (A,)), (4, (A, B))],
            None,
            ["MC1:A", "Crowd", "Crowd"],
            id="two crowds are two, and who stays between them is no second scan",
        ),
        pytest.param(
            [(0, (A,)), (1, (B,)), (2.5, (A,)), (4.1, (A,))],
            None,
            ["MC1:A", "MC1:B", "Gone"],
            id="held again too early, while another leaves",
        ),
        pytest.param([(0, (BARS,))], 9, [], id="bars once are not believed"),
        pytest.param([(0, (BARS,)), (0.5, (BARS,))], None, ["2901234567896"], id="bars twice are"),
        pytest.param([(0, (BARS,)), (0.6, (BARS,))], None, [], id="bars twice but too far apart"),
        pytest.param([(0, (BARS, A)), (0.1, (A,))], None, ["MC1:A"], id="a misread bar code makes no crowd"),
        pytest.param([(0, (BY_HAND,))], None, ["2901234567896"], id="a hand scanner is believed at once"),
        pytest.param(
            [(0, (BY_HAND,)), (2, (BY_HAND,)), (5, (BY_HAND,))],
            None,
            ["2901234567896", "Gone", "2901234567896"],
            id="a hand scanner's code goes by time alone",
        ),
    ],
)
def test_looks_become_presentations(looks: Looks, end: float | None, expected: list[str]) -> None:
    assert kinds(looks, end) == expected


def test_a_scan_carries_the_number_of_its_frame_and_the_name_of_its_eye() -> None:
    scan = seen([(0, (FOREIGN,)), (0.1, (A,))])[1][0]
    assert isinstance(scan, Scan)
    assert (scan.frame, scan.eye, scan.at) == (2, "door", 0.1)


def test_the_same_text_read_by_another_engine_is_the_same_code() -> None:
    assert kinds([(0, (A,)), (0.1, (Code("MC1:A", "qrcode", "pyzbar"),))]) == ["MC1:A"]


def test_no_text_shows_in_the_repr_of_a_presence() -> None:
    presence, _ = seen([*held(A, until=STAYS_S + 1), (STAYS_S + 1.5, (A, BARS))])
    assert "MC1" not in repr(presence)
    assert "29" not in repr(presence)
    assert "'A'" not in repr(presence)


@pytest.mark.promise("V-6")
def test_a_code_that_stays_for_over_a_minute_is_a_poster_and_counts_as_gone() -> None:
    assert kinds(held(A, until=STAYS_S)) == ["MC1:A"]
    assert kinds(held(A, until=STAYS_S + 1)) == ["MC1:A", "Gone"]
    assert kinds(held(A, until=3600)) == ["MC1:A", "Gone"]


@pytest.mark.promise("V-6")
def test_a_poster_makes_no_crowd_and_hides_nobody() -> None:
    looks = [*held(A, until=70), *held(A, B, since=71, until=75), *held(A, since=76, until=80)]
    assert kinds(looks) == ["MC1:A", "Gone", "MC1:B", "Gone"]


@pytest.mark.promise("V-6")
def test_of_a_crowd_the_one_that_has_become_a_poster_no_longer_counts() -> None:
    assert kinds([*held(A, until=59), *held(A, B, since=60, until=62)]) == ["MC1:A", "Crowd", "MC1:B"]


@pytest.mark.promise("V-6")
def test_a_code_that_becomes_a_poster_in_turns_with_another_makes_no_crowd() -> None:
    looks = [*held(A, until=58), (58.5, (A,)), (59.8, (B,)), (60.0, (A,)), (60.5, (A, B))]
    assert kinds(looks) == ["MC1:A", "MC1:B"]


@pytest.mark.promise("V-6")
def test_a_forgotten_phone_whose_token_changes_is_no_scan_for_ever() -> None:
    looks = [(float(at), (Code(f"MC1:A:{at // 30}", "qrcode", "zxing"),)) for at in range(3600)]
    assert kinds(looks) == ["MC1:A:0", "MC1:A:1", "MC1:A:2", "Gone"]


def test_a_poster_is_still_ignored_when_somebody_stood_before_it() -> None:
    assert kinds([*held(A, until=70), *held(A, since=90, until=110)]) == ["MC1:A", "Gone"]


def test_ten_minutes_after_it_was_last_judged_a_poster_counts_anew() -> None:
    away = 70 + IGNORED_S
    assert kinds([*held(A, until=70), (away - 0.1, (A,))]) == ["MC1:A", "Gone"]
    assert kinds([*held(A, until=70), (away, (A,))]) == ["MC1:A", "Gone", "MC1:A"]
    assert kinds([*held(A, until=70), *held(A, since=80, until=141), (away, (A,))]) == ["MC1:A", "Gone"]


def test_a_one_dimensional_card_that_was_left_lying_is_a_poster_too() -> None:
    looks = [(n / 4, (BARS,)) for n in range(4 * 100)]
    assert kinds(looks) == [BARS.text, "Gone"]


def test_how_long_a_poster_has_been_in_view_is_known_until_it_leaves() -> None:
    assert lingering(seen(held(A, until=STAYS_S))[0]) == 0
    assert lingering(seen(held(A, B, until=150))[0]) == 150
    assert lingering(seen(held(A, until=150), end=150 + AWAY_S)[0]) == 0


def test_the_health_page_says_for_how_long_and_what_to_do() -> None:
    assert in_view(0) == ("", "")
    assert in_view(61)[0] == "code in view for 1 minute"
    assert in_view(185)[0] == "code in view for 3 minutes"
    assert in_view(61)[1]


@pytest.mark.parametrize(("seconds", "detail"), [(60, ""), (61, "code in view for 1 minute")])
def test_an_eye_says_so_of_any_code_a_foreign_one_too(seconds: int, detail: str, symbol: Draw, scene: Draw) -> None:
    picture, lines = scene(symbol("https://example.com")), list[bytes]()
    watch = Watch("door", lambda: Stream({"qrcode"}), lines.append)
    watch.opened(0.0, False, ("", ""))
    for at in range(seconds + 1):
        watch.see(Frame(picture, at), float(at))
    watch.pulse(float(seconds))
    pulse = heard(lines[-1], "door")
    assert isinstance(pulse, Pulse)
    assert (pulse.state, pulse.detail, bool(pulse.todo)) == (State.UP, detail, bool(detail))


async def test_what_only_its_sight_knows_stands_on_the_cameras_part(
    opened: Open, pictures: Callable[..., Path], scene: Draw, symbol: Draw
) -> None:
    health = Health()
    async with asyncio.timeout(30), opened("folder", health, path=str(pictures(scene(symbol("x"))))) as eye:
        eye.lingers(150.0)
        while ("door", State.UP, *in_view(150.0)) not in told(health):
            await asyncio.sleep(0.02)
        eye.lingers(0.0)
        while ("door", State.UP, "", "") not in told(health):
            await asyncio.sleep(0.02)


def told(health: Health) -> list[tuple[str, State, str, str]]:
    return [(part.name, part.state, part.detail, part.todo) for part in health.parts()]


@pytest.mark.promise("X-3")
def test_a_flood_of_codes_neither_grows_without_bound_nor_ever_repeats_a_scan() -> None:
    flood = [(n / 30, tuple(Code(f"MC1:{n}-{m}", "qrcode", "zxing") for m in range(32))) for n in range(300)]
    bars = [(n / 30, tuple(Code(f"29{n:04}{m:07}", "ean13", "zxing") for m in range(32))) for n in range(300, 600)]
    presence = Presence()
    for at, codes in flood + bars:
        presence, _ = step(presence, Look("door", codes, at), whose)
        assert max(map(len, (presence.stays, presence.told, presence.once, presence.posters))) <= MOST
    tokens = [(n / 100, (Code(f"MC1:A:{n}", "qrcode", "zxing"),)) for n in range(200)]
    assert len(seen(tokens)[0].told) == MOST
    in_turn = kinds([(n / 100, (Code(f"MC1:{n % 90}", "qrcode", "zxing"),)) for n in range(1000)])
    scans = [kind for kind in in_turn if kind != "Crowd"]
    assert len(set(scans)) == len(scans) == MOST


@pytest.mark.promise("X-3")
def test_of_a_hundred_posters_in_turn_the_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.vision.presence.IGNORED_S", 1e9)
    looks = [(62.0 * n + at, (Code(f"MC1:{n}", "qrcode", "zxing"),)) for n in range(100) for at in range(0, 62, 2)]
    assert len(seen(looks)[0].posters) == 0
    looks = [(64.0 * n + at, (Code(f"MC1:{n}", "qrcode", "zxing"),)) for n in range(100) for at in range(0, 64, 2)]
    assert [who for who, _ in seen(looks)[0].posters] == [str(n) for n in range(100 - MOST, 100)]


CODES = (A, A2, A3, B, BARS, BY_HAND, FOREIGN)
VIEWS = st.lists(st.sampled_from(CODES), max_size=3, unique=True).map(tuple)
PAUSES = st.sampled_from([0.03, 0.07, 0.4, 0.6, 1.1, 2.0, 2.99, 3.0, 7.0, 601.0])


class Shopfloor(RuleBasedStateMachine):
    """Anything before an eye: what is told of it obeys the rules whatever happens."""

    def __init__(self) -> None:
        super().__init__()
        self.presence = Presence()
        self.at = 1000.0
        self.last_seen: dict[tuple[str, str], float] = {}
        self.scanned = set[tuple[str, str]]()
        self.there = False

    @rule(pause=PAUSES, codes=VIEWS)
    def look(self, pause: float, codes: tuple[Code, ...]) -> None:
        """One frame."""
        self.at += pause
        self.scanned -= {key for key, last in self.last_seen.items() if self.at - last >= AWAY_S}
        self.presence, sights = step(self.presence, Look("door", codes, self.at), whose)
        self._heard(sights, codes)
        self.last_seen |= {(code.symbology, code.text): self.at for code in codes}

    @rule(seconds=st.integers(2, 80), codes=VIEWS)
    def stay(self, seconds: int, codes: tuple[Code, ...]) -> None:
        """The same view for a while."""
        for _ in range(2 * seconds):
            self.look(0.5, codes)

    @rule(pause=PAUSES)
    def wait(self, pause: float) -> None:
        """Silence."""
        self.at += pause
        self.presence, sights = tick(self.presence, self.at)
        self._heard(sights, ())

    def _heard(self, sights: Iterable[Sight], codes: tuple[Code, ...]) -> None:
        assert [type(sight) for sight in sights] in ([], [Gone], [Scan], [Crowd], [Gone, Scan], [Gone, Crowd])
        for sight in sights:
            assert sight.at == self.at
            if isinstance(sight, Scan):
                key = (sight.code.symbology, sight.code.text)
                assert sight.code in codes
                assert whose(sight.code)
                assert key not in self.scanned, "3 s of absence stand between two scans of a code"
                self.scanned.add(key)
            elif isinstance(sight, Gone):
                assert self.there, "only who was shown can go"
            else:
                assert any(whose(code) for code in codes)
            self.there = isinstance(sight, Scan)

    @invariant()
    def little_is_remembered(self) -> None:
        """As many stays as there are people here, and whom it believes to be shown was told."""
        assert len(self.presence.stays) <= 3
        assert "" not in {stay.whose for stay in self.presence.stays}
        assert bool(self.presence.shown) == self.there


TestShopfloor = pytest.mark.promise("V-6")(Shopfloor.TestCase)


def timed(stream: list[tuple[float, tuple[Code, ...]]]) -> list[tuple[float, tuple[Code, ...]]]:
    at, looks = 0.0, []
    for pause, codes in stream:
        at += pause
        looks.append((at, codes))
    return looks


STREAMS = st.lists(st.tuples(PAUSES, VIEWS), max_size=40)


@pytest.mark.promise("V-6")
@given(STREAMS)
def test_foreign_codes_change_nothing(stream: list[tuple[float, tuple[Code, ...]]]) -> None:
    bare = [(pause, tuple(code for code in codes if code is not FOREIGN)) for pause, codes in stream]
    assert seen(timed(stream)) == seen(timed(bare))


@given(STREAMS)
def test_after_any_stream_and_ten_minutes_of_silence_a_code_is_scanned_at_once(
    stream: list[tuple[float, tuple[Code, ...]]],
) -> None:
    looks = timed(stream)
    at = (looks[-1][0] if looks else 0.0) + IGNORED_S
    assert kinds([*looks, (at, (A,))])[-1] == "MC1:A"


@given(st.lists(st.tuples(st.floats(0.01, TOGETHER_S), VIEWS), max_size=40))
def test_within_a_minute_three_seconds_of_absence_are_enough(stream: list[tuple[float, tuple[Code, ...]]]) -> None:
    looks = timed(stream)
    at = (looks[-1][0] if looks else 0.0) + AWAY_S + 0.01
    assert kinds([*looks, (at, (A,))])[-1] == "MC1:A"


async def following(looks: Iterable[Look]) -> tuple[list[Sight], list[float]]:
    """What ``follow`` tells of looks that lie in its queue."""
    queue: asyncio.Queue[Look] = asyncio.Queue()
    sights, minutes = list[Sight](), list[float]()
    for look in looks:
        queue.put_nowait(look)
    task = asyncio.create_task(follow(queue, whose, sights.append, minutes.append))
    while not queue.empty():
        await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return sights, minutes


async def test_minutes_are_told_as_they_pass_and_when_the_poster_leaves() -> None:
    start = time.monotonic() - 1000
    looks = [Look("door", (A,), start + n) for n in range(200)] + [Look("door", (), start + 210)]
    sights, minutes = await following(looks)
    assert [type(sight) for sight in sights] == [Scan, Gone]
    assert minutes == [60.0, 120.0, 180.0, 0.0]


async def test_an_eye_whose_clock_runs_ahead_keeps_nobody_in_view() -> None:
    sights, _ = await following([Look("door", (A,), 1e300), Look("door", (B,), time.monotonic() + 1e6)])
    assert all(sight.at <= time.monotonic() for sight in sights)
    assert len(sights) == 2

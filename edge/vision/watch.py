"""What an eye makes of its frames: lines of codes as they are seen, and a pulse that says how the camera is."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable

from edge.health import State
from edge.model import Code
from edge.ports import Frame, Gray
from edge.vision.picture import WORDS, Suspicion, named, sample, suspect
from edge.vision.stream import Stream
from edge.vision.wire import Pulse, look_line, pulse_line

PULSE_S = 0.4
SILENT_S = 2.0
"""A camera that gave no frame for so long is not up."""
STAYS_S = 60.0
"""A code in view for longer is a poster or a forgotten phone, said on the health page as ``code in view``."""
AWAY_S = 3.0
IDLE_FRAME_S = 1 / 15
MOVING_FRAME_S = 1 / 30
"""The shortest time from frame to frame, while nothing moves and while something does."""


class Watch:
    """One camera's eyesight over time; ``out`` takes the lines for the parent."""

    def __init__(self, camera: str, stream: Stream, out: Callable[[bytes], None]) -> None:
        self._camera, self._stream, self._out = camera, stream, out
        self._codes: tuple[Code, ...] = ()
        self._stays: dict[Code, tuple[float, float]] = {}
        self._state = Pulse(State.STARTING, "the camera starts")
        self._silent_words = ("", "")
        self._live = False
        self._suspicion = Suspicion()
        self._open = False
        self._latest: tuple[Gray, Gray] | None = None
        self._figures: dict[str, float] = {}
        self._last_frame = self._last_pulse = 0.0
        self._frames, self._decoding = 0, 0.0

    @property
    def frame_s(self) -> float:
        """The shortest time from one frame to the next."""
        return MOVING_FRAME_S if self._stream.moving else IDLE_FRAME_S

    def opened(self, now: float, live: bool, silent_words: tuple[str, str]) -> None:
        """The source is open; ``silent_words`` say what is wrong, and what to do, if no frame comes."""
        self._open, self._last_frame, self._live, self._silent_words = True, now, live, silent_words
        self._suspicion = Suspicion()

    def see(self, frame: Frame, now: float) -> None:
        """Read one frame and tell its codes at once; of a view without codes only the first frame is told."""
        began = time.perf_counter()
        codes = self._stream.look(frame.gray)
        self._decoding += time.perf_counter() - began
        if codes or self._codes:
            self._out(look_line(codes, frame.number, now))
        self._codes = codes
        self._last_frame, self._latest = now, (frame.gray, self._stream.thumbnail)
        self._frames += 1
        self._note_stays(now)

    def silent_for(self, now: float) -> float:
        """Seconds since the last frame, or since the source was opened."""
        return now - self._last_frame

    def down(self, detail: str, todo: str) -> None:
        """The source is away."""
        self._open, self._state = False, Pulse(State.DOWN, detail, todo)

    def ended(self) -> None:
        """A source with an end showed its last frame."""
        self._open, self._state = False, Pulse(State.UP, "the last picture was shown")

    def pulse(self, now: float) -> None:
        """Say how the camera is, if it is time to."""
        since = now - self._last_pulse
        if since < PULSE_S:
            return
        self._measure(now, since)
        if self._open:
            self._state = self._judge(now)
        self._out(pulse_line(Pulse(self._state.state, self._state.detail, self._state.todo, self._figures)))
        self._last_pulse, self._frames, self._decoding, self._latest = now, 0, 0.0, None

    def _measure(self, now: float, since: float) -> None:
        """The figures since the last pulse, and the look of its latest frame, which is then let go."""
        figures = {**self._figures, "fps": round(self._frames / since, 1)}
        if self._latest is not None:
            gray, small = self._latest
            of = sample(gray, small)
            self._suspicion = suspect(self._suspicion, of, zlib.crc32(gray.tobytes()), self._live, now)
            figures["decode_ms"] = round(1000 * self._decoding / self._frames, 2)
            figures |= {"brightness": round(of.brightness, 1), "sharpness": round(of.sharpness, 1)}
        if self._last_frame:
            figures["age_s"] = round(self.silent_for(now), 2)
        self._figures = figures

    def _judge(self, now: float) -> Pulse:
        if self.silent_for(now) > SILENT_S:
            return Pulse(State.DOWN, *self._silent_words)
        if self._suspicion.fingerprint is None:
            return self._state
        word = named(self._suspicion, now)
        if word and not self._stays:
            return Pulse(State.DOWN, *WORDS[word])
        return Pulse(State.UP, "code in view" if self._stuck(now) else "")

    def _note_stays(self, now: float) -> None:
        kept = {code: times for code, times in self._stays.items() if now - times[1] < AWAY_S}
        self._stays = kept | {code: (kept.get(code, (now, now))[0], now) for code in self._codes}

    def _stuck(self, now: float) -> bool:
        return any(now - first > STAYS_S for first, _ in self._stays.values())

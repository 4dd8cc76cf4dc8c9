"""What an eye makes of its frames: lines of codes as they are seen, and a pulse that says how the camera is."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable

import cv2

from edge.config import WHOLE, Zone
from edge.health import State
from edge.model import Code
from edge.ports import Frame, Gray
from edge.vision.meters import POOR, poor
from edge.vision.picture import WORDS, Suspicion, cut, jpeg, named, readable, sample, sketch, suspect
from edge.vision.presence import AWAY_S, STAYS_S, in_view
from edge.vision.stream import Stream
from edge.vision.told import Lease
from edge.vision.wire import Pulse, View, look_line, pulse_line, view_line

PULSE_S = 0.4
VIEW_S = 0.2
SILENT_S = 2.0
"""A camera that gave no frame for so long is not up."""
IDLE_FRAME_S = 1 / 16
MOVING_FRAME_S = 1 / 32
"""The shortest time from frame to frame, while nothing moves and while something does: a little more than 15 and 30
a second, so that of a camera that gives as many none is missed."""
STARVED = 5
"""So many frames in a row for which there was no memory: it is not the frame, the eye has outgrown its bound."""
BLIND = 15
"""A reader that failed at so many frames in a row reads nothing of what it is shown."""
POOR_S = 5.0
"""Dark, bright or blurred for so long a picture is said to be, so that no coat and no hand before the lens is."""
PROVEN_S = 3600.0
"""A code that was read proves the focus for so long, also of a lens before which all but a phone is out of it."""
READER_FAILS = ("the reader fails at every picture", "Show the camera something else; if it stays so, tell the maker.")
NO_FORMAT = ("the camera's pictures cannot be read", "Choose another format or size for the camera, or another camera.")


class Outgrown(Exception):
    """The eye needs more memory than it may have; only a new process helps."""


class Watch:
    """One camera's eyesight over time; ``out`` takes the lines for the parent, ``stream`` makes a new reading."""

    def __init__(
        self,
        camera: str,
        stream: Callable[[], Stream],
        out: Callable[[bytes], None],
        zone: Zone = WHOLE,
        note: str = "",
        may_leave: Callable[[Code], bool] = lambda _: True,
    ) -> None:
        self._camera, self._new_stream, self._out, self._zone, self._note = camera, stream, out, zone, note
        self._stream, self._shape = stream(), (0, 0)
        self._lease, self._last_view = Lease(), 0.0
        self._codes: tuple[Code, ...] = ()
        self._may_leave, self._said = may_leave, False
        self._stays: dict[Code, tuple[float, float]] = {}
        self._state = Pulse(State.STARTING, "the camera starts")
        self._silent_words = ("", "")
        self._live = False
        self._suspicion = Suspicion()
        self._poor, self._poor_since, self._read_at = "", 0.0, -PROVEN_S
        self._open = False
        self._latest: tuple[Gray, Gray] | None = None
        self._figures: dict[str, float] = {"errors": 0}
        self._last_frame = self._last_strange = self._last_pulse = 0.0
        self._times: list[float] = []
        self._moving = self._failed = self._starved = 0

    @property
    def frame_s(self) -> float:
        """The shortest time from one frame to the next."""
        return MOVING_FRAME_S if self._stream.moving else IDLE_FRAME_S

    def told(self, zone: Zone, lease: Lease) -> None:
        """What the parent wishes from the next frame on: which part is read, and who looks until when."""
        if zone != self._zone:
            self._zone, self._stream = zone, self._new_stream()
        self._lease = lease

    def opened(self, now: float, live: bool, silent_words: tuple[str, str]) -> None:
        """The source is open; ``silent_words`` say what is wrong, and what to do, if no frame comes.

        The camera's own id stands in them for ``{camera}``.
        """
        self._open, self._last_frame, self._live = True, now, live
        self._silent_words = (silent_words[0], silent_words[1].replace("{camera}", self._camera))
        self._suspicion = Suspicion()

    def see(self, frame: Frame, now: float) -> None:
        """Read one frame and tell its codes at once; of a view without codes only the first frame is told.

        A frame that is none is passed over, and so is one at which a reader raises, whatever it raises: what
        a crafted symbol does to one frame must not reach the next. Raises Outgrown when no memory is left.
        """
        if not readable(frame.gray):
            self._last_strange = now
            return
        gray = cut(frame.gray, self._zone)
        self._last_frame = now
        codes = self._read(gray)
        if codes is None:
            return
        leaving = tuple(code for code in codes if self._may_leave(code))
        if leaving or self._said:
            self._out(look_line(leaving, frame.number, now))
            self._said = bool(leaving)
        self._codes, self._latest = codes, (gray, self._stream.thumbnail)
        self._moving += self._stream.moving
        self._note_stays(now)
        if now < self._lease.until and now - self._last_view >= VIEW_S:
            self._view(frame.gray, self._latest, now)

    def _read(self, gray: Gray) -> tuple[Code, ...] | None:
        """The codes of a frame, None if the reader failed at it; a camera that changes its size is read anew."""
        if gray.shape != self._shape:
            self._stream, self._shape = self._new_stream(), (gray.shape[0], gray.shape[1])
        began = time.perf_counter()
        try:
            codes = self._stream.look(gray)
        except Exception as error:  # noqa: BLE001 - a reader in C++ may raise anything, and the next frame must be read
            self._fail(error)
            return None
        finally:
            self._times.append(time.perf_counter() - began)
        self._failed = self._starved = 0
        return codes

    def _fail(self, error: Exception) -> None:
        """Count a frame that a reader failed at; what it left half done is thrown away."""
        self._figures["errors"] += 1
        self._failed += 1
        self._stream = self._new_stream()
        starved = isinstance(error, MemoryError) or getattr(error, "code", 0) == cv2.Error.StsNoMem
        self._starved = self._starved + 1 if starved else 0
        if self._starved >= STARVED:
            raise Outgrown from error

    def _view(self, whole: Gray, latest: tuple[Gray, Gray], now: float) -> None:
        """Show the frame to the one who sets the camera up; nobody else ever gets its pixels."""
        of = sample(*latest)
        figures = {**self._figures, "brightness": round(of.brightness, 1), "sharpness": round(of.sharpness, 1)}
        figures["width"] = whole.shape[1]
        picture = jpeg(whole) if self._lease.picture else b""
        self._out(view_line(View(picture, sketch(whole), len(self._codes), figures, now)))
        self._last_view = now

    def silent_for(self, now: float) -> float:
        """Seconds since the last frame, or since the source was opened."""
        return now - self._last_frame

    def down(self, detail: str, todo: str) -> None:
        """The source is away."""
        self._open, self._state = False, Pulse(State.DOWN, detail, todo)

    def ended(self) -> None:
        """A source with an end showed its last frame."""
        self._open, self._state = False, Pulse(State.UP, "the last picture was shown")

    def pulse(self, now: float, note: str = "") -> None:
        """Say how the camera is, if it is time to; ``note`` is what its adapter has to say of it."""
        since = now - self._last_pulse
        if since < PULSE_S:
            return
        self._measure(now, since)
        if self._open:
            self._state = self._judge(now)
        seen = self._state.state is State.UP and now < self._lease.until and self._lease.picture
        shown = "shown on the calibration page" if seen else ""
        detail = ", ".join(filter(None, (self._state.detail, shown, note, self._note)))
        sees = self._open and min(self.silent_for(now), now - self._last_strange) <= SILENT_S
        self._out(pulse_line(Pulse(self._state.state, detail, self._state.todo, self._figures, sees)))
        self._last_pulse, self._times, self._moving, self._latest = now, [], 0, None

    def _measure(self, now: float, since: float) -> None:
        """The figures since the last pulse, and the look of its latest frame, which is then let go."""
        frames = len(self._times)
        figures = {**self._figures, "fps": round(frames / since, 1)}
        if self._latest is not None:
            gray, small = self._latest
            of = sample(gray, small)
            self._suspicion = suspect(self._suspicion, of, zlib.crc32(gray.tobytes()), self._live, now)
            self._note_poor(poor(of.brightness, of.sharpness), now)
            figures["decode_ms"] = round(1000 * sum(self._times) / frames, 2)
            figures["decode_max_ms"] = round(1000 * max(self._times), 2)
            figures["motion"] = round(self._moving / frames, 2)
            figures |= {"brightness": round(of.brightness, 1), "sharpness": round(of.sharpness, 1)}
        if self._last_frame:
            figures["age_s"] = round(self.silent_for(now), 2)
        self._figures = figures

    def _judge(self, now: float) -> Pulse:
        if self.silent_for(now) > SILENT_S:
            strange = now - self._last_strange < SILENT_S
            return Pulse(State.DOWN, *(NO_FORMAT if strange else self._silent_words))
        if self._failed >= BLIND:
            return Pulse(State.DOWN, *READER_FAILS)
        if self._suspicion.fingerprint is None:
            return self._state
        word = named(self._suspicion, now)
        if word == "frozen" or (word and not self._stays):  # a code that is read shows that the picture is usable
            return Pulse(State.DOWN, *WORDS[word])
        if self._stays:
            return Pulse(State.UP, *in_view(self._stuck()))
        return Pulse(State.UP, *(POOR[self._poor] if self._poor and now - self._poor_since >= POOR_S else ("", "")))

    def _note_poor(self, word: str, now: float) -> None:
        """Note since when the picture has been dark, bright or blurred."""
        word = "" if word == "blurred" and now - self._read_at < PROVEN_S else word
        if word != self._poor:
            self._poor, self._poor_since = word, now

    def _note_stays(self, now: float) -> None:
        kept = {code: times for code, times in self._stays.items() if now - times[1] < AWAY_S}
        self._stays = kept | {code: (kept.get(code, (now, now))[0], now) for code in self._codes}
        self._read_at = now if self._codes else self._read_at

    def _stuck(self) -> float:
        """Seconds for which the code longest in view has been there, foreign or not; 0 before it is a poster."""
        longest = max((last - first for first, last in self._stays.values()), default=0.0)
        return longest if longest > STAYS_S else 0.0

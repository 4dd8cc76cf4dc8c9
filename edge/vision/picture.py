"""How a camera's picture looks as a picture: its figures, what is wrong with it in a plain word, a sketch of it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.config import WHOLE, Zone
from edge.ports import Gray
from edge.vision.wire import COLUMNS, LONGEST_VIEW, ROWS, SHADES

BLACK = 16.0
"""A picture whose mean gray level is lower, without contrast, is black: a cap, or no light at all."""
WHITE, BLOWN_SHARE = 250, 0.85
"""A picture of which more than this share is white is blown out: a lamp or the sun in the lens."""
PLAIN = 6.0
"""A picture whose thumbnail deviates less from its mean, in gray levels, shows nothing: something lies on the lens."""
FROZEN_S = 3.0
"""A sensor's noise makes every picture differ; the same picture for this long is not a live one."""
LASTING_S = 2.0
"""A fault must last, so that a hand before the lens is not called one."""

VIEW_WIDTH, VIEW_HEIGHT, VIEW_QUALITY = 640, 1280, 70
"""A picture for the one who sets a camera up: enough to judge by, a few dozen kilobytes."""
NO_PIXELS: Gray = np.empty((0, 0), np.uint8)
"""What an adapter gives for a picture that came and cannot be read, so that the health page can say so."""
LEAST, MOST = 16, 1 << 25
"""The shortest side and the most pixels of a frame that is one."""

WORDS = {
    "black": ("the picture is black", "Take the cap off, look at the lens, switch the light on."),
    "blown out": ("the picture is blown out", "Turn the camera away from the lamp or the sun, or lower its exposure."),
    "covered": ("the lens is covered", "Look at the lens: something is before it, or it faces a blank wall."),
    "frozen": ("the picture is frozen", "Unplug the camera and plug it in again."),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One frame in figures: mean and deviation of the thumbnail in gray levels, the share of it that is white,
    and the sharpness, as the variance of the frame's edges."""

    brightness: float
    contrast: float
    white: float
    sharpness: float


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What looked wrong and since when, and since when the picture has been the very same one."""

    fault: str = ""
    since: float = 0.0
    same_since: float = 0.0
    fingerprint: int | None = None


def gray_of(encoded: bytes) -> Gray | None:
    """The gray picture of an encoded one (JPEG, PNG…), None if it is none or larger than an eye takes."""
    try:
        gray = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        return None
    return None if gray is None else np.asarray(gray, np.uint8)


def readable(gray: object) -> bool:
    """A frame is one if it is gray, of 8 bits a pixel, and of a size that a camera may have."""
    if not isinstance(gray, np.ndarray) or gray.dtype != np.uint8 or gray.ndim != 2:
        return False
    return min(gray.shape) >= LEAST and gray.size <= MOST


def cut(gray: Gray, zone: Zone) -> Gray:
    """The part of a frame within a zone, in memory of its own row after row; all of it is not copied."""
    if zone == WHOLE:
        return gray
    height, width = gray.shape
    left, top = round(zone[0] * width), round(zone[1] * height)
    right, bottom = round((zone[0] + zone[2]) * width), round((zone[1] + zone[3]) * height)
    return np.ascontiguousarray(gray[top : max(bottom, top + 1), left : max(right, left + 1)])


def sketch(gray: Gray) -> str:
    """The frame as 9 rows of 32 digits, from 0 for black to 4 for white."""
    small = cv2.resize(gray, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    shades = np.asarray(small, np.uint16) * SHADES // 256
    return "\n".join("".join(map(str, row)) for row in shades)


def jpeg(gray: Gray) -> bytes:
    """The frame as a JPEG of at most 640 x 1280; empty if even that is more than a line may hold."""
    height, width = gray.shape
    share = min(1.0, VIEW_WIDTH / width, VIEW_HEIGHT / height)
    size = (max(1, int(width * share)), max(1, int(height * share)))
    small = gray if share == 1.0 else cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    encoded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, VIEW_QUALITY])[1].tobytes()
    return encoded if len(encoded) <= LONGEST_VIEW else b""


def sample(gray: Gray, small: Gray) -> Sample:
    """The figures of a frame and its thumbnail; at 720p under 2 ms, so once each half second is enough."""
    edges = cv2.Laplacian(gray[::2, ::2], cv2.CV_16S)
    white = float(np.count_nonzero(small >= WHITE) / small.size)
    return Sample(float(small.mean()), float(small.std()), white, float(np.asarray(edges, np.float32).var()))


def fault(of: Sample) -> str:
    """The word of WORDS for a picture that shows nothing, empty for a usable one."""
    if of.white > BLOWN_SHARE:
        return "blown out"
    if of.contrast >= PLAIN:
        return ""
    return "black" if of.brightness < BLACK else "covered"


def suspect(before: Suspicion, of: Sample, fingerprint: int, live: bool, now: float) -> Suspicion:
    """The suspicion after one more sample; ``live`` says that the source is a sensor, whose pictures all differ."""
    same_since = before.same_since if fingerprint == before.fingerprint else now
    word = fault(of) or ("frozen" if live and now - same_since >= FROZEN_S else "")
    since = before.since if word and word == before.fault else now
    return Suspicion(word, since, same_since, fingerprint)


def named(suspicion: Suspicion, now: float) -> str:
    """The fault that has lasted, empty while there is none; ``frozen`` has lasted by its own meaning."""
    lasted = suspicion.fault == "frozen" or now - suspicion.since >= LASTING_S
    return suspicion.fault if suspicion.fault and lasted else ""

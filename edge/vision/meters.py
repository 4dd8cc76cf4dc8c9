"""What an eye's figures mean to the one who sets its camera up: a word, a level and what to do, in their language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Translate = Callable[[str], str]

GOOD, LOOK, BAD, NONE = "good", "look", "bad", "none"
"""The levels; NONE is neither good nor bad, such as a view in which nobody holds a code."""

DARK, BRIGHT = 50, 215
"""Mean gray levels between which the readers lose nothing to noise or to bloom (VISION.md 3)."""
BLURRED = 40
"""A picture whose edges vary less is out of focus whatever it shows; a sensor's noise alone may give more."""
LESS_SHARP = 0.5
"""Less than this share of the best of the last seconds: the lens was turned the wrong way."""
FORGETS = 0.97
"""What remains of that best from one view to the next, so that it is half after some 5 s: people walk by."""
FEW, FEWEST = 8, 4
"""Frames a second: a code held for 0.7 s is in six frames or more, or in fewer than three."""
SLOW_MS = 50
"""A frame must be read before the next one comes, 67 ms later at 15 a second."""
CM_PER_PIXEL = 5 / (2 * 0.81 * 41 * 3)
"""The farthest a code 5 cm wide of version 6 (41 modules) has 3 pixels a module, for each pixel of the frame's width
and a lens of 78 degrees (VISION.md 5)."""
STEP_CM = 5

LABELS: Mapping[str, str] = {
    "code": "Code in view",
    "distance": "Distance of the phone",
    "brightness": "Brightness",
    "sharpness": "Sharpness",
    "fps": "Frames per second",
    "decode_ms": "Reading a frame",
}
UNITS: Mapping[str, str] = {"decode_ms": "{n} ms", "distance": "up to {n} cm"}
WORDS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("code", "read"): ("read", ""),
    ("code", "none"): ("none", "Hold a phone with a member code where shoppers will hold theirs."),
    ("distance", "read"): ("good", ""),
    ("distance", "known"): ("", "Bring the code so near that it fills the dashed square."),
    ("distance", "unknown"): ("20 to 30 cm", "Bring the phone to 20 to 30 cm, its screen bright."),
    ("brightness", "dark"): ("too dark", "Switch a light on above the camera, or lengthen its exposure."),
    ("brightness", "good"): ("good", ""),
    ("brightness", "bright"): (
        "blown out",
        "Turn the camera away from the lamp or the window, or shorten its exposure.",
    ),
    ("sharpness", "blurred"): (
        "blurred",
        "Wipe the lens, then turn its ring or set its focus until the number is highest.",
    ),
    ("sharpness", "less"): ("less than before", "Turn the focus back until the number no longer rises."),
    ("sharpness", "good"): ("good", ""),
    ("fps", "fewest"): ("far too few", "Look at the cable and at the light: a dark camera slows down."),
    ("fps", "few"): ("few", "Look at the cable and at the light: a dark camera slows down."),
    ("fps", "good"): ("good", ""),
    ("decode_ms", "slow"): ("slow", "Make the reading zone smaller, or choose a smaller size for the camera."),
    ("decode_ms", "good"): ("good", ""),
}
"""What is said of each meter, and what to do."""
LEVELS: Mapping[str, str] = {
    "none": NONE, "known": NONE, "unknown": NONE, "less": LOOK, "few": LOOK, "slow": LOOK,
    "dark": BAD, "bright": BAD, "blurred": BAD, "fewest": BAD,
}  # fmt: skip
"""The level of a finding; GOOD for one that is not named."""
POOR: Mapping[str, tuple[str, str]] = {
    "dark": ("the picture is dark", WORDS["brightness", "dark"][1]),
    "bright": ("the picture is bright", WORDS["brightness", "bright"][1]),
    "blurred": ("the picture is blurred", WORDS["sharpness", "blurred"][1]),
}
"""What health says of a picture from which codes are hard to read, and what to do."""


@dataclass(frozen=True, slots=True)
class Meter:
    """One figure as a person reads it."""

    id: str
    label: str
    value: str
    level: str
    word: str
    advice: str


def meters(codes: int, figures: Mapping[str, float], best: float = 0.0, say: Translate = str) -> tuple[Meter, ...]:
    """A meter for each thing that can be told; ``best`` is the sharpness that ``sharpest`` remembers."""
    found: dict[str, tuple[str, float | None]] = {
        "code": ("read" if codes else "none", float(codes) if codes else None)
    }
    found["distance"] = _distance(codes, figures.get("width", 0.0))
    if "brightness" in figures:
        light = figures["brightness"]
        found["brightness"] = (_light(light), light)
    if "sharpness" in figures:
        found["sharpness"] = (_sharpness(codes, figures["sharpness"], best), figures["sharpness"])
    if "fps" in figures:
        fps = figures["fps"]
        found["fps"] = ("fewest" if fps < FEWEST else "few" if fps < FEW else "good", fps)
    if "decode_ms" in figures:
        found["decode_ms"] = ("slow" if figures["decode_ms"] > SLOW_MS else "good", figures["decode_ms"])
    return tuple(_meter(id, word, number, say) for id, (word, number) in found.items())


def poor(brightness: float, sharpness: float) -> str:
    """The word of POOR for a picture without a code, empty for a good one: one word, as bad light blurs by itself."""
    light = _light(brightness)
    return light if light in POOR else "blurred" if sharpness < BLURRED else ""


def sharpest(best: float, codes: int, figures: Mapping[str, float]) -> float:
    """The best sharpness of the last seconds after one more view.

    It begins anew after a code, which has more edges than any shop, and after bad light, which blurs without a lens.
    """
    if codes or not DARK <= figures.get("brightness", DARK) <= BRIGHT:
        return 0.0
    return max(best * FORGETS, figures.get("sharpness", 0.0))


def advice(told: Iterable[Meter]) -> str:
    """What to do about all that is not good, in sentences."""
    return " ".join(meter.advice for meter in told if meter.level in (LOOK, BAD))


def words() -> set[str]:
    """Every text of these tables, for the translators' completeness check."""
    return {text for pair in WORDS.values() for text in pair if text}.union(LABELS.values(), UNITS.values())


def _light(brightness: float) -> str:
    return "dark" if brightness < DARK else "bright" if brightness > BRIGHT else "good"


def _sharpness(codes: int, sharpness: float, best: float) -> str:
    """A code that is read proves the focus, whatever the figure says."""
    if codes:
        return "good"
    return "blurred" if sharpness < BLURRED else "less" if sharpness < best * LESS_SHARP else "good"


def _distance(codes: int, width: float) -> tuple[str, float | None]:
    if codes:
        return "read", None
    if not width:
        return "unknown", None
    return "known", max(STEP_CM, width * CM_PER_PIXEL // STEP_CM * STEP_CM)


def _meter(id: str, found: str, number: float | None, say: Translate) -> Meter:
    word, todo = WORDS[id, found]
    value = "" if number is None else _number(number)
    if value and id in UNITS:
        value = say(UNITS[id]).format(n=value)
    return Meter(
        id, say(LABELS[id]), value, LEVELS.get(found, GOOD), say(word) if word else "", say(todo) if todo else ""
    )


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 20 or value == int(value) else f"{value:.1f}"

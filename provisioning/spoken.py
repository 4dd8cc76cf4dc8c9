"""What health says of cameras, scanners and screens in the language of a page: its words are English where it is told.

The log and ``/readyz`` keep the English; a text that no form here fits is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

Translate = Callable[[str], str]

FORMS: tuple[str, ...] = (
    "the eye starts",
    "the eye ended ({why}) and starts again",
    "shown on the calibration page",
    "code in view for {n} minute{s}",
    "Cover the code or turn the camera away from it; meanwhile it is ignored.",
    "{device} is unplugged",
    "Plug the device in.",
    "{device} is used by another program",
    "End what else uses the device.",
    "{device} may not be opened",
    "Add the service's user to the group {group}.",
    "{device} cannot be used: {why}",
    "Choose another device.",
    "{device} is busy or gives no picture",
    "End what else uses the camera, or plug it in again.",
    "the camera gives no picture",
    "Look at its cable; if it stays so, unplug it and plug it in again.",
    "the camera's pictures cannot be taken",
    "Unplug the camera and plug it in again.",
    "the camera sends no picture",
    "the stream of {name} is away",
    "Look at the camera's power and network cable.",
    "there is no file {name}",
    "Correct the camera's setting 'source'.",
    "Correct the camera's setting 'url'.",
    "Correct the camera's settings 'user' and 'password_file'.",
    "Correct the camera's settings.",
    "no pictures in {name}",
    "Put pictures into the folder.",
    "no page sends pictures",
    "Open the page /cameras/{camera}/ on the device with the camera and let it use the camera.",
    "the picture is black",
    "Take the cap off, look at the lens, switch the light on.",
    "the picture is blown out",
    "Turn the camera away from the lamp or the sun, or lower its exposure.",
    "the lens is covered",
    "Look at the lens: something is before it, or it faces a blank wall.",
    "the picture is frozen",
    "the picture is dark",
    "Switch a light on above the camera, or lengthen its exposure.",
    "the picture is bright",
    "Turn the camera away from the lamp or the window, or shorten its exposure.",
    "the picture is blurred",
    "Wipe the lens, then turn its ring or set its focus until the number is highest.",
    "the camera's pictures cannot be read",
    "Choose another format or size for the camera, or another camera.",
    "the reader fails at every picture",
    "Show the camera something else; if it stays so, tell the maker.",
    "the scanner is looked for",
    "its last code had no end or was too long",
    "Set the scanner to send Enter (CR) after each code.",
    "Choose the scanner's path below /dev/serial/by-id.",
    "no browser shows it",
    "Open /screens/{screen} in the screen's browser.",
)
"""The texts, with what differs from one to the next in braces."""


def spoken(text: str, say: Translate) -> str:
    """A text of health in the page's language; each part of it by itself where several were put together."""
    if (whole := _told(text, say)) is not None:
        return whole
    return ", ".join(_told(part, say) or part for part in text.split(", "))


def _told(text: str, say: Translate) -> str | None:
    """A text that one form fits, None for another."""
    for form in FORMS:
        if found := _pattern(form).fullmatch(text):
            return say(form).format(**found.groupdict())
    return None


@cache
def _pattern(form: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", form)
    return re.compile("".join(_hole(part) if at % 2 else re.escape(part) for at, part in enumerate(parts)), re.S)


def _hole(name: str) -> str:
    """What may stand for a name in braces; ``s`` is the letter of the plural alone."""
    return f"(?P<{name}>{'s?' if name == 's' else '.*'})"

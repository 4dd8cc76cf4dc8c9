"""What health says of devices, the ledger and the line in the language of a page: its words are English where told.

The log and ``/readyz`` keep the English; a text that no form here fits is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

Translate = Callable[[str], str]

_DEVICES = (
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
_LEDGER = (
    "nobody answers there",
    "the connection was lost",
    "the broker's name cannot be found",
    "the look-up of the broker's name gets no answer",
    "the broker does not answer",
    "certificate, key or password cannot be read",
    "the broker's certificate is from an authority that is not trusted here",
    "the broker's certificate names another host",
    "the broker's certificate has expired",
    "the broker's certificate is not yet valid",
    "the broker's certificate is not valid at this device's time, but its clock is not synchronised, "
    "which is the likely cause",
    "this device's own certificate has expired",
    "this device's own certificate is not yet valid",
    "the broker refuses this device's certificate",
    "the broker speaks only TLS older than 1.2",
    "what answers there speaks no TLS",
    "a web page answers instead of the broker",
    "TLS could not be agreed on",
    "the broker speaks another MQTT",
    "the broker refuses this name or password",
    "the broker refuses what this edge writes",
    "its user or the common name of its certificate must be '{name}', and the access list must let it write",
    "another device connected under this one's name: two devices have one identity",
    "the broker was sent more at once than it takes",
    "the broker names another server, which is never followed",
    "the broker is busy or over its quota",
    "for {n} minutes by now",
    "no acknowledgement came in time",
    "contacts are kept and sent later",
    "nothing to do in the store",
    "check the network if it lasts",
    "check the host's name and the store's DNS",
    "check the store's DNS",
    "check the files that upstream names",
    "check `ca` and the host, and that no gateway or guest network's page stands in between",
    "let `host` be a name that stands in the broker's certificate, or renew that",
    "renew the broker's certificate",
    "check the broker's certificate and this device's clock",
    "let this device get the time (NTP) first",
    "give this device a certificate that is valid now",
    "check this device's clock",
    "check that the broker trusts the authority of `cert`, and whether it was revoked",
    "switch TLS 1.2 on at the broker",
    "check the port (8883 is usual with TLS), or that no guest network's page stands in between",
    "the network wants a log-in (a guest network's page) or the port is a web server's: check both",
    "see the broker's log",
    'try `protocol = "3.1.1"` (or "5") in upstream',
    "check `user`, `password_file` and `cert`",
    "let the broker's access list give it its topics",
    "SECURITY: find the clone, give each device its own id and certificate, and revoke the copied one",
    "report it to us",
    "the window is halved",
    "if that is meant, write the new host into upstream",
    "see the broker's load and quotas",
    "an event is deleted after head office has committed it",
    "an event is deleted when the far side takes it: weaker than head office's word",
    "this device's certificate lasts {days} more days: renew it",
    "head office's inbox says that it is offline",
    "start its hub",
    "the broker says",
    "nobody listens",
    "start head office's hub",
    "the broker takes contacts, but head office's inbox confirms none",
    "if it runs, let the broker's access list give it contacts and take its words",
    "the broker's access list does not let '{name}' write {topic}",
    "start or reach the broker, or mend its access list",
    "edges keep their contacts",
    "mend what the detail names",
    "nothing is acknowledged meanwhile, and edges keep their contacts",
    "{store} {device} has lacked event {seq} for {age} s while later ones are here",
    "streams that lack one: {n}",
    "See these stores on the hub's page; an edge that runs and is connected sends what is missing again by itself.",
    "see the sink",
    "the disk is full",
    "the disk is read-only",
    "another process holds the file",
    "the file cannot be opened",
    "the disk fails: {code}",
    "cannot write: {code}",
    "cannot be opened: {code}",
    "kept in memory, so a restart forgets it",
    "contacts are sent, but a restart forgets those that head office has not confirmed",
    "contacts wait in memory still",
    "contacts that waited in memory are on the disk again",
    "its sentinel was missing or broken, and was made anew: nothing is lost",
    "a spoilt file waits to be read",
    "the file is no database any more",
    "the file is damaged",
    "the file is empty",
    "the file is gone",
    "the file is another outbox's",
    "the file is an older copy",
    "the journal beside the file is gone",
    "what was there lies in {place} and is being read",
    "a new file was begun",
    "what was there lies in {place}: {saved} contacts were saved, {lost} numbers are told to head office as lost",
    "Look at this device's disk; what lies in quarantine may go once head office has what it needs of it.",
    "See the disk of this device; it is tried again every 30 s, no restart is needed.",
    "see the disk of this device",
    "See the disk of this device, then restart the service.",
    "See the disk of this machine, then restart the service.",
    "degraded: the disk or the outbox is nearly full, and contacts that count less are dropped",
    "free room on the disk of this device",
    "not synchronised since the start",
    "Let the time service reach its server; until then every code counts as a plain member number.",
)
FORMS: tuple[str, ...] = (*_DEVICES, *_LEDGER)
"""The texts, with what differs from one to the next in braces."""


JOINTS: tuple[str, ...] = ("; ", ": ")
"""What stands between a form and what follows it; a comma stays as it is."""

_JOINT = re.compile("; |: |, ")


def spoken(text: str, say: Translate) -> str:
    """A text of health in the page's language; each part of it by itself where several were put together."""
    if (whole := _told(text, say)) is not None:
        return whole
    for joint in _JOINT.finditer(text):
        head, rest = text[: joint.start()], text[joint.end() :]
        if (known := _told(head, say)) is not None:
            return known + _between(joint.group(), say) + spoken(rest, say)
    return _ending(text, say)


def _ending(text: str, say: Translate) -> str:
    """A text of which at most an end is known."""
    for joint in _JOINT.finditer(text):
        head, rest = text[: joint.start()], text[joint.end() :]
        if (told := spoken(rest, say)) != rest:
            return head + _between(joint.group(), say) + told
    return text


def _between(joint: str, say: Translate) -> str:
    return say(joint) if joint in JOINTS else joint


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
    """What may stand for a name in braces; ``s`` is the letter of the plural alone, ``code`` ends at the next part."""
    allowed = {"s": "s?", "code": "[^:;]*"}.get(name, ".*")
    return f"(?P<{name}>{allowed})"

"""The doctor on cameras and hand scanners: what they see, whether they can be opened, by which names they stay."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edge import config
from edge.doctor.patient import Finding, Patient, opened, store_of, worth_trying
from edge.fitting import Choice
from edge.health import State
from edge.ports import SourceGone
from edge.vision import devices
from edge.vision.survey import in_words, survey

DEVICES = {
    "camera opencv": ("source", "camera"),
    "scanner serial": ("device", "serial"),
    "scanner evdev": ("device", "keyboard"),
}
"""The adapters that take a device of this machine: the setting that names it, and its kind."""


def cameras(patient: Patient) -> Iterator[Finding]:
    """What every camera sees, with a sketch; a running Tentou holds them, so that its own figures are told."""
    for part in patient.running or ():
        if (part["kind"], part["state"]) == ("camera", "up"):
            yield Finding(f"camera {part['name']}", True, *in_words(part["figures"]), part["figures"])
    fitting_well = {choice.name for choice in worth_trying(patient, "camera")}
    store = store_of(patient)
    cameras = [one for one in store.camera if f"camera {one.id}" in fitting_well and one.adapter != "push"]
    if patient.running is not None or not cameras:
        return
    if sys.stderr.isatty():
        sys.stderr.write("hold a member code before each camera now …\n")
    symbologies = {
        "qrcode",
        *store.product_code.symbologies,
        *(s for rule in store.member_code.static for s in rule.symbologies),
    }
    for seen in asyncio.run(survey(cameras, patient.folder, store.zone, symbologies)):
        shades = seen.view.shades if seen.view else ""
        ok = seen.part.state is State.UP
        yield Finding(f"camera {seen.part.name}", ok, *seen.in_words(), seen.figures, shades)


def zones(patient: Patient) -> Iterator[Finding]:
    """Every zone that was saved on a camera's page can be used; one that cannot is left out and stops nothing."""
    for line in config.left_out(patient.folder):
        yield Finding("reading zones", False, line, "save the camera's zone again on its page, or mend the file")


def plugged(patient: Patient) -> Iterator[Finding]:
    """What is plugged in, by names that stay; a device that is named otherwise may be another one tomorrow."""
    named = [named for choice in worth_trying(patient, "camera", "scanner") if (named := _named(choice))]
    missed = {one.kind for one in named if one.path.is_relative_to(devices.DEV) and not one.path.exists()}
    for kind, name in {"camera": "cameras", "keyboard": "keyboards", "serial": "serial lines"}.items():
        here = devices.there(kind, devices.DEV)
        if here or kind in missed:
            yield Finding(f"{name} plugged in", True, ", ".join(map(str, here)) or "none")
    for one in named:
        if stable := devices.stable_name(one.path, one.kind, devices.DEV):
            todo = f'set {one.setting} = "{stable}"'
            yield Finding(one.choice, True, f"{one.path} may name another device tomorrow", todo)


@dataclass(frozen=True, slots=True)
class Named:
    """A device as a choice's setting names it."""

    choice: str
    setting: str
    kind: str
    path: Path


def _named(choice: Choice) -> Named | None:
    """The device that a choice names; None for what takes none."""
    setting, kind = DEVICES.get(f"{choice.port} {choice.adapter.adapter}", ("", ""))
    text = str(choice.adapter.settings.get(setting, "0"))
    path = Path(f"{devices.DEV}/video{text}" if text.isdigit() else text)
    return Named(choice.name, setting, kind, path) if kind else None


def scanners(patient: Patient) -> Iterator[Finding]:
    """Every hand scanner can be opened; a running Tentou holds them and has told of them itself."""
    for choice in worth_trying(patient, "scanner"):
        if patient.running is None:
            yield asyncio.run(_tried(choice, patient))


async def _tried(choice: Choice, patient: Patient) -> Finding:
    try:
        async with opened(choice, patient):
            return Finding(choice.name, True, "it is plugged in")
    except SourceGone as gone:
        return Finding(choice.name, False, *gone.args)

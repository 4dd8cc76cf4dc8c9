"""``tentou check``: looks at an edge or a hub before it runs, or meanwhile, and says for each finding what to do."""

from __future__ import annotations

import asyncio
import errno
import http.client
import json
import shutil
import socket
import sqlite3
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

from edge import config, fitting
from edge.contacts import topics
from edge.contacts.line.causes import Cause, remedy
from edge.doctor.books import certificate, outbox, sink
from edge.doctor.patient import Finding, Look, Patient, missing_files, opened, store_of, worth_trying
from edge.doctor.sight import cameras, plugged, scanners, zones
from edge.doctor.signed import handouts, papers
from edge.doctor.stock import ask_system, is_counted, places, shown
from edge.fitting import Choice
from edge.members.desk import SHORTEST_KEY
from edge.members.static import compile_rules
from edge.members.timeservice import kernel_synced
from edge.ports import LinkLost, MembersAway, Probed, StockAway
from edge.stock.channel import MEANWHILE
from edge.stock.inquiry.printed import counted
from edge.vision.survey import sketch
from provisioning.layers import HUB_LAYERS

ENOUGH_DISK = 2 * 1024**3
ANSWER_S = 12.0
ADVICE = {
    "stock": f"Mend what is named. {MEANWHILE}",
    "members": "Mend what is named; sessions go on without a member's own blocks meanwhile.",
}
NOBODY = "s1.AAAAAAAAAAAAAAAA"
"""A pseudonym of the right form that is no member's."""


def run(folder: Path, as_json: bool) -> int:
    """Print the findings; 0 if all is well, 1 if something needs a hand, 2 if the settings cannot be read."""
    try:
        settings = config.read_hub(folder) if (folder / HUB_LAYERS[0]).exists() else config.read_store(folder)
    except config.BadConfig as error:
        for line in str(error).splitlines():
            _print(Finding("settings", False, line, "mend the file and line named"), as_json)
        return 2
    _print(Finding("settings", True, _whose(settings)), as_json)
    patient = Patient(settings, folder, running(settings))
    well = True
    for look in LOOKS if isinstance(settings, config.Store) else HUB_LOOKS:
        for finding in look(patient):
            _print(finding, as_json)
            well = well and finding.ok
    return 0 if well else 1


def _whose(settings: config.Store | config.Hub) -> str:
    if isinstance(settings, config.Hub):
        return f"hub {settings.hub.id}"
    return f"{settings.device.id} of store {settings.device.store}"


def _name(settings: config.Store | config.Hub) -> str:
    return topics.edge_name(settings.device) if isinstance(settings, config.Store) else settings.hub.id


def _print(finding: Finding, as_json: bool) -> None:
    if as_json:
        said = {name: value for name, value in asdict(finding).items() if value or name not in ("figures", "shades")}
        line = json.dumps(said, ensure_ascii=False)
    else:
        rows = [f"      │{row}│" for row in sketch(finding.shades)] if finding.shades else []
        todo = [f"      → {finding.todo}"] if finding.todo else []
        line = "\n".join([f"{'ok  ' if finding.ok else 'LOOK'}  {finding.what}: {finding.seen}", *rows, *todo])
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def running(settings: config.Store | config.Hub) -> list[dict[str, Any]] | None:
    """The parts of this edge or hub if it answers at its port, else None."""
    web = settings.web
    host = "127.0.0.1" if web.host in ("", "0.0.0.0", "::") else web.host  # noqa: S104 - compared, not bound
    try:
        with urllib.request.urlopen(f"http://{host}:{web.port}/readyz", timeout=3) as answer:
            said = json.load(answer)
        return list(said["parts"]) if said["name"] == _name(settings) else None
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None


def adapters(patient: Patient) -> Iterator[Finding]:
    """Every adapter exists, takes its settings and finds the files that they name."""
    layered = fitting.layers(patient.settings, patient.folder)
    for choice in fitting.choices(patient.settings):
        try:
            settings = fitting.fitted(choice, layered)
        except config.BadConfig as error:
            for line in str(error).splitlines():
                yield Finding(choice.name, False, line, "mend the file and line named")
            continue
        missing = list(missing_files(choice, settings, patient.folder))
        for name, path in missing:
            where = layered.where(f"{choice.key}.settings.{name}")
            yield Finding(choice.name, False, f"{path} does not exist", f"put it there, or mend {name} in {where}")
        if not missing:
            yield Finding(choice.name, True, f"adapter {choice.adapter.adapter}")


def sources(patient: Patient) -> Iterator[Finding]:
    """Stock and members answer now; a source that does not is news, as screens go on without.

    Of one that the running service calls down ``port`` has said so already.
    """
    down = {f"{part['kind']} {part['name']}" for part in patient.running or () if part["state"] == "down"}
    for choice in worth_trying(patient, "stock", "members"):
        if choice.name in down:
            continue
        ask = _ask_stock if choice.port == "stock" else _ask_members
        try:
            seen = asyncio.run(asyncio.wait_for(ask(choice, patient), ANSWER_S))
        except (StockAway, MembersAway, sqlite3.Error, OSError) as error:
            why = str(error) or f"no answer within {ANSWER_S:.0f} s"
            yield Finding(choice.name, False, why, ADVICE[choice.port])
        else:
            yield Finding(choice.name, True, seen)


async def _ask_stock(choice: Choice, patient: Patient) -> str:
    if is_counted(choice):
        return await ask_system(choice, patient)
    async with opened(choice, patient) as source:
        if isinstance(source, Probed):
            await source.probe()
            return "it answers"
        async for report in source.reports():
            return f"{counted(len(report.levels), 'number')} of {', '.join(sorted(report.locations)) or 'no place'}"
    return "it has no word yet"


async def _ask_members(choice: Choice, patient: Patient) -> str:
    async with opened(choice, patient) as source:
        await (source.probe() if isinstance(source, Probed) else source.profile(NOBODY))
    return "it answers"


def codes(patient: Patient) -> Iterator[Finding]:
    """The static rules and the addresses are safe; the secret of static numbers is there."""
    store, folder = store_of(patient), patient.folder
    rules = store.member_code
    unsafe = list(fitting.unsafe(store, fitting.layers(store, folder)))
    for line in unsafe:
        yield Finding("member codes", False, line, "mend the file and line named")
    if not unsafe:
        yield Finding("static rules", True, f"{len(compile_rules(rules))} rules")
    if rules.ref_key:
        yield from _ref_key(folder / rules.ref_key)


def _ref_key(path: Path) -> Iterator[Finding]:
    todo = "install the store's bundle again, or copy the chain's ref.key"
    if not path.is_file():
        yield Finding("ref key", False, f"{path} does not exist", todo)
    elif path.stat().st_size < SHORTEST_KEY:
        yield Finding("ref key", False, f"{path} is shorter than {SHORTEST_KEY} bytes", todo)


def screens(patient: Patient) -> Iterator[Finding]:
    """There is a screen."""
    names = sorted(screen.id for screen in store_of(patient).screen)
    yield Finding("screens", bool(names), ", ".join(names) or "none", "" if names else "add a [[screen]]")


def accounts(patient: Patient) -> Iterator[Finding]:
    """Somebody may sign in; without, screens work and the pages of staff and IT stay shut."""
    if not (patient.folder / "accounts.json").exists():
        todo = f"tentou provision account add NAME --role it --config {patient.folder}"
        yield Finding("accounts", True, "none yet: nobody can open /staff/ or /it/", todo)


def clock(patient: Patient) -> Iterator[Finding]:
    """The time may be believed; without, codes unlock nothing personal."""
    if store_of(patient).device.clock == "trusted":
        yield Finding("clock", True, "trusted by the settings")
    elif kernel_synced():
        yield Finding("clock", True, "synchronised")
    else:
        todo = 'let the time service (NTP) reach its server; if a host keeps the time, device.clock = "trusted"'
        yield Finding("clock", True, "not synchronised: every code counts as a plain number", todo)


def disk(patient: Patient) -> Iterator[Finding]:
    """There is room for content and for the ledger of an outage, and it can be written."""
    there = next(path for path in (patient.data, *patient.data.absolute().parents) if path.exists())
    try:
        patient.data.mkdir(parents=True, exist_ok=True)
        probe = patient.data / ".check"
        probe.touch()
        probe.unlink()
    except OSError as error:
        yield Finding(
            "disk", False, f"{patient.data} cannot be written: {error.strerror}", "mend it, or set the data folder"
        )
        return
    free = shutil.disk_usage(there).free
    todo = "" if free > ENOUGH_DISK else "free some space, or move the data folder"
    yield Finding("disk", free > ENOUGH_DISK, f"{_size(free)} free", todo)


def _size(count: int) -> str:
    return f"{count / 1024**3:.1f} GiB" if count >= 1024**3 else f"{count / 1024**2:.0f} MiB"


def port(patient: Patient) -> Iterator[Finding]:
    """The pages' port can be bound, or Tentou itself answers there and tells what is down."""
    web = patient.settings.web
    if patient.running is not None:
        yield Finding("port", True, f"{web.port}: Tentou runs here")
        for part in patient.running:
            if part["state"] == "down":
                since = datetime.fromtimestamp(part["since_s"]).astimezone().isoformat(" ", "seconds")
                yield Finding(f"{part['kind']} {part['name']}", False, f"{part['detail']}, since {since}", part["todo"])
        return
    error = _bind(web)
    if error is None:
        yield Finding("port", True, str(web.port))
    else:
        todo = "set web.host" if error.errno == errno.EADDRNOTAVAIL else "stop what uses it, or set web.port"
        yield Finding("port", False, f"{web.host}:{web.port}: {error.strerror}", todo)


def _bind(web: config.Web) -> OSError | None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(web.host or None, web.port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error
    return None


def broker(patient: Patient) -> Iterator[Finding]:
    """The way to head office opens; nothing else depends on it, so this is news and not a fault of the store."""
    for choice in worth_trying(patient, "upstream"):
        if choice.adapter.adapter == "file":
            continue
        try:
            name = asyncio.run(_dialled(choice, patient))
        except LinkLost as error:
            waits = "; contacts wait here meanwhile" if isinstance(patient.settings, config.Store) else ""
            yield Finding("broker", False, f"{error}{waits}", _of_broker(error, bool(waits)))
        else:
            yield Finding("broker", True, f"{name} answers")


def _of_broker(error: LinkLost, store: bool) -> str:
    """What to do about a line: its cause's own words; who runs the broker is not told to wait."""
    away = error.cause in ("", Cause.AWAY, Cause.SILENT, Cause.STALLED)
    return remedy(error).todo if store or not away else "start or reach the broker, and look at its log"


async def _dialled(choice: Choice, patient: Patient) -> str:
    """Connect under a name of its own, so that a running edge is not thrown out; raises LinkLost."""
    async with opened(choice, patient) as dial, dial(f"{_name(patient.settings)}-check", None, ()):
        return str(dial.name)


WHO_BEARS = {
    "stock_token": "the stores, as token_file of their stock",
    "members_token": "the stores, as token_file of their members",
    "handoff.token": "whoever reports that a phone's link was used",
}


def tokens(patient: Patient) -> Iterator[Finding]:
    """The files of the tokens that others must send hold one each; without, a hub does not start."""
    for name in WHO_BEARS:
        file: Path | None = attrgetter(name)(patient.settings)
        if file is None:
            continue
        path = patient.folder / file
        good = path.is_file() and bool(path.read_text("utf-8", "replace").strip())
        todo = "" if good else f"write one long random token into it, and give it to {WHO_BEARS[name]}"
        yield Finding(name, good, "held" if good else f"{path} is missing or empty", todo)


HUB_LOOKS: tuple[Look, ...] = (adapters, tokens, handouts, disk, port, sink, shown, sources, certificate, broker)
LOOKS: tuple[Look, ...] = (
    adapters,
    codes,
    papers,
    screens,
    accounts,
    clock,
    disk,
    outbox,
    port,
    zones,
    plugged,
    cameras,
    scanners,
    shown,
    places,
    sources,
    certificate,
    broker,
)

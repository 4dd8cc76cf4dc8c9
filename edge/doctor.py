"""``tentou check``: looks at a store's edge before it runs, and says for each finding what to do."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from edge import config, plug
from edge.members.keyset import BadKeySet, from_base64url, read_keyset
from edge.members.static import BadRule, compile_rules

ENOUGH_DISK = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is well, what was seen, and what to do if not."""

    what: str
    ok: bool
    seen: str
    todo: str = ""


def run(folder: Path, as_json: bool) -> int:
    """Print the findings; 0 if all is well, 1 if something needs a hand, 2 if the settings cannot be read."""
    try:
        store = config.read_store(folder)
    except config.BadConfig as error:
        _print([Finding("settings", False, str(error), "mend the file and line named")], as_json)
        return 2
    findings = [Finding("settings", True, f"{store.device.id} of store {store.device.store}")]
    for look in LOOKS:
        findings.extend(look(store, folder))
    _print(findings, as_json)
    return 0 if all(finding.ok for finding in findings) else 1


def _print(findings: list[Finding], as_json: bool) -> None:
    for finding in findings:
        if as_json:
            line = json.dumps(asdict(finding), ensure_ascii=False)
        else:
            todo = f"\n      → {finding.todo}" if finding.todo else ""
            line = f"{'ok  ' if finding.ok else 'LOOK'}  {finding.what}: {finding.seen}{todo}"
        sys.stdout.write(line + "\n")


def adapters(store: config.Store, _: Path) -> Iterator[Finding]:
    """Every adapter exists and takes its settings."""
    wanted: list[tuple[str, str, config.Adapter]] = []
    wanted += [("camera", f"camera {camera.id}", camera) for camera in store.camera]
    wanted += [("stock", f"stock {channel.id}", channel) for channel in store.stock]
    wanted += [("members", "members", store.members)] if store.members else []
    wanted += [("upstream", "upstream", store.upstream)] if store.upstream else []
    for port, what, chosen in wanted:
        try:
            config.checked(plug.adapter(port, chosen.adapter).Settings, chosen.settings, what)
        except (plug.UnknownAdapter, config.BadConfig) as error:
            yield Finding(what, False, str(error), "mend this setting")
        else:
            yield Finding(what, True, f"adapter {chosen.adapter}")


def codes(store: config.Store, folder: Path) -> Iterator[Finding]:
    """The key set is signed by a pinned root and in date; the static rules are safe."""
    rules = store.member_code
    try:
        compile_rules(rules)
        yield Finding("static rules", True, f"{len(rules.static)} rules")
    except BadRule as error:
        yield Finding("static rules", False, str(error), "mend this rule")
    if rules.keyset is None:
        yield Finding("key set", False, "none: rotating member codes unlock nothing", "set member_code.keyset")
        return
    try:
        text = (folder / rules.keyset).read_text()
        keys = read_keyset(text, [from_base64url(root) for root in rules.roots], time.time())
    except (OSError, BadKeySet, ValueError) as error:
        yield Finding("key set", False, str(error), "fetch the chain's key set again")
    else:
        yield Finding("key set", True, f"version {keys.version}")


def screens(store: config.Store, _: Path) -> Iterator[Finding]:
    """Every camera looks at a screen that exists."""
    names = {screen.id for screen in store.screen}
    yield Finding("screens", bool(names), ", ".join(sorted(names)) or "none", "" if names else "add a [[screen]]")
    for camera in store.camera:
        if camera.screen not in names:
            yield Finding(f"camera {camera.id}", False, f"no screen '{camera.screen}'", "name one of the screens")


def disk(store: config.Store, folder: Path) -> Iterator[Finding]:
    """There is room for content and for the ledger of an outage."""
    data = folder / store.device.data
    there = next(path for path in (data, *data.parents) if path.exists())
    free = shutil.disk_usage(there).free
    todo = "" if free > ENOUGH_DISK else "free some space, or move device.data"
    yield Finding("disk", free > ENOUGH_DISK, f"{free / 1024**3:.1f} GiB free", todo)


def port(store: config.Store, _: Path) -> Iterator[Finding]:
    """The pages' port can be bound, or Tentou itself answers there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((store.web.host, store.web.port))
        except OSError as error:
            yield Finding("port", False, f"{store.web.port}: {error.strerror}", "stop what uses it, or set web.port")
        else:
            yield Finding("port", True, str(store.web.port))


def broker(store: config.Store, _: Path) -> Iterator[Finding]:
    """The broker answers; nothing else depends on it, so this is news and not a fault of the store."""
    settings = store.upstream.settings if store.upstream else {}
    if "host" not in settings:
        return
    address = (str(settings["host"]), int(settings.get("port", 1883)))
    try:
        socket.create_connection(address, 3).close()
    except OSError as error:
        yield Finding("broker", False, f"{address[0]}: {error}", "the shop runs on; contacts wait until it answers")
    else:
        yield Finding("broker", True, f"{address[0]}:{address[1]} answers")


LOOKS: tuple[Callable[[config.Store, Path], Iterator[Finding]], ...] = (adapters, codes, screens, disk, port, broker)

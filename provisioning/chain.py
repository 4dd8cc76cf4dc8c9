"""A chain of stores as a folder that can be kept in version control: its layers, its stores, its devices, its keys.

::

    chain.toml  keyset.json  ref.key  bundle.pub          the chain's layer and what every edge needs
    offline/    root.key  issuer.key  bundle.key          private keys: keep this folder off line and out of git
    stores/ID/  store.toml  accounts.json  bundle.lock    a store's layer and the people who sign in there
    stores/ID/devices/ID.toml                             a device's layer
"""

from __future__ import annotations

import difflib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioning import keys, layers, toml
from provisioning.files import PUBLIC, SECRET, Refused, check_id, write

KEYSET_DAYS = 400
"""How long a first key set lasts; past it member codes count as plain numbers (MEMBER_CODES 3)."""
DEVICE_CLASSES = ("signage", "kiosk")
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen of a device, as ``window`` or ``window:kiosk`` on the command line."""

    id: str
    device_class: str = "signage"


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera of a device, as ``door:window:0``; without a source it is the camera of a browser."""

    id: str
    screen: str
    source: str = ""

    def layer(self) -> dict[str, Any]:
        """Its ``[[camera]]``."""
        known = {"id": self.id, "screen": self.screen}
        if not self.source:
            return known | {"adapter": "push"}
        if self.source.startswith(("http://", "https://")):
            return known | {"adapter": "mjpeg", "settings": {"url": self.source}}
        source = int(self.source) if self.source.isdecimal() else self.source
        return known | {"adapter": "opencv", "settings": {"source": source}}


@dataclass(frozen=True, slots=True)
class Scanner:
    """One hand scanner of a device, as ``till:counter:/dev/serial/by-id/…``; below /dev/input it is a keyboard."""

    id: str
    screen: str
    device: str

    def layer(self) -> dict[str, Any]:
        """Its ``[[scanner]]``."""
        adapter = "evdev" if self.device.startswith("/dev/input/") else "serial"
        return {"id": self.id, "screen": self.screen, "adapter": adapter, "settings": {"device": self.device}}


def camera(text: str) -> Camera:
    """``ID:SCREEN`` or ``ID:SCREEN:SOURCE``; raises Refused."""
    return Camera(*_beside("camera", text))


def scanner(text: str) -> Scanner:
    """``ID:SCREEN:DEVICE``; raises Refused."""
    found = Scanner(*_beside("scanner", text))
    if not found.device.startswith("/"):
        raise Refused(f"scanner '{found.id}' needs its device, such as {found.id}:{found.screen}:/dev/serial/by-id/…")
    return found


def _beside(what: str, text: str) -> tuple[str, str, str]:
    """What stands beside a screen: its id, the screen's and the rest."""
    name, _, rest = text.partition(":")
    screen_id, _, source = rest.partition(":")
    return check_id(what, name), check_id("screen", screen_id), source


def screen(text: str) -> Screen:
    """``ID`` or ``ID:class``; raises Refused."""
    name, _, kind = text.partition(":")
    kind = kind or "signage"
    if kind not in DEVICE_CLASSES:
        raise Refused(f"screen '{name}' cannot be '{kind}'; known: {', '.join(DEVICE_CLASSES)}")
    return Screen(check_id("screen", name), kind)


def init(
    folder: Path,
    name: str,
    *,
    now_s: float,
    timezone: str = "Asia/Tokyo",
    language: str = "ja",
    operator: str = "",
    address: str = "",
    settings: Mapping[str, Any] | None = None,
) -> Path:
    """Make a chain: its layer, its keys and a signed key set. ``settings`` are merged into the chain's layer.

    ``operator`` and ``address`` say who answers for its cameras; without them no device with a camera can be added.

    Raises Refused if the folder holds one already.
    """
    check_id("chain", name)
    if (folder / "chain.toml").exists():
        raise Refused(f"{folder} holds a chain already; add to it with 'tentou provision store add'")
    offline = folder / "offline"
    offline.mkdir(parents=True, mode=0o700, exist_ok=True)
    root, issuer, bundles = (keys.make(offline / f"{which}.key") for which in ("root", "issuer", "bundle"))
    issued_at = int(now_s)
    text = keys.keyset(
        name, keys.public(issuer), root, version=1, issued_at=issued_at, not_after=issued_at + KEYSET_DAYS * DAY
    )
    write(folder / "keyset.json", text)
    write(folder / "ref.key", secrets.token_bytes(32), SECRET)
    write(folder / "bundle.pub", keys.b64url(keys.public(bundles)) + "\n")
    write(folder / ".gitignore", "offline/\nref.key\naccounts.json\n*.tar\n")
    layer: dict[str, Any] = {
        "device": {"chain": name, "timezone": timezone, "language": language},
        "member_code": {
            "keyset": "keyset.json",
            "roots": [keys.b64url(keys.public(root))],
            "ref_key": "ref.key",
        },
    } | _whose(operator, address)
    return _layer(folder / "chain.toml", layer, settings, f"Chain {name}: what holds in every store.")


def add_store(
    folder: Path,
    store: str,
    *,
    timezone: str = "",
    operator: str = "",
    address: str = "",
    settings: Mapping[str, Any] | None = None,
) -> Path:
    """Make a store in the chain; ``settings`` are merged into its layer. Raises Refused.

    ``operator`` and ``address`` are needed only where somebody else runs the store than the chain, as in a franchise.
    """
    need_chain(folder)
    path = folder / "stores" / check_id("store", store) / "store.toml"
    if path.exists():
        raise Refused(f"store '{store}' exists; edit {path}")
    device = {"store": store} | ({"timezone": timezone} if timezone else {})
    layer = {"device": device} | _whose(operator, address)
    return _layer(path, layer, settings, f"Store {store}: what holds for every device in it.")


def add_device(
    folder: Path,
    device: str,
    *,
    store: str,
    screens: Sequence[Screen] = (),
    cameras: Sequence[Camera] = (),
    scanners: Sequence[Scanner] = (),
    settings: Mapping[str, Any] | None = None,
) -> Path:
    """Make a device in a store; its id must be new in the whole chain, as topics name it. Raises Refused."""
    home = store_folder(folder, store)
    check_id("device", device)
    for other in stores(folder):
        if device in devices(folder, other):
            raise Refused(
                f"device '{device}' exists in store '{other}'; ids are unique in a chain, as in '{store}-{device}'"
            )
    _fit_together(screens, cameras, scanners)
    if cameras:
        _need_notice(folder, home, cameras[0].id)
    layer: dict[str, Any] = {"device": {"id": device}}
    if cameras:
        layer["camera"] = [one.layer() for one in cameras]
    if scanners:
        layer["scanner"] = [one.layer() for one in scanners]
    if screens:
        layer["screen"] = [{"id": one.id, "device_class": one.device_class} for one in screens]
    return _layer(home / "devices" / f"{device}.toml", layer, settings, f"Device {device}: what holds for it alone.")


def _whose(operator: str, address: str) -> dict[str, Any]:
    """The ``[notice]`` of a layer, if there is anything to say."""
    said = {name: words.strip() for name, words in (("operator", operator), ("address", address)) if words.strip()}
    return {"notice": said} if said else {}


def _need_notice(folder: Path, home: Path, camera: str) -> None:
    """Who answers for a camera stands in the chain's layer or the store's; raises Refused."""
    said: Mapping[str, Any] = {}
    for path in (folder / "chain.toml", home / "store.toml"):
        said = merged(said, layers.load(path.parent, [path.name]).values.get("notice", {}))
    if lacking := [name for name in ("operator", "address") if not said.get(name)]:
        raise Refused(
            f"camera '{camera}' sees people, who must be told whose it is: add {' and '.join(lacking)} under [notice] "
            f"to {folder / 'chain.toml'} (operator: the company; address: where to ask, by post, phone, mail or URL)"
        )


def _fit_together(screens: Sequence[Screen], cameras: Sequence[Camera], scanners: Sequence[Scanner]) -> None:
    """Ids stand once, and every camera and scanner has a screen; raises Refused."""
    known = [one.id for one in screens]
    ids = {"screen": known, "camera": [one.id for one in cameras], "scanner": [one.id for one in scanners]}
    for what, names in ids.items():
        if twice := [name for name in names if names.count(name) > 1]:
            raise Refused(f"{what} '{twice[0]}' is given twice; give each its own id")
    looks = [(f"camera '{one.id}' looks at", one.screen) for one in cameras]
    stands = [(f"scanner '{one.id}' is beside", one.screen) for one in scanners]
    for said, name in looks + stands:
        if name not in known:
            hint = f"known: {', '.join(known)}" if known else f"add --screen {name}:signage"
            raise Refused(f"{said} no screen: '{name}'; {hint}")


def write_config(folder: Path, store: str, device: str, into: Path, extra: Mapping[str, Any] | None = None) -> Path:
    """Write the config directory from which ``tentou run --config`` starts; ``extra`` becomes ``local.toml``.

    Raises Refused. Private keys stay in the chain's folder.
    """
    for name, (data, mode) in config_files(folder, store, device).items():
        write(into / name, data, mode)
    if extra:
        write(into / "local.toml", toml.dumps(extra, "This machine alone; it wins over all other layers."), SECRET)
    return into


def config_files(folder: Path, store: str, device: str) -> dict[str, tuple[bytes, int]]:
    """What a device's config directory holds: names, bytes and file modes.

    Raises Refused, and BadLayer for a layer that is no TOML, so that it is found here and not in the store.
    """
    home = store_folder(folder, store)
    layer = _pick("device", device, devices(folder, store), home / "devices") / f"{device}.toml"
    sources = {
        "chain.toml": (folder / "chain.toml", PUBLIC),
        "store.toml": (home / "store.toml", PUBLIC),
        "device.toml": (layer, PUBLIC),
        "keyset.json": (folder / "keyset.json", PUBLIC),
        "ref.key": (folder / "ref.key", SECRET),
        "accounts.json": (home / "accounts.json", SECRET),
    }
    for path, _ in sources.values():
        if path.suffix == ".toml":
            layers.load(path.parent, [path.name])
    return {name: (path.read_bytes(), mode) for name, (path, mode) in sources.items() if path.exists()}


def issuer(folder: Path) -> Path:
    """The file of the key that signs member codes; for trials only, as a real one stays with the retailer's server."""
    return need_chain(folder) / "offline" / "issuer.key"


def stores(folder: Path) -> list[str]:
    """The ids of the chain's stores."""
    return sorted(path.parent.name for path in need_chain(folder).glob("stores/*/store.toml"))


def devices(folder: Path, store: str) -> list[str]:
    """The ids of a store's devices."""
    return sorted(path.stem for path in (folder / "stores" / store / "devices").glob("*.toml"))


def store_folder(folder: Path, store: str) -> Path:
    """Where a store's files lie; raises Refused with the nearest name for one that does not exist."""
    return _pick("store", store, stores(folder), folder / "stores") / store


def need_chain(folder: Path) -> Path:
    """The folder itself; raises Refused if no chain is in it."""
    if not (folder / "chain.toml").exists():
        raise Refused(f"no chain in {folder}; make one: tentou provision chain init NAME --dir {folder}")
    return folder


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Two mappings as one: tables deeply, everything else by replacement."""
    both = dict(base)
    for key, value in over.items():
        old = both.get(key)
        both[key] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return both


def _layer(path: Path, layer: Mapping[str, Any], settings: Mapping[str, Any] | None, head: str) -> Path:
    return write(path, toml.dumps(merged(layer, settings or {}), head))


def _pick(what: str, name: str, known: Sequence[str], home: Path) -> Path:
    """``home``, if the name is known."""
    if name in known:
        return home
    raise Refused(f"no {what} '{name}'; {'; '.join(_hints(what, name, known))}")


def _hints(what: str, name: str, known: Sequence[str]) -> Iterator[str]:
    near = difflib.get_close_matches(name, known, 1)
    if near:
        yield f"did you mean '{near[0]}'?"
    elif known:
        yield f"known: {', '.join(known[:8])}{' …' if len(known) > 8 else ''}"
    else:
        yield f"none exists yet: tentou provision {what} add {name}"

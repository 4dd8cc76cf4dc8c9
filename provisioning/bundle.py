"""A store's bundle: one signed tar with all that its devices need, the same bytes for the same input.

Its first member is ``manifest.json`` (names, SHA-256, sizes, modes, a serial that only grows), its second the
Ed25519 signature. A bundle has one byte form: ``read`` builds it again and refuses what differs, so nothing can hide
in padding, order, owners or behind the end. It holds no private key, but ``ref.key`` and password hashes, so it is
carried like a letter, not like a poster.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioning import chain, keys
from provisioning.files import PUBLIC, Refused, write

FORMAT = "tentou-bundle/1"
DOMAIN = b"TENTOU-BUNDLE-V1\n"
LARGEST = 64 << 20
"""A bundle over 64 MiB is refused unread."""
BLOCK = 512
INSTALLED = "bundle.json"
"""The manifest of the installed bundle, kept beside the config it wrote: the guard against an older one."""

_HEADER = re.compile(rb"(?s)(?P<name>.{100})(?P<mode>[0-7]{7})\0.{16}(?P<size>[0-7]{11})\0")

Files = Mapping[str, tuple[bytes, int]]


class BadBundle(Refused):
    """A bundle is tampered with, truncated, foreign or older; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified bundle."""

    chain: str
    store: str
    serial: int
    digest: str
    files: Files = field(repr=False)

    def devices(self) -> list[str]:
        """The devices it has a config for."""
        return sorted({name.split("/")[1] for name in self.files if name.startswith("devices/")})


def build(folder: Path, store: str) -> bytes:
    """The bundle of a store. Its serial grows only when its content changed since the last build. Raises Refused."""
    home = chain.store_folder(folder, store)
    key = keys.load(folder / "offline" / "bundle.key")
    files = {
        f"devices/{device}/{name}": one
        for device in chain.devices(folder, store)
        for name, one in chain.config_files(folder, store, device).items()
    }
    if not files:
        raise Refused(f"store '{store}' has no device yet: tentou provision device add ID --store {store}")
    listed = _listed(files)
    manifest = {
        "format": FORMAT,
        "chain": _chain_name(folder),
        "store": store,
        "serial": _serial(home / "bundle.lock", listed),
        "files": listed,
    }
    text = json.dumps(manifest, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"
    return _tar(text, key.sign(DOMAIN + text), files)


def read(data: bytes, public_key: bytes) -> Bundle:
    """The content of a bundle that the key's holder signed; raises BadBundle."""
    if len(data) > LARGEST:
        raise BadBundle(f"{len(data)} bytes; a bundle has at most {LARGEST}")
    members = _members(data)
    text, _ = members.pop("manifest.json", (b"", 0))
    signature, _ = members.pop("manifest.sig", (b"", 0))
    if not keys.signed_by(public_key, signature, DOMAIN + text):
        raise BadBundle("not signed by this chain's bundle key; build it again, or check --key")
    manifest = json.loads(text)
    if manifest["format"] != FORMAT:
        raise BadBundle(f"is of format {manifest['format']}; this program reads {FORMAT}")
    if manifest["files"] != _listed(members) or data != _tar(text, signature, members):
        raise BadBundle("does not hold what its manifest lists; it was changed or cut on the way: copy it again")
    return Bundle(manifest["chain"], manifest["store"], manifest["serial"], hashlib.sha256(text).hexdigest(), members)


def install(data: bytes, public_key: bytes, device: str, into: Path) -> Bundle:
    """Write a device's config directory from a bundle, after all checks; raises BadBundle and changes nothing.

    A directory takes only bundles of its own chain and store, with a serial not below the installed one's.
    """
    bundle = read(data, public_key)
    if device not in bundle.devices():
        raise BadBundle(f"has no device '{device}'; it has: {', '.join(bundle.devices())}")
    old = _installed(into)
    _check_follows(bundle, device, old)
    start = f"devices/{device}/"
    mine = {name.removeprefix(start): one for name, one in bundle.files.items() if name.startswith(start)}
    for name, (content, mode) in sorted(mine.items()):
        write(into / name, content, mode)
    for gone in set(old.get("files", ())) - set(mine):
        (into / gone).unlink(missing_ok=True)
    note = {"chain": bundle.chain, "store": bundle.store, "device": device, "serial": bundle.serial}
    write(into / INSTALLED, json.dumps(note | {"digest": bundle.digest, "files": sorted(mine)}, sort_keys=True) + "\n")
    return bundle


def _installed(into: Path) -> dict[str, Any]:
    path = into / INSTALLED
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _check_follows(bundle: Bundle, device: str, old: Mapping[str, Any]) -> None:
    if not old:
        return
    mine = (old["chain"], old["store"], old["device"])
    if mine != (bundle.chain, bundle.store, device):
        raise BadBundle(f"is for {bundle.chain}/{bundle.store}/{device}; here runs {'/'.join(mine)}")
    if bundle.serial < old["serial"]:
        raise BadBundle(f"serial {bundle.serial} is older than the installed {old['serial']}; build a new one")


def _listed(files: Files) -> list[dict[str, Any]]:
    return [
        {"name": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "mode": mode}
        for name, (data, mode) in sorted(files.items())
    ]


def _chain_name(folder: Path) -> str:
    inner = json.loads((folder / "keyset.json").read_text(encoding="utf-8"))["keyset"]
    return str(json.loads(keys.from_b64url(inner))["chain"])


def _serial(lock: Path, listed: list[dict[str, Any]]) -> int:
    """The lock's number while the content is the same, the next one when it changed."""
    digest = hashlib.sha256(json.dumps(listed, sort_keys=True).encode()).hexdigest()
    old: dict[str, Any] = json.loads(lock.read_text(encoding="utf-8")) if lock.exists() else {"serial": 0}
    serial = int(old["serial"])
    if old.get("content") != digest:
        serial += 1
        write(lock, json.dumps({"serial": serial, "content": digest}) + "\n")
    return serial


def _tar(manifest: bytes, signature: bytes, files: Files) -> bytes:
    """The one byte form: manifest, signature, then files by name; no times, no owners."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        first = [("manifest.json", (manifest, PUBLIC)), ("manifest.sig", (signature, PUBLIC))]
        for name, (data, mode) in [*first, *sorted(files.items())]:
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), mode
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def _members(data: bytes) -> dict[str, tuple[bytes, int]]:
    """The plain files of our one byte form; raises BadBundle for what is not a USTAR header. Nothing is written.

    Read by hand, as the bytes are not trusted yet: tarfile loops for ever on a negative size (CVE-2025-8194).
    """
    found = {}
    at = 0
    while data[at : at + BLOCK].strip(b"\0"):
        header = _HEADER.match(data, at)
        if header is None or not _safe(name := header["name"].rstrip(b"\0").decode("ascii", "replace")):
            raise BadBundle("is no bundle, or was changed or cut on the way: copy it again")
        start, size = at + BLOCK, int(header["size"], 8)
        found[name] = (data[start : start + size], int(header["mode"], 8))
        at = start + -(-size // BLOCK) * BLOCK
    return found


def _safe(name: str) -> bool:
    return name.isascii() and name.isprintable() and all(part not in ("", ".", "..") for part in name.split("/"))

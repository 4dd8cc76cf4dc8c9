"""Whether head office's signed files are there, good, and given by the addresses that the settings name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from edge import asking, config
from edge.doctor.patient import Finding, Patient, store_of
from edge.members import keysource
from edge.members.envelope import BadSigned, from_base64url
from edge.members.papers import KINDS, erased_of, keys_of, refs_of
from edge.members.shelf import Kind

FETCH = "install the store's bundle again, or fetch the chain's {}"
NO_ROOT = "set member_code.roots to the root keys of this chain: `tentou provision chain init` wrote them to chain.toml"


def papers(patient: Patient) -> Iterator[Finding]:
    """An edge's signed files are its own chain's, signed by a pinned root and in date, whether they lie here or an
    address gives them."""
    store, folder = store_of(patient), patient.folder
    rules, roots = store.member_code, [from_base64url(root) for root in store.member_code.roots]
    keyset = keys_of(store.device.chain, roots, time.time)
    lists: dict[str, Kind[Any]] = {
        "deny": refs_of(store.device.chain, roots, time.time),
        "erase": erased_of(store.device.chain, roots, time.time),
    }
    kept = patient.data / "keyset.json"
    if rules.keyset is None and not kept.is_file():
        todo = "set member_code.keyset, or start the edge and let one come by its address or from head office"
        yield Finding("key set", False, "none: rotating member codes unlock nothing", todo)
    elif not roots:
        yield Finding("key set", False, "no root is pinned, so no key set is believed", NO_ROOT)
    else:
        yield _lying(keyset, folder / rules.keyset if rules.keyset else kept, FETCH)
    for name, kind in lists.items():
        if path := getattr(rules, name):
            yield _lying(kind, folder / path, FETCH)
    for name, kind in {"keyset": keyset, **lists}.items():
        if url := getattr(rules, f"{name}_url"):
            yield _given(kind, url, rules.ca_file, rules.private, folder)


def handouts(patient: Patient) -> Iterator[Finding]:
    """The files that a hub hands out are whole and in date. It has no roots: who signed them is the edges' to say."""
    settings = patient.settings
    assert isinstance(settings, config.Hub)
    for name, kind_of in KINDS.items():
        if path := getattr(settings, name):
            kind = kind_of("", None, time.time)
            yield _lying(kind, patient.folder / path, f"put the {{}} there: tentou code {name} make, then sign")


def _lying(kind: Kind[Any], path: Path, todo: str) -> Finding:
    todo = todo.format(kind.form.word)
    try:
        with path.open("rb") as file:
            text = file.read(kind.form.most + 1).decode("utf-8", "replace")
    except OSError as error:
        return Finding(kind.form.word, False, f"{path}: {error.strerror}", todo)
    return _judged(kind, kind.form.word, f"{path}: ", text, todo)


def _given(kind: Kind[Any], url: str, ca_file: Path | None, private: bool, folder: Path) -> Finding:
    """One question to the address, as the edge asks."""
    what = f"{kind.form.word} by address"
    if ca_file is not None and not (folder / ca_file).is_file():
        return Finding(what, False, f"{folder / ca_file} does not exist", "put it there, or mend member_code.ca_file")
    try:
        settings = asking.Settings(url=asking.safe(url, private), ca_file=ca_file, private=private)
        answer = asyncio.run(keysource.ask(settings, folder, "", kind.form.most))
    except ValueError as error:
        return Finding(what, False, f"not asked: {error}", "mend the file and line that 'member codes' names")
    except keysource.Away as error:
        todo = "reach it from here (name, port, firewall, member_code.ca_file) or mend the address; what is held lasts"
        return Finding(what, False, str(error), todo)
    return _judged(kind, what, "", answer.text or "", "mend the address, or what head office put there")


def _judged(kind: Kind[Any], what: str, where: str, text: str, todo: str) -> Finding:
    try:
        held = kind.read(text)
        if kind.chain and held.chain != kind.chain:
            raise BadSigned(f"{kind.form.word} of chain '{held.chain}', not '{kind.chain}'")
    except BadSigned as error:
        return Finding(what, False, f"{where}{error}", f"{todo}; or {NO_ROOT}" if "pinned" in str(error) else todo)
    said, well = kind.words(held)
    return Finding(what, well, said if well else f"{where}{said}", "" if well else todo)

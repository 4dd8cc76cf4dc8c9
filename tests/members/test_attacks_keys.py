"""A stolen edge can mint nothing: no private key of the chain lies in what a device gets, in any spelling (M-4)."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from edge import config
from provisioning import chain, keys

RULE = {"name": "jan13", "symbologies": ["ean13"], "pattern": r"29(?P<member>\d{10})\d", "check": "ean13"}


def spellings(secret: bytes) -> Iterator[bytes]:
    """A secret as it could stand in a file: raw, in hex, and in base64 wherever in a longer text it begins."""
    yield secret
    yield secret[::-1]
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    yield ":".join(f"{byte:02x}" for byte in secret).encode()
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + secret)
        middle = whole[4 if shift else 0 : len(whole) - 4]
        yield middle
        yield middle.translate(bytes.maketrans(b"+/", b"-_"))


def found(secrets_: dict[str, bytes], folder: Path) -> list[str]:
    """Which secret lies in which file below a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [
        f"{name} in {path.relative_to(folder)}"
        for path in files
        for name, secret in secrets_.items()
        if any(spelling in path.read_bytes() for spelling in spellings(secret))
    ]


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """A chain with one store and one device, and the member server's secrets beside its keys."""
    home = tmp_path / "chain"
    chain.init(home, "acme", now_s=1_790_000_000, settings={"member_code": {"static": [RULE]}})
    chain.add_store(home, "s1")
    chain.add_device(home, "s1-e1", store="s1", screens=[chain.screen("window"), chain.screen("desk:kiosk")])
    (home / "offline" / "sub.key").write_bytes(secrets.token_bytes(32))
    return home


def of_the_chain(home: Path) -> dict[str, bytes]:
    """Every secret with which codes, key sets or bundles are made."""
    private = {
        path.stem: keys.load(path).private_bytes_raw()
        for path in (home / "offline").glob("*.key")
        if path.stem != "sub"
    }
    return private | {"sub": (home / "offline" / "sub.key").read_bytes()}


@pytest.mark.promise("M-4")
def test_no_key_of_the_chain_lies_in_what_an_edge_gets(acme: Path, tmp_path: Path) -> None:
    owned = of_the_chain(acme)
    assert {"root", "issuer", "bundle", "sub"} <= owned.keys()
    edge = chain.write_config(acme, "s1", "s1-e1", tmp_path / "edge", {"web": {"port": 8000}})
    assert {"keyset.json", "chain.toml", "device.toml", "ref.key"} <= {path.name for path in edge.iterdir()}
    assert config.read_store(edge).member_code.roots
    assert found(owned, edge) == []
    assert not [path for path in edge.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]


def test_a_key_that_lies_in_a_file_in_any_spelling_is_found(acme: Path, tmp_path: Path) -> None:
    issuer = keys.load(acme / "offline" / "issuer.key")
    pem = issuer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    raw = issuer.private_bytes_raw()
    texts = (raw, b"x" + raw.hex().encode(), base64.b64encode(b"ab" + raw + b"c"), base64.urlsafe_b64encode(raw), pem)
    for number, text in enumerate(texts):
        folder = tmp_path / f"leak{number}"
        folder.mkdir()
        (folder / "leak").write_bytes(b"before " + text + b" after")
        assert found({"issuer": raw}, folder) == ["issuer in leak"], number

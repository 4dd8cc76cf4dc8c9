"""Bundles: the same bytes for the same input, and nothing but the right one is taken (promise P-3)."""

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.config import read_store
from provisioning import bundle, chain, keys
from provisioning.bundle import BadBundle
from provisioning.files import Refused

NOW = 1_790_000_000


def make(folder: Path, store: str = "ginza", name: str = "acme") -> tuple[bytes, bytes]:
    """A chain's bundle and the key that checks it."""
    chain.init(folder, name, now_s=NOW)
    chain.add_store(folder, store)
    for device in ("front", "till"):
        chain.add_device(folder, device, store=store, screens=[chain.Screen("window")])
    return bundle.build(folder, store), keys.public(keys.load(folder / "offline" / "bundle.key"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    return make(tmp_path_factory.mktemp("made") / "acme")


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*")}


@pytest.mark.promise("P-3")
def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    first, _ = make(tmp_path / "acme")
    for path in tmp_path.rglob("*.toml"):
        path.touch()
    assert bundle.build(tmp_path / "acme", "ginza") == first


def test_a_change_gives_the_next_serial(tmp_path: Path) -> None:
    first, key = make(tmp_path / "acme")
    store = tmp_path / "acme" / "stores" / "ginza" / "store.toml"
    store.write_text(store.read_text() + "\n[web]\nport = 9000\n")
    again = bundle.build(tmp_path / "acme", "ginza")
    assert [bundle.read(data, key).serial for data in (first, again)] == [1, 2]


def test_an_edge_starts_from_what_a_bundle_installed(made: tuple[bytes, bytes], tmp_path: Path) -> None:
    bundle.install(*made, "front", tmp_path / "front")
    assert read_store(tmp_path / "front").device.id == "front"
    assert (tmp_path / "front" / "ref.key").stat().st_mode & 0o777 == 0o600


def test_no_private_key_is_in_a_bundle(made: tuple[bytes, bytes]) -> None:
    assert b"PRIVATE" not in made[0]
    assert not any("offline" in name for name in bundle.read(*made).files)


@pytest.mark.promise("P-3")
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_one_changed_byte_anywhere_is_refused(made: tuple[bytes, bytes], data: st.DataObject) -> None:
    good, key = made
    at = data.draw(st.integers(0, len(good) - 1))
    bad = bytearray(good)
    bad[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BadBundle):
        bundle.read(bytes(bad), key)


@pytest.mark.promise("P-3")
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_bundle_cut_anywhere_is_refused(made: tuple[bytes, bytes], data: st.DataObject) -> None:
    good, key = made
    with pytest.raises(BadBundle):
        bundle.read(good[: data.draw(st.integers(0, len(good) - 1))], key)


@given(st.binary(max_size=3000))
def test_any_bytes_are_answered_by_bad_bundle_alone(data: bytes) -> None:
    with pytest.raises(BadBundle):
        bundle.read(data, b"\x00" * 32)


@pytest.mark.promise("P-3")
def test_another_chains_bundle_is_refused(made: tuple[bytes, bytes], tmp_path: Path) -> None:
    foreign, _ = make(tmp_path / "other")
    with pytest.raises(BadBundle, match="not signed by this chain"):
        bundle.read(foreign, made[1])


@pytest.mark.promise("P-3")
def test_what_is_added_beside_the_signed_files_is_refused(made: tuple[bytes, bytes]) -> None:
    good, key = made
    out = io.BytesIO(good)
    with tarfile.open(fileobj=out, mode="a") as tar:
        member = tarfile.TarInfo("devices/front/local.toml")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"a=1\n"))
    for bad in (out.getvalue(), good + b"\0" * 512, good + b"x"):
        with pytest.raises(BadBundle):
            bundle.read(bad, key)


@pytest.mark.promise("P-3")
def test_an_older_or_foreign_bundle_changes_nothing(tmp_path: Path) -> None:
    old, key = make(tmp_path / "acme")
    chain.add_device(tmp_path / "acme", "back", store="ginza")
    new, here = bundle.build(tmp_path / "acme", "ginza"), tmp_path / "here"
    bundle.install(new, key, "front", here)
    before = files(here)
    for data, device, why in [
        (old, "front", "older than the installed 2"),
        (new, "till", "here runs acme/ginza/front"),
    ]:
        with pytest.raises(BadBundle, match=why):
            bundle.install(data, key, device, here)
    with pytest.raises(BadBundle, match="no device 'frnt'; it has: back, front, till"):
        bundle.install(new, key, "frnt", here)
    assert files(here) == before


def test_the_same_bundle_may_be_installed_again(made: tuple[bytes, bytes], tmp_path: Path) -> None:
    bundle.install(*made, "front", tmp_path)
    before = files(tmp_path)
    bundle.install(*made, "front", tmp_path)
    assert files(tmp_path) == before


def test_what_a_new_bundle_no_longer_holds_goes_and_local_files_stay(tmp_path: Path) -> None:
    make(tmp_path / "acme")
    accounts, here = tmp_path / "acme" / "stores" / "ginza" / "accounts.json", tmp_path / "here"
    key = keys.public(keys.load(tmp_path / "acme" / "offline" / "bundle.key"))
    accounts.write_text("{}")
    bundle.install(bundle.build(tmp_path / "acme", "ginza"), key, "front", here)
    (here / "local.toml").touch()
    accounts.unlink()
    assert (here / "accounts.json").exists()
    bundle.install(bundle.build(tmp_path / "acme", "ginza"), key, "front", here)
    assert (here / "local.toml").exists()
    assert not (here / "accounts.json").exists()


def test_a_store_without_devices_says_what_to_do(tmp_path: Path) -> None:
    make(tmp_path / "acme")
    chain.add_store(tmp_path / "acme", "umeda")
    with pytest.raises(Refused, match="tentou provision device add ID --store umeda"):
        bundle.build(tmp_path / "acme", "umeda")

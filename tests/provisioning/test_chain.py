"""A chain's folder, its keys, and the config directory from which an edge starts."""

import json
import stat
from pathlib import Path

import pytest

from edge.config import read_store
from edge.members.keyset import from_base64url, kid_of, read_keyset
from provisioning import chain, keys
from provisioning.accounts import Accounts, Role
from provisioning.files import Refused
from tests.noticed import WHOSE

NOW = 1_790_000_000


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """A chain with the stores ginza (devices front and till) and umeda (none)."""
    folder = tmp_path / "acme"
    chain.init(folder, "acme", now_s=NOW, settings=WHOSE)
    chain.add_store(folder, "ginza", settings={"web": {"port": 8123}})
    chain.add_store(folder, "umeda", timezone="Asia/Seoul")
    screens = [chain.screen("window"), chain.screen("counter:kiosk")]
    chain.add_device(folder, "front", store="ginza", screens=screens)
    chain.add_device(folder, "till", store="ginza")
    return folder


def test_a_written_config_is_what_an_edge_reads(acme: Path, tmp_path: Path) -> None:
    extra = {"camera": [{"id": "door", "screen": "window", "adapter": "folder", "settings": {"path": "frames"}}]}
    store = read_store(chain.write_config(acme, "ginza", "front", tmp_path / "front", extra))
    assert (store.device.chain, store.device.store, store.device.id) == ("acme", "ginza", "front")
    assert [(one.id, one.device_class) for one in store.screen] == [("window", "signage"), ("counter", "kiosk")]
    assert store.camera[0].settings == {"path": "frames"}
    assert store.web.port == 8123


def test_edges_believe_the_key_set(acme: Path, tmp_path: Path) -> None:
    folder = chain.write_config(acme, "ginza", "front", tmp_path / "front")
    codes = read_store(folder).member_code
    assert codes.keyset
    roots = [from_base64url(root) for root in codes.roots]
    found = read_keyset((folder / codes.keyset).read_text(), roots, NOW)
    issuer = keys.public(keys.load(chain.issuer(acme)))
    assert found.chain == "acme"
    assert found.keys[kid_of(issuer)].public == issuer


def test_private_keys_stay_in_the_chains_folder(acme: Path, tmp_path: Path) -> None:
    folder = chain.write_config(acme, "ginza", "front", tmp_path / "front")
    secrets = [path.read_bytes() for path in (acme / "offline").iterdir()]
    assert len(secrets) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in (acme / "offline").iterdir()} == {0o600}
    assert stat.S_IMODE((acme / "offline").stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "ref.key").stat().st_mode) == 0o600
    written = b"".join(path.read_bytes() for path in folder.iterdir())
    assert not any(secret in written for secret in secrets)
    assert b"PRIVATE" not in written


def test_a_stores_accounts_come_with_its_config(acme: Path, tmp_path: Path) -> None:
    Accounts(acme / "stores" / "ginza" / "accounts.json").add("hanako", Role.STAFF, "correct horse battery")
    folder = chain.write_config(acme, "ginza", "front", tmp_path / "front")
    assert Accounts(folder / "accounts.json").find("hanako")


def test_a_chain_is_not_made_twice_and_its_keys_are_not_replaced(acme: Path) -> None:
    issuer = chain.issuer(acme)
    before = issuer.read_bytes()
    with pytest.raises(Refused, match="holds a chain already"):
        chain.init(acme, "acme", now_s=NOW)
    (acme / "chain.toml").unlink()
    with pytest.raises(Refused, match="never overwritten"):
        chain.init(acme, "acme", now_s=NOW)
    assert issuer.read_bytes() == before


@pytest.mark.parametrize(
    ("store", "device", "todo"),
    [
        ("gimza", "front", "no store 'gimza'; did you mean 'ginza'?"),
        ("x", "front", "no store 'x'; known: ginza, umeda"),
        ("ginza", "frnt", "did you mean 'front'?"),
        ("umeda", "front", "none exists yet: tentou provision device add front"),
        ("../ginza", "front", "no store"),
    ],
)
def test_a_name_that_does_not_exist_says_what_to_do(
    acme: Path, tmp_path: Path, store: str, device: str, todo: str
) -> None:
    with pytest.raises(Refused, match=todo.replace("?", r"\?").replace(".", r"\.")):
        chain.write_config(acme, store, device, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["a/+", "#", "A", "", "-a", "a" * 64, "../x", "a\nb", "店"])
def test_a_name_that_could_leave_its_topic_or_folder_is_refused(acme: Path, tmp_path: Path, name: str) -> None:
    for act in (
        lambda: chain.init(tmp_path / "new", name, now_s=NOW),
        lambda: chain.add_store(acme, name),
        lambda: chain.add_device(acme, name, store="umeda"),
        lambda: chain.screen(f"{name}:kiosk"),
    ):
        with pytest.raises(Refused, match="cannot be an id"):
            act()


def test_a_device_is_unique_in_its_chain(acme: Path) -> None:
    with pytest.raises(Refused, match="'front' exists in store 'ginza'.*'umeda-front'"):
        chain.add_device(acme, "front", store="umeda")


@pytest.mark.parametrize("text", ["not json", b"\x00" * 40, ""])
def test_a_broken_key_file_is_named(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "bundle.key"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(Refused, match=r"bundle\.key is no private key"):
        keys.load(path)


def test_the_key_set_names_times_for_a_year_and_more(acme: Path) -> None:
    outer = json.loads((acme / "keyset.json").read_text())
    inner = json.loads(keys.from_b64url(outer["keyset"]))
    assert inner["issued_at"] == NOW
    assert inner["not_after"] - NOW == chain.KEYSET_DAYS * chain.DAY
    assert inner["keys"][0]["nbf"] < NOW

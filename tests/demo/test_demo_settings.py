"""The demo's configuration is one that the product takes."""

import socket
from pathlib import Path
from unittest import mock

import pytest

from edge import config
from edge.adapters.members_csv import Settings as MembersSettings
from edge.demo import settings
from edge.demo.people import people, pseudonym
from edge.demo.seed import goods
from edge.demo.settings import Ports, PortTaken, find_ports, prepare
from edge.members import table
from edge.members.keyset import from_base64url, read_keyset
from edge.members.static import compile_rules
from edge.plug import adapter
from provisioning.accounts import Accounts, Role, verify


def test_the_written_configuration_is_valid_down_to_its_adapters(tmp_path: Path) -> None:
    demo = prepare(tmp_path, find_ports(0))
    store, hub = config.read_store(tmp_path / "edge"), config.read_hub(tmp_path / "hub")
    assert {screen.id for screen in store.screen} == {"kiosk-1", "sign-1"}
    assert hub.web.port == demo.ports.hub
    for channel in (*store.stock, *hub.stock):
        config.checked(adapter("stock", channel.adapter).Settings, channel.settings, channel.id)
    for upstream in (store.upstream, hub.upstream):
        assert upstream is not None
        config.checked(adapter("upstream", upstream.adapter).Settings, upstream.settings, "upstream")
    assert store.members is not None
    config.checked(MembersSettings, store.members.settings, "members")
    assert compile_rules(store.member_code)[0].name == "jan13"


def test_the_chains_keyset_and_members_are_those_of_the_phones(tmp_path: Path) -> None:
    prepare(tmp_path, find_ports(0))
    key, secret = settings.issuing(tmp_path)
    code = config.read_store(tmp_path / "edge").member_code
    assert code.keyset is not None
    roots = [from_base64url(root) for root in code.roots]
    keyset = read_keyset((tmp_path / "edge" / code.keyset).read_text(), roots)
    assert key.public_key().public_bytes_raw() in {each.public for each in keyset.keys.values()}
    profiles = table.parse((tmp_path / "edge" / "members.csv").read_bytes())
    emma = profiles[pseudonym(secret, "1003")]
    assert (emma.language, emma.tier, emma.nickname) == ("en", "silver", "Emma")
    assert set(profiles) == {pseudonym(secret, one) for one in people()}


def test_a_folder_used_again_keeps_its_keys_its_password_and_its_till(tmp_path: Path) -> None:
    first = prepare(tmp_path, find_ports(0))
    keyset = (tmp_path / "edge" / "keyset.json").read_text()
    (tmp_path / "edge" / "pos.csv").write_text("sku,location,available\nmug,s001,1\n")
    again = prepare(tmp_path, find_ports(0))
    assert again.password == first.password
    assert settings.read(tmp_path) == again
    assert (tmp_path / "edge" / "keyset.json").read_text() == keyset
    assert "mug" in (tmp_path / "edge" / "pos.csv").read_text()
    assert (tmp_path / "demo.json").stat().st_mode & 0o077 == 0


def test_an_older_demos_till_gets_what_it_did_not_have_and_keeps_what_it_counted(tmp_path: Path) -> None:
    till = tmp_path / "pos.csv"
    settings.stock_till(till)
    fresh = till.read_text().splitlines()
    till.write_text("sku,location,available\ntee-indigo,s001,7\n")
    settings.stock_till(till)
    rows = till.read_text().splitlines()
    assert sorted(set(fresh) ^ set(rows)) == ["tee-indigo,s001,1", "tee-indigo,s001,7"]
    assert len(rows) == len(fresh) == 1 + 2 * len(goods())


def test_the_printed_password_opens_both_accounts(tmp_path: Path) -> None:
    demo = prepare(tmp_path, find_ports(0))
    known = Accounts(tmp_path / "edge" / "accounts.json").all()
    assert {name: account.role for name, account in known.items()} == {"staff": Role.STAFF, "it": Role.IT}
    assert all(verify(account, demo.password) for account in known.values())


def test_a_port_that_is_given_twice_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    given = iter((7001, 7001, 7002, 7001, 7002, 7003, 7004))
    probe = mock.MagicMock()
    probe.__enter__.return_value.getsockname = lambda: (settings.HOST, next(given))
    monkeypatch.setattr(socket, "socket", lambda: probe)
    assert find_ports(0) == Ports(7001, 7002, 7003, 7004)


def test_a_taken_port_is_named_with_another_to_try() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} is taken.*--port"):
            find_ports(port)

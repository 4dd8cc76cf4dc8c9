"""The accounts file: Argon2id, readable by its owner, and no way in without it."""

import errno
import json
import os
from pathlib import Path

import pytest

from provisioning.accounts import Account, Accounts, Role, generated, verify
from provisioning.files import Refused


@pytest.fixture
def accounts(config: Path) -> Accounts:
    return Accounts(config / "accounts.json")


@pytest.mark.promise("X-4")
def test_passwords_lie_as_argon2id_in_a_file_only_its_owner_reads(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    accounts.add("taro", Role.IT, "correct horse battery")
    text = accounts.path.read_text()
    assert "$argon2id$" in text
    assert "horse" not in text
    assert accounts.path.stat().st_mode & 0o777 == 0o600


def test_the_right_password_alone_is_right(accounts: Accounts) -> None:
    taro = accounts.find("taro")
    assert verify(taro, "correct horse battery")
    assert not verify(taro, "correct horse batterz")
    assert not verify(None, "correct horse battery")
    assert "argon2" not in repr(taro)


@pytest.mark.promise("X-4")
def test_without_a_file_nobody_gets_in(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.json")
    assert accounts.all() == {}
    assert not verify(accounts.find("admin"), "admin")


@pytest.mark.parametrize("text", ["", "{}x", '{"format": "other/1"}', '{"accounts": [{"name": "A"}]}', "[1]"])
def test_a_file_that_cannot_be_used_lets_nobody_in(accounts: Accounts, text: str) -> None:
    assert accounts.find("taro")
    accounts.path.unlink()
    accounts.path.write_text(text)
    assert accounts.find("taro") is None
    with pytest.raises(Refused, match="provision account add"):
        accounts.remove("taro")


@pytest.mark.parametrize("password", ["short", "taro taro taro 1", "aaaaaaaaaaaaaaaa", "x" * 300])
def test_a_weak_password_is_refused(accounts: Accounts, password: str) -> None:
    before = accounts.path.read_bytes()
    with pytest.raises(Refused, match="password"):
        accounts.add("taro", Role.IT, password)
    assert accounts.path.read_bytes() == before


def test_a_removed_account_is_gone_for_those_who_read_before(accounts: Accounts) -> None:
    assert accounts.find("hanako")
    Accounts(accounts.path).remove("hanako")
    assert accounts.find("hanako") is None
    with pytest.raises(Refused, match="no account 'hanako'; known: taro"):
        accounts.remove("hanako")


def test_rights_follow_the_role() -> None:
    rights = {(one, role): Account("a", one, "").may(role) for one in Role for role in Role}
    assert {pair for pair, may in rights.items() if not may} == {(Role.STAFF, Role.IT)}


def test_generated_passwords_differ_and_are_strong_enough(accounts: Accounts) -> None:
    made = {generated() for _ in range(100)}
    assert len(made) == 100
    assert accounts.add("jiro", Role.STAFF, made.pop()).name == "jiro"
    assert {row["name"] for row in json.loads(accounts.path.read_text())["accounts"]} == {"hanako", "taro", "jiro"}


def test_a_file_that_the_disk_cannot_read_for_a_moment_is_read_again(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> str:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    accounts = Accounts(config / "accounts.json")
    with monkeypatch.context() as away:
        away.setattr(Path, "read_text", fails)
        with pytest.raises(OSError, match="open files"):
            accounts.find("taro")
    assert accounts.find("taro")

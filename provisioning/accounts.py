"""The people who may sign in to the staff's and the IT's pages: names, roles and Argon2id hashes in ``accounts.json``.

There is no default account and no default password: without the file nobody gets in.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

import argon2
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from provisioning.files import SECRET, Refused, check_id, write

log = logging.getLogger(__name__)

FORMAT = "tentou-accounts/1"
SHORTEST = 12
"""Characters of a password: NIST SP 800-63B-4 wants 8 with and 15 without a second factor; ours is also throttled."""
LONGEST = 256
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""No letter that looks like another on paper."""
_HASHER = argon2.PasswordHasher()
"""Argon2id with the second recommended parameters of RFC 9106 (64 MiB, 3 passes, 4 lanes)."""


class Role(StrEnum):
    """What an account is for: content (staff), or the machines (it)."""

    STAFF = "staff"
    IT = "it"


RIGHTS: Mapping[Role, frozenset[Role]] = {
    Role.STAFF: frozenset({Role.STAFF}),
    Role.IT: frozenset({Role.STAFF, Role.IT}),
}
"""Whose pages an account may open."""


@dataclass(frozen=True, slots=True)
class Account:
    """One person's way in. ``hash`` is an Argon2id string."""

    name: str
    role: Role
    hash: str = field(repr=False)

    def may(self, role: Role) -> bool:
        """Whether the account may open pages for ``role``."""
        return role in RIGHTS[self.role]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")
    role: Role
    hash: str = Field(pattern=r"^\$argon2id\$")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    format: str = Field(FORMAT, pattern=f"^{FORMAT}$")
    accounts: tuple[_Row, ...] = ()


class Accounts:
    """The accounts of one config directory; what the command changed counts from the next request on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: tuple[int, int] | None = None
        self._known: dict[str, Account] = {}

    def find(self, name: str) -> Account | None:
        """The account of that name; None also while the file cannot be used, which is logged once."""
        return self.all().get(name)

    def all(self) -> Mapping[str, Account]:
        """Every account by name, read again when the file changed. Raises OSError for a disk that cannot read it."""
        stamp = self._stat()
        if stamp != self._stamp:
            try:
                self._known = _read(self.path) if stamp else {}
            except Refused as error:
                self._known = {}
                log.error("nobody can sign in: %s", error)
            self._stamp = stamp  # only now: what the disk could not read is read again at the next look
        return self._known

    def add(self, name: str, role: Role, password: str) -> Account:
        """Write a new account, or a new password and role of a known one; raises Refused."""
        check_id("account", name)
        _check(name, password)
        account = Account(name, role, _HASHER.hash(password))
        self._write({**self._strict(), name: account})
        return account

    def remove(self, name: str) -> None:
        """Take an account away; its sessions end with its next request. Raises Refused."""
        known = self._strict()
        if name not in known:
            raise Refused(f"no account '{name}'; known: {', '.join(known) or 'none'}")
        self._write({key: value for key, value in known.items() if key != name})

    def _strict(self) -> dict[str, Account]:
        return _read(self.path) if self._stat() else {}

    def _stat(self) -> tuple[int, int] | None:
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return None
        return stat.st_mtime_ns, stat.st_ino

    def _write(self, known: Mapping[str, Account]) -> None:
        rows = tuple(_Row(name=one.name, role=one.role, hash=one.hash) for one in known.values())
        write(self.path, _File(format=FORMAT, accounts=rows).model_dump_json(indent=1) + "\n", SECRET)


def _read(path: Path) -> dict[str, Account]:
    try:
        file = _File.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (ValidationError, ValueError) as error:
        raise Refused(f"{path} is no list of accounts; make it again: tentou provision account add") from error
    return {row.name: Account(row.name, row.role, row.hash) for row in file.accounts}


def verify(account: Account | None, password: str) -> bool:
    """Whether the password is the account's; as slow for an unknown account. Takes some 50 ms: call it in a thread."""
    try:
        _HASHER.verify(account.hash if account else _nobody(), password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
    return account is not None


def generated() -> str:
    """A password that can be read out and typed: four groups of five, 99 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_hex())


def _check(name: str, password: str) -> None:
    if not SHORTEST <= len(password) <= LONGEST:
        raise Refused(f"a password has {SHORTEST} to {LONGEST} characters; or leave it out and take a generated one")
    if (len(name) > 3 and name in password.casefold()) or len(set(password)) < 5:
        raise Refused("a password must not hold the account's name, nor repeat a few characters")

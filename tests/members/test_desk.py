"""The member desk: from files in a config directory to decisions about codes."""

import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.config import BadConfig, Device, MemberCode, StaticRule
from edge.db import Database
from edge.health import Health, State
from edge.members.classify import Reason, Recognised, Rejected
from edge.members.desk import Desk, desk
from edge.members.issue import issue
from edge.members.keyset import Key, kid_of, make_keyset, sign_keyset, to_base64url
from edge.members.peers import News
from edge.members.shelf import Way
from edge.model import Code, Level
from edge.web import prometheus

ROOT, ISSUER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
NOW = int(time.time())


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def keyset(version: int = 1, root: Ed25519PrivateKey = ROOT) -> str:
    key = Key(kid_of(public(ISSUER)), public(ISSUER), NOW - 1000, NOW + 10_000)
    return sign_keyset(make_keyset("acme", version, NOW - 1000, NOW + 10_000, [key]), root)


@asynccontextmanager
async def opened(folder: Path, health: Health | None = None, clock: str = "trusted") -> AsyncIterator[Desk]:
    settings = MemberCode(keyset=Path("keyset.json"), roots=(to_base64url(public(ROOT)),))
    device = Device(chain="acme", store="s1", id="e1", clock=clock)
    async with desk(settings, device, folder, folder, health or Health()) as made:
        yield made


def token() -> Code:
    now = int(time.time())
    return Code(issue(ISSUER, "AAECAwQFBgcI", now, now + 60, flags=5), "qrcode", "zxing")


def nothing(_: bytes) -> bool:
    return False


@pytest.mark.promise("M-5")
async def test_a_token_is_recognised_from_files_alone(tmp_path: Path) -> None:
    (tmp_path / "keyset.json").write_text(keyset())
    async with opened(tmp_path) as made:
        found = made.classify(token(), nothing)
        assert isinstance(found, Recognised)
        assert found.credential is Level.PERSONAL


@pytest.mark.promise("M-2")
async def test_a_spent_token_stays_spent_over_a_restart_and_is_forgiven_in_its_own_session(tmp_path: Path) -> None:
    (tmp_path / "keyset.json").write_text(keyset())
    code = token()
    async with opened(tmp_path) as made:
        found = made.classify(code, nothing)
        assert isinstance(found, Recognised)
        await made.spend(found.replay, found.exp)
    async with opened(tmp_path) as made:
        assert made.classify(code, nothing) == Rejected(Reason.REPLAY)
        assert isinstance(made.classify(code, lambda replay: replay == found.replay), Recognised)


async def test_a_clock_that_nobody_vouches_for_unlocks_nothing_personal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.members.timekeeper.kernel_synced", lambda: False)
    (tmp_path / "keyset.json").write_text(keyset())
    health = Health()
    async with opened(tmp_path, health, "checked") as made:
        found = made.classify(token(), nothing)
        assert isinstance(found, Recognised)
        assert found.credential is Level.MEMBERS
    assert [part.state for part in health.parts() if part.kind == "clock"] == [State.DOWN]


@pytest.mark.parametrize("text", ["", "{}", keyset(root=ISSUER)])
async def test_a_key_set_that_no_pinned_root_signed_is_named_and_not_used(tmp_path: Path, text: str) -> None:
    (tmp_path / "keyset.json").write_text(text)
    health = Health()
    async with opened(tmp_path, health) as made:
        assert made.classify(token(), nothing) == Rejected(Reason.UNKNOWN_KEY)
    assert [part.state for part in health.parts() if part.kind == "codes"] == [State.DOWN]


async def test_an_older_key_set_never_replaces_a_newer_one(tmp_path: Path) -> None:
    (tmp_path / "keyset.json").write_text(keyset(2))
    async with opened(tmp_path) as made:
        assert not made.papers.keyset.offer(keyset(1), Way.TOPIC)
        assert isinstance(made.classify(token(), nothing), Recognised)


@pytest.mark.parametrize("bytes_on_disk", [b"\xff\xfe\x00", b"{", b"", b"9" * 20_000])
async def test_a_key_set_that_is_none_is_told_and_stops_nothing(tmp_path: Path, bytes_on_disk: bytes) -> None:
    (tmp_path / "keyset.json").write_bytes(bytes_on_disk)
    health = Health()
    async with opened(tmp_path, health) as made:
        assert not isinstance(made.classify(token(), nothing), Recognised)
    assert ("codes", "key set", State.DOWN) in [(part.kind, part.name, part.state) for part in health.parts()]


@pytest.mark.parametrize("secret", [None, b"", b"short"])
async def test_without_its_secret_a_static_number_is_not_read(tmp_path: Path, secret: bytes | None) -> None:
    if secret is not None:
        (tmp_path / "ref.key").write_bytes(secret)
    rule = StaticRule(name="card", symbologies=("qrcode",), pattern=r"29(?P<member>\d{10})\d", check="ean13")
    settings = MemberCode(static=(rule,), ref_key=Path("ref.key"))
    health = Health()
    async with desk(settings, Device(chain="acme", store="s1", id="e1"), tmp_path, tmp_path, health) as made:
        assert not made.whose(Code("2900000000018", "qrcode", "zxing"))
    assert ("codes", "reference key", State.DOWN) in [(part.kind, part.name, part.state) for part in health.parts()]


@pytest.mark.parametrize(("root", "words"), [("A" * 42 + "B", "not base64url"), ("A" * 43, "anybody can sign")])
async def test_a_root_that_is_no_key_is_a_setting_to_mend(root: str, words: str, tmp_path: Path) -> None:
    settings = MemberCode(roots=(root,))
    with pytest.raises(BadConfig, match=f"member_code.roots: .*{words}"):
        async with desk(settings, Device(chain="a", store="s", id="e"), tmp_path, tmp_path, Health()):
            pass


async def test_a_broken_file_of_spent_tokens_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "members.sqlite").write_bytes(b"no database " * 99)
    health = Health()
    async with opened(tmp_path, health) as made:
        await made.spend(b"0123456789abcdef", NOW)
    assert [part.state for part in health.parts() if part.kind == "disk"] == [State.DOWN]


@pytest.mark.promise("M-2")
async def test_a_token_of_a_session_at_one_screen_is_replayed_at_the_other_screen(tmp_path: Path) -> None:
    (tmp_path / "keyset.json").write_text(keyset())
    code = token()
    async with opened(tmp_path) as made:
        mine: set[bytes] = set()
        found = made.classify(code, mine.__contains__)
        assert isinstance(found, Recognised)
        spending = made.spend(found.replay, found.exp)
        mine.add(found.replay)
        assert isinstance(made.classify(code, mine.__contains__), Recognised)
        assert made.classify(code, set().__contains__) == Rejected(Reason.REPLAY)
        await spending


@pytest.mark.promise("M-4")
async def test_outcomes_are_counted_by_reason_and_never_by_value(tmp_path: Path) -> None:
    (tmp_path / "keyset.json").write_text(keyset())
    health = Health()
    async with opened(tmp_path, health) as made:
        for code in (token(), token(), Code("MC1:!", "qrcode", "zxing"), Code("hello", "qrcode", "zxing")):
            made.judge("cam", made.classify(code, nothing))
    told = [line for line in prometheus(health.parts(), health.tallies).splitlines() if "codes_total" in line]
    assert told == [
        'tentou_codes_total{code="",outcome="encoding"} 1',
        'tentou_codes_total{code="",outcome="foreign"} 1',
        'tentou_codes_total{code="mc1",outcome="accepted"} 2',
    ]


async def test_versions_and_the_clocks_state_are_figures(tmp_path: Path) -> None:
    (tmp_path / "keyset.json").write_text(keyset(3))
    health = Health()
    async with opened(tmp_path, health):
        text = prometheus(health.parts())
    assert 'tentou_keyset_version{kind="codes",name="key set"} 3\n' in text
    assert 'tentou_clock_synced{kind="clock",name="time"} 1\n' in text


@pytest.mark.promise("L-5")
async def test_a_disk_that_takes_no_spent_token_is_named_and_memory_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    health = Health()
    async with opened(tmp_path, health) as made:

        async def refuse(_: object, __: object) -> None:
            raise sqlite3.OperationalError("full")

        with monkeypatch.context() as patch:
            patch.setattr(Database, "write", refuse)
            await made.spend(b"h" * 16, NOW + 60)
        assert ("disk", "spent tokens", State.DOWN) in [(part.kind, part.name, part.state) for part in health.parts()]
        assert made._replay.spent(b"h" * 16)
        await made.spend(b"i" * 16, NOW + 60)
        assert ("disk", "spent tokens", State.UP) in [(part.kind, part.name, part.state) for part in health.parts()]


@pytest.mark.promise("M-5")
async def test_what_another_edge_took_is_replayed_here_over_a_restart_too(tmp_path: Path) -> None:
    (tmp_path / "keyset.json").write_text(keyset())
    code = token()
    async with opened(tmp_path) as made:
        found = made.classify(code, nothing)
        assert isinstance(found, Recognised)
        keeping = made.learn("s1.e2", News(((found.replay, int(found.exp)),)))
        assert made.classify(code, nothing) == Rejected(Reason.REPLAY)
        assert keeping is not None
        await keeping
    async with opened(tmp_path) as made:
        assert made.classify(code, nothing) == Rejected(Reason.REPLAY)


@pytest.mark.parametrize("years", [-56, -3])
async def test_over_a_restart_with_a_clock_set_back_an_old_token_stays_expired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, years: int
) -> None:
    (tmp_path / "keyset.json").write_text(keyset())
    code = Code(issue(ISSUER, "AAECAwQFBgcI", NOW - 900, NOW - 840, flags=5), "qrcode", "zxing")
    async with opened(tmp_path):
        pass
    monkeypatch.setattr("edge.members.timekeeper.kernel_synced", lambda: False)
    monkeypatch.setattr("edge.members.desk.boot_id", lambda: "another")
    monkeypatch.setattr("time.time", lambda: NOW + years * 365.25 * 86_400)
    async with opened(tmp_path, clock="checked") as made:
        assert made.classify(code, nothing) == Rejected(Reason.EXPIRED)

"""Members from a CSV file: whole or not at all, read again when it changed, the last good one kept."""

from __future__ import annotations

import logging
import os
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.adapters import members_csv
from edge.adapters.members_csv import CsvMembers, Settings
from edge.members import table
from edge.model import Coupon, Profile
from edge.ports import MembersAway, Troubled

HEADER = "ref,tier,segments,nickname,language,favourites,coupons\n"
HANA = "AAECAwQFBgcI,gold,linen; kids,はな,ja,LN-09-M;TS-01,c1=リネン10%OFF|10% off linen;c2=ポイント2倍\n"
PROFILE = Profile(
    ref="AAECAwQFBgcI",
    tier="gold",
    segments=frozenset({"linen", "kids"}),
    nickname="はな",
    language="ja",
    favourites=("LN-09-M", "TS-01"),
    coupons=(Coupon("c1", {"ja": "リネン10%OFF", "en": "10% off linen"}), Coupon("c2", {"ja": "ポイント2倍"})),
    have=frozenset({"greet", "tier", "segments", "favourites", "coupons"}),
)


async def test_a_member_is_found_by_ref_and_another_is_not(tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_text(HEADER + HANA, encoding="utf-8-sig")
    async with members_csv.open(Settings(path=Path("members.csv")), tmp_path) as members:
        assert await members.profile("AAECAwQFBgcI") == PROFILE
        assert await members.profile("s1.AAAAAAAAAAAAAAAA") is None


async def test_a_changed_file_is_read_again_once_it_is_at_rest(tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    path.write_text(HEADER + HANA, encoding="utf-8")
    members = CsvMembers(path)
    await members.file.look()
    path.write_text(HEADER + HANA.replace("gold", "platinum"), encoding="utf-8")
    await members.file.look()
    assert await members.profile("AAECAwQFBgcI") == PROFILE, "seen once: it may still be being written"
    await members.file.look()
    found = await members.profile("AAECAwQFBgcI")
    assert found is not None
    assert found.tier == "platinum"


async def test_the_adapter_looks_by_itself(tmp_path: Path) -> None:
    import asyncio

    path = tmp_path / "members.csv"
    path.write_text(HEADER, encoding="utf-8")
    async with members_csv.open(Settings(path=path, look_s=0.01), tmp_path) as members:
        (tmp_path / "new").write_text(HEADER + HANA, encoding="utf-8")
        os.replace(tmp_path / "new", path)
        while (found := await members.profile("AAECAwQFBgcI")) is None:
            await asyncio.sleep(0.01)
        assert found.ref == "AAECAwQFBgcI"


async def test_a_bad_file_keeps_the_last_good_one_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    path = tmp_path / "members.csv"
    path.write_text(HEADER + HANA, encoding="utf-8")
    members = CsvMembers(path)
    await members.file.look()
    path.write_text(HEADER + "not a ref,,,,,,\n", encoding="utf-8")
    for _ in range(4):
        await members.file.look()
    assert await members.profile("AAECAwQFBgcI") == PROFILE
    path.unlink()
    await members.file.look()
    path.write_text(HEADER + HANA, encoding="utf-8")
    for _ in range(3):
        await members.file.look()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING", "INFO"]
    assert "line 2" in caplog.text
    assert "はな" not in caplog.text + repr(members)


async def test_a_file_that_was_away_for_a_moment_is_good_again_unchanged(tmp_path: Path) -> None:
    path, troubles = tmp_path / "members.csv", list[str]()
    path.write_text(HEADER + HANA, encoding="utf-8")
    members = CsvMembers(path)
    await members.file.look()
    path.rename(tmp_path / "away")
    for _ in range(2):
        await members.file.look()
        troubles.append(members.file.trouble)
        (tmp_path / "away").replace(path)
        await members.file.look()
        troubles.append(members.file.trouble)
        path.rename(tmp_path / "away")
    assert [bool(trouble) for trouble in troubles] == [True, False] * 2
    assert await members.profile("AAECAwQFBgcI") == PROFILE


async def test_without_any_file_the_source_is_away(tmp_path: Path) -> None:
    async with members_csv.open(Settings(path=Path("none.csv")), tmp_path) as members:
        with pytest.raises(MembersAway, match=r"none\.csv"):
            await members.profile("AAECAwQFBgcI")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column 'ref'"),
        ("tier\n", "no column 'ref'"),
        ("ref,ref\n", "one twice"),
        ("ref,email\n", "unknown column 'email'"),
        ("ref\nshort\n", "line 2: ref is neither"),
        ("ref,tier\nAAECAwQFBgcI\n", "line 2: 1 cells"),
        ("ref\nAAECAwQFBgcI\n\nAAECAwQFBgcI\n", "line 4: a ref that an earlier line has"),
        ("ref,language\nAAECAwQFBgcI,Japanese!\n", "BCP 47"),
        ("ref,coupons\nAAECAwQFBgcI,c1\n", "coupon"),
        ("ref,coupons\nAAECAwQFBgcI,c1=夏 @soon\n", "what follows the @"),
        ("ref,coupons\nAAECAwQFBgcI,c1=夏 @2026-02-30..\n", "no day"),
        ("ref,coupons\nAAECAwQFBgcI,c1=<b>夏</b>\n", "coupon"),
        ("ref,tier\nAAECAwQFBgcI,<i>gold\n", "no name has"),
        ("ref,personal_screen\nAAECAwQFBgcI,perhaps\n", "neither yes nor no"),
        ('ref\n"AAECAwQFBgcI\n', "line 2"),
        ("ref\n\udcff\n", "not UTF-8"),
    ],
)
def test_a_bad_table_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(table.BadTable, match=words):
        table.parse(text.encode("utf-8", "surrogateescape"))


def test_a_coupon_may_say_its_days_stores_and_kind() -> None:
    said = "ref,coupons\nAAECAwQFBgcI,c1=夏|Summer @2026-11-01..2026-11-30 @stores:s001;c2=a@b @gift\n"
    (profile,) = table.parse(said.encode()).values()
    one, two = profile.coupons
    assert one == Coupon(
        "c1", {"ja": "夏", "en": "Summer"}, "", date(2026, 11, 1), date(2026, 11, 30), frozenset({"s001"})
    )
    assert (two.title["ja"], two.kind, two.stores) == ("a@b", "gift", frozenset({"*"}))


def test_who_did_not_agree_keeps_the_language_alone() -> None:
    said = HEADER.replace("ref", "personal_screen,ref", 1) + "no," + HANA
    assert table.parse(said.encode()) == {"AAECAwQFBgcI": Profile("AAECAwQFBgcI", language="ja")}


def test_a_nickname_that_is_no_name_is_lost_alone() -> None:
    (profile,) = table.parse((HEADER + HANA.replace("はな", "<script>alert(1)</script>")).encode()).values()
    assert (profile.nickname, profile.tier) == ("", "gold")


async def test_whose_row_vanishes_is_told(tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    path.write_text(HEADER + HANA, encoding="utf-8")
    members = CsvMembers(path)
    await members.file.look()
    erased = members.erased()
    path.write_text(HEADER, encoding="utf-8")
    for _ in range(2):
        await members.file.look()
    assert await anext(erased) == "AAECAwQFBgcI"


@given(st.binary(max_size=200))
def test_no_bytes_upset_the_table(data: bytes) -> None:
    try:
        rows = table.parse(b"ref,tier\n" + data)
    except table.BadTable:
        return
    assert all(rows)


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"path": "x.csv", "delimiter": ";"})


async def test_a_missing_file_is_known_before_a_member_comes(tmp_path: Path) -> None:
    async with members_csv.open(members_csv.Settings(path=Path("none.csv")), tmp_path) as members:
        assert isinstance(members, Troubled)
        assert members.trouble.endswith("none.csv: No such file or directory")

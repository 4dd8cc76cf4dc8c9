"""Each vendor's own ways: tokens that end, numbers as strings, plans that lack a part, limits, ids of several kinds."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from edge.adapters import members_shopify, members_smaregi, members_square
from edge.members import directory
from edge.members.cache import CachedMembers
from edge.members.table import BadTable
from edge.model import Coupon, Profile
from edge.ports import Erasing, MembersAway, Troubled
from tests.members.fakes import shopify, square
from tests.members.fakes.sources import LOST, REF, Bench, shopify_, smaregi_, square_


async def profile(bench: Bench) -> Profile:
    found = await bench.members.profile(REF)
    assert found is not None
    return found


def trouble(bench: Bench) -> str:
    assert isinstance(bench.members, Troubled)
    return bench.members.trouble


# Smaregi


async def test_smaregi_gives_the_rank_as_tier_and_nothing_else(tmp_path: Path) -> None:
    async with smaregi_(tmp_path) as bench:
        found = await profile(bench)
    assert found == Profile(REF, tier="gold", tier_label="ゴールド", language="ja", have=frozenset({"tier", "greet"}))


async def test_smaregi_is_never_asked_for_points(tmp_path: Path) -> None:
    async with smaregi_(tmp_path) as bench:
        await profile(bench)
        assert not any("point" in path for _, path in bench.fake.calls)


async def test_a_token_of_smaregi_serves_many_questions_and_is_renewed_before_it_ends(tmp_path: Path) -> None:
    async with smaregi_(tmp_path) as bench:
        for _ in range(3):
            await profile(bench)
        assert bench.fake.tokens == 1
        bench.members._vendor._ends = 0.0  # type: ignore[attr-defined]
        await profile(bench)
        assert bench.fake.tokens == 2


async def test_a_token_that_soon_ends_is_renewed_while_the_old_one_serves(tmp_path: Path) -> None:
    async with smaregi_(tmp_path) as bench:
        bench.fake.expires_in = "59"
        for _ in range(2):
            await profile(bench)
        while bench.fake.tokens < 2:
            await asyncio.sleep(0.01)


async def test_a_renewal_that_takes_longer_than_a_shopper_has_is_there_for_the_next(tmp_path: Path) -> None:
    async with smaregi_(tmp_path) as bench:
        bench.members._budget = 0.01  # type: ignore[attr-defined]
        bench.fake.gate.clear()
        assert (await profile(bench)).tier == ""
        bench.fake.gate.set()
        while (renewing := bench.members._vendor._renewing) is None or not renewing.done():  # type: ignore[attr-defined]
            await asyncio.sleep(0.01)
        bench.members._budget = 30.0  # type: ignore[attr-defined]
        assert (await profile(bench)).tier == "gold"
        assert bench.fake.tokens == 1


async def test_a_token_that_smaregi_took_back_is_renewed_once(tmp_path: Path) -> None:
    async with smaregi_(tmp_path) as bench:
        await profile(bench)
        bench.fake.good.clear()
        assert (await profile(bench)).tier == "gold"
        assert bench.fake.tokens == 2


@pytest.mark.parametrize("expires", ["3600", 3600, "0"])
async def test_smaregi_may_say_when_a_token_ends_as_a_string(expires: Any, tmp_path: Path) -> None:
    async with smaregi_(tmp_path) as bench:
        bench.fake.expires_in = expires
        assert (await profile(bench)).tier == "gold"


async def test_a_contract_without_the_members_plan_leaves_the_tier_out_and_says_so(tmp_path: Path) -> None:
    async with smaregi_(tmp_path) as bench:
        bench.fake.plan = False
        assert await profile(bench) == Profile(REF, language="ja", have=frozenset({"tier", "greet"}))
        assert trouble(bench).startswith("no tier: Smaregi answered 403: the contract's plan")
        bench.fake.plan = True
        await profile(bench)
        assert trouble(bench) == ""


async def test_a_wrong_secret_is_told_with_what_to_look_at(tmp_path: Path) -> None:
    async with smaregi_(tmp_path) as bench:
        (tmp_path / "token").write_text("app:wrong")
        await profile(bench)
        assert "token service answered 401; look at contract and token_file" in trouble(bench)
        assert "wrong" not in trouble(bench)


async def test_smaregi_may_be_asked_by_the_number_on_the_card(tmp_path: Path) -> None:
    async with smaregi_(tmp_path, customer="2900000000813", by="code") as bench:
        assert (await profile(bench)).tier == "gold"
        assert await bench.members.profile(LOST) is None


async def test_a_card_number_that_begins_another_ones_is_nobodys(tmp_path: Path) -> None:
    async with smaregi_(tmp_path, customer="29000000", by="code") as bench:
        assert (await profile(bench)).tier == ""
        assert "another member" in trouble(bench)


@pytest.mark.parametrize("status", ["1", "2", "3", "4"])
async def test_who_left_smaregi_or_lost_the_card_is_nobody(status: str, tmp_path: Path) -> None:
    async with smaregi_(tmp_path) as bench:
        bench.fake.customers["81"]["status"] = status
        assert await bench.members.profile(REF) is None


@pytest.mark.parametrize(("rank", "tier"), [(None, ""), ("シルバー", "シルバー"), ("ゴールド", "gold")])
async def test_a_rank_without_a_name_of_ours_keeps_its_own(rank: str | None, tier: str, tmp_path: Path) -> None:
    async with smaregi_(tmp_path) as bench:
        bench.fake.customers["81"]["rank"] = rank
        assert (await profile(bench)).tier == tier


# Square


async def test_square_gives_named_groups_segments_and_issued_rewards(tmp_path: Path) -> None:
    async with square_(tmp_path) as bench:
        found = await profile(bench)
    assert found == Profile(
        REF,
        tier="gold",
        segments=frozenset({"linen"}),
        language="ja",
        coupons=(Coupon("R1", {"ja": "リネン10%OFF"}),),
        have=frozenset({"tier", "segments", "coupons", "greet"}),
    )
    assert found.rev == "square:7"


async def test_the_names_of_rewards_are_asked_for_once(tmp_path: Path) -> None:
    async with square_(tmp_path) as bench:
        await profile(bench)
        await profile(bench)
        assert [path for _, path in bench.fake.calls].count("/v2/loyalty/programs/main") == 1


async def test_a_member_without_a_loyalty_account_has_no_coupons(tmp_path: Path) -> None:
    async with square_(tmp_path, customer="CUST-NEW") as bench:
        bench.fake.customers["CUST-NEW"] = square.customer("CUST-NEW")
        found = await profile(bench)
        assert (found.coupons, "coupons" in found.as_of, trouble(bench)) == ((), True, "")


async def test_a_seller_without_loyalty_leaves_the_coupons_out_and_the_rest_stays(tmp_path: Path) -> None:
    async with square_(tmp_path) as bench:
        bench.fake.loyalty = False
        found = await profile(bench)
        assert (found.tier, set(found.have - found.as_of.keys())) == ("gold", {"coupons"})
        assert trouble(bench).startswith("no coupons: Square answered 403")


async def test_coupons_that_fail_are_filled_from_the_last_visit(tmp_path: Path) -> None:
    async with square_(tmp_path) as bench:
        cached = CachedMembers(bench.members)
        assert len([found async for found in cached.profiles(REF)]) == 1
        bench.fake.loyalty = False
        kept, fresh = [found async for found in cached.profiles(REF)]
        assert kept
        assert fresh
        assert kept.coupons == fresh.coupons != ()
        await cached.close()


async def test_rewards_are_not_asked_for_where_that_is_switched_off(tmp_path: Path) -> None:
    async with square_(tmp_path, loyalty=False) as bench:
        assert "coupons" not in (await profile(bench)).have
        assert not any("loyalty" in path for _, path in bench.fake.calls)


async def test_a_vendor_that_wants_fewer_calls_is_left_alone(tmp_path: Path) -> None:
    async with square_(tmp_path) as bench:
        await bench.say(b"{}", 429)
        await profile(bench)
        asked = len(bench.fake.calls)
        bench.fake.instead = None
        await profile(bench)
        assert len(bench.fake.calls) == asked
        assert "asked for a pause" in trouble(bench)


@pytest.mark.promise("K-4")
async def test_each_call_on_the_wire_is_one_in_the_budget_though_connections_break(tmp_path: Path) -> None:
    async with square_(tmp_path, loyalty=False) as bench:
        await profile(bench)
        bench.fake.broken = True
        await profile(bench)
        assert len(bench.fake.calls) == len(bench.members._vendor._caller._budget._calls)  # type: ignore[attr-defined]
        bench.fake.broken = False
        assert (await profile(bench)).tier == "gold"


# Shopify


async def test_shopify_gives_named_tags_segments_and_the_language(tmp_path: Path) -> None:
    async with shopify_(tmp_path) as bench:
        found = await profile(bench)
    assert found == Profile(
        REF,
        tier="gold",
        segments=frozenset({"linen", "vips"}),
        language="ja",
        have=frozenset({"tier", "segments", "greet"}),
    )
    assert found.rev == "shopify:2026-11-21T09:12:45Z"


async def test_shopify_may_be_asked_by_the_chains_own_member_number(tmp_path: Path) -> None:
    async with shopify_(tmp_path, customer="M-7", metafield="custom.member_no") as bench:
        assert (await profile(bench)).segments == {"linen", "vips"}
        assert await bench.members.profile(LOST) is None


async def test_a_whole_gid_is_an_id_too(tmp_path: Path) -> None:
    async with shopify_(tmp_path, customer=shopify.GID) as bench:
        assert (await profile(bench)).tier == "gold"


async def test_without_listed_segments_one_question_is_enough(tmp_path: Path) -> None:
    async with shopify_(tmp_path, segments={"vip-gold": "vips"}) as bench:
        assert (await profile(bench)).segments == {"vips"}
        assert len(bench.fake.calls) == 1


async def test_an_app_that_is_not_approved_is_told_what_to_ask_for(tmp_path: Path) -> None:
    async with shopify_(tmp_path) as bench:
        bench.fake.denied = {"customer"}
        assert await profile(bench) == Profile(REF, language="ja", have=frozenset({"tier", "segments", "greet"}))
        assert "protected customer data" in trouble(bench)


async def test_segments_that_are_refused_leave_the_tier(tmp_path: Path) -> None:
    async with shopify_(tmp_path) as bench:
        bench.fake.denied = {"customerSegmentMembership"}
        found = await profile(bench)
        assert (found.tier, set(found.have - found.as_of.keys())) == ("gold", {"segments"})


async def test_an_empty_bucket_of_shopify_is_given_time_to_fill(tmp_path: Path) -> None:
    async with shopify_(tmp_path, segments={}) as bench:
        bench.fake.available = -200.0
        await profile(bench)
        assert "THROTTLED" in trouble(bench)
        bench.fake.available, asked = 1993.0, len(bench.fake.calls)
        await profile(bench)
        assert len(bench.fake.calls) == asked
        assert "asked for a pause" in trouble(bench)


@pytest.mark.parametrize("opened", [smaregi_, square_, shopify_])
async def test_a_question_that_is_given_up_at_once_leaves_nothing_behind(opened: Any, tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        for turns in range(4):
            asking = asyncio.create_task(bench.members.profile(REF))
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        assert (await profile(bench)).tier == "gold"


# The directory


@pytest.mark.parametrize("opened", [smaregi_, square_, shopify_])
async def test_of_who_did_not_agree_nothing_is_asked(opened: Any, tmp_path: Path) -> None:
    async with opened(tmp_path) as bench:
        directory_ = tmp_path / "directory.csv"
        directory_.write_text(directory_.read_text().replace("yes,ja", "no,ja"))
        for _ in range(2):
            await bench.members.file.look()
        assert await profile(bench) == Profile(REF, language="ja")
        assert bench.fake.calls == []


async def test_who_vanishes_from_the_directory_is_erased(tmp_path: Path) -> None:
    async with smaregi_(tmp_path) as bench:
        assert isinstance(bench.members, Erasing)
        erased = bench.members.erased()
        (tmp_path / "directory.csv").write_text("ref,customer\n")
        for _ in range(2):
            await bench.members.file.look()  # type: ignore[attr-defined]
        assert {await anext(erased), await anext(erased)} == {REF, LOST}
        assert await bench.members.profile(REF) is None


async def test_without_a_directory_the_source_is_away(tmp_path: Path) -> None:
    settings = members_square.Settings(directory=Path("none.csv"), token_file=Path("token"))
    async with members_square.open(settings, tmp_path) as members:
        with pytest.raises(MembersAway, match="none.csv"):
            await members.profile(REF)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ref\n", "no column 'customer'"),
        ("ref,customer,email\n", "unknown column 'email'"),
        ("AAECAwQFBgcI,はなこ\n", "no header"),
        ("ref,customer\nAAECAwQFBgcI,\n", "line 2: customer"),
        ("ref,customer\nAAECAwQFBgcI,../orders\n", "line 2: customer"),
        ("ref,customer\nAAECAwQFBgcI,8 1\n", "line 2: customer"),
        ("ref,customer,personal_screen\nAAECAwQFBgcI,81,1\n", "neither yes nor no"),
    ],
)
def test_a_bad_directory_is_refused_and_nobody_quoted(text: str, words: str) -> None:
    with pytest.raises(BadTable, match=words) as bad:
        directory.parse(text.encode())
    assert not any(part in str(bad.value) for part in ("AAEC", "はなこ", "orders"))


def test_no_repr_of_the_directory_tells_who_is_who() -> None:
    assert "81" not in repr(directory.parse(b"ref,customer\nAAECAwQFBgcI,81\n")["AAECAwQFBgcI"])


SQUARE = {"directory": "d.csv", "token_file": "t"}
SMAREGI = SQUARE | {"contract": "c"}
SHOPIFY = SQUARE | {"url": "https://shop.myshopify.com/admin/api/2026-10/graphql.json"}


@pytest.mark.parametrize(
    ("adapter", "settings"),
    [
        (members_square, SQUARE | {"url": "http://connect.squareup.com"}),
        (members_square, SQUARE | {"calls_per_second": 0}),
        (members_square, SQUARE | {"version": "latest"}),
        (members_smaregi, SMAREGI | {"contract": "../x"}),
        (members_smaregi, SMAREGI | {"auth_url": "http://id.smaregi.jp"}),
        (members_smaregi, SMAREGI | {"by": "phone"}),
        (members_shopify, SHOPIFY | {"metafield": "member_no"}),
        (members_shopify, SHOPIFY | {"segments": {f"gid://shopify/Segment/{n}": "s" for n in range(51)}}),
        (members_shopify, SQUARE),
    ],
)
def test_settings_that_cannot_work_are_refused_at_the_start(adapter: Any, settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        adapter.Settings.model_validate(settings)


def test_settings_as_they_should_be_are_taken() -> None:
    assert members_square.Settings.model_validate(SQUARE).url == "https://connect.squareup.com"
    assert members_smaregi.Settings.model_validate(SMAREGI).auth_url == "https://id.smaregi.jp"
    assert members_shopify.Settings.model_validate(SHOPIFY).ttl_s == 3600

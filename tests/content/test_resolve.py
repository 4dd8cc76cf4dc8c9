"""What a screen shows, and why: precedence, targeting, ties, and the default that is never empty."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.loop import loop_for
from content.model import Campaign, Daypart, Decision, Facts, Layer, Media
from content.resolve import WELCOME, resolve
from content.wording import WHY, why

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
MEDIA = {name: Media(name, name, "image", name * 64, ".jpg", 1920, 1080) for name in "abc"}
NOBODY = Facts()
TEA = Facts(member=True, segments=frozenset({"tea"}), tier="gold")


def campaign(id: str, layer: Layer = Layer.SCHEDULE, media: tuple[str, ...] = ("a",)) -> Campaign:
    return Campaign(id, f"{id}さん", layer, media)


def decide(*campaigns: Campaign, facts: Facts = NOBODY, screen: str = "one") -> Decision:
    return resolve(campaigns, screen, facts, NOW, MEDIA)


def shown(decision: Decision) -> list[str]:
    return [each.id for each in decision.campaigns]


def rule(decision: Decision, id: str) -> str:
    return next(each.rule for each in decision.because if each.campaign == id)


@pytest.mark.promise("C-3")
@pytest.mark.parametrize("highest", list(Layer))
def test_the_highest_layer_that_has_something_wins(highest: Layer) -> None:
    below = list(Layer)[list(Layer).index(highest) :]
    decision = decide(*(campaign(layer.value, layer) for layer in below), facts=TEA)
    assert (decision.layer, shown(decision)) == (highest, [highest.value])
    assert all(rule(decision, layer.value) == "layer" for layer in below[1:])


@pytest.mark.promise("C-3")
def test_with_nothing_at_all_the_welcome_plays() -> None:
    decision = resolve((), "one", NOBODY, NOW, {})
    assert shown(decision) == [WELCOME]
    assert [item.kind for item in loop_for(decision, {})] == ["image"]


def test_an_emergency_shows_through_a_members_session() -> None:
    decision = decide(campaign("fire", Layer.EMERGENCY), campaign("m", Layer.MEMBER), facts=TEA)
    assert shown(decision) == ["fire"]


def test_schedules_of_equal_priority_play_one_after_another() -> None:
    decision = decide(campaign("y", media=("b", "c")), campaign("x"), replace(campaign("low"), priority=-1))
    assert shown(decision) == ["x", "y"]
    assert rule(decision, "low") == "priority"
    assert [item.content for item in loop_for(decision, MEDIA)] == ["a", "b", "c"]


@pytest.mark.promise("C-2")
@pytest.mark.parametrize(
    ("changed", "facts", "expected"),
    [
        ({"published": False}, TEA, "draft"),
        ({"media": ("gone",)}, TEA, "media"),
        ({"screens": frozenset({"two"})}, TEA, "screen"),
        ({"layer": Layer.MEMBER}, NOBODY, "member"),
        ({"segments": frozenset({"tea"})}, NOBODY, "member"),
        ({"segments": frozenset({"wine"})}, TEA, "segment"),
        ({"tiers": frozenset({"silver"})}, TEA, "tier"),
        ({"restricted": True}, replace(TEA, restrict=True), "restricted"),
        ({"first": date(2026, 11, 21)}, TEA, "first"),
        ({"last": date(2026, 11, 19)}, TEA, "last"),
        ({"dayparts": (Daypart(frozenset({6})),)}, TEA, "day"),
        ({"dayparts": (Daypart(start=time(11), end=time(12)),)}, TEA, "hours"),
        ({"segments": frozenset({"tea"}), "tiers": frozenset({"gold"})}, TEA, "shown"),
        ({"restricted": True}, TEA, "shown"),
    ],
)
def test_each_campaign_is_explained(changed: dict[str, object], facts: Facts, expected: str) -> None:
    decision = decide(replace(campaign("x"), **changed), facts=facts)  # type: ignore[arg-type]
    reason = decision.because[0]
    assert (reason.rule, reason.shown) == (expected, expected == "shown")
    assert reason.text == why(reason, "ja")
    assert "{" not in why(reason, "ja") + why(reason, "en")


def test_every_reason_is_worded_in_both_languages() -> None:
    assert all(set(texts) == {"ja", "en"} for texts in WHY.values())


def test_a_member_campaign_needs_only_words() -> None:
    wordy = replace(campaign("m", Layer.MEMBER, ()), headline={"ja": "新茶"})
    assert shown(decide(wordy, facts=TEA)) == ["m"]
    assert rule(decide(campaign("empty", Layer.MEMBER, ()), facts=TEA), "empty") == "media"


def test_the_campaign_aimed_at_the_member_comes_first() -> None:
    everybody = campaign("a-all", Layer.MEMBER)
    tea = replace(campaign("tea", Layer.MEMBER), segments=frozenset({"tea"}))
    both = replace(tea, id="z-both", tiers=frozenset({"gold"}))
    assert shown(decide(everybody, tea, both, facts=TEA)) == ["z-both", "tea", "a-all"]


@pytest.mark.promise("C-5")
def test_a_loop_item_says_what_it_was_for_the_ledger() -> None:
    medium = replace(MEDIA["a"], version=3, title="新茶")
    item = loop_for(decide(replace(campaign("x"), seconds=(7.0,))), {"a": medium})[0]
    assert (item.content, item.sha256, item.version) == ("a", "a" * 64, 3)
    assert (item.campaign, item.rule, item.title, item.seconds) == ("x", "schedule", "新茶", 7.0)
    assert item.url == f"/media/{'a' * 64}.jpg"


names = st.sampled_from(["a", "b", "gone"])
words = st.frozensets(st.sampled_from(["tea", "wine"]), max_size=2)
campaigns = st.builds(
    Campaign,
    id=st.uuids().map(str),
    name=st.text(max_size=5),
    layer=st.sampled_from(Layer),
    media=st.lists(names, max_size=3).map(tuple),
    screens=st.frozensets(st.sampled_from(["one", "two"])),
    segments=words,
    priority=st.integers(-1, 1),
    published=st.booleans(),
    restricted=st.booleans(),
)
facts = st.builds(Facts, member=st.booleans(), segments=words, restrict=st.booleans())


@pytest.mark.promise("C-2")
@pytest.mark.promise("C-3")
@given(given=st.lists(campaigns, max_size=6), who=facts, turn=st.randoms())
def test_whatever_there_is_a_screen_has_something_and_every_campaign_a_reason(
    given: list[Campaign], who: Facts, turn: object
) -> None:
    decision = resolve(given, "one", who, NOW, MEDIA)
    assert loop_for(decision, MEDIA)
    assert {each.id for each in given} <= {reason.campaign for reason in decision.because}
    assert {reason.campaign for reason in decision.because if reason.shown} == set(shown(decision))
    assert who.member or decision.layer is not Layer.MEMBER
    turn.shuffle(given)  # type: ignore[attr-defined]
    assert shown(resolve(given, "one", who, NOW, MEDIA)) == shown(decision)

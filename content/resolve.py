"""What a screen shows: a pure function of campaigns, screen, facts and time, with the reason for each campaign.

Precedence (promise C-3): emergency, member session, interrupt, schedule, default; the default is never empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from content.model import Campaign, Decision, Facts, Layer, Media, Reason
from content.schedule import closed
from content.wording import say

WELCOME = "welcome"
"""The id of the medium that always exists, and of the campaign that shows it when nothing else can be shown."""

BUILT_IN = Campaign(id=WELCOME, name="いらっしゃいませ", layer=Layer.DEFAULT, media=(WELCOME,))


def resolve(
    campaigns: Sequence[Campaign], screen_id: str, facts: Facts, now: datetime, media: Mapping[str, Media]
) -> Decision:
    """Decide for one screen at ``now`` (aware, in the store's zone); total, never empty, and explains every campaign.

    Campaigns of equal priority in the winning layer are all shown, one after another, in order of their ids; among
    member campaigns those that name the member's segment or tier come first.
    """
    refused = {each.id: rule for each in campaigns if (rule := _refusal(each, screen_id, facts, now, media))}
    open_ = [each for each in campaigns if each.id not in refused]
    layer = next((layer for layer in Layer if any(each.layer is layer for each in open_)), Layer.DEFAULT)
    chosen = _best([each for each in open_ if each.layer is layer]) or (BUILT_IN,)
    reasons = [_reason(each, refused.get(each.id, ""), chosen, layer) for each in campaigns]
    if chosen == (BUILT_IN,):
        reasons.append(_reason(BUILT_IN, "", chosen, layer))
    return Decision(layer, chosen, tuple(reasons))


def _best(campaigns: Sequence[Campaign]) -> tuple[Campaign, ...]:
    if not campaigns:
        return ()
    top = max(each.priority for each in campaigns)
    return tuple(sorted((each for each in campaigns if each.priority == top), key=_turn))


def _turn(campaign: Campaign) -> tuple[int, str]:
    aimed = bool(campaign.segments) + bool(campaign.tiers) if campaign.layer is Layer.MEMBER else 0
    return -aimed, campaign.id


def _refusal(campaign: Campaign, screen: str, facts: Facts, now: datetime, media: Mapping[str, Media]) -> str:
    """The first rule that keeps a campaign away, "" if none does; who and where come before when."""
    if not campaign.published:
        return "draft"
    if not playable(campaign, media):
        return "media"
    if campaign.screens and screen not in campaign.screens:
        return "screen"
    return _not_for(campaign, facts) or closed(campaign, now)


def _not_for(campaign: Campaign, facts: Facts) -> str:
    if not facts.member and (campaign.layer is Layer.MEMBER or campaign.segments or campaign.tiers):
        return "member"
    if campaign.segments and not campaign.segments & facts.segments:
        return "segment"
    if campaign.tiers and facts.tier not in campaign.tiers:
        return "tier"
    return "restricted" if campaign.restricted and facts.restrict else ""


def playable(campaign: Campaign, media: Mapping[str, Media]) -> bool:
    """True when a campaign would not leave its screen blank: a medium that is there, or words for a member."""
    if any(each in media for each in campaign.media):
        return True
    return campaign.layer is Layer.MEMBER and bool(campaign.headline or campaign.text or campaign.products)


def _reason(campaign: Campaign, refused: str, chosen: tuple[Campaign, ...], layer: Layer) -> Reason:
    shown = campaign in chosen
    rule = "shown" if shown else refused or ("priority" if campaign.layer is layer else "layer")
    values = _values(campaign, rule, chosen[0])
    return Reason(campaign.id, shown, rule, say(rule, values, "ja"), values)


def _values(campaign: Campaign, rule: str, winner: Campaign) -> dict[str, str]:
    """What a rule's sentence needs to be told; an empty mapping for most."""
    match rule:
        case "first" | "last":
            return {rule: str(getattr(campaign, rule))}
        case "day" | "hours":
            return {"hours": hours(campaign)}
        case "screen" | "segment" | "tier":
            return {f"{rule}s": _joined(getattr(campaign, f"{rule}s"))}
        case "priority":
            return {"winner": winner.name}
        case "layer":
            return {"winner": winner.name, "layer": winner.layer.value}
    return {}


def hours(campaign: Campaign, days: str = "月火水木金土日") -> str:
    """A campaign's dayparts in short: ``月火 9:00-12:00``; every day is not spelt out."""
    parts = []
    for part in campaign.dayparts:
        named = "" if len(part.days) == 7 else "".join(days[day] for day in sorted(part.days)) + " "
        parts.append(f"{named}{part.start:%H:%M}-{part.end:%H:%M}")
    return ", ".join(parts)


def _joined(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))

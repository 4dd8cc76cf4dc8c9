"""The loop of a screen: a decision's media in playing order, each with what the ledger must know of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from content.model import Campaign, Decision, LoopItem, Media
from content.resolve import WELCOME
from content.welcome import welcome


def url(medium: Media) -> str:
    """Where a medium's bytes are served: named by their hash, so that an address never changes its meaning."""
    return f"/media/{medium.sha256}{medium.suffix}"


def loop_for(decision: Decision, media: Mapping[str, Media]) -> tuple[LoopItem, ...]:
    """What a decision plays, never empty: media that are not there are left out, and the welcome stands in for all."""
    items = tuple(item for campaign in decision.campaigns for item in _items(campaign, media))
    return items or (_item(media.get(WELCOME) or welcome(), 0.0, WELCOME, decision.layer.value),)


def _items(campaign: Campaign, media: Mapping[str, Media]) -> Iterator[LoopItem]:
    seconds = campaign.seconds or (0.0,) * len(campaign.media)
    for each, own in zip(campaign.media, seconds, strict=False):
        if each in media:
            yield replace(_item(media[each], own, campaign.id, campaign.layer.value), arm=campaign.arm)


def _item(medium: Media, seconds: float, campaign: str, rule: str) -> LoopItem:
    return LoopItem(
        url=url(medium),
        kind=medium.kind,
        seconds=seconds or medium.seconds,
        content=medium.id,
        sha256=medium.sha256,
        version=medium.version,
        campaign=campaign,
        rule=rule,
        title=medium.title,
    )

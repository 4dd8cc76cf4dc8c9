"""What may be published: checks of a campaign before a screen ever sees it, as one table of problems (promise C-4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from content.model import Campaign, Layer, Media
from content.resolve import playable
from content.schedule import over

PROBLEMS: Mapping[str, Mapping[str, str]] = {
    "name": {"ja": "名前を入れてください", "en": "Give it a name"},
    "media": {"ja": "出す写真を選んでください", "en": "Choose a picture to show"},
    "words": {"ja": "写真・見出し・商品のどれかを入れてください", "en": "Add a picture, a headline or a product"},
    "gone": {"ja": "使えなくなった写真があります", "en": "It uses a picture that is no longer there"},
    "nowhere": {"ja": "画面を一つ以上選んでください", "en": "Choose at least one screen"},
    "screen": {"ja": "この店にない画面が選ばれています", "en": "It names a screen that this store does not have"},
    "order": {"ja": "終わりの日が始まりの日より前です", "en": "The last day is before the first"},
    "over": {"ja": "終わりの日時がもう過ぎています", "en": "Its last day has already passed"},
    "end": {"ja": "終わりの日を決めてください（「いますぐ」と緊急には必ず要ります）", "en": "Set a last day"},
    "days": {"ja": "曜日を一つ以上選んでください", "en": "Choose at least one day of the week"},
    "product": {"ja": "商品一覧にない商品があります", "en": "It names a product that the catalogue does not have"},
}
"""What is wrong, by a stable word, and what to do about it."""

_ENDING = frozenset({Layer.EMERGENCY, Layer.INTERRUPT})
"""Layers that push others away, and so must end by themselves."""


@dataclass(frozen=True, slots=True)
class Shop:
    """What a campaign may name: the store's screens, the media that are whole, the products of its catalogue."""

    screens: Collection[str]
    media: Mapping[str, Media]
    products: Collection[str]


class Refused(Exception):
    """A campaign cannot be published; ``problems`` are keys of PROBLEMS."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__(", ".join(PROBLEMS[each]["en"] for each in problems))
        self.problems = problems


def problems(campaign: Campaign, shop: Shop, now: datetime) -> tuple[str, ...]:
    """Everything that keeps a campaign from being published, in the order of its form; empty when nothing does."""
    found = {
        "name": not campaign.name.strip(),
        "media": campaign.layer is not Layer.MEMBER and not campaign.media,
        "words": campaign.layer is Layer.MEMBER and not playable(campaign, shop.media),
        "gone": any(each not in shop.media for each in campaign.media),
        "screen": not campaign.screens <= set(shop.screens),
        "order": bool(campaign.first and campaign.last and campaign.last < campaign.first),
        "over": over(campaign, now),
        "end": campaign.layer in _ENDING and campaign.last is None,
        "days": any(not part.days for part in campaign.dayparts),
        "product": any(each not in shop.products for each in campaign.products),
    }
    return tuple(each for each, wrong in found.items() if wrong)

"""The studio's words for what was done and how a campaign stands, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from content.model import Campaign, Media
from content.schedule import closed, over

VERBS: Mapping[str, Mapping[str, str]] = {
    "upload": {"ja": "写真「{}」を入れました", "en": "added the picture “{}”"},
    "replace": {"ja": "写真「{}」を差し替えました", "en": "replaced the picture “{}”"},
    "change": {"ja": "写真「{}」の設定を変えました", "en": "changed the settings of the picture “{}”"},
    "playlist": {"ja": "番組「{}」を変えました", "en": "changed the playlist “{}”"},
    "draft": {"ja": "「{}」の下書きを保存しました", "en": "saved “{}” as a draft"},
    "publish": {"ja": "「{}」を公開しました", "en": "published “{}”"},
    "withdraw": {"ja": "「{}」の公開をやめました", "en": "stopped publishing “{}”"},
    "delete": {"ja": "「{}」を削除しました", "en": "deleted “{}”"},
    "undo": {"ja": "「{}」を元に戻しました", "en": "undid the last change of “{}”"},
    "seed": {"ja": "見本の店を用意しました", "en": "set up the sample shop"},
}
"""What an act did, by its verb; the braces are for its title."""

DONE: Mapping[str, Mapping[str, str]] = {
    "saved": {"ja": "保存しました", "en": "Saved"},
    "published": {"ja": "公開しました", "en": "Published"},
    "withdrawn": {"ja": "公開をやめました", "en": "No longer published"},
    "deleted": {"ja": "削除しました", "en": "Deleted"},
    "undone": {"ja": "元に戻しました", "en": "Undone"},
    "seen": {"ja": "対応済みにしました", "en": "Marked as seen to"},
    "reopened": {"ja": "「お待ちのお客さま」に戻しました", "en": "Waiting again"},
    "stuck": {
        "ja": "そのあとに変更があったので、元に戻せませんでした",
        "en": "Not undone: something newer depends on it",
    },
    "stale": {
        "ja": "ほかの画面や人が先に変えていました。いまの並びを出しましたので、もう一度どうぞ",
        "en": "It was changed elsewhere meanwhile. This is how it stands now; please do it again",
    },
}

REVOCABLE: Mapping[str, frozenset[str]] = {
    "saved": frozenset({"change", "draft", "playlist", "replace"}),
    "published": frozenset({"publish"}),
    "withdrawn": frozenset({"withdraw"}),
    "deleted": frozenset({"delete"}),
}
"""The words of DONE that offer to take the act back, and the verbs that the newest act must then have."""


_AGO: Mapping[str, tuple[str, str, str]] = {
    "ja": ("たったいま", "{}分前", "{}時間前"),
    "en": ("just now", "{} min ago", "{} h ago"),
}


def ago(seconds: float, language: str) -> str:
    """How long ago something was, as one says it: never as more than it is."""
    moment, minutes, hours = _AGO[language]
    if seconds < 60:
        return moment
    return minutes.format(int(seconds // 60)) if seconds < 3600 else hours.format(int(seconds // 3600))


def state(campaign: Campaign, now: datetime) -> str:
    """How a campaign stands: draft, over, coming, waiting (outside its days and hours) or on."""
    if not campaign.published:
        return "draft"
    if over(campaign, now):
        return "over"
    rule = closed(campaign, now)
    return {"": "on", "first": "coming"}.get(rule, "waiting")


FAR_FROM_FITTING = 1.35
"""As on the screens (kiosk_ui/static/js/layers.js): a picture whose shape differs more is shown whole, not cut."""


def whole(medium: Media, orientation: str) -> bool:
    """True when a screen shows a medium whole, with margins, instead of cutting it to its own shape."""
    screen = 9 / 16 if orientation == "portrait" else 16 / 9
    ratio = medium.width / medium.height / screen
    return medium.suffix != ".svg" and max(ratio, 1 / ratio) > FAR_FROM_FITTING

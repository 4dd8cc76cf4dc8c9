"""Why a campaign is shown or not, in words for the staff, as one table."""

from __future__ import annotations

from collections.abc import Mapping

from content.model import Reason

WHY: Mapping[str, Mapping[str, str]] = {
    "shown": {"ja": "表示します", "en": "Shown"},
    "draft": {"ja": "まだ公開していません（下書き）", "en": "Not published yet (draft)"},
    "media": {"ja": "出せる写真がありません", "en": "It has no picture that can be shown"},
    "screen": {"ja": "この画面には出さない設定です（{screens}）", "en": "Not meant for this screen ({screens})"},
    "first": {"ja": "{first}から始まります", "en": "Starts on {first}"},
    "last": {"ja": "{last}に終わりました", "en": "Ended on {last}"},
    "day": {"ja": "今日の曜日は対象外です（{hours}）", "en": "Not on this day of the week ({hours})"},
    "hours": {"ja": "この時間は対象外です（{hours}）", "en": "Not at this hour ({hours})"},
    "member": {"ja": "会員証をかざした人にだけ出します", "en": "Only for people who show a member code"},
    "segment": {"ja": "「{segments}」の会員にだけ出します", "en": "Only for members of “{segments}”"},
    "tier": {"ja": "ランク「{tiers}」の会員にだけ出します", "en": "Only for members of tier “{tiers}”"},
    "restricted": {
        "ja": "年齢などの制限がある内容なので、この会員には出しません",
        "en": "Restricted content, which this member is not shown",
    },
    "priority": {"ja": "優先度の高い「{winner}」が出ています", "en": "“{winner}” has a higher priority"},
    "layer": {"ja": "「{winner}」が先に出ます（{layer}）", "en": "“{winner}” comes first ({layer})"},
}

LAYERS: Mapping[str, Mapping[str, str]] = {
    "emergency": {"ja": "緊急のお知らせ", "en": "emergency"},
    "member": {"ja": "会員向け", "en": "for members"},
    "interrupt": {"ja": "いますぐ", "en": "right now"},
    "schedule": {"ja": "予定", "en": "scheduled"},
    "default": {"ja": "いつもの番組", "en": "always on"},
}

DAYS: Mapping[str, str] = {"ja": "月火水木金土日", "en": "MTWTFSS"}


def why(reason: Reason, language: str) -> str:
    """A reason's sentence; Japanese for a language that has none."""
    return say(reason.rule, reason.values, language)


def say(rule: str, values: Mapping[str, str], language: str) -> str:
    """A rule's sentence with its values filled in; a layer's name is translated on the way."""
    texts = WHY[rule]
    known = dict(values)
    if "layer" in known:
        names = LAYERS[known["layer"]]
        known["layer"] = names.get(language, names["ja"])
    return texts.get(language, texts["ja"]).format(**known)

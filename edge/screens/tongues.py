"""The shoppers' languages as pages name them: each by its own name, and by the tag that chooses the right letters."""

from __future__ import annotations

from dataclasses import dataclass

from edge.model import LANGUAGES


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language. ``code`` is ours, ``tag`` a page's ``lang`` (BCP 47), ``name`` what its own speakers call it."""

    code: str
    tag: str
    name: str


TONGUES = {
    "ja": Tongue("ja", "ja", "日本語"),
    "en": Tongue("en", "en", "English"),
    "zh": Tongue("zh", "zh-Hans", "中文"),
    "ko": Tongue("ko", "ko", "한국어"),
}
"""With the tag zh a browser may draw 骨 and 直 as in Japan; zh-Hans chooses their Chinese form (UI.md 1)."""


def others(language: str) -> list[Tongue]:
    """All languages but this one, in the order in which they are offered."""
    return [TONGUES[each] for each in LANGUAGES if each != language]


def own_first(language: str) -> list[str]:
    """All languages, this one first: what is said to somebody whose language nobody knows."""
    return [language, *(tongue.code for tongue in others(language))]

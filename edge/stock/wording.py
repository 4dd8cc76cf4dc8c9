"""A count and its age as a shopper reads them: bands, words and the label of age, in the shoppers' languages."""

from __future__ import annotations

from collections.abc import Mapping

from edge.config import Location
from edge.model import Band, StockLine, spoken
from edge.stock.freshness import minutes

MANY_FROM = 4
"""◎ from here on (EC.md 4.2); below it △, at 0 ×."""

_WORDS: dict[str, dict[Band, str]] = {
    "ja": {
        Band.MANY: "在庫あり",
        Band.FEW: "残りわずか",
        Band.NONE: "在庫なし",
        Band.UNLISTED: "取扱なし",
        Band.ASKING: "確認中",
    },
    "en": {
        Band.MANY: "In stock",
        Band.FEW: "Few left",
        Band.NONE: "Out of stock",
        Band.UNLISTED: "Not carried",
        Band.ASKING: "Checking",
    },
    "zh": {
        Band.MANY: "有货",
        Band.FEW: "库存不多",
        Band.NONE: "缺货",
        Band.UNLISTED: "不销售",
        Band.ASKING: "查询中",
    },
    "ko": {
        Band.MANY: "재고 있음",
        Band.FEW: "품절 임박",
        Band.NONE: "재고 없음",
        Band.UNLISTED: "미취급",
        Band.ASKING: "확인 중",
    },
}
_COUNTED: dict[str, dict[Band, str]] = {
    "ja": {Band.MANY: "在庫{n}点", Band.FEW: "残り{n}点"},
    "en": {Band.MANY: "{n} in stock", Band.FEW: "Only {n} left"},
    "zh": {Band.MANY: "现货{n}件", Band.FEW: "仅剩{n}件"},
    "ko": {Band.MANY: "재고 {n}개", Band.FEW: "{n}개 남음"},
}
_AGO = {"ja": "{n}分前", "en": "{n} min ago", "zh": "{n}分钟前", "ko": "{n}분 전"}


def band(available: int | None, age: float | None) -> Band:
    """The band of a count of a given age in seconds; None counts as not listed, an age of None as never heard."""
    if minutes(age) is None:
        return Band.ASKING
    if available is None:
        return Band.UNLISTED
    if available <= 0:
        return Band.NONE
    return Band.MANY if available >= MANY_FROM else Band.FEW


def line(location: Location, available: int | None, age: float | None, language: str, now_s: float) -> StockLine:
    """One place's line. A number is in it only for this store ("here") and only while live."""
    tongue = spoken(language)
    name = name_of(location.id, location.name, language)
    found = band(available, age)
    past = minutes(age)
    if age is None or past is None:
        return StockLine(location.place, name, found, _WORDS[tongue][found])
    exact = available if past == 0 and location.place == "here" else None
    counted = _COUNTED[tongue].get(found) if exact is not None else None
    text = counted.format(n=exact) if counted else _WORDS[tongue][found]
    label = _AGO[tongue].format(n=past) if past else ""
    return StockLine(location.place, name, found, text, label, exact, now_s - age)


def name_of(id: str, names: Mapping[str, str], language: str) -> str:
    """A place's name in a language, else in the nearest that it has, else its id."""
    for wanted in (language, language.partition("-")[0], spoken(language), "en", "ja"):
        if names.get(wanted):
            return names[wanted]
    return next(iter(names.values()), id)

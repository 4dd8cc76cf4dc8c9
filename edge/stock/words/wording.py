"""What is known of a product at a place as a shopper reads it: bands, words and the label of age, in four languages."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from edge.config import Location
from edge.model import Band, StockLine, spoken
from edge.ports import StockLevel
from edge.stock.freshness import minutes
from edge.stock.level import Known, sellable
from edge.stock.words import confidence

FEW_TO = 3
"""△ up to here and ◎ above, where the source has no figure of its own."""


class Word(StrEnum):
    """What is said: a band's own word, or one of the two that share a band (SHARED)."""

    MANY = "many"
    FEW = "few"
    NONE = "none"
    ORDER = "order"  # none here, but it can be ordered in: 取り寄せ
    UNLISTED = "unlisted"
    LOOK = "look"  # there was one, but by how it sells nobody can be sure: 要確認
    ASKING = "asking"


SHARED = {Word.ORDER: Band.NONE, Word.LOOK: Band.ASKING}

_WORDS: dict[str, dict[Word, str]] = {
    "ja": {
        Word.MANY: "在庫あり",
        Word.FEW: "残りわずか",
        Word.NONE: "在庫なし",
        Word.ORDER: "お取り寄せ",
        Word.UNLISTED: "取扱なし",
        Word.LOOK: "要確認",
        Word.ASKING: "確認中",
    },
    "en": {
        Word.MANY: "In stock",
        Word.FEW: "Few left",
        Word.NONE: "Out of stock",
        Word.ORDER: "On order",
        Word.UNLISTED: "Not carried",
        Word.LOOK: "To be checked",
        Word.ASKING: "Checking",
    },
    "zh": {
        Word.MANY: "有货",
        Word.FEW: "库存不多",
        Word.NONE: "缺货",
        Word.ORDER: "可调货",
        Word.UNLISTED: "不销售",
        Word.LOOK: "需确认",
        Word.ASKING: "查询中",
    },
    "ko": {
        Word.MANY: "재고 있음",
        Word.FEW: "품절 임박",
        Word.NONE: "재고 없음",
        Word.ORDER: "주문 가능",
        Word.UNLISTED: "미취급",
        Word.LOOK: "확인 필요",
        Word.ASKING: "확인 중",
    },
}
_COUNTED: dict[str, dict[Word, str]] = {
    "ja": {Word.MANY: "在庫{n}点", Word.FEW: "残り{n}点"},
    "en": {Word.MANY: "{n} in stock", Word.FEW: "Only {n} left"},
    "zh": {Word.MANY: "现货{n}件", Word.FEW: "仅剩{n}件"},
    "ko": {Word.MANY: "재고 {n}개", Word.FEW: "{n}개 남음"},
}
_AGO = {"ja": "{n}分前", "en": "{n} min ago", "zh": "{n}分钟前", "ko": "{n}분 전"}


def word(known: Known, few: int | None) -> Word:
    """What may be said of what is known; ``few`` is the source's own figure of few left, None if it has none.

    Where a source gives a figure and a status, the one that says less counts.
    """
    if minutes(known.age) is None:
        return Word.ASKING
    return Word.UNLISTED if known.level is None else _of_level(known.level, chance(known), few)


def _of_level(level: StockLevel, chance: float, few: int | None) -> Word:
    left = sellable(level)
    if left == 0 or level.status in ("none", "order"):
        return Word.ORDER if level.status == "order" else Word.NONE
    if left is None:
        return {"in": Word.MANY, "few": Word.FEW}.get(level.status, Word.ASKING)
    if chance < confidence.LIKELY:
        return Word.LOOK
    scarce = left <= _few(few) or level.status == "few"
    return Word.FEW if scarce or chance < confidence.SURE else Word.MANY


def chance(known: Known) -> float:
    """How likely the figure that is known still holds for one more; 1 where no rate of sales is known, or no figure."""
    level, age = known.level, known.age
    if level is None or age is None or level.sold_daily is None or (left := sellable(level)) is None:
        return 1.0
    if not (level.sold_daily >= 0 and age >= 0):
        return 0.0
    return confidence.chance(left, level.sold_daily, age)


def sure(known: Known, few: int | None) -> bool:
    """Whether somebody may be sent for it: there with 95 %, or, where no rate of sales is known, more than few left."""
    found = word(known, few)
    rated = known.level is not None and known.level.sold_daily is not None and sellable(known.level) is not None
    return found is Word.MANY or (found is Word.FEW and rated and chance(known) >= confidence.SURE)


def band(known: Known, few: int | None) -> Band:
    """The band of what is known, as a cell of a table shows it."""
    return _band(word(known, few))


def line(location: Location, known: Known, few: int | None, language: str, now_s: float) -> StockLine:
    """One place's line. A number is in it only for this store ("here"), while live, and where it likely still holds."""
    tongue = spoken(language)
    name = name_of(location.id, location.name, language)
    found, past = word(known, few), minutes(known.age)
    if known.age is None or past is None:
        return StockLine(location.place, name, _band(found), _WORDS[tongue][found])
    exact = _exact(known) if past == 0 and location.place == "here" else None
    counted = _COUNTED[tongue].get(found) if exact is not None else None
    text = counted.format(n=exact) if counted else _WORDS[tongue][found]
    label = _AGO[tongue].format(n=past) if past else ""
    return StockLine(location.place, name, _band(found), text, label, exact, now_s - known.age)


def _exact(known: Known) -> int | None:
    """The figure behind a live word, where there is one and it is what the word says."""
    if known.level is None or known.asked:
        return None
    left, said_none = sellable(known.level), known.level.status in ("none", "order")
    return None if left is None or (left and said_none) or (left and chance(known) < confidence.SURE) else left


def _band(found: Word) -> Band:
    return SHARED.get(found) or Band(found.value)


def _few(few: int | None) -> int:
    return FEW_TO if few is None else few


def name_of(id: str, names: Mapping[str, str], language: str) -> str:
    """A place's name in a language, else in the nearest that it has, else its id."""
    for wanted in (language, language.partition("-")[0], spoken(language), "en", "ja"):
        if names.get(wanted):
            return names[wanted]
    return next(iter(names.values()), id)

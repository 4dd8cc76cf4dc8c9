"""A count and its age as a shopper reads them: bands, words and the label of age, in Japanese and English."""

from __future__ import annotations

from collections.abc import Mapping

from edge.config import Location
from edge.model import Band, StockLine
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
}
_COUNTED: dict[str, dict[Band, str]] = {
    "ja": {Band.MANY: "在庫{n}点", Band.FEW: "残り{n}点"},
    "en": {Band.MANY: "{n} in stock", Band.FEW: "Only {n} left"},
}
_AGO = {"ja": "{n}分前", "en": "{n} min ago"}


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
    spoken = _spoken(language)
    name = name_of(location.id, location.name, language)
    found = band(available, age)
    past = minutes(age)
    if age is None or past is None:
        return StockLine(location.place, name, found, _WORDS[spoken][found])
    exact = available if past == 0 and location.place == "here" else None
    counted = _COUNTED[spoken].get(found) if exact is not None else None
    text = counted.format(n=exact) if counted else _WORDS[spoken][found]
    label = _AGO[spoken].format(n=past) if past else ""
    return StockLine(location.place, name, found, text, label, exact, now_s - age)


def name_of(id: str, names: Mapping[str, str], language: str) -> str:
    """A place's name in a language, else in the nearest that it has, else its id."""
    for wanted in (language, language.partition("-")[0], _spoken(language), "ja"):
        if names.get(wanted):
            return names[wanted]
    return next(iter(names.values()), id)


def _spoken(language: str) -> str:
    """The language of the words: English for one that has no words of its own."""
    return "ja" if language.partition("-")[0] == "ja" else "en"

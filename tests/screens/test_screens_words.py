"""Every word that a shopper reads stands in every language, in its own letters, and none stands there for nothing."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

import edge.screens
import edge.sessions
import edge.stock.words
from edge.demo.people import people
from edge.demo.seed import goods
from edge.model import LANGUAGES
from edge.screens.assets import Assets
from edge.screens.tongues import TONGUES

TRANSLATED = LANGUAGES[1:]
KANA, HAN, HANGUL = "\u3041-\u30fa", "\u4e00-\u9fff", "\uac00-\ud7a3"
STRANGE = {"en": f"[{KANA}{HAN}{HANGUL}]", "zh": f"[{KANA}{HANGUL}]", "ko": f"[{KANA}{HAN}]"}
"""Letters that no text of a language has."""


def asked_for(assets: Assets) -> set[str]:
    """All texts of the templates."""
    found: set[str] = set()
    for template in (assets.folder / "templates").rglob("*.html"):
        with template.open("rb") as file:
            found |= {str(text) for _, _, text, _ in babel_extract(file, ["_"], [], {"trimmed": "true"})}
    return found


def catalogue(assets: Assets, language: str) -> Catalog:
    with (assets.folder / "locales" / f"{language}.po").open("rb") as file:
        return read_po(file)


def tables() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every table by language in the rooms whose words reach a screen."""
    for room in (edge.sessions, edge.stock.words, edge.screens):
        for found in pkgutil.iter_modules(room.__path__, f"{room.__name__}."):
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                yield from ((f"{found.name}.{name}", each) for each in by_language(value))


def by_language(value: object) -> Iterator[Mapping[str, Any]]:
    """The tables by language in a value, however deep."""
    if isinstance(value, Mapping):
        if "ja" in value:
            yield value
        for inner in value.values():
            yield from by_language(inner)


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_of_a_screen_is_translated_and_no_other(assets: Assets, language: str) -> None:
    told = {str(message.id): str(message.string) for message in catalogue(assets, language) if message.id}
    wanted = asked_for(assets)
    assert wanted - {text for text, said in told.items() if said} == set(), "not translated"
    assert set(told) - wanted == set(), "on no screen any more"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_no_letters_of_another_language(assets: Assets, language: str) -> None:
    strange = re.compile(STRANGE[language])
    said = [str(message.string) for message in catalogue(assets, language) if message.id]
    assert [text for text in said if strange.search(text)] == []
    for _, table in tables():
        assert not strange.search(str(table[language]))


def test_every_table_of_words_has_every_language() -> None:
    found = list(tables())
    assert {name for name, table in found if set(LANGUAGES) - set(table)} == set()
    assert "edge.stock.words.wording._AGO" in {name for name, _ in found}


def test_every_language_is_named_by_its_own_speakers() -> None:
    assert tuple(TONGUES) == LANGUAGES
    assert {tongue.code: tongue.tag for tongue in TONGUES.values()} == {
        "ja": "ja",
        "en": "en",
        "zh": "zh-Hans",
        "ko": "ko",
    }


def test_the_sample_shop_speaks_every_language() -> None:
    assert {one.language for one in people().values()} == set(LANGUAGES)
    for name in [good.name for good in goods()]:
        assert set(name) == set(LANGUAGES)
        assert all(name.values())
        assert not any(re.search(STRANGE[language], name[language]) for language in TRANSLATED)

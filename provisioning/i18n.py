"""Pages in several languages: one jinja2 environment a language, words from ``.po`` files read as they are.

One environment a language, as an overlay's translations would bind to its parent (UI.md 6).
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import jinja2
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def words(locales: Path | Sequence[Path], language: str) -> gettext.NullTranslations:
    """The translations of ``locales/<language>.po``, of several folders the first that has the text; the source
    language needs no file."""
    first, *others = [locales] if isinstance(locales, Path) else locales
    found = _words(first / f"{language}.po")
    if others:
        found.add_fallback(words(others, language))
    return found


def _words(source: Path) -> gettext.NullTranslations:
    if not source.exists():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=source.stem))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def environments(
    templates: Path | Sequence[Path], locales: Path | Sequence[Path], languages: Sequence[str]
) -> Mapping[str, jinja2.Environment]:
    """An environment for each language, escaping everything; an undefined name in a template is an error.

    A room whose pages extend another's names the folders of both.
    """
    made = {}
    for language in languages:
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(templates),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.install_gettext_translations(words(locales, language), newstyle=True)  # type: ignore[attr-defined]
        environment.globals["language"] = language
        made[language] = environment
    return MappingProxyType(made)

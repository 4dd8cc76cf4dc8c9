"""Scenes as HTML fragments: a template of ``kiosk_ui`` and the values that a session allows, nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import jinja2
from markupsafe import Markup

from edge.config import Notice, Screen
from edge.model import LANGUAGES, Show, spoken
from edge.screens.allowed import allowed
from edge.screens.assets import Assets
from edge.screens.tongues import TONGUES, others, own_first
from provisioning.i18n import environments

SIGNS = {"many": "◎", "few": "△", "none": "×", "unlisted": "－", "asking": "？"}
HINTS = ("again", "one", "ask", "product")
MOST_TILES = 6

BLANK: Mapping[str, Any] = {
    "greeting": "",
    "nickname": "",
    "headline": "",
    "text": "",
    "picture": "",
    "tiles": (),
    "favourites": (),
    "coupons": (),
    "may_open": False,
    "warning": False,
    "product": None,
    "handoffs": (),
    "matrix": None,
    "offers": (),
    "wished": None,
    "asked": None,
    "missing": False,
    "hint": "again",
}


class UnknownScene(Exception):
    """A Show names a scene for which no template exists."""


class Renderer:
    """Renders scenes and pages in the languages of the screens; holds no value between two calls."""

    def __init__(self, assets: Assets, kiosks: Collection[str] = ()) -> None:
        self._assets = assets
        self._kiosks = frozenset(kiosks)
        self._environments = environments(assets.folder / "templates", assets.folder / "locales", LANGUAGES)
        for language, environment in self._environments.items():
            environment.globals.update(
                static=assets.url, signs=SIGNS, language=TONGUES[language].tag, tongue=language, others=others(language)
            )

    def render(self, show: Show) -> str:
        """The fragment of a scene, empty for the loop alone; raises UnknownScene, allowed.BeyondLevel.

        Of the values only those reach the template that the Show's level may use.
        """
        if show.scene == "loop":
            return ""
        language = spoken(show.language)
        values = {**BLANK, "touch": show.screen in self._kiosks, **allowed(show)}
        if show.scene == "notice":
            values |= self._hints(values["hint"], language)
        try:
            template = self._environments[language].get_template(f"scenes/{show.scene}.html")
        except jinja2.TemplateNotFound as missing:
            raise UnknownScene(f"no scene '{show.scene}' in kiosk_ui/templates/scenes") from missing
        return template.render(**values, shelf=shelf(values), level=show.level.value, timed=timed(show)).strip()

    def page(self, screen: Screen, inviting: bool, wares: bool = False, notice: Notice | None = None) -> str:
        """The page that shows a screen: nothing in it is about a person, so it may be cached.

        ``inviting`` asks for member codes; with ``wares``, for products as well. ``notice`` tells whose cameras see.
        """
        language = spoken(screen.language)
        invitations = [self._part("parts/invitation.html", each, wares=wares) for each in own_first(language)]
        return (
            self._environments[language]
            .get_template("page.html")
            .render(
                screen=screen.id,
                name=screen.name or screen.id,
                touch=screen.touched,
                sound=screen.sound,
                inviting=inviting,
                invitations=invitations,
                notice=self._told("parts/notice.html", notice) if notice else None,
                thanks=[self._part("parts/thanks.html", each) for each in LANGUAGES],
                version=self._assets.version,
            )
        )

    def unknown(self, screens: Collection[Screen]) -> str:
        """The page for an address that is no screen's."""
        template = self._environments["ja"].get_template("unknown.html")
        return template.render(screens=screens, version=self._assets.version)

    def _hints(self, hint: str, language: str) -> dict[str, Any]:
        """A hint in every language, as it is for somebody who is not known; what is no hint is the first one."""
        kind = hint if hint in HINTS else HINTS[0]
        said = [self._part("parts/hint.html", each, hint=kind) for each in own_first(language)]
        return {"hint": kind, "hints": said}

    def printed(self, notice: Notice) -> str:
        """The notice as a page to print and to hang at the door, in every language."""
        told = self._told("parts/printed.html", notice)
        return self._environments["ja"].get_template("printed.html").render(notice=told)

    def _told(self, part: str, notice: Notice) -> dict[str, Any]:
        """A camera notice in every language; a purpose that the settings name stands in the place of our words."""
        says = [self._part(part, each, purpose=_in(notice.purpose, each)) for each in LANGUAGES]
        return {"operator": notice.operator, "address": notice.address, "says": says}

    def _part(self, name: str, language: str, **values: Any) -> Markup:
        return Markup(self._environments[language].get_template(name).render(**values))  # noqa: S704 - our own template


def _in(words: Mapping[str, str], language: str) -> str:
    """The words in a language, else in English, else in Japanese, else in whichever there is."""
    return next((words[one] for one in (language, "en", "ja", *words) if one in words), "")


def timed(show: Show) -> bool:
    """Whether time runs out for the shopper: while a code is held up to a sign, nothing is to be counted down."""
    return show.seconds is not None and (show.limit is None or show.seconds <= show.limit + 0.5)


def shelf(values: Mapping[str, Any]) -> list[tuple[str, tuple[Any, ...]]]:
    """The groups of tiles to show, by kind: favourites first, at most half the shelf when recommendations follow.

    What stands among the favourites is not recommended once more.
    """
    favourites, tiles = tuple(values["favourites"]), tuple(values["tiles"])
    if not favourites:
        return [("tiles", tiles[:MOST_TILES])] if tiles else []
    mine = favourites[: MOST_TILES // 2 if tiles else MOST_TILES]
    rest = tuple(tile for tile in tiles if tile not in mine)[: MOST_TILES - len(mine)]
    return [("favourites", mine), *([("tiles", rest)] if rest else [])]

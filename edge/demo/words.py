"""The world's pages in Japanese and English; the language is the query's ``lang``, Japanese without one."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web

from provisioning.i18n import environments

WEB = Path(__file__).parent / "web"
LANGUAGES = ("ja", "en")


def language(request: web.Request) -> str:
    """The page's language."""
    wanted = request.query.get("lang", "")
    return wanted if wanted in LANGUAGES else LANGUAGES[0]


def page(request: web.Request, name: str, **values: Any) -> web.Response:
    """A template as a response, in the request's language."""
    text = _environment(language(request)).get_template(name).render(**values)
    return web.Response(text=text, content_type="text/html")


@lru_cache(maxsize=len(LANGUAGES))
def _environment(wanted: str) -> jinja2.Environment:
    return environments(WEB / "templates", WEB / "locales", (wanted,))[wanted]

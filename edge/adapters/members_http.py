"""Members from an endpoint that answers one profile as JSON (``edge.members.document``), asked once a session."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import aiohttp
from pydantic import Field, field_validator
from yarl import URL

from edge import asking
from edge.members import document
from edge.model import Profile
from edge.ports import MembersAway

MAX_BYTES = 64 * 1024


class Settings(asking.Settings):
    """``url`` with ``{ref}`` where the member's reference goes (https, or http on this machine).

    ``token_file`` holds a bearer token, ``ca_file`` the certificates of a private authority; both may be relative.
    ``timeout_s`` ends a call whose caller forgot to.
    """

    timeout_s: float = Field(2.0, gt=0, le=5)

    @field_validator("url")
    @classmethod
    def _safe(cls, text: str) -> str:
        if text.count("{ref}") != 1 or "{ref}" in "/".join(text.split("/", 3)[:3]):
            raise ValueError("must hold {ref} once, in its path or query")
        asking.safe(text.replace("{ref}", "ref"))
        return text


class HttpMembers:
    """A Members over one URL. No redirect is followed, no cookie kept, nothing remembered."""

    def __init__(self, settings: Settings, where: Path, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._where = where
        self._session = session

    async def profile(self, ref: str) -> Profile | None:
        """The member's profile, None if the source says 404 or 410; raises MembersAway, whose text names no member."""
        url = URL(self._settings.url.replace("{ref}", quote(ref, safe="")), encoded=True)
        try:
            headers = await asking.headers(self._settings, self._where, "no-store")
            async with self._session.get(url, headers=headers, allow_redirects=False) as response:
                if response.status in (404, 410):
                    return None
                if response.status != 200:
                    raise MembersAway(f"{url.authority} answered {response.status}{asking.advice(response.status)}")
                data = await asking.bounded(response.content, MAX_BYTES)
        except asking.CannotAsk as error:
            raise MembersAway(str(error)) from error
        except TimeoutError as error:
            raise MembersAway(f"no answer from {url.authority} within {self._settings.timeout_s:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise MembersAway(f"{url.authority} cannot be asked ({type(error).__name__})") from None
        try:
            return document.parse(data, ref, time.time())
        except document.BadDocument as error:
            raise MembersAway(f"{url.authority}: {error}") from None


@asynccontextmanager
async def open(settings: Settings, where: Path) -> AsyncIterator[HttpMembers]:
    """The source for an endpoint, with an HTTP session of its own that keeps its connection for the next shopper."""
    async with asking.session(settings, where, settings.timeout_s, limit=8, keep=True) as session:
        yield HttpMembers(settings, where, session)

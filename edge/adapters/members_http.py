"""Members from an endpoint that answers one profile as JSON (``edge.members.document``), asked once a session."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import aiohttp
from aiohttp import hdrs
from pydantic import Field, field_validator
from yarl import URL

from edge import config
from edge.members import document
from edge.model import Profile
from edge.ports import MembersAway

MAX_BYTES = 64 * 1024
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")


class Settings(config.Settings):
    """``url`` with ``{ref}`` where the member's reference goes (https, or http on this machine).

    ``token_file`` holds a bearer token, ``ca_file`` the certificates of a private authority; both may be relative.
    ``timeout_s`` ends a call whose caller forgot to.
    """

    url: str
    token_file: Path | None = None
    ca_file: Path | None = None
    timeout_s: float = Field(2.0, gt=0, le=5)

    @field_validator("url")
    @classmethod
    def _safe(cls, text: str) -> str:
        url = URL(text.replace("{ref}", "ref"))
        if text.count("{ref}") != 1 or "{ref}" in "/".join(text.split("/", 3)[:3]):
            raise ValueError("must hold {ref} once, in its path or query")
        if url.user or url.password:
            raise ValueError("a secret does not belong into a URL; use token_file")
        if not url.host or not (url.scheme == "https" or (url.scheme == "http" and _loopback(url.host))):
            raise ValueError("must be https://, or http:// on this machine")
        return text


class HttpMembers:
    """A Members over one URL. No redirect is followed, no cookie kept, nothing remembered."""

    def __init__(self, settings: Settings, where: Path, session: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._where = where
        self._session = session

    async def profile(self, ref: str) -> Profile | None:
        """The member's profile, None if the source says 404; raises MembersAway, whose text names no member."""
        url = URL(self._settings.url.replace("{ref}", quote(ref, safe="")), encoded=True)
        headers = await self._headers()
        try:
            async with self._session.get(url, headers=headers, allow_redirects=False) as response:
                if response.status == 404:
                    return None
                if response.status != 200:
                    raise MembersAway(f"{url.authority} answered {response.status}{_advice(response.status)}")
                data = await _bounded(response.content)
        except TimeoutError as error:
            raise MembersAway(f"no answer from {url.authority} within {self._settings.timeout_s:g} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise MembersAway(f"{url.authority} cannot be asked ({type(error).__name__})") from None
        try:
            return document.parse(data, ref)
        except document.BadDocument as error:
            raise MembersAway(f"{url.authority}: {error}") from None

    async def _headers(self) -> dict[str, str]:
        plain: dict[str, str] = {hdrs.ACCEPT: "application/json", hdrs.CACHE_CONTROL: "no-store"}
        if self._settings.token_file is None:
            return plain
        path = self._where / self._settings.token_file
        try:
            token = (await asyncio.to_thread(path.read_text, "ascii")).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise MembersAway(f"the token file {path} cannot be read") from error
        if not _TOKEN.fullmatch(token):
            raise MembersAway(f"the token file {path} must hold one token on one line")
        return plain | {hdrs.AUTHORIZATION: f"Bearer {token}"}


def _advice(status: int) -> str:
    if 300 <= status < 400:
        return ", a redirect, which is not followed; set url to the final address"
    return "; look at token_file" if status in (401, 403) else ""


async def _bounded(stream: aiohttp.StreamReader) -> bytes:
    """A whole body, decompressed, of at most MAX_BYTES."""
    body = bytearray()
    async for chunk in stream.iter_chunked(8192):
        body += chunk
        if len(body) > MAX_BYTES:
            raise MembersAway(f"a profile of more than {MAX_BYTES // 1024} KiB is not read")
    return bytes(body)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@asynccontextmanager
async def open(settings: Settings, where: Path) -> AsyncIterator[HttpMembers]:
    """The source for an endpoint, with an HTTP session of its own that keeps its connection for the next shopper."""
    authority = where / settings.ca_file if settings.ca_file else None
    context = await asyncio.to_thread(ssl.create_default_context, cafile=authority)
    connector = aiohttp.TCPConnector(ssl=context, limit=8)
    timeout = aiohttp.ClientTimeout(total=settings.timeout_s)
    cookies = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=cookies) as session:
        yield HttpMembers(settings, where, session)

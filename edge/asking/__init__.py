"""Asking another system over HTTP: safe addresses, a token from a file, bounded answers; for every HTTP adapter.

No redirect is followed and no cookie kept, so an answer comes from where the settings say (RELIABILITY 4.1, T10); a
name is resolved once for a connection, and where it leads must be public unless the settings say otherwise.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from aiohttp import hdrs
from pydantic import model_validator
from yarl import URL

from edge import config
from edge.asking.absence import absent as absent
from edge.asking.fence import Fenced, inward, loopback
from edge.asking.strict import BadJson as BadJson
from edge.asking.strict import CannotAsk as CannotAsk
from edge.asking.strict import strict as strict

_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")


class Settings(config.Settings):
    """``url``; ``token_file`` with a bearer token; ``ca_file`` with the certificates of a private authority.

    ``private`` lets names lead to addresses that are not public (a network of the chain's own).
    """

    url: str
    token_file: Path | None = None
    ca_file: Path | None = None
    private: bool = False

    @model_validator(mode="after")
    def _outward(self) -> Settings:
        for host in sorted(self.hosts):
            _public(host, self.private)
        return self

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that may be asked: those of every address in these settings."""
        texts = [text for text in self.__dict__.values() if isinstance(text, str) and text.startswith("http")]
        return frozenset(host for text in texts if (host := _host(text)))


def safe(text: str, private: bool = True) -> str:
    """The address itself if it is https, or http on this machine, and holds no secret; raises ValueError.

    One that names an address which is not public is refused unless ``private``.
    """
    url = URL(text)
    if url.user or url.password:
        raise ValueError("a secret does not belong into a URL; use token_file")
    if not url.host or not (url.scheme == "https" or (url.scheme == "http" and loopback(url.host))):
        raise ValueError("must be https://, or http:// on this machine")
    _public(url.host, private)
    return text


def _public(host: str, private: bool) -> None:
    if not private and inward(host) and not loopback(host):
        raise ValueError(f"{host} is no public address; if it is meant, set private = true")


def advice(status: int) -> str:
    """What to do about an answer of this status, to follow it in a sentence."""
    if 300 <= status < 400:
        return ", a redirect, which is not followed; set url to the final address"
    return "; look at token_file" if status in (401, 403) else ""


async def headers(settings: Settings, where: Path, cache: str) -> dict[str, str]:
    """The headers of a question for JSON, read anew so that a changed token counts at once; raises CannotAsk."""
    plain: dict[str, str] = {hdrs.ACCEPT: "application/json", hdrs.CACHE_CONTROL: cache}
    if settings.token_file is None:
        return plain
    return plain | {hdrs.AUTHORIZATION: f"Bearer {await secret(where / settings.token_file)}"}


async def secret(path: Path) -> str:
    """The one token that a file holds; raises CannotAsk, which quotes nothing of it."""
    try:
        token = (await asyncio.to_thread(path.read_text, "ascii")).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotAsk(f"the token file {path} cannot be read") from error
    if not _TOKEN.fullmatch(token):
        raise CannotAsk(f"the token file {path} must hold one token on one line")
    return token


class BrokenOff(aiohttp.ClientError):
    """The connection broke during the call."""


async def once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """A client middleware that calls once: aiohttp sends a GET again by itself when a connection breaks.

    It has no switch for that (its issue 10790); it repeats two kinds of errors, so they become another. A call in a
    source's budget is then a call on the wire.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise BrokenOff(str(error)) from error


async def bounded(stream: aiohttp.StreamReader, most: int) -> bytes:
    """A whole body, decompressed, of at most ``most`` bytes; raises CannotAsk."""
    body = bytearray()
    async for chunk in stream.iter_chunked(65536):
        body += chunk
        if len(body) > most:
            raise CannotAsk(f"an answer of more than {most // 1024} KiB is not read; ask for less")
    return bytes(body)


@asynccontextmanager
async def session(
    settings: Settings, where: Path, timeout_s: float, limit: int, keep: bool
) -> AsyncIterator[aiohttp.ClientSession]:
    """A session of at most ``limit`` connections; ``keep`` holds one open for the next question."""
    authority = where / settings.ca_file if settings.ca_file else None
    context = await asyncio.to_thread(ssl.create_default_context, cafile=authority)
    connector = Fenced(settings.hosts, settings.private, ssl=context, limit=limit, force_close=not keep)
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=jar) as opened:
        yield opened


def _host(text: str) -> str:
    try:
        return URL(text).host or ""
    except ValueError:
        return ""

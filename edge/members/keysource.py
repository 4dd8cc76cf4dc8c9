"""Signed files from an address (MEMBER_CODES 3: HTTPS with ETag): asked now and then, less often while it fails."""

from __future__ import annotations

import asyncio
import logging
import random
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import hdrs
from yarl import URL

from edge import asking

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0
LONGEST_S = 3600.0
_PLAIN = re.compile(r'(?:W/)?"[\x21\x23-\x7e]{1,254}"')


class Away(Exception):
    """There is no answer; the text says why, without the address's query or anything that was answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: ``text`` None for "unchanged"."""

    text: str | None
    etag: str = ""


def pause(poll_s: float, failures: int, chance: float) -> float:
    """Seconds until the next question, spread by a tenth so that a chain's stores do not ask at once.

    Each failure in a row doubles it, up to an hour or, if that is longer, the poll itself.
    """
    longest = max(poll_s, LONGEST_S)
    return float(min(longest, poll_s * 2.0 ** min(failures, 20)) * (0.9 + 0.2 * chance))


async def follow(
    settings: asking.Settings,
    where: Path,
    poll_s: float,
    most: int,
    take: Callable[[str], bool],
    away: Callable[[str], None],
) -> None:
    """Ask for ever: ``take`` gets each new text and says whether it is held, ``away`` why there was no answer."""
    etag, failures = "", 0
    while True:
        try:
            answer = await ask(settings, where, etag, most)
        except Away as error:
            failures += 1
            away(str(error))
        else:
            failures = 0
            if answer.text is None:
                away("")
            else:
                etag = answer.etag if take(answer.text) else ""
        await asyncio.sleep(pause(poll_s, failures, random.random()))  # noqa: S311 - spread, no secret


async def ask(settings: asking.Settings, where: Path, etag: str, most: int) -> Answer:
    """One question; raises Away. At most ``most`` bytes are read, no redirect is followed."""
    host = URL(settings.url).authority
    try:
        headers = await asking.headers(settings, where, "no-cache")
        headers |= {hdrs.IF_NONE_MATCH: etag} if etag else {}
        async with (
            asking.session(settings, where, TIMEOUT_S, limit=1, keep=False) as session,
            session.get(settings.url, headers=headers, allow_redirects=False) as response,
        ):
            if response.status == 304 and etag:
                return Answer(None)
            if response.status != 200:
                raise Away(f"{host} answered {response.status}{asking.advice(response.status)}")
            body = await asking.bounded(response.content, most)
            given = response.headers.get(hdrs.ETAG, "")
    except asking.CannotAsk as error:
        raise Away(str(error)) from error
    except TimeoutError as error:
        raise Away(f"no answer from {host} within {TIMEOUT_S:g} s") from error
    except (aiohttp.ClientError, ssl.SSLError, OSError) as error:
        raise Away(f"{host} cannot be asked ({type(error).__name__})") from None
    return Answer(body.decode("utf-8", "replace"), given if _PLAIN.fullmatch(given) else "")

"""A bearer token that ends: asked for by OAuth 2.0 (RFC 6749), held in memory, renewed before its end."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

from aiohttp import hdrs
from pydantic import BaseModel, Field

from edge.ports import StockAway
from edge.stock.shops import answers
from edge.stock.system import Answer, Call, Caller

EARLY_S = 60.0
"""A token is renewed this long before it ends, seconds."""

LONGEST_S = 86_400.0
"""A token that is said to hold for longer is asked for anew after a day."""


class _Token(BaseModel):
    access_token: str = Field(min_length=1, max_length=8192, pattern=r"^[\x21-\x7e]+$", repr=False)
    expires_in: float = Field(3600.0, ge=1, le=1e9)
    refresh_token: str = Field("", max_length=8192, pattern=r"^[\x21-\x7e]*$", repr=False)


class Bearer:
    """One token for all questions of a system, one renewal at a time. ``ask`` makes the call for a new one; ``keep``
    is given the refresh token that came with it, where one came."""

    def __init__(
        self,
        who: str,
        call: Caller,
        ask: Callable[[], Awaitable[Call]],
        keep: Callable[[str], Awaitable[None]] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._who = who
        self._call = call
        self._ask = ask
        self._keep = keep
        self._monotonic = monotonic
        self._token = ""
        self._until = 0.0
        self._unkept = ""
        self._one = asyncio.Lock()

    async def token(self) -> str:
        """A token that holds; raises StockAway."""
        async with self._one:
            # Whoever gave a new refresh token takes the one before it no more: no renewal before it is kept.
            await self._put_away()
            if self._monotonic() >= self._until:
                await self._renew()
            return self._token

    def refused(self, token: str) -> None:
        """The system took this one no more; the next question has another."""
        if token == self._token:
            self._until = 0.0

    async def _renew(self) -> None:
        began = self._monotonic()
        answer = await self._call(await self._ask())
        found = answers.read(_Token, answer.json, f"{self._who}'s token service")
        self._token, self._unkept = found.access_token, found.refresh_token
        held_s = min(found.expires_in, LONGEST_S)
        self._until = began + max(held_s - EARLY_S, held_s / 2)
        await self._put_away()

    async def _put_away(self) -> None:
        """The refresh token that came last, where it is not kept yet; tried again with the next question."""
        if self._unkept and self._keep is not None:
            await self._keep(self._unkept)
        self._unkept = ""


class Authorized:
    """A Caller whose calls bear a token. One that is refused (401) is asked for anew, once, and the call made again."""

    def __init__(self, call: Caller, bearer: Bearer) -> None:
        self._call = call
        self._bearer = bearer
        self.hold = call.hold
        self.spent = call.spent

    async def __call__(self, call: Call) -> Answer:
        """The answer; raises StockAway."""
        token = await self._bearer.token()
        answer = await self._call(_bearing(call, token, (*call.accept, 401)))
        if answer.status == 401 and 401 not in call.accept:
            self._bearer.refused(token)
            answer = await self._call(_bearing(call, await self._bearer.token(), call.accept))
        return answer


def _bearing(call: Call, token: str, accept: tuple[int, ...]) -> Call:
    return replace(call, headers={**call.headers, hdrs.AUTHORIZATION: f"Bearer {token}"}, accept=accept)


def form(url: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None, accept: int = 200) -> Call:
    """The call for a token, its fields in the body."""
    kind = {hdrs.CONTENT_TYPE: "application/x-www-form-urlencoded"}
    return Call(url, "POST", headers=kind | dict(headers or {}), body=urlencode(fields).encode(), accept=(accept,))


async def client(path: Path) -> tuple[str, str]:
    """The client id and its secret out of a file ``id:secret``, read anew; raises StockAway."""
    name, colon, secret = (await answers.token(path)).partition(":")
    if not (name and colon and secret):
        raise StockAway(f"the token file {path} must hold the client's id and secret as id:secret on one line")
    return name, secret


async def keep(path: Path, token: str) -> None:
    """The refresh token in place of the one before it, whole on the disk or not at all; raises StockAway."""
    try:
        await asyncio.to_thread(_write, path, token)
    except OSError as error:
        raise StockAway(f"the refresh token cannot be kept in {path}: {error.strerror}") from None


def _write(path: Path, token: str) -> None:
    part = path.with_name(path.name + ".part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(token + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)

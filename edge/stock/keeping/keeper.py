"""Who can be asked to keep a unit: the systems that this process asks itself, or head office over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import aiohttp
from aiohttp import hdrs
from yarl import URL

from edge import asking
from edge.ports import StockAway
from edge.stock.intake.desk import Intake
from edge.stock.keeping import wire
from edge.stock.system import Keeping, Kept, Reserve, Wish

WAIT_S = 10.0
"""Head office answers within some 4 s, if only that it does not know yet."""
CONNECTIONS = 8


class Keeper(Protocol):
    """What a wish is sent to. Both questions raise StockAway where nobody knows."""

    def places(self) -> Collection[str]:
        """The locations where it can keep a unit now, such that of two who ask for the last one gets it."""

    async def reserve(self, wish: Wish) -> Kept:
        """Ask; of one wish this is asked once."""

    async def reserved(self, wish: Wish) -> Kept:
        """How a wish that was asked stands."""


class Own:
    """The systems behind this process's own channels, in the settings' order; a hidden one keeps nothing."""

    def __init__(self, intake: Intake, channels: Sequence[str]) -> None:
        self._intake = intake
        self._channels = tuple(channels)

    def places(self) -> frozenset[str]:
        return frozenset(place for channel in self._atomic() for place in self._places(channel))

    def channel(self, location: str) -> str:
        """The first channel that speaks for a location and keeps units; empty if none does now."""
        return next((channel for channel in self._atomic() if location in self._places(channel)), "")

    async def reserve(self, wish: Wish) -> Kept:
        return await self.ask(self.channel(wish.location), wish)

    async def reserved(self, wish: Wish) -> Kept:
        return await self.standing(self.channel(wish.location), wish.key)

    async def ask(self, channel: str, wish: Wish) -> Kept:
        """Ask this channel's system; raises StockAway, also where the channel is not open."""
        self._need(channel)
        return await self._intake.reserve(channel, wish)

    async def standing(self, channel: str, key: str) -> Kept:
        """How a wish stands in this channel's system; as ``ask``."""
        self._need(channel)
        return await self._intake.reserved(channel, key)

    def _need(self, channel: str) -> None:
        if channel not in self._intake.open:
            raise StockAway("no system that keeps units is open for this place now")

    def _atomic(self) -> list[str]:
        opened = self._intake.open
        return [
            channel
            for channel in self._channels
            if channel in opened
            and opened[channel].can.reserve is Reserve.ATOMIC
            and opened[channel].can.display
            and opened[channel].settings.display_allowed
        ]

    def _places(self, channel: str) -> Collection[str]:
        return self._intake.open[channel].settings.locations.values()


class Afar:
    """Head office, which asks the system; ``reserves`` gives its channels that keep units at a location."""

    def __init__(
        self,
        settings: asking.Settings,
        where: Path,
        session: aiohttp.ClientSession,
        reserves: Callable[[str], Collection[str]],
        locations: Sequence[str],
    ) -> None:
        self._settings = settings
        self._where = where
        self._session = session
        self._reserves = reserves
        self._locations = tuple(locations)

    def places(self) -> frozenset[str]:
        return frozenset(location for location in self._locations if self._reserves(location))

    async def reserve(self, wish: Wish) -> Kept:
        return await self._ask(hdrs.METH_POST, "", wire.write_wish(wish)) or Kept(Keeping.UNKNOWN)

    async def reserved(self, wish: Wish) -> Kept:
        """How it stands; a wish that never arrived is sent once more, as the office asks its system once for a key."""
        return await self._ask(hdrs.METH_GET, f"/{wish.key}", None) or await self.reserve(wish)

    async def _ask(self, method: str, below: str, body: bytes | None) -> Kept | None:
        url = URL(self._settings.url)
        url = url.with_path(url.path.rstrip("/") + wire.PATH + below)
        try:
            headers = await asking.headers(self._settings, self._where, "no-store")
            if self._session.closed:  # a wish may outlive the channel by which it was made
                raise asking.CannotAsk("the way to head office was closed")
            with asking.absent(url.authority):
                async with self._session.request(
                    method, url, data=body, headers=headers, allow_redirects=False, middlewares=(asking.once,)
                ) as answer:
                    return await _kept(answer)
        except asking.CannotAsk:
            raise StockAway("head office gave no word on a unit to be kept") from None


async def _kept(answer: aiohttp.ClientResponse) -> Kept | None:
    """What became of a wish, None for one that never came."""
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise StockAway(f"head office answered {answer.status} to a wish{asking.advice(answer.status)}")
    return wire.read_kept(await asking.bounded(answer.content, wire.MOST))


@asynccontextmanager
async def afar(
    settings: asking.Settings, where: Path, reserves: Callable[[str], Collection[str]], locations: Sequence[str]
) -> AsyncIterator[Afar]:
    """Head office as a keeper, over connections of its own."""
    async with asking.session(settings, where, WAIT_S, CONNECTIONS, keep=False) as session:
        yield Afar(settings, where, session, reserves, locations)

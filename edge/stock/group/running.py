"""A channel at a hub of a group: read here while its lease is ours, followed here always."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from edge import config
from edge.db import Database
from edge.health import Health
from edge.ports import StockAway
from edge.stock.cache import StockCache
from edge.stock.channel import KIND
from edge.stock.group import shelves, tables
from edge.stock.group.cache import GroupCache
from edge.stock.group.intake import GroupIntake
from edge.stock.group.leases import Lease, Leases, while_held
from edge.stock.group.server import AGAIN_S, Server
from edge.stock.group.shown import GroupShown
from edge.stock.group.wishes import Errands, GroupBook, GroupOwn
from edge.stock.intake import feeding
from edge.stock.intake.clocks import Clocks
from edge.stock.intake.desk import Intake
from edge.stock.intake.doubts import Told, name
from edge.stock.intake.opening import can_of
from edge.stock.line.speaker import Voice
from edge.stock.system import Pushed


@dataclass(frozen=True, slots=True)
class Group:
    """What a hub of a group has of its stock. ``loops`` are to be kept."""

    server: Server
    leases: Leases
    cache: GroupCache
    intake: GroupIntake
    book: GroupBook
    errands: Errands
    shown: GroupShown
    channels: tuple[config.StockChannel, ...]
    numbering: str

    @property
    def of(self) -> tuple[StockCache, Intake]:
        """The hub's stock and its intake."""
        return self.cache, self.intake

    @property
    def voice(self) -> Voice:
        """Whose numbers this hub tells stores, and of which channels."""
        return Voice(self.numbering, self.reads)

    def own(self, told: Mapping[str, bool]) -> GroupOwn:
        """Whom wishes are sent to; ``told`` are the channels that stores see, each with whether it keeps units."""
        keeps = [channel for channel in self.channels if told.get(channel.id)]
        places = {channel.id: [*feeding.chosen(channel)[1].locations.values()] for channel in keeps}
        return GroupOwn(self.intake, places, self.book)

    def reads(self, channel: str) -> bool:
        """Whether this hub reads a channel now, and so tells stores of it."""
        return self.leases.of(channel) is not None

    def loops(self) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        """The session with the server, the copy, what was found out of systems, and what screens show."""
        doubted = partial(self.intake.doubted.run, self.shown.wake)
        loops = {"stock shared": self.server.run, "stock copied": self.cache.run, "stock shown": self.shown.run}
        return loops | {"stock doubted": doubted}

    async def keep(self, channel: config.StockChannel, where: Path) -> None:
        """Read a channel whenever it is ours, for ever. Raises config.BadConfig, plug.UnknownAdapter."""
        with self.intake.hearing(channel, where):
            while True:
                with suppress(StockAway):  # the server's own session tells of it
                    async with self.leases.holding(channel.id) as lease:
                        if not _has_revisions(channel):
                            await shelves.level_off(self.server, lease, int(self.intake.clocks.wall() * 1000))
                        await self.cache.follow(channel.id)
                        self.shown.wake()
                        await while_held(lease, self._read(lease, channel, where))
                for of in (channel.id, f"{channel.id} intake", *(name(channel.id, told) for told in Told)):
                    self.intake.health.forget(KIND, of)
                await asyncio.sleep(AGAIN_S)

    async def _read(self, lease: Lease, channel: config.StockChannel, where: Path) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(feeding.keep(channel, where, self.cache, self.intake))
            tasks.create_task(self.errands.run(lease))
            add, room = partial(self._add, channel.id), partial(self._room, channel.id)
            tasks.create_task(self.intake.handed.hand(lease, add, room))

    def _add(self, channel: str, id: str, pushed: Pushed) -> None:
        self.intake.hooks.listener(channel).tell(id, pushed)

    def _room(self, channel: str) -> bool:
        """Whether the channel's system is open, and can take one more."""
        return channel in self.intake.open and self.intake.hooks.listener(channel).room()


def need_shared(channels: Iterable[config.StockChannel]) -> None:
    """Raise config.BadConfig for a channel whose refresh token each hub would keep for itself: the system gives a new
    one for the last, so that each hub's copy ends when another hub reads the channel."""
    for channel in channels:
        file = getattr(feeding.chosen(channel)[1], "refresh_file", None)
        if file is not None and not file.is_absolute():
            raise config.BadConfig(
                f"stock.{channel.id}: refresh_file is renewed by whichever hub of the group reads the channel; give "
                "the whole path of one file that all of them can write, or read it at a hub that is in no group"
            )


def _has_revisions(channel: config.StockChannel) -> bool:
    module, settings = feeding.chosen(channel)
    return not hasattr(module, "CAN") or can_of(module, settings).revisions


@asynccontextmanager
async def group(
    settings: config.Hub, folder: Path, stock: Database, calls: Database, health: Health
) -> AsyncIterator[Group]:
    """What a hub of a group has, over the files of its own; the group's database need not answer yet. Raises
    config.BadConfig."""
    assert settings.stock_shared is not None
    need_shared(settings.stock)
    server = Server(settings.stock_shared, folder, settings.hub.id, health)
    leases, clocks, channels = Leases(server), Clocks(), [channel.id for channel in settings.stock]
    cache = GroupCache(stock, clocks.wall, clocks.monotonic, channels, server, leases)
    intake = GroupIntake(calls, health, clocks, server, leases)
    book = GroupBook(server)
    shown = GroupShown(server, leases, feeding.looking(settings.stock, intake.doubts), cache)
    try:
        errands, numbering = Errands(intake, book), tables.numbering(settings.hub.group)
        yield Group(server, leases, cache, intake, book, errands, shown, settings.stock, numbering)
    finally:
        await server.close()

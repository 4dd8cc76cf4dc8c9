"""How each fault of ``plan.FAULTS`` is done to a shop, and undone when its time is over."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from random import Random

from edge.drill.disk import fill, free
from edge.drill.plan import Step
from edge.drill.proxy import FAIR, Line, Weather
from edge.drill.shop import Shop
from edge.drill.spoil import WAYS, spoil

Strike = Callable[[Shop, Step], Awaitable[None]]
FLAP_S = 0.3


async def strike(shop: Shop, step: Step) -> None:
    """Do a fault, wait for its time, and mend what it broke."""
    await _STRIKES[step.fault](shop, step)


async def _kill(name: str, shop: Shop, step: Step) -> None:
    await shop.processes[name].kill()
    try:
        await asyncio.sleep(step.lasts)
    finally:
        shop.processes[name].let()


async def _stop(name: str, shop: Shop, step: Step) -> None:
    shop.processes[name].signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(step.lasts)
    finally:
        shop.processes[name].signal(signal.SIGCONT)


async def _weather(weather: Weather, shop: Shop, step: Step) -> None:
    shop.line.weather = weather
    try:
        await asyncio.sleep(step.lasts)
    finally:
        shop.line.weather = FAIR


async def _flap(shop: Shop, step: Step) -> None:
    for _ in range(max(1, round(step.lasts / FLAP_S))):
        shop.line.drop()
        await asyncio.sleep(FLAP_S)


async def _full(shop: Shop, step: Step) -> None:
    """The store writes on meanwhile, so what it frees is taken again and again."""
    ends = asyncio.get_running_loop().time() + step.lasts
    try:
        while asyncio.get_running_loop().time() < ends:
            await asyncio.to_thread(fill, shop.folder.data)
            await asyncio.sleep(FLAP_S)
    finally:
        free(shop.folder.data)


async def _spoil(way: str, shop: Shop, step: Step) -> None:
    store = shop.processes["store"]
    await store.kill()
    try:
        spoil(way, shop.outbox, Random(step.dice))  # noqa: S311 - to be had again
        await asyncio.sleep(step.lasts)
    finally:
        store.let()


_STRIKES: Mapping[str, Strike] = {
    **{f"kill-{name}": partial(_kill, name) for name in ("store", "broker", "hub")},
    **{f"stop-{name}": partial(_stop, name) for name in ("store", "broker", "hub")},
    "cut": partial(_weather, Weather(Line.CUT)),
    "half-open": partial(_weather, Weather(Line.DEAF)),
    "slow": partial(_weather, Weather(delay_s=0.3, bytes_s=2_000)),
    "loss": partial(_weather, Weather(loss=0.9)),
    "flap": _flap,
    "full-disk": _full,
    **{way: partial(_spoil, way) for way in WAYS},
}

"""A hub that is killed while it reads: nothing is lost, nothing is numbered twice, and no budget is exceeded."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.contacts.conftest import free_port
from tests.stock.group.conftest import TOKEN, levels, numbers, post_to, reads, until

if TYPE_CHECKING:
    from tests.stock.group.conftest import Town

BUDGET = 6
"""Calls in an hour. The shop has four pages, so two hubs that read it at their starts, each for itself, exceed it."""


@contextmanager
def another(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A hub in a process of its own."""
    command = [sys.executable, "-P", "-m", "edge", "hub", "--config", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def shelf(port: int) -> dict[str, Any]:
    """How the shelf of one location stands at a hub; empty while it does not answer."""
    url = f"http://127.0.0.1:{port}/v1/stock?location=ginza"
    try:
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {TOKEN}"}) as http, http.get(url) as answer:
            told = (await answer.json())["shelves"] if answer.status == 200 else []
    except aiohttp.ClientError:
        return {}
    return told[0] if told else {}


@pytest.mark.promise("K-4")
async def test_a_hub_is_killed_under_load_and_the_other_goes_on_within_the_budget(town: Town) -> None:
    town.shop.page = 5
    port, more = free_port(), {"calls_per_hour": BUDGET, "since": "none", "changed_url": ""}
    with another(town.configured("killed", port, **more)) as process:
        assert await until(lambda: _rows(port, 20))
        async with town.hubs("heir", **more) as (heir,):
            ports, told = [port, heir.port], 0
            for n in range(40):
                town.shop.stock(f"A-{n % 20}", "ginza", 100 + n)
                (delivery,) = town.shop.take()
                if n == 20:
                    before = await shelf(port)
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    ports = [heir.port]
                told += await post_to(ports[n % len(ports)], delivery) == 200
            assert told == 40
            assert await until(lambda: reads(heir) and levels(heir) == town.shop.levels())
            assert numbers(heir)[0] == before["e"]
            assert numbers(heir)[1] > before["n"]
            await asyncio.sleep(0.2)
            assert 4 <= town.shop.calls <= BUDGET
            assert town.shop.breaches == []


async def test_a_hub_that_was_cut_off_is_followed_and_writes_nothing_when_it_is_back(town: Town) -> None:
    port = free_port()
    with another(town.configured("asleep", port)) as process:
        assert await until(lambda: _rows(port, 20))
        async with town.hubs("heir") as (heir,):
            before = await shelf(port)
            process.send_signal(signal.SIGSTOP)  # to the server it is one whose packets no longer come
            town.shop.stock("A-1", "ginza", 60)
            assert await until(lambda: reads(heir) and levels(heir) == town.shop.levels(), 5000)
            process.send_signal(signal.SIGCONT)
            town.shop.stock("A-2", "ginza", 70)
            assert await until(lambda: levels(heir) == town.shop.levels())
            assert reads(heir)
            assert await until(lambda: _stands(port, *numbers(heir)))
            assert numbers(heir)[0] == before["e"]
            assert await town.asked("SELECT hub FROM stock_channel") == "heir"


async def _stands(port: int, epoch: int, n: int) -> bool:
    told = await shelf(port)
    return (told.get("e"), told.get("n")) == (epoch, n)


async def _rows(port: int, rows: int) -> bool:
    return (await shelf(port)).get("rows") == rows

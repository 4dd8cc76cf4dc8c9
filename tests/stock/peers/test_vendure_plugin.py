"""The plug-in for Vendure by itself, in Node, on a bus of the test's: what its pushes vouch for, and what they name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edge.bench.shops import vendure
from tests.stock.peers.asked import Door, eventually

pytestmark = pytest.mark.skipif(vendure.node() is None, reason="Node is not here; ./run test installs it")
BUS = Path(__file__).parent / "bus.js"


@dataclass(slots=True)
class Shop:
    """A plug-in that runs, and where its pushes come."""

    door: Door
    process: asyncio.subprocess.Process

    def event(self, kind: str, event: object, gone: Iterable[int] = ()) -> None:
        """Something was committed; the variants ``gone`` are deleted from then on."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"kind": kind, "event": event, "gone": list(gone)}).encode() + b"\n")

    def moved(self, ids: Iterable[int]) -> None:
        """The stock of these variants moved."""
        self.event("StockMovementEvent", {"stockMovements": [{"productVariant": {"id": id}} for id in ids]})

    @property
    def pushes(self) -> list[dict[str, Any]]:
        """What came, in its order."""
        return [json.loads(delivery.body) for delivery in self.door.came]

    async def named(self) -> dict[str, Any]:
        """The first push with rows, once it came."""
        await eventually(lambda: any(push["levels"] or push["gone"] for push in self.pushes))
        return next(push for push in self.pushes if push["levels"] or push["gone"])


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Shop]:
    door, node = Door(), vendure.node()
    assert node is not None
    told = folder / "plugin.json"
    told.write_text(json.dumps({"url": door.url, "secret": "s", "beatS": 0.1, "most": 10}))
    async with door.open():
        process = await asyncio.create_subprocess_exec(
            node, str(BUS), str(vendure.APP), str(told), stdin=asyncio.subprocess.PIPE
        )
        try:
            await eventually(lambda: bool(door.came))
            yield Shop(door, process)
        finally:
            process.terminate()
            await process.wait()


@pytest.mark.promise("K-1")
async def test_a_change_of_many_vouches_for_nothing_newer_until_its_last_push(tmp_path: Path) -> None:
    async with running(tmp_path) as shop:
        shop.moved(range(25))
        await eventually(lambda: sum(len(push["levels"]) for push in shop.pushes) >= 25)
        every = shop.pushes
    at = next(number for number, push in enumerate(every) if push["levels"])
    assert [len(push["levels"]) for push in every[at : at + 3]] == [10, 10, 5]
    moments = [push["sent_ms"] for push in every[at - 1 : at + 3]]
    assert moments[0] == moments[1] == moments[2] < moments[3]
    assert [push["seq"] for push in every] == list(range(1, len(every) + 1))


async def test_a_variant_that_is_set_otherwise_or_deleted_is_pushed_without_a_movement(tmp_path: Path) -> None:
    async with running(tmp_path) as shop:
        shop.event("ProductVariantEvent", {"type": "updated", "entity": [{"id": 4}]})
        assert [level["sku"] for level in (await shop.named())["levels"]] == ["V-4"]
        shop.door.came.clear()
        shop.event("ProductVariantEvent", {"type": "deleted", "entity": [{"id": 4}]}, gone=[4])
        assert (await shop.named())["gone"] == [{"sku": "V-4", "location": "1"}]


@pytest.mark.parametrize(
    ("kind", "event", "anew"),
    [
        ("GlobalSettingsEvent", {"input": {"outOfStockThreshold": 2}}, True),
        ("GlobalSettingsEvent", {"input": {"trackInventory": False}}, True),
        ("GlobalSettingsEvent", {"input": {"availableLanguages": ["ja"]}}, False),
        ("StockLocationEvent", {"type": "deleted"}, True),
        ("StockLocationEvent", {"type": "created"}, False),
    ],
)
async def test_what_makes_all_levels_read_otherwise_begins_another_stream(
    kind: str, event: object, anew: bool, tmp_path: Path
) -> None:
    async with running(tmp_path) as shop:
        before = shop.pushes[-1]["stream"]
        shop.event(kind, event)
        shop.moved([1])  # events are heard in order, so this push is of after it
        push = await shop.named()
    assert (push["stream"] != before) == anew

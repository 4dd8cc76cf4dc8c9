"""Both ends of the stock wire together."""

from __future__ import annotations

from tests.stock.line.conftest import Wired


async def test_an_edge_has_what_the_hub_has_and_each_change_of_it(wired: Wired) -> None:
    async with wired() as wire:
        assert (wire.has("A"), wire.has("B")) == (3, 1)
        await wire.sells("A", 2)
        await wire.publish()
        assert (wire.has("A"), wire.has("B")) == (2, 1)
        assert wire.source.counted["wholes"] == 1

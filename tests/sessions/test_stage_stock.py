"""Stock that changes while somebody reads it: a stage looks again at once, and in time by itself."""

from __future__ import annotations

import pytest

from edge.model import Band, Painted
from tests.sessions.test_stage import Shop, token


@pytest.mark.promise("K-1")
async def test_stock_that_moves_while_a_browser_tells_what_it_painted_is_shown_at_once() -> None:
    shop, read = Shop(), list[Band]()
    await shop.scan(token("anna"))
    for band in (Band.NONE, Band.MANY):
        shop.band = band
        shop.stage.put(Painted("k1", len(shop.shows), 0.0))
        for _ in range(3):
            shop.stage.stock_moved()
        assert shop.stage._inbox.qsize() == 2  # one look is enough
        await shop.settled()
        read.append(shop.shows[-1].values["tiles"][0].stock[0].band)
    assert read == [Band.NONE, Band.MANY]


@pytest.mark.promise("K-1")
async def test_labels_are_looked_at_again_in_time_however_often_other_things_happen() -> None:
    shop = Shop()
    await shop.scan(token("anna"))
    for _ in range(4):
        shop.clock += 1.0
        await shop.stage.take(Painted("k1", len(shop.shows), 0.0))
    assert shop.stage._wait() == 1.0
    await shop.wait(1.0)
    assert shop.stage._wait() == 5.0


@pytest.mark.promise("K-1")
async def test_stock_that_moved_while_a_stage_was_far_behind_leaves_it_no_less_attentive() -> None:
    shop = Shop()
    await shop.scan(token("anna"))
    while not shop.stage._inbox.full():
        shop.stage.put(Painted("k1", len(shop.shows), 0.0))
    shop.stage.stock_moved()
    await shop.settled()
    shop.band = Band.NONE
    shop.stage.stock_moved()
    await shop.settled()
    assert shop.shows[-1].values["tiles"][0].stock[0].band == Band.NONE

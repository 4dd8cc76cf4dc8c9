"""A large shop in memory whose sales move no stamp, and webhooks that a bad line drops, doubles and reorders."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from types import ModuleType

from edge.ports import StockAway, StockLevel
from edge.stock.intake.caller import ShopCaller
from edge.stock.intake.skew import Skew
from edge.stock.shops import shop
from edge.stock.system import Caller, Can, Delivery, Key, Page, Push, Pushed, Since
from tests.stock.shops.contract import FakeShop

PLACES = ("ginza", "umeda", "web")
PAGE = 1000
Row = tuple[str, str]


class Bazaar(shop.ReadOnly):
    """The shop, as its own adapter too. ``open_`` lets full readings begin; ``rounds`` are those that were given whole.
    ``cut`` names what does not answer: "polls", "comparisons", "reads"."""

    def __init__(self, skus: int, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        rows = [(f"S{number:06}", place) for number in range(skus) for place in PLACES]
        self.rows = {row: [number % 9, int(clock())] for number, row in enumerate(rows)}
        self.names = rows
        self.open_ = asyncio.Event()
        self.open_.set()
        self.rounds = 0
        self.cut: set[str] = set()
        self.sent = 0

    # What people do

    def edit(self, row: Row, n: int) -> Pushed:
        """Somebody sets a row; its stamp moves."""
        self.rows[row] = [n, int(self.clock())]
        return self.webhook(row)

    def sell(self, row: Row) -> Pushed:
        """A sale; its stamp does not move."""
        self.rows[row][0] = max(0, self.rows[row][0] - 1)
        return self.webhook(row)

    def webhook(self, row: Row) -> Pushed:
        """What would be told of a row now."""
        self.sent += 1
        return Pushed(f"e-{self.sent}", (self.level(row),))

    def level(self, row: Row) -> StockLevel:
        n, stamp = self.rows[row]
        return StockLevel(*row, available=n, revision=stamp * 1000)

    def truth(self) -> dict[Row, int]:
        return {row: n for row, (n, _) in self.rows.items()}

    # What its adapter answers

    async def everything(self) -> AsyncIterator[Page]:
        await self.open_.wait()
        self._answers("comparisons")
        for start in range(0, len(self.names), PAGE):
            yield Page(tuple(self.level(row) for row in self.names[start : start + PAGE]))
            await asyncio.sleep(0)
        self.rounds += 1

    async def changed(self, since_s: float) -> AsyncIterator[Page]:
        self._answers("polls")
        yield Page(tuple(self.level(row) for row, (_, stamp) in self.rows.items() if stamp >= since_s))

    async def read(self, keys: Sequence[Key]) -> Page:
        self._answers("reads")
        return Page(tuple(self.level((key.item, key.place)) for key in keys))

    def key(self, sku: str, location: str) -> Key | None:
        return Key(sku, location)

    def pushed(self, delivery: Delivery) -> Pushed:
        raise AssertionError("its webhooks are told in memory")

    def _answers(self, what: str) -> None:
        if what in self.cut:
            raise StockAway(f"{what} are cut")


def module(bazaar: Bazaar, can: Can | None = None) -> ModuleType:
    """The adapter of one shop in memory."""
    made = ModuleType("bazaar")
    made.Settings = shop.Settings  # type: ignore[attr-defined]
    made.CAN = can or Can(Push.ABSOLUTE, per_location=True, since=Since.BLIND, revisions=True, step_ms=1000)  # type: ignore[attr-defined]

    def system(settings: shop.Settings, where: object, call: Caller) -> Bazaar:
        # It takes no calls, so no answer of its own says that its clock is ours.
        assert isinstance(call, ShopCaller)
        call.skew = Skew(0.0, 0.0)
        return bazaar

    made.system = system  # type: ignore[attr-defined]
    return made


class Standing(FakeShop):
    """The server of the shop in memory: it takes no calls."""

    name = "bazaar"
    places = PLACES

    def __init__(self, bazaar: Bazaar) -> None:
        super().__init__(bazaar.clock)
        self.bazaar = bazaar

    def routes(self) -> list[object]:  # type: ignore[override]
        return []

    def stock(self, sku: str, place: str, n: int) -> None:
        self.bazaar.edit((sku, place), n)

    def sell(self, sku: str, place: str) -> None:
        self.bazaar.sell((sku, place))

    def levels(self) -> dict[Row, int]:
        return self.bazaar.truth()

    def bare(self, sku: str) -> None:
        """It has a row for everything."""

    def settings(self, url: str, folder: object) -> dict[str, object]:
        return {"url": url, "locations": {place: place for place in PLACES}}


class BadLine:
    """Webhooks on their way: 1 % lost, 1 % doubled, 5 % held back behind others. ``tell`` is where they arrive."""

    def __init__(self, tell: Callable[[str, Pushed], None], chance: random.Random) -> None:
        self._tell = tell
        self._chance = chance
        self._held: list[Pushed] = []
        self.lost = self.doubled = self.late = 0

    def send(self, pushed: Pushed) -> None:
        lot = self._chance.random()
        if lot < 0.01:
            self.lost += 1
            return
        if lot < 0.06:
            self.late += 1
            self._held.append(pushed)
        else:
            self._tell(pushed.id, pushed)
        if 0.06 <= lot < 0.07:
            self.doubled += 1
            self._held.append(pushed)
        if self._held and self._chance.random() < 0.05:
            late = self._held.pop(self._chance.randrange(len(self._held)))
            self._tell(late.id, late)

    def drain(self) -> None:
        """What is still held back arrives."""
        for pushed in self._held:
            self._tell(pushed.id, pushed)
        self._held.clear()

"""The made-up stock of ``bench stock``: as many SKUs as wanted, in styles of 96, at three locations.

Counts are negative binomial (a mean of 7, many zeros, a long tail), sales a day Poisson around a popularity by Zipf,
so that few goods sell much and most hardly ever.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edge.ports import StockItem, StockLevel

PLACES = ("here", "near", "web")
CELLS = 96
_SIZES = ("XS", "S", "M", "L", "XL", "2XL", "3XL", "4XL")
_SALES = 3.0
"""Sales a day of a SKU, on average."""


def sku(number: int) -> str:
    """The SKU of a number."""
    return f"LN-{number:06d}"


def style(number: int) -> str:
    """The style of a SKU's number."""
    return f"ST-{number // CELLS:05d}"


def items(n: int) -> list[StockItem]:
    """What is said of the SKUs themselves."""
    return [
        StockItem(
            sku(number),
            f"{20_000_000_000_000 + number:014d}",
            style(number),
            f"色{number % CELLS // len(_SIZES)}",
            _SIZES[number % len(_SIZES)],
            f"長袖シャツ {style(number)}",
            3,
        )
        for number in range(n)
    ]


def levels(n: int, seed: int, revision: int) -> list[StockLevel]:
    """The levels of everything, by a seed; what changes by another is most of it."""
    return [level for place in range(len(PLACES)) for level in _place(n, seed, place, revision)]


def _place(n: int, seed: int, place: int, revision: int) -> Iterator[StockLevel]:
    dice = np.random.default_rng((seed, place))
    on_hand = dice.negative_binomial(0.8, 0.1, n).tolist()
    popular = 1.0 / (1.0 + dice.permutation(n))
    sold = dice.poisson(popular * (_SALES * n / popular.sum())).tolist()
    for number in range(n):
        count = on_hand[number]
        yield StockLevel(
            sku(number), PLACES[place], None, count, min(1, count), sold_daily=float(sold[number]), revision=revision
        )


def missed(n: int) -> int:
    """How many deltas a line brings after it was cut: 20,000 for 100,000 items."""
    return max(1, n // 5)


def deltas(n: int, many: int, seed: int, revision: int) -> list[StockLevel]:
    """Single changes, the popular more often, each by a later revision."""
    dice = np.random.default_rng((seed, 99))
    numbers = (dice.zipf(1.2, many) % n).tolist()
    counts, places = dice.negative_binomial(0.8, 0.1, many).tolist(), dice.integers(0, 3, many).tolist()
    return [
        StockLevel(sku(number), PLACES[place], None, count, revision=revision + turn)
        for turn, (number, count, place) in enumerate(zip(numbers, counts, places, strict=True))
    ]

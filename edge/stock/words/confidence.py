"""How likely something is still there: a figure, how fast it sells, and how long ago the figure was true. Pure.

Sales of one SKU in one store are taken as a Poisson process over the hours that a store sells.
"""

from __future__ import annotations

import math

DAY_S = 12 * 3600.0
"""A selling day: a rate a day is spread over so many seconds."""
SURE = 0.95
LIKELY = 0.6
"""From these on a shopper reads 在庫あり and 残りわずか; below, that somebody must look."""

_SUMMED = 1e4
"""Up to this mean the distribution is summed, term by term; beyond it a normal one is as good (error below 1e-6)."""
_NOTHING = 1e-17
_MOST = 10**15
"""More than that many of one thing lie nowhere; a larger figure says no more than this one."""


def chance(available: int, sold_daily: float, seconds: float) -> float:
    """P(Poisson(sold_daily / 12 h * seconds) < available): that at least one of ``available`` is left.

    Right to 1e-9 while at most 10,000 are expected to be sold, to 1e-6 beyond. Raises ValueError for a rate or a time
    that is negative or no number.
    """
    if not (sold_daily >= 0 and seconds >= 0):
        raise ValueError("a rate of sales and an age are numbers from 0")
    if available <= 0:
        return 0.0
    available = min(available, _MOST)
    mean = min(sold_daily, 1e100) * min(seconds, 1e100) / DAY_S
    if mean == 0:
        return 1.0
    if abs(available - mean) > 40 * math.sqrt(mean) + 40:
        return 1.0 if available > mean else 0.0
    return _summed(available, mean) if mean <= _SUMMED else _normal(available, mean)


def _summed(available: int, mean: float) -> float:
    """The smaller tail, from its largest term outward."""
    if available - 1 > mean:
        return 1.0 - _tail(available, mean, 1)
    return min(1.0, _tail(available - 1, mean, -1))


def _tail(first: int, mean: float, step: int) -> float:
    """The sum of the probabilities of ``first``, ``first + step`` and so on, none larger than the one before."""
    term = math.exp(first * math.log(mean) - mean - math.lgamma(first + 1))
    total, number = 0.0, first
    while term > total * _NOTHING and number >= 0:
        total += term
        term *= mean / (number + 1) if step > 0 else number / mean
        number += step
    return total


def _normal(available: int, mean: float) -> float:
    """By Wilson and Hilferty: the cube root of a gamma variable is close to normal."""
    spread = 1 / (9 * available)
    root = (mean / available) ** (1 / 3)
    return 0.5 * math.erfc((root - (1 - spread)) / math.sqrt(2 * spread))

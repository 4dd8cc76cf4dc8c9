"""Sizes in the order in which people say them: S M L, then numbers, then names, and what fits everybody last. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from unicodedata import normalize

Key = tuple[int, tuple[float, ...], str]

_EVERYBODY = frozenset({"フリー", "ワン", "FREE", "F", "ONE", "OS", "均码", "프리"})
_LETTERS = re.compile(r"([0-9]{0,2})(X*)(S+|M|L+)")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LETTERED, _NUMBERED, _NAMED, _ANY = range(4)


def ordered(sizes: Iterable[str]) -> tuple[str, ...]:
    """Each size once, in people's order: XS S M L XL, 22.5 23, 7号 9号, フリー; equal ones as they came."""
    return tuple(sorted(dict.fromkeys(sizes), key=key))


def key(size: str) -> Key:
    """What sorts a size among others. ``3L`` and ``2XL`` are Japan's and the world's word for one size."""
    plain = re.sub(r"[\s・_]|サイズ$|SIZE$", "", normalize("NFKC", size).upper())
    if plain.replace("-", "") in _EVERYBODY:
        return _ANY, (), ""
    letters = [_lettered(part) for part in re.split(r"[/~-]", plain)]
    if all(rank is not None for rank in letters):
        return _LETTERED, tuple(rank for rank in letters if rank is not None), ""
    if numbers := tuple(float(number) for number in _NUMBER.findall(plain)):
        # What stands before a number names another kind of size (A70, W28); what stands behind is its unit.
        return _NUMBERED, numbers, plain
    return _NAMED, (), plain


def _lettered(text: str) -> float | None:
    """How many steps above (below) M a size of letters is; None for one that is no such size."""
    found = _LETTERS.fullmatch(text)
    if found is None:
        return None
    times, crosses, base = int(found[1] or 0), len(found[2]), found[3]
    if base == "M":
        return 0.0 if not times and not crosses else None
    if len(base) > 1 and (times or crosses):
        return None
    steps = float(times + 1 if crosses and times else times or len(base) + crosses)
    return steps if base[0] == "L" else -steps

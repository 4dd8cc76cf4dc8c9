"""What of a profile may be used now: by the age of its blocks, by the store, by the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from edge.model import EVERYWHERE, Profile

BUDGET = 0.4
"""Seconds a source has before a session goes on without it."""

_EMPTY: dict[str, dict[str, Any]] = {
    "greet": {"nickname": "", "language": ""},
    "tier": {"tier": "", "tier_label": ""},
    "segments": {"segments": frozenset()},
    "favourites": {"favourites": ()},
    "coupons": {"coupons": ()},
}


def current(profile: Profile, now: float, held: float = 0.0) -> Profile | None:
    """The profile without the blocks that are older than ``ttl_s``; None if nothing is left.

    ``now`` is UNIX seconds; ``held`` is how long we have had it by the monotonic clock, as no block is younger than
    that, whatever the clocks of two machines say.
    """
    old = {block for block, when in profile.as_of.items() if max(now - when, held) > profile.ttl_s}
    young = {block: when for block, when in profile.as_of.items() if block not in old}
    emptied = {name: value for block in old for name, value in _EMPTY[block].items()}
    return replace(profile, as_of=young, **emptied) if young else None


def filled(fresh: Profile, kept: Profile | None) -> Profile:
    """A fresh profile with the blocks that its source has but could not give now, as they were kept, ages and all."""
    wanted = [block for block in fresh.have - fresh.as_of.keys() if kept and block in kept.as_of]
    if kept is None or not wanted:
        return fresh
    taken = {name: getattr(kept, name) for block in wanted for name in _EMPTY[block]}
    return replace(fresh, as_of={**{block: kept.as_of[block] for block in wanted}, **fresh.as_of}, **taken)


def usable(profile: Profile, store: str, today: date) -> Profile:
    """The profile with the coupons that count in this store today, by its own calendar."""
    good = tuple(
        coupon
        for coupon in profile.coupons
        if (coupon.first or today) <= today <= (coupon.last or today) and coupon.stores & (EVERYWHERE | {store})
    )
    return profile if good == profile.coupons else replace(profile, coupons=good)

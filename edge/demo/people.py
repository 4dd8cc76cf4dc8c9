"""The sample members: what their phones need to make codes, and what head office knows of them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.demo.seed import SHOP, with_check

FLAGS = {"P": 1, "N": 2, "C": 4, "R": 8, "T": 16}
"""MEMBER_CODES 2."""
SEGMENTS = ("linen", "apparel", "outdoor", "camp", "kitchen", "coffee", "home", "everyday")
"""The chain's segments; a token carries their numbers, from 1."""
STATIC_PREFIX = "29"


@dataclass(frozen=True, slots=True)
class Person:
    """One sample member, invented."""

    id: str
    name: Mapping[str, str]
    like: Mapping[str, str]
    flags: str
    tier: int
    tier_name: str
    segments: tuple[str, ...]
    nickname: str
    language: str
    favourites: tuple[str, ...]
    coupons: tuple[Mapping[str, Any], ...]

    @property
    def bits(self) -> int:
        """The flags as a token carries them."""
        return sum(FLAGS[flag] for flag in self.flags)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The segments as a token carries them."""
        return tuple(SEGMENTS.index(name) + 1 for name in self.segments)

    @property
    def card(self) -> str:
        """The fixed member number on a plastic card: 13 digits that begin with 29."""
        return with_check(f"{STATIC_PREFIX}{int(self.id):010d}")


def people() -> dict[str, Person]:
    """The members by id."""
    rows = json.loads((SHOP / "members.json").read_text("utf-8"))
    for row in rows:
        for name in ("segments", "favourites", "coupons"):
            row[name] = tuple(row[name])
    return {row["id"]: Person(**row) for row in rows}


def pseudonym(secret: bytes, member: str) -> str:
    """A member's ``sub`` for this chain (MEMBER_CODES 2): 12 characters; only the issuer holds the secret."""
    digest = hmac.digest(secret, f"mc1-sub|{member}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:9]).decode()

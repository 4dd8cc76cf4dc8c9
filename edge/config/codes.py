"""Which codes are members' and which are products'."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator

from edge.config.base import Id, Settings


class StaticRule(Settings):
    """A fixed member number (MEMBER_CODES 1); ``edge.members`` refuses rules that cannot be safe."""

    name: Id
    symbologies: tuple[str, ...]
    pattern: str
    check: str = "none"


class MemberCode(Settings):
    """Which codes are members'. ``keyset`` is a file, ``roots`` its pinned root public keys (base64url), ``deny`` a
    file with the deny list, ``erase`` one with the erasure list; each also comes from ``keyset_url``, ``deny_url``,
    ``erase_url``, asked each ``poll_s`` seconds (``ca_file``: a private authority's certificates; ``private``: their
    names may lead to addresses that are not public), and over the uplink;
    the newest is kept in the data folder.
    ``ref_key`` is a file with the chain's secret for pseudonyms of static numbers. ``segments`` and ``tiers`` name the
    numbers that tokens carry, so that campaigns speak of them by name before any profile has arrived."""

    keyset: Path | None = None
    keyset_url: str = ""
    deny: Path | None = None
    deny_url: str = ""
    erase: Path | None = None
    erase_url: str = ""
    poll_s: float = Field(300.0, ge=0.01, le=86_400)
    ca_file: Path | None = None
    private: bool = False
    roots: tuple[str, ...] = Field((), max_length=2)
    ref_key: Path | None = None
    static: tuple[StaticRule, ...] = ()
    segments: dict[str, int] = Field(default_factory=dict)
    tiers: dict[str, int] = Field(default_factory=dict)

    @field_validator("roots")
    @classmethod
    def _public_keys(cls, roots: tuple[str, ...]) -> tuple[str, ...]:
        for root in roots:
            if not re.fullmatch(r"[A-Za-z0-9_-]{43}", root):
                raise ValueError("a root is a public key of 43 letters, as `tentou provision chain init` writes it")
        return roots


class ProductCode(Settings):
    """Which codes are products': JAN, EAN and UPC as ``ean13``, GS1 Digital Links as ``qrcode``; none by default.

    Bars cost reading time in every frame; a store whose catalogue has no GTINs would only say that it knows nothing.
    """

    symbologies: tuple[Literal["ean13", "qrcode"], ...] = ()

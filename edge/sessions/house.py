"""What a stage needs of the rest of the house, as plain functions: real ones in the app, small ones in a test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from content.model import Campaign, Media, Product
from edge.members.classify import Recognised, Rejected
from edge.model import Code, Contact, Matrix, Offer, Profile, Show, StockLine, Wished
from edge.sessions.calling import Bell
from edge.sessions.handoff import Way


class Library(Protocol):
    """What the stage reads of the content library, always from memory."""

    def campaigns(self) -> Sequence[Campaign]:
        """The published campaigns."""

    def media(self) -> Mapping[str, Media]:
        """Media by id."""

    def products(self) -> Mapping[str, Product]:
        """Products by SKU."""

    def by_gtin(self, gtin: str) -> Product | None:
        """The product that bears a GTIN of 14 digits."""


@dataclass(frozen=True, slots=True)
class House:
    """The stage's surroundings. Nothing here waits on a network but ``profile``, which the stage never waits for.

    ``classify`` takes a code and tells whether a replay hash is to be forgiven (it belongs to the running session);
    ``spend`` uses a token up by the call, durably once awaited; ``profile`` gives a member's profile as it comes to be
    known, each in place of the one before, None where nothing is left of it; ``now`` is the store's wall clock, with
    its zone; ``mono`` seconds of the monotonic clock; ``segments`` and ``tiers`` name the numbers that tokens carry;
    ``handoff`` is the way on to shoppers' phones, None where none is offered; ``judge`` hears of each outcome at an eye
    and gives it back, or ``rate`` where too many such came there. ``offers`` and ``matrix`` take a SKU and a language;
    ``keep`` asks a location (by id) to keep one of a SKU and tells how that stands, each word in place of the one
    before, the last one not pending. ``bell`` calls staff, None where nobody can be called.
    """

    classify: Callable[[Code, Callable[[bytes], bool]], Recognised | Rejected]
    spend: Callable[[bytes, float], Awaitable[None]]
    profile: Callable[[str], AsyncIterator[Profile | None]]
    library: Library
    lines: Callable[[str, str], tuple[StockLine, ...]]
    show: Callable[[Show], Awaitable[int]]
    note: Callable[[Contact], None]
    now: Callable[[], datetime]
    mono: Callable[[], float]
    segments: Mapping[int, str] = field(default_factory=dict)
    tiers: Mapping[int, str] = field(default_factory=dict)
    handoff: Way | None = None
    offers: Callable[[str, str], tuple[Offer, ...]] = lambda _, __: ()
    matrix: Callable[[str, str], Matrix | None] = lambda _, __: None
    keep: Callable[[str, str], AsyncIterator[Wished]] | None = None
    bell: Bell | None = None
    judge: Callable[[str, Recognised | Rejected], Recognised | Rejected] = lambda _, outcome: outcome

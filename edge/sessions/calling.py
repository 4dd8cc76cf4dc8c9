"""Staff called from a screen: one call of a visitor's, and how it stands on the glass.

A call is offered only while a page of the staff's would show it, and 「スタッフがまいります」 stands there only once
one of them said so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from edge.model import Offer, OfferKind


class Bell(Protocol):
    """What reaches the staff's pages; all of it from memory."""

    def heeded(self) -> bool:
        """Whether a page would show a call now, and not so many wait that no more are taken."""

    def ring(self, screen: str, sku: str) -> str:
        """Call somebody to a screen about a product; the call's key."""

    def answered(self, key: str) -> bool:
        """Whether somebody said that they see to it."""


def called(offers: Sequence[Offer], bell: Bell | None, rung: str) -> tuple[Offer, ...]:
    """The offers with staff's as it stands; ``rung`` is the key of the visitor's own call, empty before it."""
    if bell is None or not (rung or bell.heeded()):
        return tuple(offers)
    word = "ring" if not rung else "coming" if bell.answered(rung) else "calling"
    return tuple(replace(each, call=word) if each.kind is OfferKind.STAFF else each for each in offers)

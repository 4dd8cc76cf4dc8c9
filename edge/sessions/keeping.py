"""取り置き from a screen: what one visitor asked to have kept, each once, and how that stands on the glass (K-3).

Nothing here is ever done until the place's own word says so: a wish that got no answer in time is unknown, one that
was refused takes its offer with it, and a slip is shown to the session that asked, and to no later one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from edge.model import Offer, Wished

WAIT_S = 5.0
"""How long a shopper looks at a wish that waits; then nobody knows, unless its word comes after all."""
LAST_S = 2 * WAIT_S
"""A wish is asked for so long before its session must end at the latest: time to answer it, and as long to read it."""
MOST = 3
"""So many of a session's wishes may stand, refused ones not counted: nobody clears a shelf with one finger."""
PENDING, CONFIRMED, DECLINED, UNKNOWN = "pending", "confirmed", "declined", "unknown"
_STANDS = (PENDING, CONFIRMED, UNKNOWN)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A wish that was asked ``at`` a moment, by which offer (by language, as the shopper may read another by the time
    of the answer, when it is offered no longer), and its place's last word."""

    at: float
    offer: Mapping[str, Offer]
    wished: Wished

    def told(self, now: float) -> Wished:
        """As a shopper may read it."""
        late = self.wished.state == PENDING and now - self.at >= WAIT_S
        return replace(self.wished, state=UNKNOWN) if late else self.wished


@dataclass(slots=True)
class Wishes:
    """One visitor's wishes, by SKU and place, in the order in which they were asked."""

    _asked: dict[tuple[str, str], _Asked] = field(default_factory=dict, repr=False)

    def ask(self, offers: Mapping[str, Sequence[Offer]], sku: str, location: str, now: float) -> Offer | None:
        """The offer to ask for, noted as asked at ``now``; None for what is not offered, or was asked already.

        ``offers`` are the same ones by language.
        """
        left = [(language, each) for language, those in offers.items() for each in self.left(sku, those, now)]
        wanted = {language: each for language, each in reversed(left) if each.reserves and each.location == location}
        if wanted:
            self._asked[sku, location] = _Asked(now, wanted, Wished(sku, location, PENDING))
        return next(iter(wanted.values()), None)

    def heard(self, wished: Wished) -> bool:
        """A place's word on a wish; whether it is another than the one before. What nobody asked changes nothing."""
        place = (wished.sku, wished.location)
        known = self._asked.get(place)
        if known is None or known.wished == wished:
            return False
        self._asked[place] = replace(known, wished=wished)
        return True

    def of(self, sku: str, now: float, language: str) -> tuple[Wished | None, Offer | None]:
        """How the last wish for a SKU stands, as a shopper may read it, and the offer that was asked for, in a
        language."""
        mine = [asked for (wanted, _), asked in self._asked.items() if wanted == sku]
        return (mine[-1].told(now), mine[-1].offer.get(language)) if mine else (None, None)

    def left(self, sku: str, offers: Sequence[Offer], now: float) -> tuple[Offer, ...]:
        """The offers that are still to be made, in their order.

        None while a wish for this SKU is asked for or granted. After a refusal the next one is at the front; where
        nobody knows, or too many wishes stand, none that would ask for another.
        """
        wished, _ = self.of(sku, now, "")
        if wished is not None and wished.state in (PENDING, CONFIRMED):
            return ()
        full = sum(asked.told(now).state in _STANDS for asked in self._asked.values()) >= MOST
        if full or (wished is not None and wished.state == UNKNOWN):
            return tuple(each for each in offers if not each.reserves)
        return tuple(each for each in offers if not (each.reserves and (sku, each.location) in self._asked))

    def due(self, now: float) -> float | None:
        """In how many seconds a wish that is asked for will have waited too long; None when none waits."""
        waits = [asked.at + WAIT_S - now for asked in self._asked.values() if asked.wished.state == PENDING]
        return min((each for each in waits if each > 0), default=None)


async def follow(words: AsyncIterator[Wished], heard: Callable[[Wished], None], note: Callable[[str], None]) -> None:
    """Hear a place's words on one wish to the last, and note how it ended: unknown unless it granted or refused."""
    state = UNKNOWN
    try:
        async for wished in words:
            state = wished.state
            heard(wished)
    finally:
        note(UNKNOWN if state == PENDING else state)

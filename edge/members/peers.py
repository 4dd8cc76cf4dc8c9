"""What the store's edges tell each other of spent tokens: hashes and expiries, read strictly, let in with bounds.

A peer that was taken over can do no more than fill its own share: it cannot name a token that it has not seen, nor
block one for longer than tokens live on a screen.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.members.mc1 import SKEW, WINDOW
from edge.members.replay import Spent

MOST = 50
"""Hashes in one message."""

MAX_BYTES = 8_192
LATE = 2 * SKEW
"""Seconds after its end for which a token counts to somebody whose clock is behind."""

EARLY = WINDOW + 3 * SKEW
"""Seconds before its end at which another edge, whose clock may be ahead, can have taken a token."""

SHARE = 1_000
"""Hashes of one peer that are remembered at once: seven a second, as each is for two and a half minutes."""

EDGES = 64
"""Peers in one store."""


class BadNews(ValueError):
    """A message of a peer that is none; the text quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class News:
    """What an edge tells the others: tokens that it took, and whether it has just come and wants to hear of theirs."""

    spent: tuple[Spent, ...] = ()
    ask: bool = False


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)
    hash: str = Field(pattern=r"^[0-9a-f]{32}$")
    exp: Annotated[int, Field(ge=0, lt=2**32)]


class _News(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)
    format: Literal["tentou-spent/1"]
    spent: list[_Entry] = Field(max_length=MOST)
    ask: bool = False


def write_news(news: News) -> bytes:
    """The payload of a message."""
    spent = [{"hash": token.hex(), "exp": exp} for token, exp in news.spent]
    return json.dumps({"format": "tentou-spent/1", "spent": spent, "ask": news.ask}, separators=(",", ":")).encode()


def read_news(payload: bytes) -> News:
    """What a payload says; raises BadNews for anything that is not exactly such a message."""
    if len(payload) > MAX_BYTES:
        raise BadNews("too long")
    try:
        read = _News.model_validate_json(payload)
    except ValidationError:
        raise BadNews("not of the form tentou-spent/1") from None
    return News(tuple((bytes.fromhex(each.hash), each.exp) for each in read.spent), read.ask)


@dataclass(slots=True)
class Peers:
    """Who told how much. ``refused`` counts hashes that were not let in, by why."""

    share: int = SHARE
    edges: int = EDGES
    refused: Counter[str] = field(default_factory=Counter)
    _held: dict[str, dict[bytes, int]] = field(default_factory=dict, repr=False)
    _looked: int = 0

    def admit(self, peer: str, spent: Sequence[Spent], now: float) -> list[Spent]:
        """Those of a peer's hashes that are news and count at ``now`` (UNIX seconds), at most its share."""
        self._forget(now)
        if peer not in self._held and len(self._held) >= self.edges:
            self.refused["too many edges"] += len(spent)
            return []
        held = self._held.setdefault(peer, {})
        return [one for one in spent if self._counts(held, one, now)]

    def _counts(self, held: dict[bytes, int], one: Spent, now: float) -> bool:
        token, exp = one
        if token in held or exp < now - LATE:
            return False  # known, or nobody can show it any more
        if exp > now + EARLY:
            self.refused["too far in the future"] += 1
            return False
        if len(held) >= self.share:
            self.refused["too many"] += 1
            return False
        held[token] = exp
        return True

    def _forget(self, now: float) -> None:
        """What nobody can show any more takes no share; who said nothing else is no peer. Once a second is enough."""
        if int(now) == self._looked:
            return
        self._looked = int(now)
        for peer, held in list(self._held.items()):
            live = {token: exp for token, exp in held.items() if exp >= now - LATE}
            if live:
                self._held[peer] = live
            else:
                del self._held[peer]

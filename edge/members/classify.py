"""What a code says and whether it may be believed: one pure function that answers for every text and never raises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntFlag
from typing import Literal

from edge.members import mc1, static
from edge.members.clock import ClockState
from edge.members.keyset import KeySet
from edge.members.reasons import Hint, Reason, Refused, hint
from edge.members.static import CompiledRule
from edge.model import Level

__all__ = ["Context", "Flags", "Hint", "Reason", "Recognised", "Rejected", "candidate", "classify", "hint", "whose"]


class _Bit(IntFlag):
    PERSONAL = 1
    NICKNAME = 2
    CONTACT = 4
    RESTRICT = 8
    TEST = 16


@dataclass(frozen=True, slots=True)
class Flags:
    """P personalised content, N a nickname, C the contact may be recorded; R restrict goods, T a test."""

    P: bool = False
    N: bool = False
    C: bool = False
    R: bool = False
    T: bool = False


def flags_of(bits: int) -> Flags:
    """The flags in a token's bits; unknown bits mean nothing."""
    return Flags(*(bool(bits & bit) for bit in _Bit))


@dataclass(frozen=True, slots=True)
class Context:
    """All that a decision rests on. ``spent`` tells whether a replay hash is used up, ``hasty`` whether a ref comes too
    often; ``now`` is ``clock.time_of`` of the clock's state. It holds public keys alone: nothing in it can sign."""

    now: float
    clock: ClockState
    keyset: KeySet | None
    rules: tuple[CompiledRule, ...]
    ref_key: bytes = field(repr=False)
    spent: Callable[[bytes], bool]
    denied: frozenset[str] = field(default=frozenset(), repr=False)
    hasty: Callable[[str], bool] = lambda _: False


@dataclass(frozen=True, slots=True)
class Recognised:
    """A member's code. ``credential`` is the highest level it allows; ``replay`` its hash (empty for static).

    ``stale`` says that the key set is too old, ``doubt`` why a token counts as static though it verified.
    """

    kind: Literal["mc1", "static"]
    ref: str = field(repr=False)
    flags: Flags
    tier: int
    segments: tuple[int, ...]
    credential: Level
    exp: float
    replay: bytes = field(repr=False)
    stale: bool
    iat: float = 0.0
    doubt: Reason | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A code that shows nothing. The shopper sees ``hint(reason)`` alone."""

    reason: Reason


def classify(text: str, symbology: str, context: Context) -> Recognised | Rejected:
    """The one answer for a text that a reader found; pure but for what ``context`` remembers, and it never raises."""
    try:
        if mc1.token(text, symbology):
            return _usable(_token(text, context), context)
        return _usable(_number(text, symbology, context), context)
    except Refused as refused:
        return Rejected(refused.reason)


def candidate(text: str, symbology: str, rules: tuple[CompiledRule, ...]) -> bool:
    """Whether a text could be a member's code, so that it counts beside others in view; cheap, and proves nothing."""
    return bool(whose(text, symbology, rules))


def whose(text: str, symbology: str, rules: tuple[CompiledRule, ...]) -> str:
    """Whom a code claims to be of: the same for all tokens, or all symbols, of one member; empty for a foreign code.

    Cheap, and proves nothing: it only tells people before one eye apart, so that a member's next token is not another
    person. A token whose claims cannot be read stands for itself. The answer is as secret as the text.
    """
    if mc1.token(text, symbology):
        return _claimed(text) if len(text) <= mc1.MAX_CHARS else ""
    found = static.match(text, symbology, rules)
    return f"{found[0].name}|{found[1]}" if found else ""


def _claimed(text: str) -> str:
    try:
        return mc1.PREFIX + mc1.read_claims(mc1.unseal(text).payload).sub
    except Refused:
        return text


def _token(text: str, context: Context) -> Recognised:
    token = mc1.verify(text, context.keyset, context.now, context.clock)
    claims, flags = token.claims, flags_of(token.claims.flags)
    stale = context.keyset is None or context.keyset.stale(context.now)
    floor = context.clock is ClockState.FLOOR
    trusted = flags.P and not stale and not floor
    return Recognised(
        kind="mc1",
        ref=claims.sub,
        flags=flags,
        tier=claims.tier,
        segments=claims.segments,
        credential=Level.PERSONAL if trusted else Level.MEMBERS,
        exp=claims.exp,
        replay=token.replay,
        stale=stale,
        iat=claims.iat,
        doubt=Reason.TIME_UNCERTAIN if floor else None,
    )


def _number(text: str, symbology: str, context: Context) -> Recognised:
    found = static.match(text, symbology, context.rules)
    if found is None:
        raise Refused(Reason.FOREIGN)
    rule, member = found
    ref = static.reference(rule, member, context.ref_key)
    return Recognised("static", ref, Flags(), 0, (), Level.MEMBERS, float("inf"), b"", False)


def _usable(found: Recognised, context: Context) -> Recognised:
    """The last checks, which need memory: ``replay``, ``denied``, ``rate``."""
    if found.replay and context.spent(found.replay):
        raise Refused(Reason.REPLAY)
    if found.ref in context.denied:
        raise Refused(Reason.DENIED)
    if context.hasty(found.ref):
        raise Refused(Reason.RATE)
    return found

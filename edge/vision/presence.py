"""From looks to presentations: one code held before an eye is one scan, however many frames show it. Pure.

What a presentation is rests on whom a code claims to be of (``whose``), as a member's token is another text every 30 s:

- A text is a scan once, and again only after 3 s out of view. A member's next token is another text and a scan, too:
  the session decides that it goes on.
- Who stays in view for over 60 s, with one text or with many, is a poster or a forgotten phone. They count as gone and
  are left out: they make no crowd with another's code, hide none, and their next tokens are no scans. Every look that
  shows them still there judges so again; 10 minutes after the last such look they count anew.
- Two people's codes in view at once are a crowd, said once; two texts of one person are none.

A scanner held in the hand (engine ``scanner``) reads what it is aimed at: its word needs no second look, and what it
read goes by time alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from edge.model import Code, Crowd, Gone, Look, Scan, Sight
from edge.vision.symbology import LINEAR

AWAY_S = 3.0
"""A code must be out of view for so long before it counts as gone, and before it triggers again (MEMBER_CODES 7)."""
TWICE_S = 0.5
"""A one-dimensional code must be read equal in two looks within so long (MEMBER_CODES 1)."""
TOGETHER_S = 1.0
"""Two codes of which each was seen again within so long are in view at once, even if no single frame shows both."""
STAYS_S = 60.0
"""Who stays in view for longer is a poster or a forgotten phone (MEMBER_CODES 7)."""
IGNORED_S = 600.0
"""Posters are left out for so long after they were last judged to be one (MEMBER_CODES 7)."""
MOST = 64
"""So many people and texts are remembered at once; while there is no room, what is new is left out."""
BY_HAND = "scanner"
"""The engine of a hand scanner."""

Key = tuple[str, str]
"""A code's symbology and text: two engines that read the same see the same code."""
Whose = Callable[[Code], str]
"""Whom a code claims to be of, the same for all texts of one person; empty for a code that is of no concern."""
Claims = dict[Key, tuple[str, Code]]
"""The codes of one look and whose they are."""


@dataclass(frozen=True, slots=True)
class Stay:
    """One person's codes before an eye, from the first look to the last, without 3 s of absence between."""

    whose: str = field(repr=False)
    since: float
    last: float

    @property
    def too_long(self) -> bool:
        """Nobody holds a code up for so long."""
        return self.last - self.since > STAYS_S


@dataclass(frozen=True, slots=True)
class Presence:
    """What is before one eye. ``shown`` is whose code was the last scan, while it stays; ``eye`` names the eye."""

    shown: str = field(default="", repr=False)
    stays: tuple[Stay, ...] = ()
    told: tuple[tuple[Key, float], ...] = field(default=(), repr=False)
    """Texts that were scanned and are not gone, and when each was last seen."""
    once: tuple[tuple[Key, float], ...] = field(default=(), repr=False)
    """One-dimensional codes as they were last read, until a second look confirms them."""
    posters: tuple[tuple[str, float], ...] = field(default=(), repr=False)
    """Who is left out, and when that was last judged."""
    crowd: bool = False
    eye: str = ""


def step(presence: Presence, look: Look, whose: Whose) -> tuple[Presence, tuple[Sight, ...]]:
    """The presence after one look, and what it newly shows. Looks come in the order of their time.

    A code that is nobody's by ``whose`` changes nothing and hides nothing.
    """
    before, gone = tick(replace(presence, eye=look.eye), look.at)
    claims = {(code.symbology, code.text): (who, code) for code in look.codes if (who := whose(code))}
    sure = {key: claim for key, claim in claims.items() if _sure(before, key, claim[1])}
    after, left = _let_go(_noted(before, claims, sure, look.at), look.at)
    here = {stay.whose for stay in _living(after)}
    after, new = _judged(before, after, {key: claim for key, claim in sure.items() if claim[0] in here}, look)
    return after, gone + left + new


def tick(presence: Presence, now: float) -> tuple[Presence, tuple[Sight, ...]]:
    """The presence after silence until ``now``: who was shown may be gone."""
    after = replace(
        presence,
        stays=tuple(stay for stay in presence.stays if now - stay.last < AWAY_S),
        told=tuple(pair for pair in presence.told if now - pair[1] < AWAY_S),
        once=tuple(pair for pair in presence.once if now - pair[1] <= TWICE_S),
        posters=tuple(pair for pair in presence.posters if now - pair[1] < IGNORED_S),
    )
    return _let_go(replace(after, crowd=after.crowd and bool(_living(after))), now)


def lingering(presence: Presence) -> float:
    """Seconds for which the poster longest in view has been there, 0 without one."""
    return max((stay.last - stay.since for stay in presence.stays if stay.too_long), default=0.0)


def in_view(seconds: float) -> tuple[str, str]:
    """What the health page says of a code that has been in view for so long, and what to do; both empty for 0."""
    if not seconds:
        return "", ""
    minutes = int(seconds // 60)
    detail = f"code in view for {minutes} minute{'s' if minutes != 1 else ''}"
    return detail, "Cover the code or turn the camera away from it; meanwhile it is ignored."


def _sure(before: Presence, key: Key, code: Code) -> bool:
    """A code that detects its own errors, was aimed at by hand, is known, or was read equal just before."""
    known = before.told + before.once
    return key[0] not in LINEAR or code.engine == BY_HAND or any(key == other for other, _ in known)


def _noted(before: Presence, claims: Claims, sure: Claims, at: float) -> Presence:
    """Who was seen, what was, and who is a poster by it."""
    people = {who: Stay(who, at, at) for who, _ in sure.values()}
    kept = {stay.whose: replace(stay, last=at) if stay.whose in people else stay for stay in before.stays}
    stays = tuple({**kept, **people, **kept}.values())[:MOST]  # those known before, then who came
    return replace(
        before,
        stays=stays,
        told=tuple((key, at if key in sure else seen) for key, seen in before.told),
        once=tuple(({**dict(before.once), **{key: at for key in claims if key[0] in LINEAR}}).items())[:MOST],
        posters=_posters(before, {stay.whose for stay in stays if stay.whose in people and stay.too_long}, at),
    )


def _posters(before: Presence, stuck: set[str], at: float) -> tuple[tuple[str, float], ...]:
    """Who is left out from now on; those judged longest ago make room."""
    others = tuple(pair for pair in before.posters if pair[0] not in stuck)
    return (*others, *((who, at) for who in sorted(stuck)))[-MOST:]


def _living(presence: Presence) -> tuple[Stay, ...]:
    """The stays of those who are not left out."""
    posters = {who for who, _ in presence.posters}
    return tuple(stay for stay in presence.stays if stay.whose not in posters)


def _let_go(presence: Presence, now: float) -> tuple[Presence, tuple[Sight, ...]]:
    """Who was shown is gone once they do not live here any more."""
    if not presence.shown or any(stay.whose == presence.shown for stay in _living(presence)):
        return presence, ()
    return replace(presence, shown=""), (Gone(presence.eye, now),)


def _judged(before: Presence, after: Presence, present: Claims, look: Look) -> tuple[Presence, tuple[Sight, ...]]:
    """A crowd, a scan or nothing new, of the codes that this look shows and that count."""
    people = {who for who, _ in present.values()}
    if len(people) > 1 or _alternate(before, after, people, look.at):
        return replace(after, shown="", crowd=True), () if before.crowd else (Crowd(look.eye, look.at),)
    if not people or (before.crowd and len(_near(after, look.at)) > 1):
        return after, ()
    told = {key for key, _ in after.told}
    after = replace(after, crowd=False)
    for key, (who, code) in present.items():
        if key not in told and len(told) < MOST:
            scan = Scan(look.eye, code, look.at, look.frame)
            return replace(after, shown=who, told=(*after.told, (key, look.at))), (scan,)
    return after, ()


def _near(presence: Presence, at: float) -> dict[str, float]:
    """Who was in view within the last second, and when last."""
    return {stay.whose: stay.last for stay in _living(presence) if at - stay.last <= TOGETHER_S}


def _alternate(before: Presence, after: Presence, people: set[str], at: float) -> bool:
    """Somebody is back, and somebody else was there meanwhile: a reader that finds one of two in each frame."""
    near, now = _near(before, at), _near(after, at)
    return any(who in near and any(near.get(other, near[who]) > near[who] for other in now) for who in people)

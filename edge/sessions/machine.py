"""The session's state machine: tables and one pure function, with the monotonic time as an argument.

A screen is always in one state. What may follow what stands in ``NEXT``; how long a state lasts stands in
``Deadlines`` (MEMBER_CODES 6): signage lets go 15 s after the code left the view and after 90 s at most, a kiosk
20 s after the last touch with 5 s of warning, and after 180 s at most.
A product held up by nobody known has a session, too: it knows nobody, so its level is the loop's, and the same times
end it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from edge.model import DeviceClass, Level


class State(StrEnum):
    """Where a screen is: nobody there, a hint shown, a member greeted, looking around, about to end."""

    ATTRACT = "attract"
    NOTICE = "notice"
    GREETED = "greeted"
    BROWSING = "browsing"
    ENDING = "ending"


@dataclass(frozen=True, slots=True)
class Identified:
    """A code was accepted, or a static one seen; ``who`` tells one person's codes apart from another's.

    ``level`` is where the session begins, or where it goes on from now if it is theirs already.
    """

    session: str
    level: Level
    who: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """A code was not accepted, or two were in view; ``hint`` is all the shopper is told: again, one or ask."""

    hint: str


@dataclass(frozen=True, slots=True)
class Left:
    """The code left the view, ``ago`` seconds before this was known."""

    ago: float = 0.0


@dataclass(frozen=True, slots=True)
class Presented:
    """A product was held up; ``session`` names nobody's session, should none run."""

    session: str


@dataclass(frozen=True, slots=True)
class Lowered:
    """The product left the view, ``ago`` seconds before this was known."""

    ago: float = 0.0


@dataclass(frozen=True, slots=True)
class Touch:
    """The shopper touched something, or what they asked for was answered; 表示する brings the ``level`` unlocked."""

    level: Level | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """終了: the shopper ended it."""


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline passed; which one follows from the state."""


Event = Identified | Refused | Left | Presented | Lowered | Touch | Done | Due

NEXT: dict[State, dict[type[Event], State]] = {
    State.ATTRACT: {Identified: State.GREETED, Presented: State.BROWSING, Refused: State.NOTICE},
    State.NOTICE: {
        Identified: State.GREETED,
        Presented: State.BROWSING,
        Refused: State.NOTICE,
        Due: State.ATTRACT,
        Done: State.ATTRACT,
    },
    State.GREETED: {
        Identified: State.GREETED,
        Refused: State.NOTICE,
        Left: State.GREETED,
        Presented: State.BROWSING,
        Lowered: State.GREETED,
        Touch: State.BROWSING,
        Due: State.ENDING,
        Done: State.ATTRACT,
    },
    State.BROWSING: {
        Identified: State.GREETED,
        Refused: State.NOTICE,
        Left: State.BROWSING,
        Presented: State.BROWSING,
        Lowered: State.BROWSING,
        Touch: State.BROWSING,
        Due: State.ENDING,
        Done: State.ATTRACT,
    },
    State.ENDING: {
        Identified: State.GREETED,
        Refused: State.NOTICE,
        Left: State.ENDING,
        Presented: State.BROWSING,
        Lowered: State.ENDING,
        Touch: State.BROWSING,
        Due: State.ATTRACT,
        Done: State.ATTRACT,
    },
}


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds: ``idle`` until a session nobody keeps up ends, the last ``warning`` of them counted down on the
    screen, ``limit`` for the whole session, ``notice`` for a hint. ``touch``: touch, not sight,
    keeps it up."""

    idle: float
    warning: float
    limit: float
    notice: float = 5.0
    touch: bool = True


DEADLINES: dict[DeviceClass, Deadlines] = {
    DeviceClass.SIGNAGE: Deadlines(idle=15.0, warning=0.0, limit=90.0, touch=False),
    DeviceClass.KIOSK: Deadlines(idle=20.0, warning=5.0, limit=180.0),
}


@dataclass(frozen=True, slots=True)
class Session:
    """A screen's session, or none (``id`` empty). ``due`` is when ``Due`` comes next, None when nothing waits.

    ``who`` is empty in nobody's session, which a product began.
    """

    state: State = State.ATTRACT
    id: str = ""
    level: Level = Level.LOOP
    hint: str = ""
    since: float = 0.0
    due: float | None = None
    who: str = field(default="", repr=False)


class End(StrEnum):
    """Why a session ended; a word of the ledger."""

    DONE = "done"
    IDLE = "idle"
    LIMIT = "limit"
    REPLACED = "replaced"
    REFUSED = "refused"
    STOPPED = "stopped"


def step(session: Session, event: Event, now: float, deadlines: Deadlines) -> tuple[Session, End | None]:
    """The session after an event, and why the one before it ended if it did. What does not fit changes nothing."""
    state = NEXT[session.state].get(type(event))
    if state is None:
        return session, None
    match event:
        case Identified():
            return _identified(session, event, now, deadlines)
        case Refused(hint):
            notice = Session(State.NOTICE, hint=hint, since=now, due=now + deadlines.notice)
            return notice, End.REFUSED if session.id else None
        case Due():
            return _due(session, state, now, deadlines)
        case Done():
            return Session(), End.DONE if session.id else None
        case Left(ago):
            return _let_go(session, ago, now, deadlines) if session.who else session, None
        case Lowered(ago):
            return session if session.who else _let_go(session, ago, now, deadlines), None
        case Presented(id):
            return _presented(session, state, id, now, deadlines), None
        case Touch(level):
            return _kept(replace(session, state=state, level=level or session.level), now, deadlines), None


def left(session: Session, now: float, deadlines: Deadlines) -> float:
    """How long a session may last from now on at most, whatever keeps it up, seconds."""
    return session.since + deadlines.limit - now


def _identified(session: Session, event: Identified, now: float, deadlines: Deadlines) -> tuple[Session, End | None]:
    if session.who and session.who == event.who:
        state = State.GREETED if session.state is State.ENDING else session.state
        return _seen(replace(session, state=state, level=event.level), now, deadlines), None
    fresh = Session(State.GREETED, event.session, event.level, since=now, who=event.who)
    return _seen(fresh, now, deadlines), End.REPLACED if session.id else None


def _presented(session: Session, state: State, id: str, now: float, deadlines: Deadlines) -> Session:
    """A member goes on with their session, on signage at least as long as the product takes to be read of."""
    if not session.who:
        mine = session if session.id else Session(id=id, since=now)
        return _seen(replace(mine, state=state), now, deadlines)
    kept = replace(session, state=state)
    if deadlines.touch:
        return _kept(kept, now, deadlines)
    return _until(kept, max(session.due or now, now + deadlines.idle - deadlines.warning), deadlines)


def _let_go(session: Session, ago: float, now: float, deadlines: Deadlines) -> Session:
    """What kept a session up left the view; on a kiosk touch does."""
    return session if deadlines.touch else _until(session, now - ago + deadlines.idle - deadlines.warning, deadlines)


def _due(session: Session, state: State, now: float, deadlines: Deadlines) -> tuple[Session, End | None]:
    if session.id and now >= session.since + deadlines.limit:
        return Session(), End.LIMIT
    if state is State.ENDING and deadlines.warning:
        return _until(replace(session, state=state), now + deadlines.warning, deadlines), None
    return Session(), End.IDLE if session.id else None


def _seen(session: Session, now: float, deadlines: Deadlines) -> Session:
    """On signage a code in view keeps the session up to its limit; on a kiosk it counts as a touch."""
    if deadlines.touch:
        return _kept(session, now, deadlines)
    return _until(session, session.since + deadlines.limit, deadlines)


def _kept(session: Session, now: float, deadlines: Deadlines) -> Session:
    return _until(session, now + deadlines.idle - deadlines.warning, deadlines)


def _until(session: Session, due: float, deadlines: Deadlines) -> Session:
    return replace(session, due=min(due, session.since + deadlines.limit))

"""The member desk of a store: all that deciding about a code needs, kept ready in memory."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import sqlite_utils

from edge import config
from edge.db import cause, mended
from edge.health import Health
from edge.members import floor as floors
from edge.members import replay as replays
from edge.members.classify import Context, Recognised, Rejected, classify, whose
from edge.members.deny import NOBODY
from edge.members.keyset import from_base64url, weak
from edge.members.papers import Papers, unsafe
from edge.members.peers import News, Peers
from edge.members.rate import Flood, Flooded, Rate
from edge.members.replay import Replay
from edge.members.static import CompiledRule, compile_rules, forms, symbologies
from edge.members.timekeeper import Timekeeper
from edge.members.timeservice import boot_id
from edge.model import Code
from edge.supervise import kept

LOOK_AGAIN = 5.0
"""Seconds between two looks at the clock's state and the signed files."""

SHORTEST_KEY = 16
"""Bytes of the secret for pseudonyms: with a shorter one, or the empty file of a power cut, numbers can be tried."""

_FORGETS = "See the disk of this device. Until its tokens expire, a code that was used before may be taken again."


class Desk:
    """Decides about codes without waiting for anything; ``_look`` keeps its signed files and its clock up to date."""

    def __init__(
        self,
        rules: tuple[CompiledRule, ...],
        ref_key: bytes,
        replay: Replay,
        clock: Timekeeper,
        papers: Papers,
        health: Health,
    ) -> None:
        self.symbologies = symbologies(rules)
        self.forms = forms(rules)
        self.papers = papers
        self._rules = rules
        self._ref_key = ref_key
        self._replay = replay
        self._clock = clock
        self._health = health
        self._rate = Rate()
        self._flood = Flood()
        self._peers = Peers()
        self._disk_refused = False
        self._tell_disk = health.teller("disk", "spent tokens", _FORGETS)

    def whose(self, code: Code) -> str:
        """Whom a code claims to be of, empty if it can be no member's."""
        return whose(code.text, code.symbology, self._rules)

    def now(self) -> float:
        """UNIX seconds by which tokens are judged: at the floor only a lower bound."""
        keyset = self.papers.keyset.held
        return self._clock.now(keyset.issued_at if keyset else 0)

    @property
    def knows_time(self) -> bool:
        """Whether the time can be trusted; else what other edges say they took may seem too far in the future."""
        return self._clock.trusted_now() is not None

    def classify(self, code: Code, forgiven: Callable[[bytes], bool]) -> Recognised | Rejected:
        """What a code says now; ``forgiven`` tokens are of the running session and not replayed."""
        now = self.now()
        context = Context(
            now=now,
            clock=self._clock.state(),
            keyset=self.papers.keyset.held,
            rules=self._rules,
            ref_key=self._ref_key,
            spent=lambda token: self._replay.spent(token) and not forgiven(token),
            denied=(self.papers.deny.held or NOBODY).denied(now),
            hasty=self._rate.at(time.monotonic()),
        )
        found = classify(code.text, code.symbology, context)
        if isinstance(found, Recognised):
            self._clock.seen(found.iat)
        return found

    def judge(self, eye: str, outcome: Recognised | Rejected) -> Recognised | Rejected:
        """The outcome as the session is to take it: ``rate`` where too many like it came to this eye. It is counted."""
        judged = self._flood.judge(eye, outcome, time.monotonic())
        result = str(judged.reason) if isinstance(judged, Rejected) else "accepted"
        self._health.tally("codes", outcome=result, code=judged.kind if isinstance(judged, Recognised) else "")
        return judged

    def floods(self) -> list[Flooded]:
        """What was passed over in silence at each eye where a minute of it is over, told once."""
        return self._flood.ended(time.monotonic())

    def spend(self, token: bytes, exp: float) -> Awaitable[None]:
        """A token is used up: in memory by the call, so that no other screen takes it, durably once awaited."""
        return self._durably(self._replay.spend(token, exp))

    def learn(self, peer: str, news: News) -> Coroutine[Any, Any, None] | None:
        """What another edge of the store used up: in memory by the call, durably once awaited; None for no news."""
        now = self.now()
        fresh = self._peers.admit(peer, news.spent, now)
        return self._durably(self._replay.learn(fresh, now)) if fresh else None

    async def _durably(self, writing: Awaitable[None]) -> None:
        """A disk that refuses is named, and takes nothing from what memory knows."""
        try:
            await writing
        except sqlite3.Error as error:
            self._disk_refused = True
            self._tell_disk(cause(error))
        else:
            if self._disk_refused:
                self._disk_refused = False
                self._tell_disk("")

    @property
    def refused_news(self) -> Counter[str]:
        """Hashes of other edges that were not let in, by why."""
        return self._peers.refused


@asynccontextmanager
async def desk(
    settings: config.MemberCode, device: config.Device, folder: Path, data: Path, health: Health
) -> AsyncIterator[Desk]:
    """The desk of a store; raises config.BadConfig for settings that cannot be safe.

    What is wrong with its files stops nothing: health tells it, and the codes that need them are not known.
    """
    rules = compile_rules(settings)
    roots = _roots(settings)
    if wrong := [f"{key}: {why}" for key, why in unsafe(settings)]:
        raise config.BadConfig("\n".join(wrong))
    ref_key = _ref_key(folder / settings.ref_key, health) if settings.ref_key else b""
    if not ref_key:
        rules = ()
    async with mended(data / "members.sqlite", _migrate, health.teller("disk", "members", _FORGETS)) as db:
        clock = Timekeeper(db, await floors.load(db), device.clock == "trusted", boot_id(), health)
        clock.ask()
        papers = Papers(settings, device.chain, roots, folder, data, clock.trusted_now, health)
        made = Desk(rules, ref_key, await Replay.open(db), clock, papers, health)
        papers.look()
        clock.tell(made.now())
        looking, keeping = partial(_look, made, clock), partial(_keep, papers, clock)
        async with kept({"member desk": looking, "member desk's disk": keeping, **papers.loops()}):
            try:
                yield made
            finally:
                await papers.save()
                await clock.save()


async def _look(desk: Desk, clock: Timekeeper) -> None:
    """Look after all that changes by itself, whatever the disk does."""
    while True:
        await asyncio.sleep(LOOK_AGAIN)
        clock.ask()
        desk.papers.look()
        clock.tell(desk.now())


async def _keep(papers: Papers, clock: Timekeeper) -> None:
    """Keep what came over the line at once, and the time now and then."""
    while True:
        papers.news.clear()
        await papers.save()
        await clock.keep()
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_AGAIN):
                await papers.news.wait()


def _migrate(db: sqlite_utils.Database) -> None:
    replays.migrate(db)
    floors.migrate(db)


def _roots(settings: config.MemberCode) -> tuple[bytes, ...]:
    try:
        roots = tuple(from_base64url(root) for root in settings.roots)
    except ValueError as error:
        raise config.BadConfig(f"member_code.roots: {error}") from error
    if any(map(weak, roots)):
        raise config.BadConfig("member_code.roots: a point of small order (AAAA… is one), for which anybody can sign")
    return roots


def _ref_key(path: Path, health: Health) -> bytes:
    """The secret for pseudonyms, empty if there is none that can be used."""
    tell = health.teller("codes", "reference key", "Put the file back; static numbers are not read without it.")
    try:
        key = path.read_bytes()
    except OSError as error:
        tell(f"{path.name}: {error.strerror}")
        return b""
    tell("" if len(key) >= SHORTEST_KEY else f"{path.name} is shorter than {SHORTEST_KEY} bytes")
    return key if len(key) >= SHORTEST_KEY else b""

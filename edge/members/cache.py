"""Members' profiles kept for the next visit, in memory alone: at once what is kept, then what the source says now."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from edge.members.profiles import BUDGET, current, filled
from edge.model import Profile
from edge.ports import Erasing, Members, MembersAway

log = logging.getLogger(__name__)

MOST = 5000
LONGEST_S = 86_400.0
UNKNOWN_S = 60.0
"""For how long a member that the source does not know is not asked for again: they may just have joined."""

ASK_S = 5.0
"""For how long a question goes on when no session waits for it any more, so that the next visit finds its answer."""

SWEEP_S = 60.0


@dataclass(frozen=True, slots=True)
class Kept:
    """A profile, or None for a member that is not known, and when it came, in seconds of the monotonic clock."""

    profile: Profile | None = field(repr=False)
    since: float


class Shelf:
    """At most ``most`` profiles of at most a day; who was asked for longest ago makes room."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, ref: str, profile: Profile | None, now: float) -> None:
        """Keep what the source said at ``now``."""
        self._kept[ref] = Kept(profile, now)
        self._kept.move_to_end(ref)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def get(self, ref: str, now: float) -> Kept | None:
        """What is kept of a member, if it is not over."""
        kept = self._kept.get(ref)
        if kept is None or _over(kept, now):
            self._kept.pop(ref, None)
            return None
        self._kept.move_to_end(ref)
        return kept

    def forget(self, ref: str) -> None:
        """Keep nothing of a member."""
        self._kept.pop(ref, None)

    def sweep(self, now: float) -> None:
        """Forget all that is over, asked for or not."""
        for ref in [ref for ref, kept in self._kept.items() if _over(kept, now)]:
            del self._kept[ref]


def _over(kept: Kept, now: float) -> bool:
    return now - kept.since >= (UNKNOWN_S if kept.profile is None else min(kept.profile.ttl_s, LONGEST_S))


class CachedMembers:
    """A members' source with a shelf before it; one question a member is under way at a time.

    ``tell`` hears why the source gave no answer, or an empty text when it did; never a word on who was asked for.
    """

    def __init__(
        self,
        source: Members,
        tell: Callable[[str], None] = lambda _: None,
        budget: float = BUDGET,
        wall: Callable[[], float] = time.time,
        mono: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._tell = tell
        self._budget = budget
        self._wall = wall
        self._mono = mono
        self._shelf = Shelf()
        self._asking: dict[str, asyncio.Task[Profile | None]] = {}

    def __len__(self) -> int:
        return len(self._shelf)

    async def profiles(self, ref: str) -> AsyncIterator[Profile | None]:
        """At once what is kept of a member, then within the budget what the source says; None: nothing is left.

        Ends without a word where nobody knows the member, and after what is kept where the source is away or slow.
        """
        kept = self._shelf.get(ref, self._mono())
        if kept is not None and kept.profile is None:
            return
        shown = self._current(kept)
        if shown is not None:
            yield shown
        asking = self._ask(ref)
        done, _ = await asyncio.wait({asking}, timeout=self._budget)
        if not done:
            self._tell(f"no answer within {self._budget * 1000:.0f} ms")
            return
        try:
            fresh = asking.result()
        except MembersAway:
            return
        except asyncio.CancelledError:  # of the question, not of us: it was erased meanwhile
            fresh = None
        if fresh is not None or shown is not None:
            yield fresh

    def forget(self, ref: str) -> None:
        """Erase a member at once, and what may be on its way."""
        self._shelf.forget(ref)
        if (asking := self._asking.pop(ref, None)) is not None:
            asking.cancel()

    def sweep(self) -> None:
        """Forget what is over."""
        self._shelf.sweep(self._mono())

    def _current(self, kept: Kept | None) -> Profile | None:
        if kept is None or kept.profile is None:
            return None
        return current(kept.profile, self._wall(), self._mono() - kept.since)

    def _ask(self, ref: str) -> asyncio.Task[Profile | None]:
        asking = self._asking.get(ref)
        if asking is None:
            asking = self._asking[ref] = asyncio.create_task(self._fetch(ref), name="members")
            asking.add_done_callback(lambda done: self._asked(ref, done))
        return asking

    def _asked(self, ref: str, asking: asyncio.Task[Profile | None]) -> None:
        if self._asking.get(ref) is asking:
            del self._asking[ref]
        if not asking.cancelled() and (error := asking.exception()) and not isinstance(error, MembersAway):
            log.warning("the members' source failed: %s", type(error).__name__)

    async def _fetch(self, ref: str) -> Profile | None:
        """What the source says, kept for the next visit; raises MembersAway."""
        try:
            async with asyncio.timeout(ASK_S):
                found = await self._source.profile(ref)
        except TimeoutError:
            self._tell(f"no answer within {ASK_S:.0f} s")
            raise MembersAway("no answer in time") from None
        except MembersAway as away:
            self._tell(str(away))
            raise
        self._tell("")
        now = self._mono()
        kept = self._shelf.get(ref, now)
        whole = found and filled(found, self._current(kept))
        # What was filled in is as old as what it came from, so the whole is kept no longer than that would have been.
        self._shelf.put(ref, whole, kept.since if kept and whole is not found else now)
        return whole

    async def close(self) -> None:
        """End what is under way and keep nothing."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        self._shelf = Shelf()


@asynccontextmanager
async def cached(source: Members, tell: Callable[[str], None] = lambda _: None) -> AsyncIterator[CachedMembers]:
    """The source with its shelf, which forgets whom the source erases and what is over."""
    members = CachedMembers(source, tell)
    tasks = [asyncio.create_task(_sweep(members), name="members over")]
    if isinstance(source, Erasing):
        tasks.append(asyncio.create_task(_erase(members, source.erased()), name="members erased"))
    try:
        yield members
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await members.close()


async def _sweep(members: CachedMembers) -> None:
    while True:
        await asyncio.sleep(SWEEP_S)
        members.sweep()


async def _erase(members: CachedMembers, erased: AsyncIterator[str]) -> None:
    async for ref in erased:
        members.forget(ref)

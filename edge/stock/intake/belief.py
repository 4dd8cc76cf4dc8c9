"""Whether what a system tells vouches for all the rest: it says so, and no comparison found otherwise."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from edge.stock.freshness import LIVE_S
from edge.stock.intake.doubts import CLEAN_S, Doubts, Told
from edge.stock.intake.reader import Channel
from edge.stock.intake.witness import Row, Witness
from edge.stock.system import Can, Since


def said(can: Can) -> frozenset[Told]:
    """By what a system says that it tells every change."""
    says = {Told.SINCE: can.since is Since.SURE, Told.PUSHES: can.beats}
    return frozenset(told for told, is_said in says.items() if is_said)


def beliefs(channel: Channel, doubts: Doubts, wall: Callable[[], float]) -> tuple[Belief, Belief]:
    """In what asking a channel's system for changes finds, and in what its numbered pushes tell.

    A push that is told when its figure would no longer be shown as live anyway comes too late.
    """
    says, lag_s, vowed = said(channel.can), channel.can.lag_s, channel.settings.vowed is not None
    asked = Belief(channel, Told.SINCE, Told.SINCE in says, vowed, lag_s, doubts, wall)
    return asked, Belief(channel, Told.PUSHES, Told.PUSHES in says, False, lag_s + LIVE_S, doubts, wall)


class Belief:
    """One channel's, in one thing that it says. ``says`` is whether it says that it tells every change that way;
    ``vowed`` that somebody answers for it, so that nothing it is found to miss counts; ``late_s`` how much later than
    it happened a change may be told."""

    def __init__(
        self,
        channel: Channel,
        told: Told,
        says: bool,
        vowed: bool,
        late_s: float,
        doubts: Doubts,
        wall: Callable[[], float],
    ) -> None:
        self._of = channel.id, told
        self._says = says
        self._vowed = vowed
        self._doubts = doubts
        self._wall = wall
        self._clean_s = CLEAN_S[told]
        self._witness = Witness(late_s)
        self._doubted_s: float | None = None

    @property
    def holds(self) -> bool:
        """Whether it is believed now."""
        return self._says and self._doubted_s is None

    async def restore(self) -> None:
        """What was found out before is still known, unless somebody said anew what is to be believed."""
        if self._says and not self._vowed:
            self._doubted_s = await self._doubts.known(*self._of, self._wall())
        else:
            await self._doubts.drop(*self._of)

    def begin(self) -> None:
        """A comparison begins: what is told from now on may be told before its pages are known."""
        self._witness.begin()

    def end(self) -> None:
        """It ended."""
        self._witness.end()

    def differed(self, rows: Iterable[Row], at: float) -> None:
        """A comparison found these otherwise than they were known; its answer came at ``at`` (monotonic)."""
        if self._says:
            self._witness.differed(rows, at)

    def told(self, rows: Collection[Row]) -> None:
        """It told of these."""
        self._witness.told(rows)

    def forget(self) -> None:
        """Nothing is held against it: what it told may have been lost."""
        self._witness.forget()

    async def heard(self, at: float) -> bool:
        """It says that it told all that changed before ``at`` (monotonic); whether that vouches.

        Raises StockAway where it is to be believed again and that cannot be written.
        """
        if self._witness.asked(at) and not self._vowed:
            self._doubted_s = self._wall()
            self._doubts.note(*self._of, self._doubted_s)
        elif self._doubted_s is not None:
            # A clock that ran ahead and was set right makes no doubt longer.
            self._doubted_s = min(self._doubted_s, now_s := self._wall())
            if now_s - self._doubted_s > self._clean_s:
                await self._doubts.drop(*self._of)
                self._doubted_s = None
        return self.holds

"""What a drill says: a line that moves at a terminal, a line a fault elsewhere, objects for programs, and the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict

from edge.drill.plan import FAULTS, Step
from edge.drill.shop import Shop
from edge.drill.whole import Outcome

WIDTH = 100


class Objects:
    """For programs: the plan, an object for each fault once it is over."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def planned(self, seed: int, steps: Sequence[Step], skipped: Mapping[str, str]) -> None:
        """What is going to be done, and what cannot be, with why."""
        self._say(json.dumps({"seed": seed, "plan": [asdict(step) for step in steps], "skipped": dict(skipped)}))

    def began(self, shop: Shop, step: Step) -> None:
        """Nothing: it is said once it is over."""

    def ended(self, shop: Shop, step: Step) -> None:
        """What was broken, and how the books stand."""
        stands = {"accepted": shop.books.total, "received": shop.arrived(), "waiting": shop.books.waiting}
        self._say(json.dumps({"at": step.at, "fault": step.fault, "lasts": step.lasts, **stands}))

    def looked(self, shop: Shop) -> None:
        """Nothing."""

    def over(self, outcome: Outcome, kept: str) -> None:
        """How it went beside the books, then the books, last."""
        missing = [list(place) for place in outcome.verdict.missing[:20]]
        self._say(json.dumps({"broker": outcome.broker, "died": dict(outcome.deaths), "missing": missing}))
        self._say(json.dumps(outcome.line()))


class Words:
    """For people. ``moves`` is True at a terminal, where one line shows what is broken now."""

    def __init__(self, say: Callable[[str], None], move: Callable[[str], None] | None) -> None:
        self._say, self._move = say, move
        self._broken: list[str] = []

    def planned(self, seed: int, steps: Sequence[Step], skipped: Mapping[str, str]) -> None:
        """What is going to be done, and what cannot be, with why."""
        self._say(f"seed {seed}: {len(steps)} faults; the same seed plans the same")
        for step in steps:
            self._say(f"  {step.at:7.2f} s  {step.lasts:4.2f} s  {step.fault}")
        for name, why in skipped.items():
            self._say(f"  left out: {name} ({why})")

    def began(self, shop: Shop, step: Step) -> None:
        """Something breaks."""
        self._broken.append(step.fault)
        if self._move is None:
            self._say(f"{step.at:7.2f} s  {FAULTS[step.fault].words}")
        self.looked(shop)

    def ended(self, shop: Shop, step: Step) -> None:
        """It is mended."""
        self._broken.remove(step.fault)
        self.looked(shop)

    def looked(self, shop: Shop) -> None:
        """What is broken now, and the books."""
        if self._move is not None:
            broken = ", ".join(self._broken) or "nothing"
            self._move(f"accepted {shop.books.total}, received {shop.arrived()}, broken: {broken}"[:WIDTH].ljust(WIDTH))

    def over(self, outcome: Outcome, kept: str) -> None:
        """The end, as a table, and what to do if it is a bad one."""
        for line in _ending(outcome, kept):
            self._say(line)


def _ending(outcome: Outcome, kept: str) -> Iterator[str]:
    found = outcome.verdict
    yield ""
    for name, count in sorted(outcome.faults.items()):
        yield f"  {count:6}  {name:12} {FAULTS[name].words}"
    yield ""
    told = "accepted, not arrived, and a gap says so"
    rows = {
        "accepted": (found.accepted, "events that the store said are on its disk"),
        "received": (found.received, f"of them in head office's database (broker: {outcome.broker})"),
        "gaps": (found.gaps, told),
        "lost": (found.lost, "accepted, not arrived, and nothing says so"),
        "doubled": (found.doubled, "in head office's database more than once"),
    }
    for name, (count, words) in rows.items():
        yield f"  {count:6}  {name:12} {words}"
    for name, count in outcome.deaths.items():
        yield f"  {count:6}  {'died':12} times the {name} ended though nobody had killed it"
    if found.gaps and not outcome.spoilt:
        yield "Gaps are a wonder here: nothing that was done destroys what was accepted. Please tell us the seed."
    yield ""
    if found.clean:
        yield f"Nothing is lost and nothing is there twice (seed {outcome.seed})."
    else:
        first = ", ".join(f"{stream[:8]} {seq}" for stream, seq in found.missing[:5])
        yield f"This must not be. Missing first: {first or 'nothing'}."
        yield f"Please send us the seed {outcome.seed} and {kept}."

"""Calls for staff as a test has them, in place of the edge's."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from content.model import Call


@dataclass
class Counter:
    """What shoppers asked for, the newest first; staff see to all at ``now_s``. ``heeded`` counts who listened, from
    ``most`` on that wait it is full."""

    now_s: float
    calls: list[Call] = field(default_factory=list)
    version: int = 1
    heeded: int = 0
    most: int = 500

    def heed(self) -> None:
        self.heeded += 1

    def full(self) -> bool:
        return sum(each.waits for each in self.calls) >= self.most

    def today(self) -> list[Call]:
        return self.calls

    def settle(self, key: str, done: bool) -> None:
        settled_s = self.now_s if done else 0.0
        self.calls = [replace(each, settled_s=settled_s) if each.key == key else each for each in self.calls]
        self.version += 1

"""How far head office can have heard of a stream: more than that shows that this folder is an older copy of itself.

A data folder that is restored whole (an image of the disk, a backup) is in good order, sentinel and all, and would give
numbers again that head office has under other contacts: it would take the new ones for duplicates. Nothing on the
device tells, only head office's word for a number that was never sent from here (RELIABILITY.md 2.8).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Reach:
    """``opened`` is the last number that an earlier run can have sent: the last one of the file when it was opened for
    the first time since head office had vouched for the stream. ``again`` is whether that was an earlier opening: until
    it is vouched for, a run sends one event alone. ``sent`` is the highest number sent in this run."""

    opened: int
    again: bool = False
    sent: int = 0
    vouched: bool = False

    @property
    def most(self) -> int:
        """The highest number that head office can rightly know."""
        return max(self.opened + self.again, self.sent)

    @property
    def ours(self) -> int:
        """Up to here a number means at head office what it means here, even if it knows of more than was sent."""
        return max(self.opened, self.sent) if self.vouched else self.opened

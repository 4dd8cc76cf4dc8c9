"""The ballast: room on the disk that is given up when there is none, so that the outbox can still delete and account.

On a full disk even a DELETE fails, for want of room in the log, and succeeds right after this file is gone
(RELIABILITY.md 2.7, measured).
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


def ballast_of(path: Path) -> Path:
    """Where the ballast of an outbox's file lies."""
    return path.with_suffix(".ballast")


@dataclass(frozen=True, slots=True)
class Ballast:
    """A file of ``size`` bytes that the disk has really set aside: a sparse one would be none. 0 bytes: no file."""

    path: Path
    size: int

    def there(self) -> bool:
        """Whether there is something to give up."""
        return self.path.exists()

    def make(self) -> bool:
        """Set the room aside; False if the disk has not that much, and then nothing of it is left behind."""
        if not self.size:
            return False
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        except OSError:
            return False
        try:
            os.posix_fallocate(file, 0, self.size)
            os.ftruncate(file, self.size)
            os.fsync(file)
        except OSError:
            self.give_up()
            return False
        finally:
            os.close(file)
        return True

    def give_up(self) -> bool:
        """Let the room go; False if there was none."""
        try:
            self.path.unlink()
        except OSError:
            return False
        with suppress(OSError):  # the room counts as free at once or with the folder's next flush
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        return True

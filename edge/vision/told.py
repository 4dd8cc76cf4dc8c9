"""What the parent tells an eye while it looks: a thread hears it, and of each kind the latest word counts."""

from __future__ import annotations

import os
import struct
import threading
import time
from dataclasses import dataclass

from edge.config import WHOLE, Zone
from edge.ports import SourceEnded
from edge.vision.wire import HEADER, LONGEST_BODY, Aim, Picture, Showing, Told, told


@dataclass(frozen=True, slots=True)
class Lease:
    """Until when (monotonic seconds) somebody looks at what the eye sees, and whether at its picture."""

    until: float = 0.0
    picture: bool = False


class Ear:
    """The messages that arrive on a file descriptor, until it ends or says what is in no one's language."""

    def __init__(self, descriptor: int, zone: Zone = WHOLE) -> None:
        self.zone, self.lease = zone, Lease()
        self._descriptor = descriptor
        self._changed = threading.Condition()
        self._picture: Picture | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._listen, name="ear", daemon=True)
        self._thread.start()

    def picture(self, timeout: float) -> Picture | None:
        """The latest pushed picture, None if none came in time. Raises SourceEnded when no more can come."""
        with self._changed:
            self._changed.wait_for(lambda: self._picture is not None or self._ended, timeout)
            latest, self._picture = self._picture, None
            if latest is None and self._ended:
                raise SourceEnded("the pipe of pictures has ended")
            return latest

    def wait(self) -> None:
        """Wait until the pipe has ended and all of it was taken."""
        self._thread.join()

    def _listen(self) -> None:
        try:
            while (header := self._exactly(HEADER.size)) is not None:
                kind, length = HEADER.unpack(header)
                body = self._exactly(length) if length <= LONGEST_BODY else None
                if body is None:
                    break
                self._take(told(kind, body))
        except (ValueError, struct.error):
            pass  # a parent of another language: as good as none
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _take(self, said: Told) -> None:
        match said:
            case Picture():
                with self._changed:
                    self._picture = said
                    self._changed.notify_all()
            case Aim(zone):
                self.zone = zone
            case Showing(seconds, picture):
                self.lease = Lease(time.monotonic() + seconds, picture)

    def _exactly(self, count: int) -> bytes | None:
        """So many bytes, None at the end of the pipe."""
        whole = bytearray()
        while len(whole) < count:
            part = os.read(self._descriptor, min(count - len(whole), 1 << 16))
            if not part:
                return None
            whole += part
        return bytes(whole)

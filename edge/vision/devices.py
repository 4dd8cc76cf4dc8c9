"""Devices of this machine: opened without waiting, read as they speak, and found by names that outlive a replug."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path

from edge.ports import SourceGone

DEV = Path("/dev")
STABLE = {"camera": "v4l/by-id", "keyboard": "input/by-id", "serial": "serial/by-id"}
"""Where udev names a device by its maker and serial number, below /dev, whatever port it hangs on."""
OTHERWISE = {"camera": "v4l/by-path", "keyboard": "input/by-path", "serial": "serial/by-path"}
"""The same by the port that it hangs on, for devices without a serial number and for two of one make."""
ENDINGS = {"camera": "-video-index0", "keyboard": "-event-kbd", "serial": ""}
"""Of a device's several names the one that gives pictures or keys."""
MOST_BYTES = 4096
GROUPS = {"camera": "video", "keyboard": "input", "serial": "dialout"}


def opened(path: Path, kind: str, flags: int) -> int:
    """A file descriptor that never blocks; raises SourceGone with why not and what to do."""
    try:
        return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise gone(path, kind, error.errno or 0) from None


def gone(path: Path, kind: str, number: int = 0) -> SourceGone:
    """Why a device is not to be had, by the system's error number; 0 for one that went away."""
    if number == errno.EBUSY:
        return SourceGone(f"{path} is used by another program", "End what else uses the device.")
    if number in (errno.EACCES, errno.EPERM):
        return SourceGone(f"{path} may not be opened", f"Add the service's user to the group {GROUPS[kind]}.")
    if number in (0, errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO):
        return SourceGone(f"{path} is unplugged", "Plug the device in.")
    return SourceGone(f"{path} cannot be used: {os.strerror(number)}", "Choose another device.")


async def chunk(descriptor: int, path: Path, kind: str, quiet_s: float | None) -> bytes:
    """The next bytes of a device, b"" if none came for ``quiet_s``; raises SourceGone when it went away.

    What has arrived is looked for before silence is believed: it may be this program that slept.
    """
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        async with asyncio.timeout(quiet_s):
            await ready.wait()
    except TimeoutError:
        pass
    finally:
        loop.remove_reader(descriptor)
    try:
        part = os.read(descriptor, MOST_BYTES)
    except BlockingIOError:
        return b""
    except OSError as error:
        raise gone(path, kind, error.errno or 0) from None
    if not part:
        raise gone(path, kind)
    return part


def there(kind: str, dev: Path = DEV) -> list[Path]:
    """The devices of a kind that are plugged in, by their stable names; by port where one has no other."""
    named, ported = (_links(dev / place[kind], ENDINGS[kind]) for place in (STABLE, OTHERWISE))
    known = {link.resolve() for link in named}
    return named + [link for link in ported if link.resolve() not in known]


def stable_name(path: Path, kind: str, dev: Path = DEV) -> Path | None:
    """The stable name of a device that is given by one that changes, None if it has none or was given by it."""
    if any(path.is_relative_to(dev / place[kind]) for place in (STABLE, OTHERWISE)):
        return None
    return next((link for link in there(kind, dev) if link.resolve() == path.resolve()), None)


def _links(folder: Path, ending: str) -> list[Path]:
    return sorted(link for link in folder.glob(f"*{ending}") if link.exists())

"""The address of a camera in the network, as settings may name it: of a known kind, and without a secret in it."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit


def checked(address: str, schemes: Collection[str]) -> str:
    """The address as it is; raises ValueError, which quotes nothing of it, for one that no camera of ours has.

    A page that shows the settings would show a secret that stands in one, and a library that opens whatever it is
    given would open a file of this machine, or follow a web server to anywhere.
    """
    if not (address.isascii() and address.isprintable()) or " " in address:
        raise ValueError("an address has no blanks, and of letters those of ASCII alone")
    try:
        split = urlsplit(address)
        known = split.scheme in schemes and bool(split.hostname) and split.port != 0
    except ValueError:
        raise ValueError("no address: its host or its port is none") from None
    if not known:
        raise ValueError("must be " + " or ".join(f"{scheme}://" for scheme in sorted(schemes)) + " and a host")
    if "@" in split.netloc:
        raise ValueError("a secret does not belong into a URL; use user and password_file")
    return address

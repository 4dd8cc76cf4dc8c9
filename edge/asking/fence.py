"""Where a connection may lead: to the hosts that the settings name, and to public addresses unless they allow more.

Whoever can answer for a name (a hostile DNS server, a changed record) must not turn our questions inward, to a router's
page or a cloud's metadata (RELIABILITY 4.1, T10).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from edge.asking.strict import CannotAsk

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""RFC 6052: an IPv4 address in the last 32 bits."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Inward(CannotAsk):
    """A question would have gone where it must not go."""


class Fenced(aiohttp.TCPConnector):
    """A connector to ``hosts`` alone. A name is resolved once for each connection, and exactly what was looked at is
    connected to; if any of its addresses is not public, none is, unless ``private``."""

    def __init__(self, hosts: Collection[str], private: bool, resolver: AbstractResolver | None = None, **more: Any):
        self._hosts = frozenset(hosts)
        local = frozenset(host for host in self._hosts if loopback(host))
        super().__init__(resolver=_Public(resolver or aiohttp.ThreadedResolver(), private, local), **more)

    async def connect(self, req: aiohttp.ClientRequest, *args: Any, **kwargs: Any) -> Any:
        """As ever, to a host of the settings; raises Inward for another."""
        host = req.url.host or ""
        if host not in self._hosts:
            raise Inward(f"{host[:64]} is no host of the settings")
        return await super().connect(req, *args, **kwargs)


class _Public(AbstractResolver):
    """A resolver that gives no address inside: not loopback, not private, not the link's own, not a group's."""

    def __init__(self, asked: AbstractResolver, private: bool, local: Collection[str]) -> None:
        self._asked = asked
        self._private = private
        self._local = local

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._asked.resolve(host, port, family)
        if not self._private and host not in self._local and any(inward(each["host"]) for each in found):
            raise Inward(f"{host[:64]} leads to an address that is not public; if it is meant, set private = true")
        return found

    async def close(self) -> None:
        await self._asked.close()


def inward(text: str) -> bool:
    """Whether this is an address that is not public; False for a name. An IPv4 address that is wrapped in an IPv6 one
    counts as itself."""
    try:
        address = _unwrapped(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return False
    return not address.is_global or address.is_multicast


def loopback(host: str) -> bool:
    """Whether a host is this machine by its own text."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _unwrapped(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)

"""Everything head office's hub is told."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from edge.complaints import layers, placed
from edge.config.base import Adapter, Id, Settings, Web
from edge.config.postgres import Postgres
from edge.config.store import StockChannel
from edge.handoff import Leading
from provisioning.layers import HUB_LAYERS


class HubIdentity(Settings):
    """The hub's own id and data folder. Hubs of one ``group``, each with an id of its own, share the contacts between
    them; all write one database.
    """

    id: Id = "hub"
    group: Literal[""] | Id = ""
    data: Path = Path("data")


class Policy(Settings):
    """What all edges are told: how many messages a second of a backlog each may send, and over how many seconds they
    spread their return. What is not set each edge decides."""

    drain_eps: float | None = Field(None, ge=0, le=100_000)
    connect_spread_s: float | None = Field(None, ge=0, le=86_400)


class Hub(Settings):
    """Everything head office's hub is told. ``stock_token`` is a file with the bearer token that stores must send,
    ``ledger_token`` one with that for ``/ledger.json``; ``stock_shared`` is the database by which hubs of a group read
    each channel of stock once;
    ``keyset``, ``deny`` and ``erase`` are the signed files that it hands out to all edges, anew when they change;
    ``members`` is where profiles come from that it gives to stores which send the token in ``members_token``."""

    hub: HubIdentity = HubIdentity()
    web: Web = Web(port=8090)
    upstream: Adapter
    sink: Adapter = Adapter(adapter="sqlite", settings={"path": "contacts.sqlite"})
    stock: tuple[StockChannel, ...] = ()
    stock_token: Path | None = None
    stock_shared: Postgres | None = Field(None, validate_default=True)
    keyset: Path | None = None
    deny: Path | None = None
    ledger_token: Path | None = None
    policy: Policy = Policy()
    erase: Path | None = None
    handoff: Leading = Leading()
    members: Adapter | None = None
    members_token: Path | None = Field(None, validate_default=True)

    @field_validator("handoff")
    @classmethod
    def _one_hub_keeps_the_links(cls, leading: Leading, info: ValidationInfo) -> Leading:
        own = info.data.get("hub")
        if own is not None and own.group and leading != Leading():
            # Each hub's book of links holds the offers that it took in itself, and a group shares the contacts out.
            raise ValueError(
                "hubs of a group share no book of links, so uses would be lost or counted twice; leave out hub.group"
            )
        return leading

    @field_validator("stock_shared")
    @classmethod
    def _one_hub_reads_a_channel(cls, shared: Postgres | None, info: ValidationInfo) -> Postgres | None:
        own = info.data.get("hub")
        if own is None or "stock" not in info.data:
            return shared
        if shared is None and own.group and info.data["stock"]:
            raise ValueError(
                "hubs of a group that have [[stock]] need a database that they share, or each would call the systems "
                "and number its own rows; add [stock_shared]"
            )
        if shared is not None and not own.group:
            raise ValueError("one hub alone shares its stock with nobody; set hub.group, or leave out [stock_shared]")
        return shared

    @field_validator("members_token")
    @classmethod
    def _members_are_not_open(cls, token: Path | None, info: ValidationInfo) -> Path | None:
        where = info.data.get("web")
        if token is None and info.data.get("members") is not None and where and not _loopback(where.host):
            raise ValueError("members are given to nobody without a token; name its file, or set web.host to 127.0.0.1")
        return token


def is_open(where: Web) -> bool:
    """Whether who is not on this machine can ask."""
    return not _loopback(where.host)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_hub(folder: Path) -> Hub:
    """The hub's settings from a config directory; raises BadConfig."""
    layered = layers(folder, HUB_LAYERS)
    return placed(Hub, layered.values, layered)

"""``tentou stock``: where each number on a screen comes from, how old it is, and that everything is compared now."""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import sys
import time
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from edge import config
from edge.stock.inquiry import printed, told, wishes
from edge.stock.inquiry.afield import Offering, afield
from edge.stock.inquiry.awaited import progress
from edge.stock.inquiry.desk import Shop
from edge.stock.inquiry.explained import Offers
from edge.stock.offering import offered
from provisioning.layers import HUB_LAYERS

PATIENCE_S = 30.0
COMPARED_S = 7200.0
"""A comparison may wait for its source's budget of calls."""
Plain = Callable[[dict[str, Any], tzinfo | None], list[str]]


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The sub-commands of ``stock``."""
    parser = commands.add_parser("stock", help="where each number on a screen comes from, at a store or a hub")
    kinds = parser.add_subparsers(dest="stock_command", required=True, metavar="COMMAND")
    for name, run, text in (
        ("status", status, "each channel: how old its word is, what vouches for it, its calls, its lag"),
        ("explain", explain, "a SKU, JAN or GTIN: every figure, by which way it came, and what is shown for it now"),
        ("reconcile", reconcile, "let the service compare everything with its sources now"),
    ):
        command = kinds.add_parser(name, help=text)
        command.add_argument("--config", type=Path, required=True, metavar="DIR", help="the settings of store or hub")
        command.add_argument("--json", action="store_true", help="one object")
        command.set_defaults(run=run)
        if name == "explain":
            command.add_argument("sku", metavar="SKU", help="our SKU, or the product's JAN or GTIN")
        if name == "reconcile":
            command.add_argument("channel", nargs="?", default="", metavar="CHANNEL", help="one alone (all)")
            command.add_argument(
                "--wait", action="store_true", help="until it has ended, and say how many rows differed"
            )


def status(args: argparse.Namespace) -> int:
    """Print how the channels stand; 1 if one is down, forgotten or too old to be shown."""
    found = _asked(args.config, "status", "")
    _print(found, args, printed.channels)
    fit = all(
        each["state"] in ("", "up") and each["word"] != "asking" and not each["bare"] for each in found["channels"]
    )
    return 0 if fit and found["live"] else 1


def explain(args: argparse.Namespace) -> int:
    """Print where a SKU's numbers come from; 1 if nobody ever spoke of it."""
    found = _asked(args.config, "explain", args.sku)
    _print(found, args, printed.explained)
    return 0 if found["sku"] else 1


def reconcile(args: argparse.Namespace) -> int:
    """Ask for a comparison; 1 if it cannot be, or if rows differed."""
    settings, data = _read(args.config)
    known = [channel.id for channel in settings.stock]
    if args.channel and args.channel not in known:
        raise config.BadConfig(f"no stock channel '{args.channel}' in these settings; known: {', '.join(known)}")
    if not wishes.served(data):
        found: dict[str, Any] = {"live": False, "channels": [], "away": [args.channel] if args.channel else known}
    elif args.wait:
        with progress(sys.stderr, _zone(settings)) as shown:
            found = {"live": True} | _answer(data, "compare", args.channel, COMPARED_S, shown.show)
    else:
        found = {"live": True} | _answer(data, "ask", args.channel, PATIENCE_S)
    _print(found | {"waited": args.wait}, args, printed.compared)
    return 1 if found["away"] or any(each["differed"] for each in found["channels"]) else 0


def _asked(folder: Path, what: str, of: str) -> dict[str, Any]:
    """What the running service says, or else its files."""
    settings, data = _read(folder)
    if wishes.served(data):
        return _answer(data, what, of, PATIENCE_S)
    return asyncio.run(_afield(settings, folder, data, what, of))


def _answer(
    data: Path, what: str, of: str, patience_s: float, heard: Callable[[dict[str, Any]], None] | None = None
) -> dict[str, Any]:
    """The service's answer; raises config.BadConfig, in plain words, where there is none."""
    try:
        found = wishes.ask(data, what, of, patience_s, heard)
    except wishes.Unanswered as error:
        raise config.BadConfig(f"{data}: {error}") from error
    except OSError as error:
        todo = "run this as the service's own user, or as root"
        raise config.BadConfig(f"{data / wishes.FOLDER}: {error.strerror}; {todo}") from error
    if "wrong" in found:
        raise config.BadConfig(f"{data}: {found['wrong']}")
    return found


async def _afield(settings: config.Store | config.Hub, folder: Path, data: Path, what: str, of: str) -> dict[str, Any]:
    async with afield(_shop(settings, folder), data, of, _offering(settings)) as desk:
        now_s = time.time()
        try:
            if what == "explain":
                return told.explained(await desk.explain(of), False, now_s)
            return told.channels(await desk.channels(), False, now_s)
        except sqlite3.Error as error:
            raise config.BadConfig(
                f"{data}: what is written of stock cannot be read; `tentou check` says more"
            ) from error


def _shop(settings: config.Store | config.Hub, folder: Path) -> Shop:
    if isinstance(settings, config.Store):
        return Shop(settings.stock, folder, settings.location)
    return Shop(settings.stock, folder, here=False)


def _offering(settings: config.Store | config.Hub) -> Offering | None:
    """What a store's screens would offer by its files alone: while no service runs, nothing is kept for anybody."""
    if not isinstance(settings, config.Store):
        return None
    store = settings

    def offering(desk: Any) -> Offers:
        return lambda sku, language: offered(store, desk.cache, sku, language, (), desk.wall())

    return offering


def _read(folder: Path) -> tuple[config.Store | config.Hub, Path]:
    """The settings of a store or a hub, and its data folder; raises config.BadConfig."""
    if (folder / HUB_LAYERS[0]).exists():
        hub = config.read_hub(folder)
        return hub, folder / hub.hub.data
    store = config.read_store(folder)
    return store, folder / store.device.data


def _print(found: dict[str, Any], args: argparse.Namespace, plain: Plain) -> None:
    if args.json:
        print(json.dumps(found, ensure_ascii=False))
        return
    settings, _ = _read(args.config)
    print("\n".join(plain(found, _zone(settings))))


def _zone(settings: config.Store | config.Hub) -> ZoneInfo | None:
    """A store's time zone; a hub's times are told in its machine's."""
    return ZoneInfo(settings.device.timezone) if isinstance(settings, config.Store) else None

"""``tentou content list|add|publish``: the library from a terminal; a running edge sees it within a second."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from time import time
from zoneinfo import ZoneInfo

import sqlite_utils

from content import store
from content.catalogue import read_catalogue
from content.files import Files
from content.library import new_id
from content.model import Campaign, Layer, Media
from content.publish import PROBLEMS, Shop, problems
from content.records import dumped
from content.resolve import WELCOME
from content.snapshot import shelf, snapshot
from content.studio.words import state
from content.uploads import BadUpload, Ingested, arriving, ingest
from provisioning.layers import Layered, load

LAYERS = ("chain.toml", "store.toml", "device.toml", "local.toml")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``content`` and its sub-commands."""
    parser = commands.add_parser("content", help="what screens show: list it, add a picture, publish a campaign")
    kinds = parser.add_subparsers(required=True, metavar="list|add|publish")
    each = kinds.add_parser("list", help="every picture and campaign, and how it stands")
    each.set_defaults(run=list_)
    adding = kinds.add_parser("add", help="put a picture into the library")
    adding.add_argument("file", type=Path)
    adding.add_argument("--title", default="")
    adding.set_defaults(run=add_)
    publishing = kinds.add_parser("publish", help="show a picture as a campaign, or a saved draft")
    publishing.add_argument("id", help="of a picture or of a draft")
    publishing.add_argument("--name", default="")
    publishing.add_argument("--screen", action="append", default=[])
    publishing.set_defaults(run=publish)
    for one in (each, adding, publishing):
        one.add_argument("--config", type=Path, required=True, metavar="DIR")
        one.add_argument("--json", action="store_true")


def list_(arguments: argparse.Namespace) -> int:
    """Print a line for each picture and each campaign; 1 if one of them is damaged or cannot be read."""
    with _opened(arguments.config) as (connection, files, layered):
        lying = shelf(connection)
        own = [each for each in lying.media.values() if each.id != WELCOME]
        damaged = frozenset(each.id for each in own if not files.whole(each))
        content = snapshot(lying, damaged, {})
        now = _now(layered)
    for medium in own:
        word = "damaged" if medium.id in damaged else "ready"
        _say(arguments.json, {"kind": "media", "id": medium.id, "name": medium.title, "state": word})
    for campaign in {**content.drafts, **{each.id: each for each in content.campaigns}}.values():
        row = {"kind": campaign.layer.value, "id": campaign.id, "name": campaign.name, "state": state(campaign, now)}
        _say(arguments.json, row)
    for why in lying.unread:
        print(f"cannot be read: {why}", file=sys.stderr)
    return 1 if damaged or lying.unread else 0


def add_(arguments: argparse.Namespace) -> int:
    """Convert a picture and put it into the library; 1 if it cannot be used."""
    if not arguments.file.is_file():
        print(f"no such file: {arguments.file}")
        return 2
    with _opened(arguments.config) as (connection, files, _):
        try:
            made = asyncio.run(_ingested(files, arguments.file))
        except BadUpload as error:
            print(f"{arguments.file.name}: {error}")
            return 1
        title = arguments.title or arguments.file.stem
        medium = Media(new_id(), title, made.kind, made.sha256, made.suffix, made.width, made.height)
        _write(connection, "upload", title, store.Change("media", medium.id, dumped(medium)))
    _say(arguments.json, {"kind": "media", "id": medium.id, "name": medium.title, "state": "ready"})
    return 0


def publish(arguments: argparse.Namespace) -> int:
    """Publish a draft, or a picture as a campaign of its own; 1 with the reasons if it may not be."""
    with _opened(arguments.config) as (connection, files, layered):
        lying = shelf(connection)
        if arguments.id not in lying.media and arguments.id not in lying.drafts:
            print(f"no picture and no draft '{arguments.id}'; `tentou content list` names them")
            return 2
        campaign = lying.drafts.get(arguments.id) or Campaign(new_id(), "", Layer.SCHEDULE, (arguments.id,))
        title = lying.media[arguments.id].title if arguments.id in lying.media else campaign.name
        screens = frozenset(arguments.screen) or campaign.screens
        campaign = replace(campaign, name=arguments.name or title, screens=screens, published=True)
        media = {each.id: each for each in lying.media.values() if files.whole(each)}
        shop = Shop(_screens(layered), media, read_catalogue(files.folder).keys())
        if wrong := problems(campaign, shop, _now(layered)):
            for word in wrong:
                print(f"{campaign.name}: {PROBLEMS[word]['en']}")
            return 1
        changes = (store.Change("campaign", campaign.id, dumped(campaign)), store.Change("draft", campaign.id, None))
        _write(connection, "publish", campaign.name, *changes)
    _say(arguments.json, {"kind": campaign.layer.value, "id": campaign.id, "name": campaign.name, "state": "on"})
    return 0


async def _ingested(files: Files, source: Path) -> Ingested:
    async with arriving(files) as path:
        await asyncio.to_thread(shutil.copyfile, source, path)
        return await ingest(files, path)


@contextmanager
def _opened(config: Path) -> Iterator[tuple[sqlite3.Connection, Files, Layered]]:
    """The library of a config directory; its folder is made if it has none yet."""
    layered = load(config, LAYERS)
    folder = config / layered.values.get("device", {}).get("data", "data") / "content"
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / store.FILE, timeout=5)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        store.migrate(sqlite_utils.Database(connection))
        yield connection, Files(folder), layered


def _write(connection: sqlite3.Connection, verb: str, title: str, *changes: store.Change) -> None:
    with connection:
        store.perform(connection, time(), "tentou content", verb, title, changes)


def _screens(layered: Layered) -> frozenset[str]:
    return frozenset(str(each.get("id", "")) for each in layered.values.get("screen", ()))


def _now(layered: Layered) -> datetime:
    return datetime.now(ZoneInfo(layered.values.get("device", {}).get("timezone", "Asia/Tokyo")))


def _say(as_json: bool, row: dict[str, str]) -> None:
    print(
        json.dumps(row, ensure_ascii=False)
        if as_json
        else f"{row['kind']:10} {row['id']:14} {row['state']:9} {row['name']}"
    )

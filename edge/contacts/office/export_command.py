"""``tentou hub export``: what head office received, to a file; beside a hub that runs or without one."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from edge import config, plug
from edge.contacts.office.export import FORMS, CannotExport, export
from edge.contacts.office.sink import Asked, Exporting, SinkAway


def add(hub: argparse.ArgumentParser) -> None:
    """The sub-command ``export`` of ``hub``, which by itself runs head office."""
    commands = hub.add_subparsers(metavar="[COMMAND]", required=False)
    parser = commands.add_parser("export", help="what was received, as NDJSON or Parquet")
    parser.add_argument("--config", type=Path, required=True, metavar="DIR", help="the folder with hub.toml")
    parser.add_argument("--since", type=_moment, default=0, metavar="TIME", help="received from then on: a day, or ISO")
    parser.add_argument("--until", type=_moment, metavar="TIME", help="received before then (now); UTC without offset")
    parser.add_argument("--format", choices=sorted(FORMS), default="ndjson")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--store", default="", metavar="S", help="of this store alone")
    parser.add_argument("--kind", default="", metavar="K", help="of this kind alone")
    parser.add_argument("--json", action="store_true", help="the result as one object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the file; 1 if the database is away or the file cannot be written."""
    until = time.time_ns() // 1_000_000 if arguments.until is None else arguments.until
    asked = Asked(arguments.since, until, arguments.store, arguments.kind)
    try:
        count = asyncio.run(_export(arguments.config, asked, arguments.format, arguments.out))
    except (SinkAway, CannotExport) as error:
        sys.stderr.write(f"tentou: {error}\n")
        return 1
    told = {"contacts": count, "file": str(arguments.out), "format": arguments.format}
    sys.stdout.write(f"{json.dumps(told)}\n" if arguments.json else f"{count:,} contacts in {arguments.out}\n")
    return 0


async def _export(folder: Path, asked: Asked, form: str, out: Path) -> int:
    settings = config.read_hub(folder)
    module = plug.adapter("sink", settings.sink.adapter)
    chosen = config.checked(module.Settings, settings.sink.settings, "sink.settings")
    async with module.open(chosen, folder / settings.hub.data) as sink:
        if not isinstance(sink, Exporting):
            raise CannotExport(f"the sink '{settings.sink.adapter}' cannot export; ask its database")
        return await export(sink.kept(asked), form, out, _tell)


def _tell(count: int) -> None:
    sys.stderr.write(f"{count:,} contacts …\n")
    sys.stderr.flush()


def _moment(text: str) -> int:
    """A day or a moment in UNIX ms."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is no day and no time such as 2026-11-01T09:00+09:00") from error
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)

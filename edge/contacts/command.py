"""``tentou outbox``: look into the outbox of a device, without touching it."""

from __future__ import annotations

import argparse
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from edge import config
from edge.contacts import schema
from edge.contacts.outbox import FILE


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The sub-commands of ``outbox``."""
    parser = commands.add_parser("outbox", help="what a device has recorded and head office has not confirmed")
    kinds = parser.add_subparsers(dest="outbox_command", required=True, metavar="COMMAND")
    for name, run, text in (
        ("status", status, "how much waits, what was set aside and why, what is accounted for as lost"),
        ("tail", tail, "the newest waiting events"),
        ("export", export, "every waiting event and every one set aside, one CloudEvent a line"),
    ):
        command = kinds.add_parser(name, help=text)
        command.add_argument("--config", type=Path, required=True, metavar="DIR", help="the device's settings")
        command.add_argument("--json", action="store_true", help="one object, or one a line")
        command.set_defaults(run=run)
        if name == "tail":
            command.add_argument("-n", type=int, default=10, metavar="N", help="how many (10)")


def status(args: argparse.Namespace) -> int:
    """Print the state of the outbox; 1 if anything was set aside or lost."""
    with closing(_connection(args.config)) as connection:
        told = _status(connection)
    if args.json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        for name, value in told.items():
            print(f"{name:13} {_plain(value)}")
    return 1 if told["set_aside"] or told["gaps"] else 0


def tail(args: argparse.Namespace) -> int:
    """Print the newest waiting events."""
    with closing(_connection(args.config)) as connection:
        last = "SELECT seq, kind, body FROM outbox ORDER BY seq DESC LIMIT ?"
        for seq, kind, body in reversed(connection.execute(last, [max(0, args.n)]).fetchall()):
            print(body.decode() if args.json else f"{seq:12} {json.loads(body)['time']} {kind}")
    return 0


def export(args: argparse.Namespace) -> int:
    """Print all events that are here, the dead first: what can be handed to head office by other means."""
    with closing(_connection(args.config)) as connection:
        acked = schema.acked_seq(connection)
        for table, above in (("dead", 0), ("outbox", acked)):
            for (body,) in connection.execute(f"SELECT body FROM {table} WHERE seq > ? ORDER BY seq", [above]):  # noqa: S608
                print(body.decode(errors="replace"))
    return 0


def _status(connection: sqlite3.Connection) -> dict[str, Any]:
    lost: dict[str, int] = {}
    for (counts,) in connection.execute("SELECT counts FROM gaps"):
        for kind, number in json.loads(counts).items():
            lost[kind] = lost.get(kind, 0) + number
    return {
        "stream": connection.execute("SELECT v FROM meta WHERE k = 'stream'").fetchone()[0],
        "waiting": schema.count_waiting(connection),
        "acknowledged": schema.acked_seq(connection),
        "last": schema.last_seq(connection),
        "oldest": _oldest(connection),
        "set_aside": dict(connection.execute("SELECT reason, count(*) FROM dead GROUP BY reason ORDER BY reason")),
        "gaps": dict(connection.execute("SELECT reason, count(*) FROM gaps GROUP BY reason ORDER BY reason")),
        "lost": lost,
    }


def _oldest(connection: sqlite3.Connection) -> str:
    found = schema.page(connection, schema.acked_seq(connection), 1)
    return str(json.loads(found[0].body)["time"]) if found else ""


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {count}" for name, count in value.items()) or "-"
    return str(value) if value != "" else "-"


def _connection(folder: Path) -> sqlite3.Connection:
    """The device's outbox, read-only: a look must not take part in the journal. Raises BadConfig if there is none."""
    path = folder / config.read_store(folder).device.data / FILE
    if not path.exists():
        raise config.BadConfig(f"{path}: no outbox yet; it is made when `tentou run` starts")
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)

"""``tentou outbox``: look into the outbox of a device without touching it, and ask its service to send again."""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge import config
from edge.contacts.spool import schema
from edge.contacts.spool.outbox import FILE
from edge.contacts.spool.retry import ask
from edge.contacts.spool.status import status
from edge.db import broken, cause, looked

PATIENCE_S = 10.0


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The sub-commands of ``outbox``."""
    parser = commands.add_parser("outbox", help="what a device has recorded and head office has not confirmed")
    kinds = parser.add_subparsers(dest="outbox_command", required=True, metavar="COMMAND")
    for name, run, text in (
        ("status", show, "how much waits, what was set aside and why, what is accounted for as lost"),
        ("tail", tail, "the newest waiting events"),
        ("export", export, "every waiting event and every one set aside, one CloudEvent a line"),
        ("inspect", inspect, "every event here that names a member's pseudonym: what to hand out when a person asks"),
        ("retry-dead", retry, "let the service send again what was set aside, under new numbers"),
    ):
        command = kinds.add_parser(name, help=text)
        command.add_argument("--config", type=Path, required=True, metavar="DIR", help="the device's settings")
        command.add_argument("--json", action="store_true", help="one object, or one a line")
        command.set_defaults(run=run)
        if name == "tail":
            command.add_argument("-n", type=int, default=10, metavar="N", help="how many (10)")
        if name == "inspect":
            command.add_argument("--ref", required=True, help="the pseudonym, as in m1.… or s1.…")
        if name == "retry-dead":
            command.add_argument("--reason", default="", help="only what was set aside for this reason")


def show(args: argparse.Namespace) -> int:
    """Print the state of the outbox; 1 if anything was set aside or lost."""
    with _outbox(args.config) as connection:
        found = status(connection)
    told = {
        "stream": found.stream,
        "waiting": found.waiting,
        "acknowledged": found.acknowledged,
        "last": found.last,
        "oldest": found.oldest,
        "set_aside": dict(found.set_aside),
        "gaps": {reason: sum(counts.values()) for reason, counts in found.gaps.items()},
        "lost": found.lost,
    }
    if args.json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        for name, value in told.items():
            print(f"{name:13} {_plain(value)}")
    return 1 if told["set_aside"] or told["gaps"] else 0


def tail(args: argparse.Namespace) -> int:
    """Print the newest waiting events."""
    with _outbox(args.config) as connection:
        last = "SELECT seq, kind, body FROM outbox ORDER BY seq DESC LIMIT ?"
        for seq, kind, body in reversed(connection.execute(last, [max(0, args.n)]).fetchall()):
            print(body.decode() if args.json else f"{seq:12} {json.loads(body)['time']} {kind}")
    return 0


def export(args: argparse.Namespace) -> int:
    """Print all events that are here, the dead first: what can be handed to head office by other means."""
    with _outbox(args.config) as connection:
        acked = schema.acked_seq(connection)
        for table, above in (("dead", 0), ("outbox", acked)):
            for (body,) in connection.execute(f"SELECT body FROM {table} WHERE seq > ? ORDER BY seq", [above]):  # noqa: S608
                print(body.decode(errors="replace"))
    return 0


def inspect(args: argparse.Namespace) -> int:
    """Print every event here that names a pseudonym; 1 if there is none."""
    found = 0
    with _outbox(args.config) as connection:
        for table in ("dead", "outbox"):
            for (body,) in connection.execute(f"SELECT body FROM {table} ORDER BY seq"):  # noqa: S608
                if _names(body, args.ref):
                    found += 1
                    print(body.decode())
    if not args.json:
        print(f"{found} waiting here; what head office has stored, its own database tells", file=sys.stderr)
    return 0 if found else 1


def _names(body: bytes, ref: str) -> bool:
    try:
        return bool(json.loads(body)["data"].get("member") == ref)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def retry(args: argparse.Namespace) -> int:
    """Ask the service to send again what was set aside; 1 if nothing was, or it does not answer."""
    with _outbox(args.config) as connection:
        dead = status(connection).set_aside
    waiting = sum(count for reason, count in dead.items() if args.reason in ("", reason))
    if not waiting:
        known = ", ".join(dead) or "nothing was set aside"
        print(json.dumps({"asked": 0}) if args.json else f"nothing to send again; reasons here: {known}")
        return 1
    wish = config.read_store(args.config)
    done = ask(args.config / wish.device.data, args.reason, PATIENCE_S)
    if args.json:
        print(json.dumps({"asked": waiting, "done": done}))
    elif done:
        print(f"{waiting} events go out again, under new numbers")
    else:
        print(f"{waiting} events go out again as soon as `tentou run` runs here")
    return 0 if done else 1


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {count}" for name, count in value.items()) or "-"
    return str(value) if value != "" else "-"


@contextmanager
def _outbox(folder: Path) -> Iterator[sqlite3.Connection]:
    """The device's outbox for a look; raises BadConfig, in plain words, if there is none or the disk refuses."""
    path = folder / config.read_store(folder).device.data / FILE
    if not path.exists():
        raise config.BadConfig(f"{path}: no outbox yet; it is made when `tentou run` starts")
    try:
        with looked(path) as connection:
            yield connection
    except sqlite3.DatabaseError as error:
        todo = "look at this device's disk, and at what `tentou check` says of it"
        raise config.BadConfig(f"{path}: {_why(error)}; {todo}") from error


def _why(error: sqlite3.DatabaseError) -> str:
    """What keeps the outbox from being read."""
    return "it is no outbox, or damaged" if broken(error) or "no such table" in str(error) else cause(error)

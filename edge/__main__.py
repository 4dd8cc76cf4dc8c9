"""Tentou: a store's signage and kiosks, and head office's end of their wires."""

from __future__ import annotations

import argparse
import asyncio
import errno
import io
import logging
import os
import select
import signal
import sqlite3
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from content import command as content
from edge import __version__
from edge.bench import command as bench
from edge.config import BadConfig
from edge.contacts import command as contacts
from edge.contacts.office import export_command
from edge.demo import command as demo
from edge.drill import command as drill
from edge.members import command as members
from edge.members.static import BadRule
from edge.plug import UnknownAdapter
from edge.stock import command as stock
from edge.vision import command as vision
from provisioning import command as provisioning
from provisioning.layers import BadLayer


def parser() -> argparse.ArgumentParser:
    """Every command and its options."""
    whole = argparse.ArgumentParser(prog="tentou", description=__doc__)
    whole.add_argument("--version", action="version", version=__version__)
    commands = whole.add_subparsers(metavar="COMMAND", required=True)
    run = commands.add_parser("run", help="a store's edge: eyes, sessions, screens, ledger")
    run.add_argument("--config", type=Path, required=True, metavar="DIR", help="the folder with device.toml")
    run.set_defaults(run=_run)
    hub = commands.add_parser("hub", help="head office: takes contacts in, gives stock out")
    hub.add_argument("--config", type=Path, metavar="DIR", help="the folder with hub.toml")
    hub.set_defaults(run=partial(_hub, hub))
    export_command.add(hub)
    check = commands.add_parser("check", help="the doctor: says what is wrong and what to do")
    check.add_argument("--config", type=Path, required=True, metavar="DIR", help="the folder with device.toml")
    check.add_argument("--json", action="store_true", help="one finding a line")
    check.set_defaults(run=_check)
    for room in (members, vision, contacts, stock, content, provisioning, demo, drill, bench):
        room.add(commands)
    return whole


UNREAD = 128 + signal.SIGPIPE
"""What a shell says of a tool that SIGPIPE ended."""


def main(argv: list[str] | None = None) -> int:
    """Run a command: 0 on success, 1 on a finding, 2 on wrong use; UNREAD if who read what it prints has gone."""
    try:
        try:
            return _command(argv)
        finally:
            print(end="", flush=True)  # here, as an error in Python's own flush at the end is no more to be caught
    except (BrokenPipeError, SystemExit) as end:  # newer argparse swallows a broken pipe and exits with 0
        if getattr(end, "code", 0) or not _unread():
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to print goes nowhere
        return UNREAD


def _unread() -> bool:
    """Nobody reads what is printed any more, as behind ``| head``."""
    poll = select.poll()
    try:
        poll.register(sys.stdout.fileno(), 0)
    except io.UnsupportedOperation:  # what is printed goes to no file: a caller in this process keeps it
        return False
    return bool(poll.poll(0))


def _command(argv: list[str] | None) -> int:
    arguments = parser().parse_args(members.joined(sys.argv[1:] if argv is None else argv))
    try:
        code: int = arguments.run(arguments)
    except (BadConfig, BadLayer, BadRule, UnknownAdapter) as error:
        for line in str(error).splitlines():
            print(f"tentou: {line}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return code


def _run(arguments: argparse.Namespace) -> int:
    from edge import app
    from edge.vision import box

    box.coreless()  # members' names and pushed pictures pass through this process
    return _serve(app.serve, arguments.config)


def _hub(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    from edge import hub

    if arguments.config is None:  # its commands have one of their own, so the parser cannot ask for it
        parser.error("the following arguments are required: --config")

    return _serve(hub.serve, arguments.config)


def _check(arguments: argparse.Namespace) -> int:
    from edge import doctor

    logging.getLogger("edge").addHandler(logging.NullHandler())  # a camera's troubles are findings, not log lines
    return doctor.run(arguments.config, arguments.json)


def _serve(serve: Callable[[Path], Awaitable[None]], folder: Path) -> int:
    """Serve until SIGTERM or Ctrl-C, then stop in order."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)

    async def until_told() -> None:
        serving = asyncio.ensure_future(serve(folder))
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, serving.cancel)
        try:
            await serving
        except asyncio.CancelledError:
            logging.getLogger(__name__).info("stopped")

    try:
        asyncio.run(until_told())
    except (OSError, sqlite3.Error) as error:
        print(f"tentou: cannot start: {_why(error)}", file=sys.stderr)
        return 1
    return 0


def _why(error: OSError | sqlite3.Error) -> str:
    """What of this machine is in the way of a start, and what to do."""
    of_port = (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL)
    if isinstance(error, OSError) and error.filename is None and error.errno in of_port:
        return f"{error.strerror}; end what uses it, or set web.host and web.port"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}; `tentou check` says more"
    return f"{error}; `tentou check` says more"


if __name__ == "__main__":
    sys.exit(main())

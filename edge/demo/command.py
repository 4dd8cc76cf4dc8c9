"""``tentou demo``: the whole product on this machine, with a sample shop."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from pathlib import Path

from edge.demo.settings import PortTaken
from edge.demo.whole import run


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    demo = commands.add_parser("demo", help="the whole product on this machine, with a sample shop")
    demo.add_argument("--port", type=int, default=8080, help="of the screens; the next is the start page's; 0: any")
    demo.add_argument("--seconds", type=float, help="end by itself after so long")
    demo.add_argument("--dir", type=Path, metavar="DIR", help="keep everything here; a temporary folder without it")
    demo.add_argument("--no-browser", action="store_true", help="do not open the start page")
    demo.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.WARNING, format="tentou: %(message)s")
    try:
        return asyncio.run(run(arguments.port, arguments.seconds, arguments.dir, not arguments.no_browser, _say))
    except PortTaken as error:
        print(f"tentou: {error}", file=sys.stderr)
        return 2


def _say(text: str) -> None:
    print(text, flush=True)

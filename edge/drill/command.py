"""``tentou drill``: this machine as a store, a broker and head office, broken in every way, and the books."""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import shutil
import signal
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path

from edge.drill import disk
from edge.drill.brokers import BROKERS, NoBroker
from edge.drill.folder import DISK
from edge.drill.plan import FAULTS, KILLS, Step, plan, plan_of_kills
from edge.drill.shop import NotStarted
from edge.drill.told import Objects, Words
from edge.drill.whole import Outcome, drill


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "drill",
        help="break this machine's store, broker and head office in every way, and check that no contact is lost",
        epilog="faults: " + ", ".join(FAULTS),
    )
    parser.add_argument("--seed", type=int, metavar="N", help="of the plan (another one each time; printed)")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--seconds", type=_positive, default=60.0, metavar="S", help="for which faults begin (60)")
    length.add_argument("--kills", type=int, metavar="N", help="instead: until so many processes were killed")
    parser.add_argument("--faults", type=_faults, default=tuple(FAULTS), metavar="A,B", help="these alone (all)")
    parser.add_argument("--broker", choices=tuple(BROKERS), default="", help="mosquitto if it is here, else embedded")
    parser.add_argument("--json", action="store_true", help="an object a fault; the last line is the books")
    parser.set_defaults(run=_run)


def _positive(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} are no seconds; give more than 0")
    return seconds


def _faults(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in FAULTS:
            raise argparse.ArgumentTypeError(f"no fault {name!r}; known: {', '.join(FAULTS)}")
    return names


def _run(arguments: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.WARNING, format="tentou: %(message)s")
    if arguments.kills is not None and (arguments.kills < 1 or not set(KILLS) & set(arguments.faults)):
        print(f"tentou: --kills needs 1 or more, and one of {', '.join(KILLS)} among the faults", file=sys.stderr)
        return 2
    home = Path(tempfile.mkdtemp(prefix="tentou-drill-"))
    try:
        code = _drilled(arguments, home)
    except (NoBroker, NotStarted) as error:
        print(f"tentou: {error}", file=sys.stderr)
        code = 2 if isinstance(error, NoBroker) else 1
    except asyncio.CancelledError:
        code = 130
    if code != 1:
        shutil.rmtree(home, ignore_errors=True)
    return code


def _drilled(arguments: argparse.Namespace, home: Path) -> int:
    seed = secrets.randbelow(1 << 32) if arguments.seed is None else arguments.seed
    (home / DISK).mkdir()
    skipped = {}
    faults = arguments.faults
    with disk.small(home / DISK, "full-disk" in faults) as why:
        if why:
            faults = tuple(name for name in faults if name != "full-disk")
            skipped["full-disk"] = why
        steps = _steps(arguments, seed, faults)
        teller = Objects(_say) if arguments.json else Words(_say, _move if sys.stdout.isatty() else None)
        teller.planned(seed, steps, skipped)
        outcome = asyncio.run(_until_told(drill(home, seed, steps, arguments.broker, teller)))
        if not outcome.verdict.clean and not why:
            shutil.copytree(home / DISK, home / f"{DISK}-kept", dirs_exist_ok=True)  # a tmpfs is gone with the drill
        teller.over(outcome, f"the folder {home} (made-up members alone are in it)")
    return 0 if outcome.verdict.clean else 1


def _steps(arguments: argparse.Namespace, seed: int, faults: tuple[str, ...]) -> tuple[Step, ...]:
    if not faults:
        return ()
    if arguments.kills is not None:
        return plan_of_kills(seed, faults, arguments.kills)
    return plan(seed, faults, arguments.seconds)


async def _until_told(drilling: Coroutine[None, None, Outcome]) -> Outcome:
    """End every process in order on SIGTERM or Ctrl-C; raises CancelledError then."""
    task = asyncio.ensure_future(drilling)
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, task.cancel)
    return await task


def _say(text: str) -> None:
    print(text, flush=True)


def _move(text: str) -> None:
    print(f"\r{text}", end="", flush=True)

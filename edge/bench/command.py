"""``tentou bench NAME``."""

from __future__ import annotations

import argparse
import json
from typing import Any

from edge.bench.figures import machine

NAMES = ("scan",)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    bench = commands.add_parser("bench", help="measure this machine, with a floor or a peer beside it")
    bench.add_argument("name", choices=NAMES)
    bench.add_argument("--json", action="store_true", help="one JSON object")
    bench.add_argument("-n", type=int, default=60, metavar="N", help="how many times (60)")
    bench.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from edge.bench import scan

    measured = scan.measure(arguments.n)
    result: dict[str, Any] = {"name": arguments.name, **measured, "n": arguments.n, "machine": machine()}
    if arguments.json:
        print(json.dumps(result))
    else:
        _table(result)
    return 1 if result["failed"] else 0


def _table(result: dict[str, Any]) -> None:
    print(f"{result['name']}: {result['n']} times on {result['machine']}")
    rows = {"ours": result["ours"], **result["peers"]}
    for name, figures in rows.items():
        print(f"  {name:12}", "  ".join(f"{key} {value:7.1f} ms" for key, value in figures.items()))
    print(f"  ratio of the medians, ours to the floor: {result['ratio']}; not read in time: {result['failed']}")

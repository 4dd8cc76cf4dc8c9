"""``tentou code``: issue, verify and inspect member codes, key sets and test vectors from the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from edge.members.command import denying, erasing, issuing, judging, keys
from edge.members.command import rules as static_rules
from edge.members.command import vectors as test_vectors

BASE64URL = ("--root", "--sub")
"""Options whose values may begin with a hyphen, which argparse would take for an option."""


def joined(arguments: Sequence[str]) -> list[str]:
    """The arguments with each of those options and its value made one, as in ``--root=-U2H…``."""
    told: list[str] = []
    for one in arguments:
        if told and told[-1] in BASE64URL:
            told[-1] = f"{told[-1]}={one}"
        else:
            told.append(one)
    return told


# A sub-parsers action is generic only in typeshed; at run time the name takes no parameter.
def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``code`` and its sub-commands."""
    code = commands.add_parser(
        "code", help="member codes: issue, pack, verify, inspect, key sets, lists, rules, test vectors"
    )
    kinds = code.add_subparsers(metavar="WHAT", required=True)
    for family in (issuing, judging, keys, denying, erasing, static_rules, test_vectors):
        family.add(kinds)

"""``tentou code static check``: whether an edge may start with these rules, and which of them a text obeys."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.config import MemberCode, read_store
from edge.config import checked as as_settings
from edge.members import mc1, static, vectors_static
from edge.members.checks import CHECKS
from edge.members.command.saying import add_json, add_text, checked, read, say, text_of
from edge.members.command.vectors import tell
from edge.members.pattern import LONGEST
from edge.members.reasons import Reason
from edge.members.static import CompiledRule


def add(kinds: Any) -> None:
    """Add the command."""
    group = kinds.add_parser("static", help="static member numbers").add_subparsers(metavar="WHAT", required=True)
    check = group.add_parser("check", help="judge rules, and a text by them")
    source = check.add_mutually_exclusive_group(required=True)
    source.add_argument("--config", type=Path, metavar="DIR", help="the folder with device.toml")
    source.add_argument("--rule", type=Path, metavar="FILE", help="a TOML file with [[member_code.static]]")
    source.add_argument("--vectors", type=Path, metavar="FILE", help="a file of static-vectors/1")
    check.add_argument("--symbology", choices=sorted(static.SYMBOLOGIES), help="what the text was read from")
    add_json(check)
    add_text(check, "what a reader found", optional=True)
    check.set_defaults(run=checked(_check))


def _check(arguments: argparse.Namespace) -> int:
    if arguments.vectors is not None:
        whole = vectors_static.read_static(read(arguments.vectors))
        tests = len(whole.tests) + len(whole.checks) + len(whole.refused)
        return tell(arguments, tests, list(vectors_static.static_differences(whole)))
    rules, refused = _judged(arguments)
    if refused or not arguments.text:
        return _tell_rules(arguments, rules, refused)
    if arguments.symbology is None:
        raise ValueError(f"a text needs --symbology: one of {', '.join(sorted(static.SYMBOLOGIES))}")
    return _tell_text(arguments, rules)


def _judged(arguments: argparse.Namespace) -> tuple[tuple[CompiledRule, ...], list[str]]:
    """The rules, and why each other would stop a start."""
    settings = read_store(arguments.config).member_code if arguments.config else _fragment(arguments.rule)
    rules, refused = static.judge(settings.static)
    words = [str(one) for one in refused]
    if arguments.config and settings.static and settings.ref_key is None:
        words.append("static rules need member_code.ref_key: without a secret a pseudonym gives its number away")
    return rules, words


def _fragment(path: Path) -> MemberCode:
    """The rules of one file, with or without all that stands around them in a configuration."""
    try:
        table = tomllib.loads(read(path)).get("member_code", {})
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: {error}") from error
    rules = table.get("static", []) if isinstance(table, dict) else []
    if not rules:
        raise ValueError(f"{path}: no [[member_code.static]]")
    return as_settings(MemberCode, {"static": rules}, f"{path}: member_code")


def _tell_rules(arguments: argparse.Namespace, rules: Sequence[CompiledRule], refused: Sequence[str]) -> int:
    each = [{"name": rule.name, "symbologies": sorted(rule.symbologies), "check": rule.check} for rule in rules]
    lines = [f"rule '{rule.name}': {', '.join(sorted(rule.symbologies))}; check digit {rule.check}" for rule in rules]
    lines += [f"refused: {words}" for words in refused]
    lines.append("a start would be refused" if refused else f"{len(rules)} rules, good to start with")
    told = {"result": "refused" if refused else "good", "rules": each, "refused": list(refused)}
    say(arguments, told, "\n".join(lines))
    return 1 if refused else 0


def _tell_text(arguments: argparse.Namespace, rules: Sequence[CompiledRule]) -> int:
    text = text_of(arguments)
    found = None if mc1.token(text, arguments.symbology) else static.shape(text, arguments.symbology, rules)
    rule = found[0] if found else None
    holds = CHECKS[rule.check](text) if rule else None
    why = _why(text, arguments.symbology, rules, rule, holds)
    told: dict[str, Any] = {"result": "accept" if holds else "reject", "reason": None if holds else str(Reason.FOREIGN)}
    told |= {"rule": rule.name if rule else None, "check": rule.check if rule else None, "holds": holds, "why": why}
    say(arguments, told, f"{told['result']}: {why}" if holds else f"reject: {Reason.FOREIGN}: {why}")
    return 0 if holds else 1


def _why(
    text: str, symbology: str, rules: Sequence[CompiledRule], rule: CompiledRule | None, holds: bool | None
) -> str:
    """In words, without the text."""
    if rule is not None:
        return f"rule '{rule.name}', check digit {rule.check} {'holds' if holds else 'does not hold'}"
    if mc1.token(text, symbology):
        return "a rotating token, which no rule judges; `tentou code verify` does"
    if len(text) > LONGEST:
        return f"{len(text)} signs; no rule matches more than {LONGEST}"
    named = [one.name for one in rules if symbology in one.symbologies]
    if not named:
        return f"no rule names {symbology}"
    return f"the pattern of no rule for {symbology} matches the whole of it ({', '.join(named)})"

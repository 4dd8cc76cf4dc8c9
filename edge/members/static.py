"""STATIC codes: the fixed member numbers that retailers print today (MEMBER_CODES 1). They prove nothing about who
shows them, so they never unlock anything personal, and upstream the number itself never appears."""

from __future__ import annotations

import difflib
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

from edge.config import BadConfig, MemberCode, StaticRule
from edge.members import mc1
from edge.members.checks import CHECKS
from edge.members.keyset import to_base64url
from edge.members.pattern import LONGEST, BadPattern, Node, lengths, meet, parse

SYMBOLOGIES = frozenset({"qrcode", "ean13", "code128", "codabar", "code39", "itf"})
NEEDS_CHECK = frozenset({"codabar", "code39"})


class BadRule(BadConfig):
    """A rule that cannot be safe; the text names it and says what would be right."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One rule, ready to match."""

    name: str
    symbologies: frozenset[str]
    check: str
    regex: re.Pattern[str]
    tree: Node = field(repr=False)


def compile_rules(settings: MemberCode | Sequence[StaticRule]) -> tuple[CompiledRule, ...]:
    """The rules of a configuration; raises BadRule, so that an unsafe rule stops the start and not a shopper."""
    if isinstance(settings, MemberCode):
        if settings.static and settings.ref_key is None:
            raise BadRule("static rules need member_code.ref_key: without a secret a pseudonym gives its number away")
        settings = settings.static
    rules, refused = judge(settings)
    if refused:
        raise refused[0]
    return rules


def judge(settings: Sequence[StaticRule]) -> tuple[tuple[CompiledRule, ...], tuple[BadRule, ...]]:
    """The rules that are safe each for itself, and everything for which a start would be refused."""
    rules: list[CompiledRule] = []
    refused: list[BadRule] = []
    for one in settings:
        try:
            rules.append(_compile(one))
        except BadRule as error:
            refused.append(error)
    for earlier, later in combinations(rules, 2):
        try:
            _apart(earlier, later)
        except BadRule as error:
            refused.append(error)
    return tuple(rules), tuple(refused)


def symbologies(rules: Sequence[CompiledRule]) -> frozenset[str]:
    """What the readers need switch on: QR always, else only what a rule names, as each costs time in every frame."""
    return frozenset({"qrcode"}).union(*(rule.symbologies for rule in rules))


def forms(rules: Sequence[CompiledRule]) -> dict[str, tuple[str, ...]]:
    """The forms of texts that could be a member's, by symbology, for an eye that lets no other out: in a QR code any
    token, and what a rule matches."""
    token = rf"(?s:{mc1.PREFIX}.{{0,{mc1.MAX_CHARS - len(mc1.PREFIX)}}})"
    own = {name: (rule.regex.pattern for rule in rules if name in rule.symbologies) for name in symbologies(rules)}
    return {name: (token, *patterns) if name == mc1.SYMBOLOGY else tuple(patterns) for name, patterns in own.items()}


def match(text: str, symbology: str, rules: Sequence[CompiledRule]) -> tuple[CompiledRule, str] | None:
    """The rule that a text obeys, check digit included, and its member number; at most one rule can."""
    found = shape(text, symbology, rules)
    return found if found and CHECKS[found[0].check](text) else None


def shape(text: str, symbology: str, rules: Sequence[CompiledRule]) -> tuple[CompiledRule, str] | None:
    """The rule whose pattern a text has, right or wrong in its check digit, and what would be its member number."""
    if len(text) > LONGEST:
        return None
    for rule in rules:
        found = rule.regex.fullmatch(text) if symbology in rule.symbologies else None
        if found:
            return rule, found["member"]
    return None


def reference(rule: CompiledRule, member: str, ref_key: bytes) -> str:
    """The pseudonym of a number: ``s1.`` and the first 12 bytes of its HMAC-SHA-256 under the chain's key.

    Who has the key can try 10^9 numbers in about an hour and a half on one core (MEMBER_CODES 1).
    """
    digest = hmac.digest(ref_key, f"{rule.name}|{member}".encode(), hashlib.sha256)
    return "s1." + to_base64url(digest[:12])


def _compile(rule: StaticRule) -> CompiledRule:
    wanted = frozenset(rule.symbologies)
    if not wanted or not wanted <= SYMBOLOGIES:
        unknown = ", ".join(sorted(wanted - SYMBOLOGIES)) or "none named"
        raise BadRule(f"rule '{rule.name}': symbologies {unknown}; known: {', '.join(sorted(SYMBOLOGIES))}")
    if rule.check not in CHECKS:
        near = difflib.get_close_matches(rule.check, CHECKS, 1)
        hint = f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(CHECKS)}"
        raise BadRule(f"rule '{rule.name}': no check '{rule.check}'{hint}")
    if rule.check == "none" and wanted & NEEDS_CHECK:
        which = ", ".join(sorted(wanted & NEEDS_CHECK))
        raise BadRule(f"rule '{rule.name}': {which} is misread too often without a check digit; name its check")
    try:
        tree = parse(rule.pattern)
    except BadPattern as error:
        raise BadRule(f"rule '{rule.name}': pattern: {error}") from error
    if rule.check == "ean13" and lengths(tree) != (13, 13):
        raise BadRule(f"rule '{rule.name}': check ean13 needs a pattern of 13 digits; m10w31 is for other lengths")
    return CompiledRule(rule.name, wanted, rule.check, re.compile(rule.pattern, re.ASCII), tree)


def _apart(one: CompiledRule, other: CompiledRule) -> None:
    if one.name == other.name:
        raise BadRule(f"two rules are named '{one.name}'; the name goes into every pseudonym")
    if one.symbologies & other.symbologies and meet(one.tree, other.tree):
        raise BadRule(f"rules '{one.name}' and '{other.name}' match one number; narrow one of them")

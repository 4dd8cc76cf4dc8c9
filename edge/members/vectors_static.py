"""Test vectors of the form ``static-vectors/1``: rules, what they match, check digits, pseudonyms, and rules that no
edge may start with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ValidationError

from edge.config import StaticRule
from edge.members.checks import CHECKS
from edge.members.static import CompiledRule, judge, match, reference
from edge.members.vectors import BadVectors, Difference


class Test(BaseModel):
    """A text of a symbology, and what the rules must make of it."""

    __test__ = False
    id: str | int
    name: str
    text: str
    symbology: str
    result: Literal["accept", "reject"]
    reason: Literal["foreign"] | None
    rule: str | None
    member: str | None
    ref: str | None


class Check(BaseModel):
    """A text and whether its check digit holds."""

    check: str
    text: str
    holds: bool


class Refused(BaseModel):
    """Rules with which a start is refused; ``why`` is for people."""

    id: str | int
    name: str
    rules: list[StaticRule]
    why: str


class StaticVectors(BaseModel):
    """One file."""

    format: Literal["static-vectors/1"]
    ref_key_hex: str
    rules: list[StaticRule]
    tests: list[Test]
    checks: list[Check]
    refused: list[Refused]


def read_static(text: str) -> StaticVectors:
    """The file's contents; raises BadVectors."""
    try:
        return StaticVectors.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadVectors(f"{'.'.join(map(str, first['loc'])) or 'JSON'}: {first['msg']}") from error


def static_differences(vectors: StaticVectors) -> Iterator[Difference]:
    """Every point in which this implementation differs from the file; raises BadVectors if its rules cannot be used."""
    rules, refused = judge(vectors.rules)
    if refused:
        raise BadVectors(str(refused[0]))
    try:
        ref_key = bytes.fromhex(vectors.ref_key_hex)
    except ValueError as error:
        raise BadVectors("ref_key_hex is not hex") from error
    for test in vectors.tests:
        yield from _of_test(test, rules, ref_key)
    for one in vectors.checks:
        if one.check not in CHECKS:
            raise BadVectors(f"no check '{one.check}'; known: {', '.join(CHECKS)}")
        if CHECKS[one.check](one.text) is not one.holds:
            yield Difference(f"{one.check} {one.text}", "holds", one.holds, not one.holds)
    for bad in vectors.refused:
        if not judge(bad.rules)[1]:
            yield Difference(str(bad.id), "refused", bad.why, "taken")


def _of_test(test: Test, rules: tuple[CompiledRule, ...], ref_key: bytes) -> Iterator[Difference]:
    found = match(test.text, test.symbology, rules)
    got = {"result": "reject", "reason": "foreign", "rule": None, "member": None, "ref": None}
    if found is not None:
        rule, member = found
        ref = reference(rule, member, ref_key)
        got = {"result": "accept", "reason": None, "rule": rule.name, "member": member, "ref": ref}
    for what, value in got.items():
        if getattr(test, what) != value:
            yield Difference(str(test.id), what, getattr(test, what), value)

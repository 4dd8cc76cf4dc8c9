"""``static-vectors.json`` made anew, byte for byte the same each time. Texts and their check digits stand here by hand,
from the standards' own examples where there are any; nothing asks ``checks`` what is right."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from typing import Any

from edge.config import StaticRule
from edge.members.keyset import to_base64url
from edge.members.static import judge

NOTE = "The key and the member numbers are for tests only."
REF_KEY = bytes(range(32))


def rule(name: str, symbologies: str, pattern: str, check: str) -> StaticRule:
    """A rule of a configuration."""
    return StaticRule(name=name, symbologies=tuple(symbologies.split()), pattern=pattern, check=check)


RULES = (
    rule("jan13", "ean13 qrcode", r"29(?P<member>\d{10})\d", "ean13"),
    rule("card", "code128", r"M(?P<member>\d{10})\d", "luhn"),
    rule("nw7", "codabar", r"A(?P<member>\d{7})[0-9$:/.+\-]A", "mod16"),
    rule("plate", "code39", r"(?P<member>[A-Z]{4}\d{2})[0-9A-Z $%+./\-]", "mod43"),
    rule("long", "itf", r"(?P<member>\d{13})\d", "m10w31"),
    rule("short", "itf", r"(?P<member>\d{5})\d", "verhoeff"),
    rule("club", "code128", r"C(?P<member>\d{3,5})\d", "damm"),
    rule("house", "code128", r"H(?P<member>\d{7})\d", "m10w21"),
    rule("wide", "code128", r"X(?P<member>\d{62})\d", "luhn"),
    rule("old", "code128", r"7(?P<member>\d{5})\d", "m11"),
    rule("web", "qrcode", r"W(?P<member>\d{3})\d{2}", "mod97"),
    rule("app", "qrcode", r"(?:MEMBER|GUEST)-(?P<member>[0-9A-F]{8})", "none"),
)

MATCHES = (
    ("2900000000018", "ean13", "jan13", "0000000001"),
    ("2912345678906", "qrcode", "jan13", "1234567890"),
    ("M79927398713", "code128", "card", "7992739871"),
    ("A12345674A", "codabar", "nw7", "1234567"),
    ("A0000005$A", "codabar", "nw7", "0000005"),
    ("CODE39W", "code39", "plate", "CODE39"),
    ("10012345678902", "itf", "long", "1001234567890"),
    ("123451", "itf", "short", "12345"),
    ("C5724", "code128", "club", "572"),
    ("C123459", "code128", "club", "12345"),
    ("H12345676", "code128", "house", "1234567"),
    ("X" + "0" * 63, "code128", "wide", "0" * 62),
    ("7123450", "code128", "old", "12345"),
    ("W79444", "qrcode", "web", "794"),
    ("MEMBER-0012ABCF", "qrcode", "app", "0012ABCF"),
    ("GUEST-FFFFFFFF", "qrcode", "app", "FFFFFFFF"),
)

FOREIGN = (
    ("a wrong check digit", "2912345678905", "ean13"),
    ("two digits exchanged", "M79927398731", "code128"),
    ("a wrong check sign of Codabar", "A12345675A", "codabar"),
    ("a wrong check sign of Code 39", "CODE39X", "code39"),
    ("a symbology that the rule does not name", "2912345678906", "code128"),
    ("a symbology that no rule names", "2912345678906", "pdf417"),
    ("a sign before", " 2912345678906", "ean13"),
    ("a line feed after", "2912345678906\n", "ean13"),
    ("a digit in full width", "291234567890６", "ean13"),
    ("one digit short", "290000000001", "ean13"),
    ("another prefix", "4901234567894", "ean13"),
    ("start and stop of Codabar left out", "12345674", "codabar"),
    ("lower case", "member-0012abcf", "qrcode"),
    ("nothing", "", "qrcode"),
    ("65 signs", "X" + "0" * 64, "code128"),
    ("a payment code", "hQVDUFYwMWEQTwegAAACdQABcA==", "qrcode"),
    ("an address", "https://shop.example/MEMBER-0012ABCF", "qrcode"),
)

CHECKS = {
    "none": ("1 ABC", ""),
    "luhn": ("79927398713 4111111111111111 A79927398713A", "79927398710 97927398713 4111111111111112 5"),
    "ean13": ("4006381333931 4901234567894", "4006381333932 4901234567895 36000291452 A006381333931 96385074"),
    "m10w31": ("96385074 036000291452 4006381333931 10012345678902", "96385075 036000291453 063000291452 7"),
    "m10w21": ("12345676 H12345676", "12345674 21345676 6"),
    "m11": ("123456789018 1234560 7123450", "123456789010 213456789018 8"),
    "mod16": ("A12345674A A0000005$A", "A12345675A A12345764B A12345674B AXA a12345674a"),
    "mod43": ("CODE39W A-3", "CODE39X COD3E9X W code39w"),
    "mod97": ("79444 W79444", "79443 79544 44"),
    "damm": ("5724 C5724 123459", "5727 7524 0"),
    "verhoeff": ("2363 123451 847364309548372845678922", "2364 213451 3263 0"),
}
"""By algorithm, texts of which the check digit holds, and texts of which it does not."""

GOOD = r"(?P<member>\d{8})\d"
REFUSED: dict[str, tuple[StaticRule, ...]] = {
    "a star": (rule("a", "code128", r"(?P<member>\d*)", "luhn"),),
    "a plus": (rule("a", "code128", r"(?P<member>\d+)", "luhn"),),
    "an open count": (rule("a", "code128", r"(?P<member>\d{3,})", "luhn"),),
    "a count from nothing": (rule("a", "code128", r"(?P<member>\d{,3})", "luhn"),),
    "nested quantified groups": (rule("a", "code128", r"(?P<member>\d)(?:(?:\d){2}){2}", "luhn"),),
    "a quantified choice": (rule("a", "code128", r"(?P<member>\d)(?:1|2){2}", "luhn"),),
    "a quantified member": (rule("a", "code128", r"(?P<member>\d{8})?", "luhn"),),
    "no group": (rule("a", "code128", r"\d{9}", "luhn"),),
    "a group of another name": (rule("a", "code128", r"(?P<number>\d{8})\d", "luhn"),),
    "two groups member": (rule("a", "code128", r"(?P<member>\d{8})(?P<member>\d)", "luhn"),),
    "more than 64 signs": (rule("a", "code128", r"(?P<member>\d{64})\d", "luhn"),),
    "a sign beyond ASCII": (rule("a", "code128", r"会(?P<member>\d{8})\d", "luhn"),),
    "any sign": (rule("a", "code128", r"(?P<member>.{8})\d", "luhn"),),
    "a backward look": (rule("a", "code128", r"(?<=1)(?P<member>\d{8})\d", "luhn"),),
    "Codabar without a check digit": (rule("a", "codabar", r"A(?P<member>\d{8})A", "none"),),
    "Code 39 without a check digit": (rule("a", "qrcode code39", GOOD, "none"),),
    "an unknown check digit": (rule("a", "code128", GOOD, "lunh"),),
    "an unknown symbology": (rule("a", "pdf417", GOOD, "luhn"),),
    "no symbology": (rule("a", "", GOOD, "luhn"),),
    "ean13 on another length": (rule("a", "code128", GOOD, "ean13"),),
    "one pattern twice": (rule("a", "code128", GOOD, "luhn"), rule("b", "code128", GOOD, "luhn")),
    "two patterns that meet in one number": (
        rule("a", "code128", r"(?P<member>[0-5]\d{7})\d", "luhn"),
        rule("b", "code128 itf", r"(?:1|9)(?P<member>\d{6,7})\d", "damm"),
    ),
    "one name twice": (rule("a", "code128", GOOD, "luhn"), rule("a", "itf", r"(?P<member>\d{5})\d", "luhn")),
}


def made_static() -> str:
    """The file's text."""
    tests = [*_matches(), *_foreign(len(MATCHES))]
    whole = {
        "format": "static-vectors/1",
        "note": NOTE,
        "ref_key_hex": REF_KEY.hex(),
        "rules": [_plain(one) for one in RULES],
        "tests": tests,
        "checks": list(_checks()),
        "refused": list(_refused()),
    }
    return json.dumps(whole, indent=1) + "\n"


def _matches() -> Iterator[dict[str, Any]]:
    for number, (text, symbology, name, member) in enumerate(MATCHES, 1):
        digest = hmac.digest(REF_KEY, f"{name}|{member}".encode(), "sha256")
        head = {"id": number, "name": f"{name} in {symbology}", "text": text, "symbology": symbology}
        ref = "s1." + to_base64url(digest[:12])
        yield head | {"result": "accept", "reason": None, "rule": name, "member": member, "ref": ref}


def _foreign(before: int) -> Iterator[dict[str, Any]]:
    for number, (name, text, symbology) in enumerate(FOREIGN, before + 1):
        head = {"id": number, "name": name, "text": text, "symbology": symbology}
        yield head | {"result": "reject", "reason": "foreign", "rule": None, "member": None, "ref": None}


def _checks() -> Iterator[dict[str, Any]]:
    for name, (right, wrong) in CHECKS.items():
        for holds, texts in ((True, right), (False, wrong)):
            yield from ({"check": name, "text": text, "holds": holds} for text in texts.split())


def _refused() -> Iterator[dict[str, Any]]:
    for number, (name, rules) in enumerate(REFUSED.items(), 1):
        why = [str(refused) for refused in judge(rules)[1]]
        yield {"id": number, "name": name, "rules": [_plain(one) for one in rules], "why": "; ".join(why)}


def _plain(one: StaticRule) -> dict[str, Any]:
    return {"name": one.name, "symbologies": list(one.symbologies), "pattern": one.pattern, "check": one.check}

"""``mc1-vectors.json`` made anew, byte for byte the same each time (MEMBER_CODES 3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain
from typing import Any

from edge.members import mc1, vectors_claims, vectors_outer
from edge.members.vectors import claims_json
from edge.members.vectors_build import LISTED, NOT_LISTED, NOW, Case, Made, VectorKey

NOTE = (
    "Keys for tests only: their secret parts are public. A real edge must never hold one of them. Keys under "
    "not_listed sign some of the tests and are in no key set."
)


def cases() -> Iterator[Case]:
    """Every test, in the order of the checks."""
    outer = (vectors_outer.texts, vectors_outer.encodings, vectors_outer.structures, vectors_outer.headers)
    signed = (vectors_outer.keys, vectors_outer.signatures)
    inner = (vectors_claims.malformed, vectors_claims.lifetimes, vectors_claims.periods, vectors_claims.windows)
    return chain.from_iterable(family() for family in (vectors_claims.accepted, *outer, *signed, *inner))


def made() -> str:
    """The file's text."""
    tests = [_test(number, case) for number, case in enumerate(cases(), 1)]
    whole = {
        "format": "mc1-vectors/1",
        "note": NOTE,
        "defaults": {"now": NOW},
        "keys": [_key(key) for key in LISTED],
        "not_listed": [_key(key) for key in NOT_LISTED],
        "tests": tests,
    }
    return json.dumps(whole, indent=1) + "\n"


def _key(key: VectorKey) -> dict[str, Any]:
    return {
        "name": key.name,
        "kid": key.kid.hex(),
        "alg": -19,
        "public_hex": key.public.hex(),
        "seed_hex": key.seed.hex() if key.seed else None,
        "nbf": key.nbf,
        "exp": key.exp,
        "status": str(key.status),
    }


def _test(number: int, case: Case) -> dict[str, Any]:
    result = "accept" if case.reason is None else "reject"
    test = {"id": number, "name": case.name, "text": case.text, "now": case.now, "result": result}
    test["reason"] = None if case.reason is None else str(case.reason)
    return test | (_parts(case.made) if case.made else {})


def _parts(made: Made) -> dict[str, Any]:
    """Claims are read back from the signed payload; the tests hold them to cbor2, cwt and pycose."""
    steps = {
        "protected_hex": made.protected.hex(),
        "payload_hex": made.payload.hex(),
        "to_be_signed_hex": mc1.to_be_signed(made.protected, made.payload).hex(),
        "signature_hex": made.signature.hex(),
        "cose_hex": made.cose.hex(),
    }
    return {"claims": claims_json(mc1.read_claims(made.payload)), "intermediates": steps}

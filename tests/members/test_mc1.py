"""One token of MC1 is accepted; each deviation is refused for its own reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from edge.members import base45, mc1
from edge.members.classify import Context, Recognised, Rejected, classify
from edge.members.issue import issue, pack, seal, sub_of
from edge.members.keyset import KeySet, Status
from edge.members.reasons import Reason, Refused

ORDER = 2**252 + 27742317777372353535851937790883648493
IAT, EXP = 1_790_000_000, 1_790_000_660
GOOD = {2: "AAECAwQFBgcI", 4: EXP, 6: IAT, 7: bytes(4), -65537: [11, 2, 3, 1207, 88]}


def cose_of(text: str) -> bytes:
    return base45.decode(text.removeprefix("MC1:"))


def text_of(cose: bytes) -> str:
    return "MC1:" + base45.encode(cose)


def outcome(text: str, keyset: KeySet | None, now: float = EXP - 30) -> str:
    """accept, or the reason against it."""
    try:
        mc1.verify(text, keyset, now)
    except Refused as refused:
        return str(refused.reason)
    return "accept"


@pytest.mark.promise("M-1")
def test_the_sample_token_is_accepted_and_made_again_bit_for_bit(
    issuer: Ed25519PrivateKey, keyset: KeySet, sample: str
) -> None:
    claims = mc1.verify(sample, keyset, EXP - 30).claims
    assert claims == mc1.Claims("AAECAwQFBgcI", IAT, EXP, bytes(4), 11, 2, (3, 1207, 88))
    assert issue(issuer, "AAECAwQFBgcI", IAT, EXP, 11, 2, (3, 1207, 88), bytes(4)) == sample
    assert len(sample) == 195


def test_the_parts_of_the_sample_are_those_that_the_document_prints(sample: str) -> None:
    sealed = mc1.unseal(sample)
    assert sealed.protected.hex() == "a20132044421fe31df"
    assert sealed.payload.hex().startswith(
        "a5026c414145434177514642676349041a6ab13e14061a6ab13b800744000000003a00010000"
    )
    assert sealed.signature.hex().startswith("b7717fc4")
    assert sealed.signature.hex().endswith("ac1409")


def beyond(scalar: bytes) -> bytes:
    """The other 32 bytes that a lax verifier takes for S (RFC 8032 5.1.7)."""
    return (int.from_bytes(scalar, "little") + ORDER).to_bytes(32, "little")


RESPELLED: dict[str, tuple[Reason, Callable[[bytes], bytes]]] = {
    "a byte more": (Reason.CBOR, lambda cose: cose + b"\x00"),
    "a byte less": (Reason.CBOR, lambda cose: cose[:-1]),
    "long array head": (Reason.CBOR, lambda cose: b"\x98\x04" + cose[1:]),
    "endless array": (Reason.CBOR, lambda cose: b"\x9f" + cose[1:] + b"\xff"),
    "long string head": (Reason.CBOR, lambda cose: cose[:1] + b"\x58\x09" + cose[2:]),
    "a tag": (Reason.COSE, lambda cose: b"\xd2" + cose),
    "three parts": (Reason.COSE, lambda cose: b"\x83" + cose[1:11] + cose[12:]),
    "a map": (Reason.COSE, lambda cose: b"\xa2\x01" + cose[12:-66] + b"\x02" + cose[-66:]),
    "null payload": (Reason.COSE, lambda cose: cose[:12] + b"\xf6\x58\x60" + bytes(96)),
    "an unprotected header": (Reason.COSE, lambda cose: cose[:11] + b"\xa1\x01\x32" + cose[12:]),
    "short signature": (Reason.COSE, lambda cose: cose[:-66] + b"\x58\x3f" + cose[-63:]),
    "another algorithm": (Reason.HEADER, lambda cose: cose.replace(b"\xa2\x01\x32\x04", b"\xa2\x01\x26\x04")),
    "headers turned round": (Reason.HEADER, lambda cose: cose[:2] + b"\xa2\x04" + cose[6:11] + b"\x01\x32" + cose[11:]),
    "kid as text": (Reason.HEADER, lambda cose: cose[:6] + b"\x64" + cose[7:]),
    "another header": (Reason.HEADER, lambda cose: cose[:2] + b"\xa2\x01\x32\x05" + cose[6:]),
    "an unknown key": (Reason.UNKNOWN_KEY, lambda cose: cose[:7] + b"\x00\x00\x00\x00" + cose[11:]),
    "the other algorithm's number": (Reason.SIGNATURE, lambda cose: cose.replace(b"\xa2\x01\x32", b"\xa2\x01\x27")),
    "a flag raised": (Reason.SIGNATURE, lambda cose: cose.replace(b"\x83\x0b", b"\x83\x0f")),
    "a signature turned": (Reason.SIGNATURE, lambda cose: cose[:-1] + bytes([cose[-1] ^ 1])),
    "S beyond the order": (Reason.SIGNATURE, lambda cose: cose[:-32] + beyond(cose[-32:])),
}


@pytest.mark.promise("M-1")
@pytest.mark.promise("M-2")
@pytest.mark.parametrize("name", RESPELLED)
def test_a_token_that_was_changed_is_refused_for_what_was_changed(
    name: str, issuer: Ed25519PrivateKey, keyset: KeySet
) -> None:
    reason, change = RESPELLED[name]
    text = issue(issuer, "AAECAwQFBgcI", IAT, EXP, 11, 2, (3,), bytes(4))
    assert outcome(text, keyset) == "accept"
    changed = change(cose_of(text))
    assert changed != cose_of(text)
    assert outcome(text_of(changed), keyset) == reason


CLAIMS = {
    "no sub": {4: EXP, 6: IAT, 7: bytes(4), -65537: [11, 2, 3, 1207, 88]},
    "a claim more": GOOD | {5: 0, -65537: [1]},
    "sub with a strange sign": GOOD | {2: "AAECAwQFBg+I"},
    "sub too short": GOOD | {2: "AAECAwQFBgc"},
    "sub as bytes": GOOD | {2: b"AAECAwQFBgcI"},
    "times as floats": GOOD | {4: float(EXP), -65537: [1]},
    "exp below zero": GOOD | {4: -5},
    "exp of more than 32 bits": GOOD | {4: 2**32, -65537: [1]},
    "cti of five bytes": GOOD | {7: bytes(5), -65537: [1]},
    "cti as text": GOOD | {7: "abcd"},
    "no ext numbers": GOOD | {-65537: []},
    "seven ext numbers": GOOD | {-65537: [1, 2, 3, 4, 5, 6, 7]},
    "an ext number of 17 bits": GOOD | {-65537: [1, 65_536]},
    "an ext number below zero": GOOD | {-65537: [1, -1]},
    "an ext truth": GOOD | {-65537: [True, 2, 3]},
    "ext as a map": GOOD | {-65537: {1: 1}},
    "not a map": [IAT, EXP, "AAECAwQFBgcI", bytes(4), [1, 2, 3, 4]],
}


@pytest.mark.promise("M-1")
@pytest.mark.parametrize("name", CLAIMS)
def test_claims_of_another_shape_are_refused_though_signed(
    name: str, issuer: Ed25519PrivateKey, keyset: KeySet
) -> None:
    text = seal(issuer, cbor2.dumps(CLAIMS[name], canonical=True))
    assert outcome(text, keyset) == Reason.CLAIMS


@pytest.mark.parametrize(
    "change",
    [
        lambda payload: payload + b"\x00",
        lambda payload: payload.replace(b"\x1a", b"\x1b\x00\x00\x00\x00", 1),
        lambda payload: b"\xb8\x05" + payload[1:],
        lambda payload: b"\xbf" + payload[1:] + b"\xff",
        lambda payload: b"\xa5" + payload[15:21] + payload[1:15] + payload[21:],
        lambda payload: b"\xa6" + payload[1:15] + payload[1:],
    ],
    ids=["trailing", "long integer", "long map", "endless map", "order", "twice"],
)
def test_claims_in_another_spelling_are_refused_though_signed(
    change: Callable[[bytes], bytes], issuer: Ed25519PrivateKey, keyset: KeySet
) -> None:
    payload = cbor2.dumps(GOOD | {-65537: [1]}, canonical=True)
    assert outcome(seal(issuer, payload), keyset) == "accept"
    changed = change(payload)
    assert cbor2.loads(changed) == cbor2.loads(payload), "a lax reader takes it for the same"
    assert outcome(seal(issuer, changed), keyset) in (Reason.CLAIMS, Reason.OVERSIZE)


@pytest.mark.parametrize(
    ("life", "expected"),
    [(59, "lifetime"), (60, "accept"), (7260, "accept"), (7261, "lifetime"), (-1, "lifetime"), (0, "lifetime")],
)
def test_a_life_outside_its_bounds_is_refused(
    life: int, expected: str, issuer: Ed25519PrivateKey, keyset: KeySet
) -> None:
    assert outcome(issue(issuer, "AAECAwQFBgcI", IAT, IAT + life, 1), keyset, IAT + life) == expected


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [(-91, "not_yet"), (-90, "accept"), (-60, "accept"), (0, "accept"), (30, "accept"), (31, "expired")],
)
def test_the_window_is_a_minute_and_thirty_seconds_either_way(
    ahead: int, expected: str, keyset: KeySet, sample: str
) -> None:
    assert outcome(sample, keyset, EXP + ahead) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"nbf": IAT}, "accept"),
        ({"nbf": IAT + 1}, "key_period"),
        ({"exp": IAT}, "accept"),
        ({"exp": IAT - 1}, "key_period"),
        ({"status": Status.RETIRING}, "accept"),
        ({"status": Status.REVOKED}, "revoked_key"),
    ],
)
def test_a_key_is_believed_while_it_may_sign(
    change: dict[str, int | Status], expected: str, keyset: KeySet, sample: str
) -> None:
    keys = {kid: replace(key, **change) for kid, key in keyset.keys.items()}  # type: ignore[arg-type]
    assert outcome(sample, replace(keyset, keys=keys)) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("MC1:" + "0" * 192, "oversize"),
        ("x" * 196, "oversize"),
        ("https://shop.example/MC1:", "not_mc1"),
        ("mc1:BB8", "not_mc1"),
        ("MC2:BB8", "not_mc1"),
        ("", "not_mc1"),
        ("MC1:bb8", "encoding"),
        ("MC1:BB8\n", "encoding"),
        ("MC1:A", "encoding"),
        ("MC1:", "size"),
        (text_of(bytes(99)), "size"),
        (text_of(bytes(127)), "cbor"),
    ],
)
def test_what_is_no_token_is_refused_early(text: str, reason: str, keyset: KeySet) -> None:
    assert outcome(text, keyset) == reason


def test_without_a_key_set_no_key_is_known(sample: str) -> None:
    assert outcome(sample, None) == Reason.UNKNOWN_KEY


def test_a_key_set_with_a_key_that_is_no_point_refuses_its_tokens(keyset: KeySet, sample: str) -> None:
    keys = {kid: replace(key, public=b"\xff" * 32) for kid, key in keyset.keys.items()}
    assert outcome(sample, replace(keyset, keys=keys)) == Reason.SIGNATURE


@pytest.mark.promise("M-1")
@given(st.data())
def test_a_good_token_with_any_sign_changed_is_refused(data: st.DataObject) -> None:
    issuer, context = _edge()
    text = issue(issuer, "AAECAwQFBgcI", IAT, EXP, 11, 2, (3, 1207, 88), bytes(4))
    assert isinstance(classify(text, "qrcode", context), Recognised)
    at = data.draw(st.integers(0, len(text) - 1))
    sign = data.draw(st.sampled_from(base45.ALPHABET + "\n１"))
    cut, paste = data.draw(st.sampled_from([(1, sign), (0, sign), (1, ""), (2, sign)]))
    changed = text[:at] + paste + text[at + cut :]
    assert changed == text or isinstance(classify(changed, "qrcode", context), Rejected)


def _edge() -> tuple[Ed25519PrivateKey, Context]:
    """An issuer and an edge outside the fixtures, as Hypothesis wants them."""
    from edge.members.clock import ClockState
    from edge.members.keyset import Key, kid_of

    issuer = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public = issuer.public_key().public_bytes_raw()
    keys = {kid_of(public): Key(kid_of(public), public, 0, 2**32)}
    keyset = KeySet("demo", 1, 0, 2**32, keys)
    return issuer, Context(EXP - 30, ClockState.SYNCED, keyset, (), b"k" * 32, lambda _: False)


@given(
    st.tuples(st.integers(0, 31), st.integers(0, 2**16 - 1)),
    st.lists(st.integers(0, 2**16 - 1), max_size=6),
    st.binary(min_size=4, max_size=4),
)
def test_every_issued_token_fits_and_is_accepted(ext: tuple[int, int], segments: list[int], cti: bytes) -> None:
    issuer, context = _edge()
    text = issue(issuer, sub_of(b"K_sub", "member 1"), IAT, EXP, *ext, segments, cti)
    assert len(text) <= 195
    claims = mc1.verify(text, context.keyset, context.now).claims
    assert (claims.flags, claims.tier) == ext
    assert list(claims.segments) == segments[: len(claims.segments)]


def test_a_pack_covers_two_hours_without_a_gap(issuer: Ed25519PrivateKey, keyset: KeySet) -> None:
    tokens = pack(issuer, "AAECAwQFBgcI", IAT, 5)
    assert len(tokens) == 120
    assert len({text for _, text in tokens}) == 120
    assert all(outcome(text, keyset, exp - 59) == "accept" for exp, text in tokens)
    assert [exp for exp, _ in tokens] == [IAT + 60 * minute for minute in range(1, 121)]


def test_a_sub_that_no_edge_takes_is_not_issued(issuer: Ed25519PrivateKey) -> None:
    for sub, cti in product(("short", "AAECAwQFBg+I", "０" * 12), (None, bytes(4))):
        with pytest.raises(ValueError, match="12 signs"):
            issue(issuer, sub, IAT, EXP, cti=cti)

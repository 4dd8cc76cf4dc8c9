"""A key set is believed for its root's signature alone, and its version only grows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.members.envelope import seal
from edge.members.keyset import (
    DOMAIN,
    FORM,
    BadKeySet,
    Key,
    KeySet,
    Status,
    from_base64url,
    kid_of,
    make_keyset,
    newer,
    read_keyset,
    sign_keyset,
    to_base64url,
)

ROOT, SECOND, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([fill]) * 32) for fill in (1, 2, 3))
ROOTS = [root.public_key().public_bytes_raw() for root in (ROOT, SECOND)]
ISSUED = 1_790_000_000


def key(fill: int = 9, status: Status = Status.ACTIVE) -> Key:
    public = Ed25519PrivateKey.from_private_bytes(bytes([fill]) * 32).public_key().public_bytes_raw()
    return Key(kid_of(public), public, ISSUED, ISSUED + 86_400, status)


def inner(version: int = 7, **changes: Any) -> dict[str, Any]:
    made = make_keyset("demo", version, ISSUED, ISSUED + 86_400, [key(9), key(8, Status.RETIRING)])
    return dict(json.loads(made) | changes)


def signed(contents: dict[str, Any], root: Ed25519PrivateKey = ROOT, domain: bytes = DOMAIN) -> str:
    """An envelope by hand, also for contents that sign_keyset would refuse."""
    data = json.dumps(contents).encode()
    parts = {"keyset": data, "root": root.public_key().public_bytes_raw(), "sig": root.sign(domain + data)}
    return json.dumps({name: to_base64url(part) for name, part in parts.items()})


@pytest.mark.parametrize("root", [ROOT, SECOND], ids=["first root", "second root"])
def test_what_either_pinned_root_signed_is_read(root: Ed25519PrivateKey) -> None:
    made = make_keyset("demo", 7, ISSUED, ISSUED + 86_400, [key(9), key(8, Status.REVOKED)])
    read = read_keyset(sign_keyset(made, root), ROOTS, ISSUED)
    assert (read.chain, read.version, read.issued_at, read.not_after) == ("demo", 7, ISSUED, ISSUED + 86_400)
    assert list(read.keys.values()) == [key(9), key(8, Status.REVOKED)]


@pytest.mark.promise("M-2")
def test_a_root_that_is_not_pinned_is_not_believed() -> None:
    with pytest.raises(BadKeySet, match="not pinned"):
        read_keyset(signed(inner(), OTHER), ROOTS, ISSUED)


@pytest.mark.promise("M-2")
@pytest.mark.parametrize("version", range(1, 17))
def test_a_root_for_which_anybody_can_sign_is_not_believed_though_pinned(version: int) -> None:
    """Under the point of order 4 one in four of these guesses is a signature to OpenSSL."""
    zero, guess = bytes(32), bytes([1]) + bytes(63)
    parts = {"keyset": json.dumps(inner(version)).encode(), "root": zero, "sig": guess}
    with pytest.raises(BadKeySet, match="anybody can sign"):
        read_keyset(json.dumps({name: to_base64url(part) for name, part in parts.items()}), [zero], ISSUED)


@pytest.mark.promise("M-2")
def test_a_set_signed_for_another_purpose_is_not_believed() -> None:
    with pytest.raises(BadKeySet, match="does not hold"):
        read_keyset(signed(inner(), domain=b""), ROOTS, ISSUED)


@pytest.mark.promise("M-2")
@settings(deadline=None)
@given(st.data())
def test_no_change_of_a_signed_set_is_believed(data: st.DataObject) -> None:
    text = signed(inner())
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.sampled_from('Aa0-_"=+ ')) + text[at + 1 :]
    if json_or_none(changed) != json.loads(text):
        with pytest.raises(BadKeySet):
            read_keyset(changed, ROOTS, ISSUED)


def json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def first_key(**changes: Any) -> dict[str, Any]:
    whole = inner()
    return whole | {"keys": [whole["keys"][0] | changes, *whole["keys"][1:]]}


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (inner(typ="mc2-keyset"), "typ"),
        (inner(chain="../x"), "chain"),
        (inner() | {"version": 0}, "version"),
        (inner() | {"version": "7"}, "version"),
        (inner() | {"version": 7.0}, "version"),
        (inner() | {"version": True}, "version"),
        (inner() | {"version": 2**53}, "version"),
        (inner(issued_at=str(ISSUED)), "issued_at"),
        (first_key(nbf=True), "nbf"),
        (first_key(exp=float(ISSUED)), "exp"),
        (first_key(alg="-19"), "alg"),
        (first_key(alg=-19.0), "alg"),
        (first_key(kid=key(9).kid.hex().upper()), "kid"),
        (first_key(use="sig"), "use"),
        (inner(extra=1), "extra"),
        (inner(not_after=ISSUED - 1), "before it is issued"),
        (inner(keys=inner()["keys"] * 9), "at most 16"),
        (inner(keys=inner()["keys"] * 2), "twice"),
        (first_key(kid="00000000"), "not the hash"),
        (first_key(alg=-7), "alg"),
        (first_key(x="FF" * 32), "x"),
        (first_key(exp=ISSUED - 1), "before nbf"),
        (first_key(status="tired"), "status"),
        (first_key(nbf=-1), "nbf"),
        (first_key(x="00" * 32, kid=kid_of(bytes(32)).hex()), "small order"),
    ],
)
def test_contents_out_of_shape_are_refused_though_signed(contents: dict[str, Any], words: str) -> None:
    with pytest.raises(BadKeySet, match=words):
        read_keyset(signed(contents), ROOTS, ISSUED)


@pytest.mark.parametrize(
    ("once", "twice"), [('"version": 7', '"version": 6, "version": 7'), ('"alg": -19', '"alg": -19, "alg": -19')]
)
def test_a_name_that_stands_twice_is_refused_though_signed(once: str, twice: str) -> None:
    data = json.dumps(inner()).replace(once, twice, 1).encode()
    with pytest.raises(BadKeySet, match="twice in one object"):
        read_keyset(seal(FORM, data, ROOT), ROOTS, ISSUED)


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"keyset":"","root":"","sig":""}', "x" * 16_385, "\ud800"])
def test_what_is_no_envelope_is_refused(text: str) -> None:
    with pytest.raises(BadKeySet):
        read_keyset(text, ROOTS, ISSUED)


def test_a_set_from_the_future_is_refused_only_by_a_clock_that_was_set() -> None:
    text = signed(inner())
    with pytest.raises(BadKeySet, match="future"):
        read_keyset(text, ROOTS, ISSUED - 86_401)
    assert read_keyset(text, ROOTS, ISSUED - 86_400) == read_keyset(text, ROOTS, None) == read_keyset(text, ROOTS, 5)


def test_a_set_is_stale_after_its_last_second() -> None:
    read = read_keyset(signed(inner()), ROOTS, ISSUED)
    assert not read.stale(ISSUED + 86_400)
    assert read.stale(ISSUED + 86_400.5)


def test_the_version_only_grows() -> None:
    held, later = (read_keyset(signed(inner(version)), ROOTS, ISSUED) for version in (7, 8))
    assert newer(None, held) is held
    assert newer(held, later) is later
    assert newer(held, replace(held)) == held
    spoilt: list[tuple[Callable[[KeySet], KeySet], str]] = [
        (lambda _: held, "older than 8"),
        (lambda offered: replace(offered, inner=b"{}"), "raise the version"),
        (lambda offered: replace(offered, chain="other", version=9), "chain 'other'"),
    ]
    for change, words in spoilt:
        with pytest.raises(BadKeySet, match=words):
            newer(later, change(later))


@pytest.mark.parametrize("text", ["A", "AA==", "AB", "A+", "AA\n", "ＡＡ", " AA"])
def test_base64url_has_one_text_for_its_bytes(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        from_base64url(text)

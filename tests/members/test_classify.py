"""Every text has one outcome, nothing raises, and what weakens a credential shows nothing personal."""

from __future__ import annotations

import asyncio
import gc
import inspect
import socket
from dataclasses import replace
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.members import classify as module
from edge.members.classify import Context, Hint, Reason, Recognised, Rejected, candidate, classify, hint, whose
from edge.members.clock import ClockState
from edge.members.issue import issue
from edge.members.keyset import KeySet
from edge.members.mc1 import PREFIX
from edge.members.rate import Rate
from edge.model import Level

IAT, EXP = 1_790_000_000, 1_790_000_660
NUMBER = "2912345678906"
FOREIGN = [
    "https://shop.example/",
    "hQVDUFYwMWEY",
    "00020101021226",
    "",
    "4901234567894",
    "WIFI:S:x;;",
    "ＭＣ１:",
    "\0",
]
same_context = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def recognised(text: str, context: Context, symbology: str = "qrcode") -> Recognised:
    found = classify(text, symbology, context)
    assert isinstance(found, Recognised)
    return found


@pytest.mark.promise("M-1")
def test_the_sample_is_recognised_with_all_that_it_says(context: Context, sample: str) -> None:
    found = recognised(sample, context)
    assert (found.kind, found.ref, found.tier, found.segments) == ("mc1", "AAECAwQFBgcI", 2, (3, 1207, 88))
    assert found.flags == module.Flags(P=True, N=True, R=True)
    assert (found.credential, found.exp, found.iat, found.stale) == (Level.PERSONAL, EXP, IAT, False)
    assert len(found.replay) == 16


@pytest.mark.promise("M-1")
@same_context
@given(text=st.text() | st.text().map(PREFIX.__add__) | st.binary().map(lambda data: data.decode("latin-1")))
def test_no_text_upsets_it(text: str, context: Context) -> None:
    assert isinstance(classify(text, "qrcode", context), Rejected)


@pytest.mark.promise("M-1")
@same_context
@given(symbology=st.text(max_size=10), text=st.text("0123456789", max_size=14))
def test_no_symbology_upsets_it(symbology: str, text: str, context: Context) -> None:
    assert isinstance(classify(text, symbology, context), Recognised | Rejected)


@pytest.mark.parametrize("text", FOREIGN)
def test_a_text_that_is_no_members_code_is_foreign_and_gets_no_word(text: str, context: Context) -> None:
    assert classify(text, "qrcode", context) == Rejected(Reason.FOREIGN)
    assert hint(Reason.FOREIGN) is Hint.NONE
    assert not candidate(text, "qrcode", context.rules)


def test_all_codes_of_one_member_claim_to_be_of_the_same(
    context: Context, issuer: Ed25519PrivateKey, sample: str
) -> None:
    now, later, other = (
        whose(issue(issuer, sub, IAT, EXP + n, 1), "qrcode", context.rules)
        for sub, n in (("AAECAwQFBgcI", 0), ("AAECAwQFBgcI", 30), ("BBECAwQFBgcI", 0))
    )
    assert now == later == whose(sample, "qrcode", context.rules) != other
    assert whose(NUMBER, "ean13", context.rules) == whose(NUMBER, "qrcode", context.rules) != ""
    assert whose(NUMBER, "code128", context.rules) == ""


def test_a_token_that_cannot_be_read_stands_for_itself_unless_it_is_longer_than_any(context: Context) -> None:
    assert whose("MC1:" + "0" * 191, "qrcode", context.rules) == "MC1:" + "0" * 191
    assert whose("MC1:" + "0" * 192, "qrcode", context.rules) == ""


def test_a_static_number_is_recognised_by_its_pseudonym_alone(context: Context) -> None:
    found = recognised(NUMBER, context, "ean13")
    assert (found.kind, found.credential, found.replay) == ("static", Level.MEMBERS, b"")
    assert found.ref == "s1.sP6w5tDWCkf9Bh2b", "made with openssl's HMAC"
    assert found.ref == recognised(NUMBER, context, "qrcode").ref
    assert found.ref != recognised(NUMBER, replace(context, ref_key=b"another chain's"), "qrcode").ref
    assert classify("2912345678908", "ean13", context) == Rejected(Reason.FOREIGN)


@pytest.mark.promise("M-3")
@pytest.mark.parametrize("bits", range(32))
def test_only_flag_p_of_a_fresh_token_allows_more_than_members_content(
    bits: int, context: Context, issuer: Ed25519PrivateKey
) -> None:
    found = recognised(issue(issuer, "AAECAwQFBgcI", IAT, EXP, bits), context)
    assert found.credential == (Level.PERSONAL if bits & 1 else Level.MEMBERS)
    flags = found.flags
    assert [bool(bits & 1 << place) for place in range(5)] == [flags.P, flags.N, flags.C, flags.R, flags.T]


@pytest.mark.promise("M-3")
def test_with_stale_keys_a_token_counts_as_a_static_number(context: Context, keyset: KeySet, sample: str) -> None:
    found = recognised(sample, replace(context, keyset=replace(keyset, not_after=int(context.now) - 1)))
    assert (found.stale, found.credential) == (True, Level.MEMBERS)


@pytest.mark.promise("M-3")
@pytest.mark.parametrize("behind", [0, 7_200, 30 * 86_400])
def test_at_the_floor_a_token_counts_as_static_and_is_not_refused_as_too_early(
    behind: int, context: Context, sample: str
) -> None:
    found = recognised(sample, replace(context, clock=ClockState.FLOOR, now=context.now - behind))
    assert (found.credential, found.doubt) == (Level.MEMBERS, Reason.TIME_UNCERTAIN)


def test_at_the_floor_what_is_surely_past_is_expired(context: Context, sample: str) -> None:
    late = replace(context, clock=ClockState.FLOOR, now=EXP + 31.0)
    assert classify(sample, "qrcode", late) == Rejected(Reason.EXPIRED)


def test_in_holdover_a_token_is_believed(context: Context, sample: str) -> None:
    assert recognised(sample, replace(context, clock=ClockState.HOLDOVER)).credential == Level.PERSONAL


@pytest.mark.promise("M-2")
def test_a_token_that_was_used_up_is_replayed(context: Context, sample: str) -> None:
    used = recognised(sample, context).replay
    assert classify(sample, "qrcode", replace(context, spent={used}.__contains__)) == Rejected(Reason.REPLAY)


@pytest.mark.promise("M-2")
@pytest.mark.parametrize("code", ["sample", NUMBER])
def test_a_denied_member_is_told_what_a_replaying_one_is(code: str, context: Context, sample: str) -> None:
    text = sample if code == "sample" else code
    ref = recognised(text, context).ref
    assert classify(text, "qrcode", replace(context, denied=frozenset({ref}))) == Rejected(Reason.DENIED)
    assert hint(Reason.DENIED) == hint(Reason.REPLAY) == Hint.AGAIN


def test_a_code_shown_too_often_is_not_served_until_a_minute_is_over(context: Context) -> None:
    rate = Rate(most=3)
    outcomes = [classify(NUMBER, "ean13", replace(context, hasty=rate.at(second))) for second in (0, 1, 2, 3, 60.5)]
    assert [isinstance(outcome, Recognised) for outcome in outcomes] == [True, True, True, False, True]
    assert outcomes[3] == Rejected(Reason.RATE)


def test_the_rate_remembers_a_bounded_number_of_refs() -> None:
    rate = Rate(most=1, refs=2)
    assert [rate.at(0)(ref) for ref in ("a", "b", "c", "c", "a")] == [False, False, False, True, False]


@pytest.mark.promise("M-2")
def test_every_reason_has_one_of_three_hints(context: Context) -> None:
    assert {hint(reason) for reason in Reason} == set(Hint)


@pytest.mark.promise("M-4")
def test_nothing_that_classify_is_given_can_sign(context: Context, sample: str) -> None:
    held = list(_reach(context))
    assert not [thing for thing in held if isinstance(thing, Ed25519PrivateKey)]
    seeds = {thing for thing in held if isinstance(thing, bytes) and len(thing) == 32}
    assert len(seeds) == 2, "the public key and the key of references"
    public = next(iter(context.keyset.keys.values())).public if context.keyset else b""
    for seed in seeds:
        forged = issue(Ed25519PrivateKey.from_private_bytes(seed), "AAECAwQFBgcI", IAT, EXP, 1)
        assert classify(forged, "qrcode", context) == Rejected(Reason.UNKNOWN_KEY)
        signature = Ed25519PrivateKey.from_private_bytes(seed).sign(b"any")
        with pytest.raises(InvalidSignature):
            Ed25519PublicKey.from_public_bytes(public).verify(signature, b"any")


def _reach(root: Any) -> Any:
    """Everything that an object refers to, without modules, types and functions."""
    seen: dict[int, Any] = {}
    waiting = [root]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or inspect.ismodule(thing) or inspect.isclass(thing) or inspect.isfunction(thing):
            continue
        seen[id(thing)] = thing
        waiting += gc.get_referents(thing)
    return seen.values()


@pytest.mark.promise("M-5")
def test_a_code_is_decided_with_every_cable_pulled(
    context: Context, sample: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pulled(*_: object, **__: object) -> None:
        raise AssertionError("classify went to the network")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, pulled)
    monkeypatch.setattr(asyncio, "get_running_loop", pulled)
    assert not inspect.iscoroutinefunction(classify)
    assert recognised(sample, context).credential is Level.PERSONAL
    assert recognised(NUMBER, context).credential is Level.MEMBERS


@pytest.mark.promise("M-4")
def test_no_repr_shows_who_it_is(context: Context, sample: str) -> None:
    shown = repr([recognised(sample, context), recognised(NUMBER, context), context])
    for secret in ("AAECAwQFBgcI", "s1.", NUMBER, "1234567890", sample[4:30], "reference key"):
        assert secret not in shown

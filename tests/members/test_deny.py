"""The deny list is believed for its root's signature alone, and refuses whom it names until it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.health import Health, State
from edge.members.classify import Reason, Recognised, Rejected
from edge.members.deny import MAX_CHARS, make_deny, read_deny, sign_deny
from edge.members.envelope import BadSigned, from_base64url
from edge.members.shelf import Way
from tests.members.signing import ISSUER, NOW, ROOT, SECOND, SUB, deny, keyset, nothing, opened, public, token, told

ROOTS = [public(ROOT), public(SECOND)]
LONGEST = [f"s1.{number:016d}" for number in range(1000)]


@pytest.mark.parametrize("root", [ROOT, SECOND], ids=["first root", "second root"])
def test_what_either_pinned_root_signed_is_read(root: Any) -> None:
    found = read_deny(deny(7, [SUB, "s1.AAAAAAAAAAAAAAAA"], root), ROOTS)
    assert (found.chain, found.version) == ("acme", 7)
    assert found.refs == {SUB, "s1.AAAAAAAAAAAAAAAA"}


@pytest.mark.promise("M-2")
def test_another_root_and_another_purpose_are_not_believed() -> None:
    with pytest.raises(BadSigned, match="not pinned"):
        read_deny(deny(root=ISSUER), ROOTS)
    with pytest.raises(BadSigned, match="not an envelope"):
        read_deny(keyset(), ROOTS)
    stolen = json.loads(keyset())
    stolen["deny"] = stolen.pop("keyset")
    with pytest.raises(BadSigned, match="does not hold"):
        read_deny(json.dumps(stolen), ROOTS)


def test_a_thousand_of_the_longest_references_fit_and_one_more_does_not() -> None:
    assert len(deny(refs=LONGEST)) <= MAX_CHARS
    assert len(read_deny(deny(refs=LONGEST), ROOTS).refs) == 1000
    with pytest.raises(BadSigned, match="deny list: refs"):
        deny(refs=[*LONGEST, SUB])


@pytest.mark.parametrize("refs", [["short"], ["s1.short"], [SUB + "!"], [SUB + "\n"], [SUB, SUB], [""]])
@pytest.mark.promise("M-4")
def test_what_is_no_reference_is_refused_and_never_quoted(refs: list[str]) -> None:
    with pytest.raises(BadSigned) as refused:
        make_deny("acme", 1, NOW, NOW, refs)
    assert not any(ref.strip() in str(refused.value) for ref in refs if ref.strip())


@pytest.mark.parametrize(
    "change",
    [
        {"typ": "mc1-keyset"},
        {"version": 0},
        {"chain": "A"},
        {"more": 1},
        {"refs": SUB},
        {"not_after": 0},
        {"version": "1"},
    ],
)
def test_an_inner_part_of_another_form_is_not_signed(change: dict[str, Any]) -> None:
    inner = json.loads(make_deny("acme", 1, NOW, NOW + 1, [SUB])) | change
    with pytest.raises(BadSigned):
        sign_deny(json.dumps(inner).encode(), ROOT)


@pytest.mark.promise("M-2")
@settings(deadline=None)
@given(st.data())
def test_no_change_of_a_signed_list_is_believed(data: st.DataObject) -> None:
    text = deny()
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.sampled_from('Aa0-_"=+ ')) + text[at + 1 :]
    try:
        same = json.loads(changed) == json.loads(text)
    except ValueError:
        same = False
    if not same:
        with pytest.raises(BadSigned):
            read_deny(changed, ROOTS)


@settings(deadline=None)
@given(st.one_of(st.text(), st.binary().map(lambda data: data.decode("latin-1"))))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(BadSigned):
        read_deny(text, ROOTS)


def test_a_list_names_nobody_in_a_repr() -> None:
    assert SUB not in repr(read_deny(deny(), ROOTS))
    assert from_base64url(json.loads(deny())["deny"]).startswith(b'{"typ":"mc1-deny"')


@pytest.mark.promise("M-2")
async def test_whom_the_list_names_is_denied_and_others_are_not(tmp_path: Path) -> None:
    (tmp_path / "keyset.json").write_text(keyset())
    (tmp_path / "deny.json").write_text(deny())
    async with opened(tmp_path, keyset=Path("keyset.json"), deny=Path("deny.json")) as made:
        assert made.classify(token(), nothing) == Rejected(Reason.DENIED)
        assert isinstance(made.classify(token("BBECAwQFBgcI"), nothing), Recognised)


async def test_a_list_that_has_ended_denies_nobody_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "keyset.json").write_text(keyset())
    health = Health()
    async with opened(tmp_path, health, keyset=Path("keyset.json")) as made:
        assert made.papers.deny.offer(deny(last=-1000), Way.TOPIC)
        assert isinstance(made.classify(token(), nothing), Recognised)
    part = told(health, "codes", "deny list")
    assert part is not None
    assert part.state is State.UP
    assert "denies nobody" in part.detail


async def test_a_newer_list_lets_a_member_in_again_and_an_older_one_does_not(tmp_path: Path) -> None:
    (tmp_path / "keyset.json").write_text(keyset())
    async with opened(tmp_path, keyset=Path("keyset.json")) as made:
        assert made.papers.deny.offer(deny(2), Way.TOPIC)
        assert not made.papers.deny.offer(deny(1, []), Way.URL)
        assert made.classify(token(), nothing) == Rejected(Reason.DENIED)
        assert made.papers.deny.offer(deny(3, []), Way.URL)
        assert isinstance(made.classify(token(), nothing), Recognised)

"""A draft becomes the very event that the slow way makes of the contact."""

from __future__ import annotations

from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contacts.event import KINDS, BadContact, Stamp, body_of, cloud_event, uuid7
from edge.contacts.spool.draft import Moment, Place, draft, id_of, written
from edge.model import Contact

SOURCE = "/chains/c/stores/s/devices/d"
PLACE = Place(SOURCE, "ab" * 16, "b" * 36)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(st.none() | st.booleans() | st.integers() | texts, lambda inner: st.lists(inner, max_size=3))
contacts = st.builds(
    Contact,
    st.sampled_from(KINDS),
    texts,
    st.floats(0, 1e9),
    st.dictionaries(texts | st.sampled_from(["member", "session", "touchpoint"]), values, max_size=4),
    member=texts,
    session=texts,
)


@given(contacts, st.integers(1, 10**12 - 1), st.integers(0, 4 * 10**12), st.booleans())
def test_a_draft_is_written_as_the_event_is(contact: Contact, seq: int, wall_ms: int, synced: bool) -> None:
    stamp = Stamp(uuid7(wall_ms), PLACE.stream, seq, SOURCE, "Asia/Tokyo", PLACE.bootid, 7, wall_ms, synced)
    moment = Moment(str(stamp.id), seq, 7, wall_ms, synced)
    assert written(draft(contact, "Asia/Tokyo"), PLACE, moment) == body_of(cloud_event(contact, stamp))


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_an_id_is_a_uuid_of_version_7_that_holds_its_time(wall_ms: int, randomness: bytes) -> None:
    made = UUID(id_of(wall_ms, randomness))
    assert (made.version, made.variant, made.int >> 80) == (7, RFC_4122, wall_ms)


@pytest.mark.parametrize(
    "contact",
    [
        Contact("nonsense", "e", 1.0),
        Contact("scan", "e", float("nan")),
        Contact("scan", "e", 1.0, {"x": object()}),
        Contact("scan", "e", 1.0, {"x": float("nan")}),
        Contact("scan", "\ud800", 1.0),
        Contact("scan", "e", 1.0, {"x": "い" * 22_000}),
    ],
)
def test_what_cannot_be_an_event_is_refused_before_it_waits(contact: Contact) -> None:
    with pytest.raises(BadContact):
        draft(contact, "Asia/Tokyo")


def test_nothing_of_a_person_is_in_the_words_for_a_draft() -> None:
    assert "m1.secret" not in repr(draft(Contact("scan", "e", 1.0, {"code": "m1.secret"}, "m1.secret"), "Asia/Tokyo"))

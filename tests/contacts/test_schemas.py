"""The schemas of contacts: closed, one for each kind, and true of all that the parts which make contacts can say."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from content.model import Campaign, Layer, LoopItem, Media
from edge.contacts.event import KINDS, body_of, clock_anchor, gap, source_of, uuid7
from edge.contacts.office.books import redacted_body
from edge.contacts.office.handoffs import DEEDS, OUTCOMES
from edge.contacts.spool.anchor import Anchor, put_right
from edge.contacts.spool.draft import Moment, Place, draft, written
from edge.contacts.spool.rewriting import taken_out
from edge.handoff import KINDS as WAYS
from edge.members.classify import Flags, Reason, Recognised, Rejected
from edge.members.keyset import to_base64url
from edge.members.rate import Flooded
from edge.model import LANGUAGES, Band, Contact, Held, Level, Offer, OfferKind, Played, Show, StockLine, Tile
from edge.sessions import notes
from edge.sessions.handoff import Sheet
from edge.sessions.keeping import UNKNOWN
from edge.sessions.machine import End
from tests.contacts.described import SCHEMAS, event, faults

WORDS = SCHEMAS["envelope"]["definitions"]
IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
TIMES = st.floats(0, 1e9)
WALLS = st.floats(1.7e9, 1.9e9)
SESSIONS = st.binary(min_size=8, max_size=8).map(bytes.hex)
TOKENS = st.binary(min_size=9, max_size=9).map(to_base64url)
REFS = TOKENS | st.binary(min_size=12, max_size=12).map(lambda digest: "s1." + to_base64url(digest))
SKUS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
GTINS = st.from_regex(r"[0-9]{14}", fullmatch=True)
LINKS = st.binary(min_size=12, max_size=12).map(to_base64url)
MEMBERS = st.just("") | REFS
LINES = st.builds(
    StockLine,
    st.sampled_from(["here", "near", "online"]),
    st.text(),
    st.sampled_from(Band),
    st.text(),
    st.sampled_from(["", "3分前"]),
    as_of=st.none() | WALLS,
)
TILES = st.builds(Tile, SKUS, st.text(), st.text(), st.text(), st.tuples(LINES, LINES))
RECOGNISED = st.builds(
    Recognised,
    kind=st.sampled_from(["mc1", "static"]),
    ref=REFS,
    flags=st.builds(Flags, *[st.booleans()] * 5),
    tier=st.integers(0, 9),
    segments=st.just((1,)),
    credential=st.sampled_from(Level),
    exp=st.just(0.0),
    replay=st.just(b""),
    stale=st.booleans(),
    doubt=st.none() | st.just(Reason.TIME_UNCERTAIN),
)
MEDIA = st.fixed_dictionaries(
    {"m": st.builds(Media, st.just("m"), st.text(), st.just("image"), st.just("ab" * 32), st.just(".jpg"))}
)
CAMPAIGNS = st.none() | st.builds(
    Campaign, IDS, st.text(), st.just(Layer.MEMBER), media=st.just(("m",)) | st.just(()), arm=st.text(max_size=20)
)
SHOWS = st.builds(
    lambda screen, session, level, language, held, tiles: Show(
        screen, "product" if held else "member", session, level, language, {"product": held, "tiles": tiles}
    ),
    IDS,
    SESSIONS,
    st.sampled_from(Level),
    st.sampled_from(LANGUAGES),
    st.none() | TILES,
    st.tuples(TILES),
)
ITEMS = st.builds(
    LoopItem,
    st.text(),
    st.just("image"),
    TIMES,
    IDS,
    st.just("cd" * 32),
    st.integers(0, 9),
    IDS,
    st.sampled_from(Layer).map(str),
    st.text(),
)
HELD = st.builds(Held, IDS, GTINS, TIMES)
COUNTS = st.dictionaries(st.sampled_from(KINDS), st.integers(1, 9))
RANGES = st.lists(st.just((1, 2)), max_size=3)
MADE: dict[str, Any] = {
    "scan": st.builds(notes.scanned, IDS, TIMES, IDS, RECOGNISED | st.builds(Rejected, st.sampled_from(Reason)))
    | st.builds(notes.flooded, IDS, st.builds(Flooded, IDS, st.integers(1, 99), TIMES))
    | st.builds(notes.presented, IDS, HELD, st.just("") | SKUS, st.tuples(LINES), WALLS, MEMBERS, SESSIONS),
    "identify": st.builds(notes.identified, IDS, TIMES, SESSIONS, st.sampled_from(Level), RECOGNISED, st.booleans()),
    "session_start": st.builds(notes.began, IDS, TIMES, SESSIONS, st.sampled_from(Level), MEMBERS),
    "session_end": st.builds(notes.ended, IDS, TIMES, SESSIONS, st.sampled_from(End), st.floats(0, 200), MEMBERS),
    "content_shown": st.builds(notes.shown, SHOWS, TIMES, WALLS, CAMPAIGNS, MEDIA, MEMBERS),
    "product_touched": st.builds(notes.touched, SHOWS, TIMES, WALLS, TILES, MEMBERS),
    "handoff_offered": st.builds(
        notes.offered, SHOWS, TIMES, st.builds(Sheet, SKUS, st.sampled_from(WAYS), LINKS), st.just("") | IDS, MEMBERS
    ),
    "offer_taken": st.builds(
        notes.kept,
        IDS,
        SESSIONS,
        st.builds(Offer, st.sampled_from(OfferKind), st.text(), location=IDS),
        SKUS,
        MEMBERS,
        st.just({}) | st.just({"test": True}),
        st.sampled_from([*OUTCOMES, UNKNOWN]),
        TIMES,
    ),
    "play": st.builds(notes.played, st.builds(Played, IDS, ITEMS, WALLS, TIMES, st.booleans()), TIMES),
    "gap": st.builds(gap, st.just("overflow"), COUNTS, RANGES, TIMES, st.just("") | st.just("0a" * 16)),
    "clock_anchor": st.builds(clock_anchor, st.uuids().map(str), st.integers(0, 2**50), st.integers(0, 2**42), TIMES),
}
PLACE = Place(source_of("acme", "ginza", "kiosk-1"), "ab" * 16, "boot")
MOMENT = Moment(str(uuid7(1)), 7, 1, 1, True)


@pytest.mark.parametrize("kind", MADE)
@given(st.data())
def test_whatever_a_part_tells_the_ledger_is_as_its_schema_says(kind: str, data: st.DataObject) -> None:
    contact: Contact = data.draw(MADE[kind])
    assert contact.kind == kind
    assert event(json.loads(written(draft(contact, "Asia/Tokyo"), PLACE, MOMENT))) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_schema_that_says_each_of_its_words_and_admits_no_other(kind: str) -> None:
    schema = SCHEMAS[kind]
    Draft7Validator.check_schema(schema)
    data = schema["properties"]["data"]
    assert data["additionalProperties"] is False
    assert set(data["required"]) <= set(data["properties"])
    for name, word in data["properties"].items():
        words = WORDS[word["$ref"].rpartition("/")[2]] if "$ref" in word else word
        assert set(words) & {"description", "enum", "items", "properties"}, name


@pytest.mark.parametrize("kind", KINDS)
def test_every_example_is_as_its_schema_says_and_with_a_persons_data_it_is_not(kind: str) -> None:
    for example in SCHEMAS[kind]["examples"]:
        assert event(example) == []
        for where in ([], ["data"]):
            wrong = deepcopy(example)
            (wrong[where[0]] if where else wrong)["nickname"] = "Anna"
            assert event(wrong) != [], where


@pytest.mark.parametrize(
    "member", ["4711", "s1.4711", "anna", "AAECAwQFBgcI ", "anna@example.jp", "MC1:6BF", "2900000000017"]
)
def test_only_a_pseudonym_stands_for_a_member(member: str) -> None:
    example = deepcopy(SCHEMAS["session_end"]["examples"][0])
    example["data"]["member"] = member
    assert event(example) != []


def test_the_files_are_the_kinds_and_what_they_share() -> None:
    assert set(SCHEMAS) == {*KINDS, "envelope"}
    assert {SCHEMAS[kind]["properties"]["type"]["const"] for kind in KINDS} == {
        f"tentou.contact.{kind}.v1" for kind in KINDS
    }


def enum(kind: str, name: str) -> list[str]:
    """The words that a schema lists for a field."""
    return list(SCHEMAS[kind]["properties"]["data"]["properties"][name]["enum"])


def test_the_words_that_schemas_list_are_those_of_the_code() -> None:
    stock = WORDS["stock"]["items"]["properties"]
    assert WORDS["refusal"]["enum"] == [str(reason) for reason in Reason]
    assert WORDS["level"]["enum"] == [str(level) for level in Level]
    assert WORDS["kind"]["enum"] == list(WAYS)
    assert stock["band"]["enum"] == [str(band) for band in Band]
    assert enum("session_end", "reason") == [str(end) for end in End]
    assert enum("content_shown", "language") == list(LANGUAGES)
    assert enum("offer_taken", "taken") == list(DEEDS)
    assert set(enum("offer_taken", "state")) == {*OUTCOMES, UNKNOWN}


REWRITTEN: dict[str, Callable[[bytes, str], bytes | None]] = {
    "erased at the edge": lambda body, member: taken_out({member})(body),
    "erased at head office": lambda body, _: redacted_body(body),
    "put right": lambda body, _: put_right(Anchor(10_000, 1_795_000_000_000), json.loads(body)["bootid"])(body),
}


@pytest.mark.parametrize("way", REWRITTEN)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_rewritten_is_still_as_its_schema_says(kind: str, way: str) -> None:
    for example in SCHEMAS[kind]["examples"]:
        member = example["data"].get("member", "")
        if way.startswith("erased") and not member:
            continue  # nobody is named, so nobody can be taken out
        after = REWRITTEN[way](body_of({**example, "clocksync": False}), member)
        assert after is not None
        assert event(json.loads(after)) == []
        assert json.loads(after) != {**example, "clocksync": False}


@pytest.mark.parametrize("more", [{"salvagedstream": "a0" * 16}, {"timecorrected": False}, {"sequence": "7"}])
def test_an_envelope_that_is_none_is_refused(more: dict[str, object]) -> None:
    assert faults("schemas/scan.json", SCHEMAS["scan"]["examples"][0] | more) != []

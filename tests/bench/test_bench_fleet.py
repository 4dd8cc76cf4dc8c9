"""The simulated fleet: its packets, and the benchmark in its short form with a real broker and a real hub."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.__main__ import main
from edge.bench import fleet, fleet_wire

TOPICS = st.text(st.characters(codec="utf-8", exclude_characters="+#\0"), min_size=1, max_size=60)


@given(topic=TOPICS, payload=st.binary(max_size=40_000), mid=st.integers(1, 65_535), more=st.binary(max_size=9))
def test_a_packet_comes_off_the_buffer_as_it_was_written_and_the_rest_stays(
    topic: str, payload: bytes, mid: int, more: bytes
) -> None:
    buffer = bytearray(fleet_wire.publish(mid, topic, payload, content_type="application/json") + more)
    found = fleet_wire.split(buffer)
    assert found is not None
    assert fleet_wire.published(*found) == (topic, mid, payload)
    assert bytes(buffer) == more


def test_half_a_packet_waits_for_the_rest() -> None:
    whole = fleet_wire.publish(7, "c/v1/a.b/contact/scan", b"x" * 300)
    assert all(fleet_wire.split(bytearray(whole[:end])) is None for end in range(len(whole)))


def test_a_length_beyond_four_bytes_is_no_packet() -> None:
    with pytest.raises(ValueError, match="four bytes"):
        fleet_wire.split(bytearray(b"\x30\xff\xff\xff\xff\x01"))


def test_a_fleet_connects_sends_loses_its_broker_and_is_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fleet, "DOWN_S", 0.1)
    assert main(["bench", "fleet", "--edges", "8", "--seconds", "0.3", "--spread", "0.3", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["name"], result["n"], result["findings"]) == ("fleet", 8, [])
    ours = result["ours"]
    assert {name: one["edges"] for name, one in ours["connect"].items()} == {fleet.PLAIN: 6, fleet.TLS: 2}
    assert ours["steady"]["acked_ms"]["p99"] > 0
    assert {name: one["contacts"] for name, one in ours["drain"].items()} == {fleet.SINGLE: 80, fleet.BATCHED: 400}
    for storm in (ours["storm"][fleet.JITTER], result["peers"][fleet.AT_ONCE_AGAIN]):
        assert storm["back"] == 8
        assert storm["attempts"] - storm["failed"] == 8
    assert fleet.JITTER in "\n".join(fleet.words(result))

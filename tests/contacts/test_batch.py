"""Batches: what was written comes out byte for byte, and what is no batch is refused within its bounds."""

from __future__ import annotations

import json

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from edge.contacts.batch import MAX_BYTES, MAX_EVENTS, BadBatch, read_batch, write_batch

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(), VALUES, max_size=4)


@given(st.lists(OBJECTS, min_size=1, max_size=20))
def test_what_is_written_comes_out_byte_for_byte(values: list[object]) -> None:
    bodies = [json.dumps(value, separators=(",", ":")).encode() for value in values]
    assert read_batch(write_batch(bodies)) == bodies


@given(st.lists(OBJECTS, min_size=1, max_size=5), st.sampled_from([None, 0, 1, 2]))
def test_a_foreign_array_in_whatever_form_gives_equal_events(values: list[object], indent: int | None) -> None:
    payload = json.dumps(values, indent=indent).encode()
    assert [json.loads(body) for body in read_batch(payload)] == values
    assert [json.loads(body) for body in read_batch(zstandard.compress(payload))] == values


def stream_without_a_size(text: bytes) -> bytes:
    writer = zstandard.ZstdCompressor().compressobj()
    return writer.compress(text) + writer.flush()


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b"[]",
        b"[1",
        b"[" * 100_000,
        b"\x28\xb5\x2f\xfd",
        zstandard.compress(b"[{}]")[:-1],
        zstandard.compress(b"[{}]") + b"more",
        zstandard.compress(b" " * 100_000_000),
        stream_without_a_size(b" " * 100_000_000),
        b"[\n" + b",\n".join([b"{}"] * (MAX_EVENTS + 1)) + b"\n]",
        json.dumps([{}] * (MAX_EVENTS + 1)).encode(),
        b'["' + b"x" * MAX_BYTES + b'"]',
        b"\xff\xfe",
    ],
    ids=lambda payload: f"{payload[:12]!r}",
)
def test_what_is_no_batch_or_too_large_a_one_is_refused(payload: bytes) -> None:
    with pytest.raises(BadBatch):
        read_batch(payload)


def test_a_full_batch_is_much_smaller_than_its_events() -> None:
    bodies = [json.dumps({"id": n, "source": "/chains/a/stores/b/devices/c", "n": n % 7}).encode() for n in range(50)]
    assert len(write_batch(bodies)) * 3 < sum(map(len, bodies))

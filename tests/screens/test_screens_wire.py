"""What a page says is checked before anyone believes it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.model import LoopItem
from edge.model import Level, Show
from edge.screens import wire

ITEM = {"url": "/media/a.jpg", "kind": "image", "seconds": 8, "content": "autumn"}


def refusal(text: str) -> str:
    try:
        wire.read(text)
    except wire.BadMessage as bad:
        return str(bad)
    return ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"touch": {"session": "s", "action": "buy"}}',
        '{"touch": {"session": "s", "action": "end", "value": "' + "x" * 129 + '"}}',
        '{"played": {"n": 0, "ago_ms": 1, "seconds": 1, "complete": true, "item": {}}}',
        '{"password": "x"}',
        '{"ack": "<b>"}',
        '{"vitals": {"w": 1080, "h": 1920, "heap": 1, "nodes": 1, "dropped": 0}}',
        '{"vitals": {"w": -1, "h": 1920, "heap": 1, "nodes": 1, "dropped": 0, "visible": true}}',
        '{"vitals": {"w": 1, "h": 1, "heap": 1e300, "nodes": 1, "dropped": 0, "visible": true}}',
        '{"vitals": {"w": 1, "h": 1, "heap": 1, "nodes": 1, "dropped": 0, "visible": true, "text": "x"}}',
    ],
)
def test_what_is_no_message_of_ours_is_refused(text: str) -> None:
    with pytest.raises(wire.BadMessage):
        wire.read(text)


@given(st.text())
def test_no_text_does_worse_than_be_refused_and_none_is_repeated(text: str) -> None:
    assert refusal(text) in ("", "1 faults in a page's message")


def test_a_play_carries_its_item_back_whole() -> None:
    play = {"n": 3, "ago_ms": 9000.5, "seconds": 8.01, "complete": True, "item": ITEM}
    said = wire.read(json.dumps({"played": play})).played
    assert said is not None
    assert said.item.loop_item() == LoopItem("/media/a.jpg", "image", 8, "autumn", "")


def test_a_page_that_connects_late_is_told_the_time_that_is_left() -> None:
    show = Show("s", "member", "s-1", Level.SEGMENT, "ja", {}, seconds=20.0, limit=90.0)
    told = json.loads(wire.scene(4, show, "<p>", passed=12.5))
    assert (told["event"], told["seconds"], told["limit"]) == (4, 7.5, 90.0)
    assert json.loads(wire.scene(4, show, "<p>", passed=500))["seconds"] == 0.0

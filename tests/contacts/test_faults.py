"""What head office hears of an edge's parts."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from typing import Any

import pytest

from edge.contacts.event import Stamp, body_of, cloud_event, source_of, uuid7
from edge.contacts.faults import EVERY_S, Key, Told, due, fault, tell_faults
from edge.health import Health, Part, State
from edge.model import Contact
from tests.contacts.described import event

UP, DOWN, STARTING = State.UP, State.DOWN, State.STARTING
STAMP = Stamp(uuid7(1), "ab" * 16, 7, source_of("acme", "ginza", "kiosk-1"), "Asia/Tokyo", "boot", 1, 1, True)


def told_of(*story: tuple[float, State, float]) -> list[tuple[float, State]]:
    """When a camera is told of, and as what, if it is in a state since a time at each look."""
    told: dict[Key, Told] = {}
    words = []
    for now, state, since in story:
        for part in due([Part("camera", "cam", state, since)], told, now, now):
            told[part.kind, part.name] = Told(part.state, part.since_s, now)
            words.append((now, part.state))
    return words


def test_a_part_that_works_from_the_start_is_not_told_of() -> None:
    assert told_of((0, STARTING, 0), (1, UP, 1), (100, UP, 1)) == []


def test_a_part_that_goes_down_and_comes_back_is_told_of_twice() -> None:
    assert told_of((0, UP, 0), (1, DOWN, 1), (2, DOWN, 1), (99, UP, 99), (200, UP, 99)) == [(1, DOWN), (99, UP)]


def test_a_part_that_comes_and_goes_is_told_of_once_a_minute_and_as_it_is_in_the_end() -> None:
    flapping = [(float(now), (UP, DOWN)[now % 2], float(now)) for now in range(1, 600)]
    words = told_of(*flapping, (700.0, UP, 600.0))
    assert all(late - early >= EVERY_S for (early, _), (late, _) in pairwise(words))
    assert words[-1] == (700.0, UP)


def test_a_part_that_only_starts_again_is_as_down_as_before() -> None:
    assert told_of((1, DOWN, 1), (70, STARTING, 70), (71, DOWN, 71), (140, UP, 140)) == [
        (1, DOWN),
        (71, DOWN),
        (140, UP),
    ]


def test_a_part_that_is_no_longer_expected_is_not_told_as_down_for_ever() -> None:
    told = {("zone", "zones.toml"): Told(DOWN, 5.0, 10.0)}
    assert due([], told, 69.0, 1000.0) == []
    assert due([], told, 70.0, 1000.0) == [Part("zone", "zones.toml", UP, 1000.0)]


@pytest.mark.promise("M-4")
@pytest.mark.parametrize("name", ["/home/anna/video0", "会員 4711", "a" * 90, "", "x?token=1", "[::1]:1883"])
def test_no_word_of_a_fault_is_more_than_a_kind_and_a_name(name: str) -> None:
    contact = fault(Part("camera", name, DOWN, 12.0004, "/dev/video0: Anna", "ask Anna"), 1.0)
    assert contact.data == {"kind": "camera", "name": "", "state": "down", "since": 12.0}
    assert event(json.loads(body_of(cloud_event(contact, STAMP)))) == []


async def test_the_edge_itself_is_told_of_first_and_then_what_is_down(background: Any, eventually: Any) -> None:
    health, noted = Health(), list[Contact]()
    health.down("upstream", "mqtt broker.acme.example:8883", "unreachable")
    health.up("camera", "cam")
    async with background(tell_faults(health, noted.append, "kiosk-1", settle=0.0, look=0.01)):
        await eventually(lambda: len(noted) == 2)
        health.down("camera", "cam", "unplugged")
        await eventually(lambda: len(noted) == 3)
        health.up("camera", "cam")
        await asyncio.sleep(0.05)
    said = [(each.data["kind"], each.data["name"], each.data["state"]) for each in noted]
    assert said == [
        ("edge", "kiosk-1", "up"),
        ("upstream", "mqtt broker.acme.example:8883", "down"),
        ("camera", "cam", "down"),
    ]

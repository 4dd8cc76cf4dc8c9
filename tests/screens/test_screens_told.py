"""What a screen's pages are told and what is believed of them, at the hub itself: no socket, no browser, no time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from edge.config import Notice, Screen
from edge.model import DeviceClass, Show, Touched
from edge.screens import wire
from edge.screens.assets import Assets
from edge.screens.hub import Screens
from edge.screens.render import Renderer, timed

Member = Callable[..., Show]
SMALL = wire.Vitals(w=800, h=1000, heap=2**20, nodes=900, dropped=1, visible=True)
HIDDEN = wire.Vitals(w=1000, h=600, heap=3 * 2**20, nodes=300, dropped=2, visible=False)


async def nothing(*_: str) -> None:
    """A page that takes everything."""


@pytest.fixture
def screens(assets: Assets) -> Screens:
    kiosk, sign = Screen(id="kiosk", device_class=DeviceClass.KIOSK), Screen(id="sign")
    return Screens([kiosk, sign], assets, clock=lambda: 100.0, watched=["kiosk"])


def touch(session: str) -> wire.FromPage:
    return wire.read(json.dumps({"touch": {"session": session, "action": "personal"}}))


async def reported(screens: Screens, screen: str, said: wire.FromPage) -> list[Touched]:
    async with screens.watching(screen, nothing, nothing) as watcher:
        await screens.heard(screen, "p", watcher, said)
    reports = [screens.reports.get_nowait() for _ in range(screens.reports.qsize())]
    return [report for report in reports if isinstance(report, Touched)]


async def test_a_finger_counts_for_the_session_on_which_it_landed_and_no_other(
    screens: Screens, member: Member
) -> None:
    await screens.show(member("kiosk"))
    assert [each.session for each in await reported(screens, "kiosk", touch("session-1"))] == ["session-1"]
    await screens.show(replace(member("kiosk"), session="session-2"))
    assert await reported(screens, "kiosk", touch("session-1")) == []


async def test_a_screen_without_touch_hears_of_none(screens: Screens, member: Member) -> None:
    await screens.show(member("sign"))
    assert await reported(screens, "sign", touch("session-1")) == []


async def test_a_page_that_comes_is_told_whether_a_camera_looks_where_there_is_one(screens: Screens) -> None:
    for open in (None, False, True):
        if open is not None:
            screens.eyes("kiosk", open)
            screens.eyes("sign", open)
        async with screens.watching("kiosk", nothing, nothing) as watcher:
            assert json.loads(watcher._waiting["eyes"]) == {"eyes": open is not False}, "until told, it looks"
        async with screens.watching("sign", nothing, nothing) as watcher:
            assert "eyes" not in watcher._waiting


async def test_of_several_pages_the_worst_is_told(screens: Screens) -> None:
    async with (
        screens.watching("sign", nothing, nothing) as one,
        screens.watching("sign", nothing, nothing) as other,
        screens.watching("sign", nothing, nothing) as third,
    ):
        one.vitals, other.vitals, third.vitals = SMALL, HIDDEN, HIDDEN
        told = screens.figures("sign")
    assert told == {
        "pages": 3, "page_width": 800, "page_height": 600, "page_heap_mb": 3, "page_nodes": 900,
        "page_dropped_frames": 5, "page_hidden": 2,
    }  # fmt: skip


async def test_a_page_that_comes_late_is_told_the_seconds_that_are_left(assets: Assets, member: Member) -> None:
    now = [100.0]
    screens = Screens([Screen(id="sign")], assets, clock=lambda: now[0])
    await screens.show(member("sign"))
    for passed, left in ((12.0, 8.0), (99.0, 0.0)):
        now[0] = 100.0 + passed
        async with screens.watching("sign", nothing, nothing) as watcher:
            assert json.loads(watcher._waiting["scene"])["seconds"] == left


def test_a_scene_without_a_limit_is_whole_at_its_seconds(member: Member) -> None:
    said = json.loads(wire.scene(1, replace(member("sign"), seconds=9.0, limit=None), "", 4.0))
    assert (said["seconds"], said["limit"]) == (5.0, 9.0)


PLAY: dict[str, Any] = {"n": 1, "ago_ms": 0, "seconds": 1, "complete": True}
ITEM = {"url": "/a", "kind": "image", "seconds": 1, "content": "a"}


@pytest.mark.parametrize("wrong", [{"ago_ms": -1}, {"ago_ms": 41 * 86400 * 1000}, {"n": 0}, {"seconds": 1e9}])
def test_a_play_out_of_its_bounds_is_refused_without_a_word_of_it(wrong: dict[str, float]) -> None:
    assert wire.read(json.dumps({"played": PLAY | {"item": ITEM}})).played is not None
    with pytest.raises(wire.BadMessage, match="^1 faults in a page's message$"):
        wire.read(json.dumps({"played": PLAY | wrong | {"item": ITEM}}))


@pytest.mark.parametrize(("seconds", "counts"), [(15.0, True), (15.4, True), (16.0, False), (None, False)])
def test_time_is_counted_down_from_its_limit_on_and_a_moment_before(seconds: float | None, counts: bool) -> None:
    assert timed(Show("sign", "member", seconds=seconds, limit=15.0)) is counts


def test_a_scene_that_does_not_say_has_buttons_on_a_kiosk_alone(assets: Assets, member: Member) -> None:
    renderer = Renderer(assets, ["kiosk"])
    for screen in ("kiosk", "window"):
        shown = member(screen)
        values = {name: value for name, value in shown.values.items() if name not in ("touch", "may_open")}
        assert ("<button" in renderer.render(replace(shown, values=values))) is (screen == "kiosk")


def test_a_purpose_is_told_in_english_to_whom_it_has_no_words_of_their_own(assets: Assets) -> None:
    told = Notice(operator="株", address="東", purpose={"ja": "数えます", "en": "We count"})
    html = Renderer(assets).printed(told)
    assert (html.count("数えます"), html.count("We count")) == (1, 3)

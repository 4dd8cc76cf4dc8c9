"""The player of a page's loop, over layers whose pictures are ready when a test says so."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page

Store = Any
pytestmark = pytest.mark.asyncio(loop_scope="session")

PLAYED = """async ([before, meanwhile]) => {
    const script = document.querySelector("script[type=module]").src;
    const {createPlayer} = await import(script.replace("main.js", "loop.js"));
    const waiting = new Map();
    const prepare = ({content}) => new Promise((ready) => waiting.set(content, ready));
    const asked = async (name) => {
        while (!waiting.has(name)) await new Promise((later) => setTimeout(later));
        return waiting.get(name);
    };
    return new Promise((first) => {
        const playing = (item) => first(item.content);
        const player = createPlayer({prepare, swap: () => null, rest: () => {}}, {playing, played: () => {}});
        player.play(before);
        void asked(before.version).then((ready) => {
            player.play(meanwhile);
            ready();
            return asked(meanwhile.version);
        }).then((ready) => ready());
    });
}"""
"""The first item that is shown when another loop is told while the first one's picture is still loaded."""


def loop(rule: str) -> dict[str, Any]:
    """A loop of one long item, named by its rule."""
    item = {"url": f"/media/{rule}", "kind": "image", "seconds": 600, "content": rule, "rule": rule}
    return {"version": rule, "items": [item]}


@pytest.mark.parametrize(("before", "meanwhile"), [("schedule", "emergency"), ("emergency", "schedule")])
async def test_what_cuts_in_or_ends_while_a_picture_is_loaded_waits_behind_no_whole_item(
    page: Page, store: Store, before: str, meanwhile: str
) -> None:
    await page.goto(f"{store.url}/screens/window")
    assert await page.evaluate(PLAYED, [loop(before), loop(meanwhile)]) == meanwhile

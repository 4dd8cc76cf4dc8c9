"""The whole main job, in real processes and a real browser: code, camera, greeting, stock, end, ledger."""

import csv
from collections import Counter

import aiohttp
import pytest
from playwright.async_api import Browser, Page, expect

from tests.contacts.described import channel_of
from tests.e2e.listening import undescribed
from tests.e2e.running import Running, eventually, opened, picture


@pytest.mark.timeout(480)
@pytest.mark.promise("S-2")
@pytest.mark.promise("L-3")
@pytest.mark.promise("M-4")
@pytest.mark.promise("V-3")
async def test_a_members_code_reaches_the_screen_and_head_office(demo: Running, browser: Browser) -> None:
    screen = await opened(browser, demo.url("edge", "/screens/kiosk-1"))
    await expect(screen.locator("body")).to_have_attribute("data-scene", "loop")
    await picture(screen, "1-loop")

    phone = await opened(browser, demo.url("world", "/app/"), 430, 860)
    await expect(phone.locator("svg").first).to_be_visible()
    await picture(phone, "2-phone")
    shop = await opened(browser, demo.url("world", "/ec/"), 900, 1200)
    await phone.locator("#hold").click()

    await expect(screen.locator("body")).to_have_attribute("data-scene", "member")
    await expect(screen.locator(".tile").first).to_be_visible()
    await screen.wait_for_timeout(600)
    await picture(screen, "3-member")
    spoken = await screen.locator("#stage").inner_text()
    sku = await screen.locator("button.tile").first.get_attribute("data-value")

    await a_purchase_moves_the_tile(demo, shop, screen, str(sku))
    await screen.locator("button.tile").first.click()
    await expect(screen.locator(".sheet")).to_be_visible()
    await picture(screen, "5-product")
    await phone.locator("#hold").click()

    await expect(screen.locator(".warning")).to_be_visible()
    await picture(screen, "6-warning")
    await expect(screen.locator("body")).to_have_attribute("data-scene", "loop")
    await screen.wait_for_timeout(600)
    await picture(screen, "7-loop-again")
    await nothing_is_left(screen, spoken)
    await head_office_holds_exactly_what_happened(demo, str(sku))
    await nobody_is_named(demo)
    the_documents_describe_all_that_went_over_the_wire(demo)


async def a_purchase_moves_the_tile(demo: Running, shop: Page, screen: Page, sku: str) -> None:
    tile = screen.locator(f"button.tile[data-value='{sku}']")
    await expect(tile).not_to_contain_text("在庫なし")
    await shop.locator(f"article[data-sku='{sku}'] [data-do=sell]").click()
    while (await shop.request.post(demo.url("world", f"/ec/buy/{sku}"))).ok:
        pass
    await expect(tile).to_contain_text("在庫なし")
    await picture(shop, "4-online-shop")


async def nothing_is_left(screen: Page, spoken: str) -> None:
    """No word of the member's scene in the DOM, in storage, in caches, in cookies."""
    kept = await screen.evaluate(
        """async () => {
          const caches_ = [];
          for (const name of await caches.keys())
            for (const request of await (await caches.open(name)).keys()) caches_.push(request.url);
          return [document.documentElement.outerHTML, JSON.stringify(localStorage), JSON.stringify(sessionStorage),
                  document.cookie, caches_.join(" ")].join(" ");
        }"""
    )
    words = [line.strip() for line in spoken.splitlines() if len(line.strip()) > 5]
    assert words
    assert [word for word in words if word in kept] == []


async def head_office_holds_exactly_what_happened(demo: Running, sku: str) -> None:
    await eventually(lambda: any("session_end" in event["type"] for event in demo.contacts()))
    stream, accepted = demo.accepted()
    await eventually(lambda: len(demo.contacts()) >= demo.accepted()[1])
    events = demo.contacts()
    kinds = Counter(event["type"].split(".")[2] for event in events)
    told = {kind: count for kind, count in kinds.items() if kind not in ("play", "clock_anchor")}
    assert told == {
        "scan": 1,
        "session_start": 1,
        "identify": 1,
        "content_shown": 1,
        "product_touched": 1,
        "handoff_offered": 1,
        "session_end": 1,
    }
    assert kinds["play"] >= 1
    assert {event["stream"] for event in events} == {stream}
    assert [int(event["sequence"]) for event in events] == list(range(1, len(events) + 1))
    assert len(events) >= accepted
    assert len({event["id"] for event in events}) == len(events)
    by_kind = {event["type"].split(".")[2]: event for event in events}
    assert by_kind["product_touched"]["data"]["sku"] == sku
    assert by_kind["session_end"]["data"]["reason"] == "idle"


def the_documents_describe_all_that_went_over_the_wire(demo: Running) -> None:
    """Each message validates, from the edge's birth to the session's end, and none is on an unknown topic."""
    assert undescribed(demo.heard) == set()
    assert {"contact", "ack", "state", "inbox"} <= {channel_of(topic) for topic, _ in demo.heard}


async def nobody_is_named(demo: Running) -> None:
    """No member's reference or name, and no code's text, in logs, health or metrics."""
    with (demo.folder / "edge" / "members.csv").open() as file:
        people = [word for row in csv.DictReader(file) for word in (row["ref"], row["nickname"]) if word]
    told = {path.name: path.read_text() for path in (demo.folder / "logs").glob("*.log")}
    async with aiohttp.ClientSession() as session:
        for path in ("/metrics", "/readyz"):
            async with session.get(demo.url("edge", path)) as answer:
                told[path] = await answer.text()
    assert len(people) >= 6
    assert {"edge.log", "hub.log", "broker.log", "/metrics"} <= set(told)
    assert [(place, word) for place, text in told.items() for word in (*people, "MC1:") if word in text] == []

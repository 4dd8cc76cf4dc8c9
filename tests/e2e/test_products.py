"""A shopper holds a product up: real pictures of its bars and of a shelf label, a real eye, a real browser."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from edge.demo.seed import Good, goods
from tests.e2e.running import Running, eventually, opened, picture

DRESS = next(good for good in goods() if good.sku == "linen-dress-sky")
TENT = next(good for good in goods() if good.sku == "tent-mustard")


@pytest.mark.timeout(480)
@pytest.mark.promise("V-3")
async def test_a_product_held_up_shows_its_stock_and_a_payment_code_nothing(demo: Running, browser: Browser) -> None:
    kiosk = await opened(browser, demo.url("edge", "/screens/kiosk-1"))
    sign = await opened(browser, demo.url("edge", "/screens/sign-1"), 1920, 1080)
    await expect(kiosk.locator("#attract")).to_contain_text("商品のバーコード")
    await picture(kiosk, "p0-invitation")
    await demo.post("/app/hold", camera="cam-kiosk", member="1001", variant="jan")
    await its_sheet_is_shown(kiosk, DRESS, "p1-bars-portrait")
    await demo.post("/app/hold", camera="cam-sign", member="1002", variant="link")
    await its_sheet_is_shown(sign, TENT, "p2-link-landscape")
    await turned(kiosk, sign)

    await demo.post("/app/hold", camera="cam-kiosk", member="1001", variant="payment")
    await kiosk.locator("button.end").click()
    await expect(kiosk.locator("body")).to_have_attribute("data-scene", "loop")
    ended = "kind = 'session_end' AND touchpoint = 'kiosk-1'"
    await eventually(lambda: len(demo.contacts(ended)) == 1)
    await kiosk.wait_for_timeout(3000)
    await expect(kiosk.locator("body")).to_have_attribute("data-scene", "loop")

    await demo.post("/app/hold", camera="cam-kiosk", member="1003")
    await expect(kiosk.locator("body")).to_have_attribute("data-scene", "member")
    await demo.post("/app/hold", camera="cam-kiosk", member="1003", variant="jan")
    await expect(kiosk.locator(".member .sheet")).to_be_visible()
    await picture(kiosk, "p5-in-a-members-session")
    await the_ledger_knows_products_and_no_address(demo)


async def its_sheet_is_shown(screen: Page, good: Good, name: str) -> None:
    await expect(screen.locator("body")).to_have_attribute("data-scene", "product")
    await expect(screen.locator(".sheet h2")).to_have_text(good.name["ja"])
    await expect(screen.locator(".sheet .price")).to_contain_text(f"¥{good.price:,}")
    await expect(screen.locator(".sheet .line")).to_have_count(3)
    await expect(screen.locator(".sheet .line").first).not_to_contain_text("確認中")
    await screen.wait_for_timeout(400)
    await picture(screen, name)


async def turned(kiosk: Page, sign: Page) -> None:
    """The same two screens as if they hung the other way."""
    for page, name, (width, height) in ((kiosk, "p3-bars-landscape", (1920, 1080)), (sign, "p4-link", (1080, 1920))):
        await page.set_viewport_size({"width": width, "height": height})
        await page.wait_for_timeout(300)
        await picture(page, name)
        for part in ("h1", ".sheet h2", ".sheet .price", ".sheet .line >> nth=2"):
            await expect(page.locator(f"#stage {part}").first).to_be_in_viewport(ratio=0.99)


async def the_ledger_knows_products_and_no_address(demo: Running) -> None:
    await eventually(lambda: sum(event["data"].get("code") == "product" for event in demo.contacts()) == 3)
    scans = [event["data"] for event in demo.contacts() if event["data"].get("code") == "product"]
    assert [scan["gtin"] for scan in scans][:2] == [DRESS.gtin.zfill(14), TENT.gtin.zfill(14)]
    assert [len(scan["stock"]) for scan in scans] == [3, 3, 3]
    assert all("member" not in scan for scan in scans[:2])
    told = [path.read_bytes() for path in (demo.folder / "logs").glob("*.log")]
    told += [path.read_bytes() for part in ("edge", "hub") for path in (demo.folder / part / "data").rglob("*.sqlite*")]
    assert len(told) >= 6
    assert [word for word in (b"id.tentou.example", b"linkType", b"hQVDUFYw") for text in told if word in text] == []

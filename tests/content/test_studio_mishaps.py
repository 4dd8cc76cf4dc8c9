"""What goes wrong in the studio on a day in a shop: ended sessions, two tabs, double taps, pages that are gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from content.catalogue import dump_catalogue
from content.model import Campaign, Layer, Playlist
from content.snapshot import HOUSE
from tests.content.test_studio import Shop, browser_page, photo, picture, shop

PAGE = {"Accept": "text/html"}


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Shop]:
    async with shop(tmp_path) as opened:
        yield opened


@pytest.mark.promise("C-4")
@pytest.mark.parametrize("path", ["now", "campaigns"])
async def test_no_screen_ticked_is_not_every_screen(studio: Shop, path: str) -> None:
    medium = await picture(studio)
    where = f"/staff/now/{medium.id}" if path == "now" else "/staff/campaigns/new"
    form = {"do": "publish", "name": "春", "who": "everybody", "media": medium.id, "until": "hour", "manner": "mix"}
    answer = await studio.client.post(where, data=form)
    text = await answer.text()
    assert (answer.status, "画面を一つ以上選んでください" in text) == (422, True)
    assert path != "now" or 'value="hour" checked' in text
    assert studio.library.campaigns() == ()


@pytest.mark.parametrize("path", ["campaigns/gone", "pictures/gone", "playlists/gone", "on/gone", "nothing/here"])
async def test_what_is_gone_is_said_in_words_with_a_way_on(studio: Shop, path: str) -> None:
    answer = await studio.client.get(f"/staff/{path}", headers=PAGE)
    text = await answer.text()
    assert (answer.status, "見つかりません" in text, 'href="/staff/history"' in text) == (404, True, True)


async def test_a_press_on_a_playlist_that_changed_meanwhile_changes_nothing(studio: Shop) -> None:
    medium = await picture(studio)
    await studio.library.save(Playlist(HOUSE, "番組", (medium.id, "welcome"), (8.0, 10.0)), "花子", "playlist")
    form = {"do": "remove-0", "stood": f"{medium.id}:8", "media": medium.id, "seconds": "8"}
    answer = await studio.client.post("/staff/playlists/house", data=form, allow_redirects=False)
    assert answer.headers["Location"].endswith("?done=stale")
    assert studio.library.now.playlists[HOUSE].media == (medium.id, "welcome")


async def test_a_deletion_is_taken_back_where_it_was_made(studio: Shop) -> None:
    await studio.library.publish(Campaign("c", "春の企画", Layer.MEMBER, headline={"ja": "春"}), "花子")
    async with browser_page(390, 844) as page:
        await page.goto(studio.url("/staff/campaigns/c"))
        await page.get_by_role("button", name="削除する").click()
        await page.get_by_role("status").get_by_role("button", name="元に戻す").click()
        await expect(page.get_by_role("status")).to_contain_text("元に戻しました")
        await expect(page.get_by_text("春の企画")).to_be_visible()


async def test_a_screen_that_shows_something_else_is_not_called_dead(
    studio: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await studio.library.publish(Campaign("c", "春", Layer.SCHEDULE, ((await picture(studio)).id,)), "花子")
    monkeypatch.setattr(studio, "on_screen", lambda _: "a-members-campaign")
    async with browser_page(390, 844) as page:
        await page.clock.install()
        await page.goto(studio.url("/staff/on/c"))
        await page.clock.run_for(25_000)
        await expect(page.get_by_text("画面1は、いま別の内容を出しています")).to_be_visible()
        await expect(page.get_by_text("電源とつながり").first).to_be_hidden()


async def test_a_session_that_ended_costs_nobody_what_they_typed(studio: Shop) -> None:
    async with browser_page(390, 844) as page:
        await page.goto(studio.url("/staff/campaigns/new"))
        await _typed(page, "春の企画")
        studio.door.open = False
        await page.get_by_role("button", name="下書きを保存").click()
        await expect(page.get_by_role("alert")).to_contain_text("サインインの時間が切れました")
        studio.door.open = True
        await page.get_by_role("button", name="下書きを保存").click()
        await expect(page.get_by_role("status")).to_contain_text("保存しました")
        assert [each.name for each in studio.library.campaigns()] == ["春の企画"]


async def test_a_photo_sent_after_the_session_ended_asks_for_a_sign_in(studio: Shop, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(photo())
    async with browser_page(390, 844) as page:
        await page.goto(studio.url("/staff/"))
        studio.door.open = False
        await page.set_input_files("input[type=file]", tmp_path / "a.jpg")
        await expect(page.get_by_role("alert")).to_contain_text("サインインの時間が切れました")
        await expect(page.get_by_role("alert").get_by_role("link")).to_be_visible()


async def test_a_photo_that_is_too_large_is_refused_before_it_is_sent(studio: Shop, tmp_path: Path) -> None:
    with (tmp_path / "large.jpg").open("wb") as file:
        file.truncate(61 << 20)
    async with browser_page(390, 844) as page:
        await page.goto(studio.url("/staff/"))
        page.on("request", lambda request: pytest.fail("sent") if request.method == "POST" else None)
        await page.set_input_files("input[type=file]", tmp_path / "large.jpg")
        await expect(page.get_by_role("alert")).to_contain_text("60MB")


async def test_enter_publishes_nothing_and_a_product_is_taken_once(studio: Shop, tmp_path: Path) -> None:
    tea = {"sku": "T-1", "name": {"ja": "煎茶"}, "price": 1080}
    (tmp_path / "catalogue.json").write_text(dump_catalogue([tea]))
    await studio.library.refresh()
    async with browser_page(390, 844) as page:
        await page.goto(studio.url("/staff/campaigns/new"))
        await page.get_by_label("会員みんな").check()
        await _typed(page, "春の企画")
        for _ in range(2):
            await page.get_by_label("商品（名前・JANで探す）").fill("煎")
            await page.locator(".found button").click()
        await expect(page.locator(".picked li")).to_have_count(1)
        await page.get_by_label("名前（店内での呼び名）").press("Enter")
        assert studio.library.campaigns() == ()
        await page.get_by_role("button", name="公開する").dblclick()
        await expect(page.get_by_role("status")).to_contain_text("公開しました")
        assert len(studio.library.campaigns()) == 1


async def test_a_campaign_that_another_outranks_says_so_on_its_own_page(studio: Shop) -> None:
    tea = frozenset({"tea"})
    for id, name, priority in (("a", "お茶の会", 20), ("b", "新しい会", 10)):
        words = {"ja": name}
        await studio.library.publish(
            Campaign(id, name, Layer.MEMBER, (), words, segments=tea, priority=priority), "花子"
        )
    said = [await (await studio.client.get(f"/staff/campaigns/{id}")).text() for id in "ab"]
    assert ["優先度の高い「お茶の会」が出ています" in text for text in said] == [False, True]


async def test_known_segments_are_ticked_and_not_typed(studio: Shop) -> None:
    tea = Campaign("c", "お茶", Layer.MEMBER, headline={"ja": "茶"}, segments=frozenset({"tea"}))
    await studio.library.publish(tea, "花子")
    async with browser_page(390, 844) as page:
        await page.goto(studio.url("/staff/campaigns/new"))
        await _typed(page, "春の企画")
        await page.get_by_label("一部の会員").check()
        await page.get_by_label("tea").check()
        await page.get_by_label("ほかのセグメント").fill("和菓子、 抹茶")
        await page.get_by_role("button", name="下書きを保存").click()
        await expect(page.get_by_label("抹茶")).to_be_checked()
    saved = next(each for each in studio.library.campaigns() if each.name == "春の企画")
    assert saved.segments == {"tea", "和菓子", "抹茶"}


async def _typed(page: Page, name: str) -> None:
    await page.get_by_label("名前（店内での呼び名）").fill(name)

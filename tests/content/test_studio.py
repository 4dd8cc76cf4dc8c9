"""The studio as staff use it: in Chromium for what they see, over HTTP for what others may try."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from axe_playwright_python.async_playwright import Axe
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from multidict import MultiDict
from PIL import Image
from playwright.async_api import Page, expect

from content import store
from content.catalogue import dump_catalogue
from content.library import Library, library, media_routes, migrate
from content.loop import loop_for
from content.model import Call, CallState, Campaign, Daypart, Decision, Facts, Layer, Media, Playlist
from content.resolve import resolve
from content.snapshot import HOUSE
from content.studio import forms, routes
from content.studio.words import FAR_FROM_FITTING, whole
from edge.db import database
from edge.web import headers
from provisioning.accounts import Role
from tests import chromium
from tests.content.counter import Counter

NOW = datetime(2026, 11, 20, 14, 5, tzinfo=ZoneInfo("Asia/Tokyo"))
SCREENS = [("one", "画面1", "portrait"), ("two", "画面2", "landscape")]
TEMPLATES = Path(__file__).parents[2] / "content" / "templates"
LOCALES = TEMPLATES.parent / "locales"
LAYERS = TEMPLATES.parents[1] / "kiosk_ui" / "static" / "js" / "layers.js"
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@dataclass
class Hanako:
    name: str = "花子"


@dataclass
class Door:
    """A guard that lets everybody in, or nobody."""

    open: bool = True
    asked: list[bool] = field(default_factory=list)

    def require(self, request: web.Request, role: Role, active: bool = True) -> Hanako:
        self.asked.append(active)
        if not self.open or role is not Role.STAFF:
            raise web.HTTPSeeOther("/signin")
        return Hanako()


async def signin(_: web.Request) -> web.Response:
    """Where the door sends whoever is not signed in."""
    return web.Response(text="<title>サインイン</title>", content_type="text/html")


@dataclass
class Shop:
    library: Library
    client: TestClient[web.Request, web.Application]
    door: Door
    awake: set[str]
    counter: Counter

    def on_screen(self, screen: str) -> str:
        """What a screen that is awake has confirmed: the campaign that its loop begins with."""
        return loop_for(self.decide(screen), self.library.media())[0].campaign if screen in self.awake else ""

    def decide(self, screen: str) -> Decision:
        return resolve(self.library.campaigns(), screen, Facts(), NOW, self.library.media())

    def url(self, path: str) -> str:
        return str(self.client.make_url(path))


@asynccontextmanager
async def shop(folder: Path) -> AsyncIterator[Shop]:
    async with database(folder / store.FILE, migrate) as db, library(db, folder) as made:
        door = Door()
        awake = {"one", "two"}
        app = web.Application()
        app.on_response_prepare.append(headers(()))
        client = TestClient(TestServer(app))
        opened = Shop(made, client, door, awake, Counter(NOW.timestamp()))
        pages = routes(made, door, SCREENS, lambda id: opened.on_screen(id), lambda: NOW, opened.counter)
        app.add_routes([*pages, *media_routes(made.files), web.get("/signin", signin)])
        async with client:
            yield opened


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Shop]:
    async with shop(tmp_path) as opened:
        yield opened


def photo(colour: str = "orange") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(out, "JPEG")
    return out.getvalue()


async def uploaded(studio: Shop, data: bytes, name: str = "新茶.jpg", query: str = "") -> aiohttp.ClientResponse:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", data, filename=name, content_type="image/jpeg")
    return await studio.client.post("/staff/upload" + query, data=form)


async def picture(studio: Shop) -> Media:
    answer = await uploaded(studio, photo())
    return studio.library.media()[(await answer.json())["next"].split("/")[-1]]


@asynccontextmanager
async def browser_page(width: int, height: int) -> AsyncIterator[Page]:
    """A page of a real browser; whatever its console or the content security policy complains of fails the test."""
    complaints: list[str] = []
    async with chromium.launched() as browser:
        context = await browser.new_context(viewport={"width": width, "height": height}, locale="ja")
        page = await context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
    assert [each for each in complaints if "status of 422" not in each] == []


@pytest.mark.promise("C-4")
async def test_a_photo_is_on_the_screens_in_two_taps_and_off_again_in_one(studio: Shop, tmp_path: Path) -> None:
    (tmp_path / "新茶.jpg").write_bytes(photo())
    studio.awake = set()
    async with browser_page(390, 844) as page:
        await page.goto(studio.url("/staff/"))
        await expect(page.get_by_text("まだ何もしていません")).to_be_visible()
        await page.set_input_files("input[type=file]", tmp_path / "新茶.jpg")
        await expect(page.locator(".frame.portrait img")).to_be_visible()
        await expect(page.locator(".frame.landscape img")).to_be_visible()
        await page.get_by_role("button", name="今すぐ出す").click()
        await expect(page.get_by_text("画面1の返事を待っています")).to_be_visible()
        studio.awake |= {"one", "two"}
        await expect(page.get_by_text("画面1で表示中")).to_be_visible()
        await expect(page.get_by_text("画面2で表示中")).to_be_visible()
        campaign = studio.library.campaigns()[0]
        assert (campaign.name, campaign.layer, campaign.last) == ("新茶", Layer.INTERRUPT, date(2026, 11, 20))
        assert campaign.dayparts == (Daypart(start=time(14, 5), end=time(21)),)
        await page.get_by_role("button", name="元に戻す").click()
        await expect(page.get_by_role("status")).to_contain_text("元に戻しました")
    assert studio.library.campaigns() == ()


async def test_a_file_that_is_no_photo_is_refused_in_words_and_another_may_be_chosen(
    studio: Shop, tmp_path: Path
) -> None:
    (tmp_path / "chirashi.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "good.jpg").write_bytes(photo())
    async with browser_page(390, 844) as page:
        await page.goto(studio.url("/staff/pictures"))
        await page.set_input_files("input[type=file]", tmp_path / "chirashi.pdf")
        await expect(page.get_by_role("alert")).to_contain_text("PDF")
        await page.set_input_files("input[type=file]", tmp_path / "good.jpg")
        await page.wait_for_url("**/staff/now/*")
    assert len(studio.library.media()) == 2


async def test_a_campaign_for_a_segment_is_made_previewed_and_explained(studio: Shop, tmp_path: Path) -> None:
    tea = {"sku": "T-1", "name": {"ja": "煎茶", "en": "Sencha"}, "price": 1080}
    (tmp_path / "catalogue.json").write_text(dump_catalogue([tea, {**tea, "sku": "C-1", "name": {"ja": "珈琲"}}]))
    await studio.library.refresh()
    async with browser_page(1280, 900) as page:
        await page.goto(studio.url("/staff/campaigns/new"))
        await page.get_by_label("名前（店内での呼び名）").fill("お茶の会")
        await page.get_by_label("一部の会員").check()
        await page.get_by_label("セグメント（読点で区切る）").fill("お茶、和菓子")
        await page.get_by_label("見出し（日本語）").fill("新茶が届きました")
        await expect(page.locator("[data-scene-headline]")).to_have_text("新茶が届きました")
        await page.get_by_text("中国語・韓国語の言葉").click()
        await page.get_by_label("見出し（中国語）").fill("新茶到店")
        await page.get_by_label("見出し（韓国語）").fill("햇차가 왔어요")
        await page.get_by_label("商品（名前・JANで探す）").fill("煎")
        await page.locator(".found button").click()
        await page.get_by_role("button", name="公開する").click()
        await expect(page.get_by_role("status")).to_contain_text("公開しました")
        await page.goto(studio.url("/staff/preview?who=member&segments=お茶"))
        await expect(page.locator(".result [data-scene-headline]")).to_have_text("新茶が届きました")
        await expect(page.locator(".result .tile")).to_contain_text("煎茶")
        await page.goto(studio.url("/staff/preview?who=member&segments=珈琲"))
        await expect(page.locator(".why")).to_contain_text("「お茶, 和菓子」の会員にだけ出します")
    made = studio.library.campaigns()[0]
    assert (made.layer, made.segments, made.products) == (Layer.MEMBER, frozenset({"お茶", "和菓子"}), ("T-1",))
    assert made.headline == {"ja": "新茶が届きました", "zh": "新茶到店", "ko": "햇차가 왔어요"}


async def test_every_page_fits_a_phone_and_is_accessible_in_either_language(studio: Shop) -> None:
    medium = await picture(studio)
    await studio.library.save(Playlist("p", "春", (medium.id,), (8.0,)), "花子", "playlist")
    await studio.library.publish(Campaign("c", "春の企画", Layer.SCHEDULE, (medium.id,)), "花子")
    paths = ["", "pictures", f"pictures/{medium.id}", f"now/{medium.id}", "on/c", "playlists", "playlists/p"]
    paths += ["campaigns", "campaigns/new", "campaigns/c", "preview", "history", "calls", "?language=en"]
    states = [*CallState, CallState.CALLING]
    studio.counter.calls = [
        Call(f"k{n}", each, "LN-1", "one", NOW.timestamp(), "", "K-0417-29", NOW.timestamp() + 9e4)
        for n, each in enumerate(states)
    ]
    studio.counter.settle("k5", True)
    async with browser_page(390, 844) as page:
        for path in [*paths, f"now/{medium.id}", "campaigns/c", "preview", "history", "calls"]:
            await page.goto(studio.url(f"/staff/{path}"))
            assert await page.evaluate("document.documentElement.scrollWidth") <= 390, path
            small = "e => e.map(x => x.getBoundingClientRect()).filter(r => r.width && r.height < 44).length"
            assert await page.eval_on_selector_all(".button, .tool, .tab, .chip", small) == 0, path
            found = (await Axe().run(page, options=WCAG)).response["violations"]
            assert [each["id"] for each in found] == [], path


PAGES = ["/staff/", "/staff/pictures", "/staff/playlists", "/staff/campaigns", "/staff/campaigns/new"]
PAGES += ["/staff/preview", "/staff/history", "/staff/products.json"]
PAGES += ["/staff/calls", "/staff/calls/list", "/staff/calls.json"]
ACTS = ["/staff/calls", "/staff/upload", "/staff/undo", "/staff/playlists", "/staff/campaigns/new"]


@pytest.mark.parametrize(("method", "path"), [*(("GET", p) for p in PAGES), *(("POST", p) for p in ACTS)])
async def test_nobody_gets_in_without_signing_in(studio: Shop, method: str, path: str) -> None:
    studio.door.open = False
    answer = await studio.client.request(method, path, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/signin")


@pytest.mark.parametrize(
    ("seen", "words"),
    [("welcome", "表示中"), ("a-members-campaign", "会員の応対中"), ("", "返事を待っています")],
)
async def test_the_first_page_says_only_what_a_screen_itself_has_said(
    studio: Shop, monkeypatch: pytest.MonkeyPatch, seen: str, words: str
) -> None:
    monkeypatch.setattr(studio, "on_screen", lambda _: seen)
    assert words in await (await studio.client.get("/staff/")).text()


async def test_a_pages_own_polling_keeps_no_session_awake(studio: Shop) -> None:
    medium = await picture(studio)
    await studio.library.publish(Campaign("c", "春", Layer.SCHEDULE, (medium.id,), screens=frozenset({"two"})), "花子")
    studio.door.asked.clear()
    answer = await studio.client.get("/staff/on/c/screens.json")
    assert await answer.json() == {"screens": [{"id": "two", "shown": True, "busy": False}]}
    assert studio.door.asked == [False]


@pytest.mark.promise("C-1")
async def test_a_bad_new_version_leaves_the_good_one(studio: Shop) -> None:
    good = await picture(studio)
    assert (await uploaded(studio, photo()[:2000], query=f"?replace={good.id}")).status == 422
    assert studio.library.media()[good.id] == good
    assert (await uploaded(studio, photo("teal"), query=f"?replace={good.id}")).status == 201
    newer = studio.library.media()[good.id]
    assert (newer.version, newer.title, newer.sha256 == good.sha256) == (2, good.title, False)


async def test_a_medium_is_served_as_what_it_is_and_for_ever(studio: Shop) -> None:
    medium = await picture(studio)
    answer = await studio.client.get(f"/media/{medium.sha256}.jpg")
    assert (answer.status, answer.content_type) == (200, "image/jpeg")
    assert "immutable" in answer.headers["Cache-Control"]
    assert (await studio.client.get(f"/media/thumbs/{medium.sha256}.webp")).content_type == "image/webp"
    welcome = studio.library.media()["welcome"]
    drawing = await studio.client.get(f"/media/{welcome.sha256}.svg")
    assert "sandbox" in drawing.headers["Content-Security-Policy"]


@pytest.mark.promise("X-3")
@pytest.mark.parametrize("path", ["/media/products/..%2Fcontent.sqlite", "/media/products/x.html", "/media/abc.jpg"])
async def test_no_other_file_is_served(studio: Shop, path: str) -> None:
    (studio.library.files.folder / "products").mkdir()
    (studio.library.files.folder / "products" / "x.html").write_text("<script>")
    assert (await studio.client.get(path)).status == 404


async def test_what_is_used_is_not_deleted_and_the_page_says_where(studio: Shop) -> None:
    medium = await picture(studio)
    await studio.library.publish(Campaign("c", "春の企画", Layer.SCHEDULE, (medium.id,)), "花子")
    answer = await studio.client.post(f"/staff/pictures/{medium.id}", data={"do": "delete"})
    assert answer.status == 409
    assert "春の企画" in await answer.text()


@pytest.mark.promise("C-4")
async def test_a_campaign_that_cannot_play_stays_a_form_with_its_problems(studio: Shop) -> None:
    form = {"do": "publish", "name": "空", "who": "everybody", "row-0": "1", "days-0": "1"}
    answer = await studio.client.post("/staff/campaigns/new", data=form)
    assert answer.status == 422
    assert "出す写真を選んでください" in await answer.text()
    assert studio.library.campaigns() == ()


@pytest.mark.promise("X-3")
async def test_names_are_shown_as_text_wherever_they_stand(studio: Shop) -> None:
    medium = await picture(studio)
    await studio.library.publish(Campaign("c", "<script>alert(1)</script>", Layer.SCHEDULE, (medium.id,)), "花子")
    for path in ("/staff/", "/staff/campaigns", "/staff/campaigns/c", "/staff/preview", "/staff/history"):
        assert "<script>alert" not in await (await studio.client.get(path)).text()


async def test_a_second_photo_put_on_alone_pushes_the_first_away(studio: Shop) -> None:
    for name in ("first", "second"):
        answer = await uploaded(studio, photo(), f"{name}.jpg")
        path = (await answer.json())["next"]
        await studio.client.post(path, data={"until": "closing", "manner": "alone", "screens": ["one"]})
    assert [item.title for item in loop_for(studio.decide("one"), studio.library.media())] == ["second"]


async def test_a_photo_mixed_in_takes_turns_with_what_is_on(studio: Shop) -> None:
    medium = await picture(studio)
    await studio.library.save(Playlist(HOUSE, "いつもの番組", (medium.id,), (8.0,)), "花子", "playlist")
    answer = await uploaded(studio, photo("teal"), "second.jpg")
    await studio.client.post((await answer.json())["next"], data={"until": "hour", "manner": "mix", "screens": ["one"]})
    titles = {item.title for item in loop_for(studio.decide("one"), studio.library.media())}
    assert titles == {"新茶", "second"}


@pytest.mark.parametrize(
    ("size", "orientation", "expected"),
    [
        ((1920, 1080), "landscape", False),
        ((1440, 1080), "landscape", False),
        ((1920, 1080), "portrait", True),
        ((1080, 1920), "portrait", False),
        ((4000, 3000), "portrait", True),
    ],
)
def test_the_preview_cuts_a_photo_just_where_the_screen_does(
    size: tuple[int, int], orientation: str, expected: bool
) -> None:
    assert whole(Media("m", "m", "image", "", ".jpg", *size), orientation) is expected
    assert f"const FAR_FROM_FITTING = {FAR_FROM_FITTING};" in LAYERS.read_text()


def row(**fields: str) -> MultiDict[str]:
    return MultiDict({"name": "x", "who": "everybody", **fields})


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (row(), ()),
        (MultiDict([*row(**{"row-0": "1"}).items(), *(("days-0", str(day)) for day in range(7))]), ()),
        (row(**{"row-0": "1", "days-0": "4", "start-0": "22:00", "end-0": "02:00"}), ((4, time(22), time(2)),)),
        (row(**{"row-0": "1", "days-0": "9", "start-0": "??"}), ((None, time(0), time(0)),)),
        (row(**{"row-1": "1", "start-1": "09:00"}), ()),
    ],
)
def test_hours_are_read_from_a_form(form: MultiDict[str], expected: tuple[tuple[int | None, time, time], ...]) -> None:
    parts = forms.campaign(form, Campaign("c", "", Layer.SCHEDULE)).dayparts
    assert [(next(iter(part.days), None), part.start, part.end) for part in parts] == list(expected)


@pytest.mark.parametrize(
    ("do", "expected"),
    [
        ("save", ["a", "b", "c"]),
        ("up-2", ["a", "c", "b"]),
        ("down-0", ["b", "a", "c"]),
        ("up-0", ["a", "b", "c"]),
        ("remove-1", ["a", "c"]),
        ("add-d", ["a", "b", "c", "d"]),
        ("remove-99", ["a", "b", "c"]),
        ("up-²", ["a", "b", "c"]),
    ],
)
def test_a_playlist_is_put_in_order(do: str, expected: list[str]) -> None:
    form = MultiDict([("do", do), *(("media", id) for id in "abc"), *(("seconds", str(n)) for n in (5, 1, 9999))])
    after = forms.playlist(form, Playlist("p", "春"))
    times = dict(zip("abcd", (5.0, 2.0, 600.0, 10.0), strict=True))
    assert list(after.media) == expected
    assert list(after.seconds) == [times[id] for id in expected]


def source_strings() -> Iterator[str | tuple[str, ...]]:
    method = [("**.html", "jinja2.ext:babel_extract")]
    for _, _, message, _, _ in extract_from_dir(str(TEMPLATES), method_map=method):
        yield message


def test_every_string_of_the_studio_is_translated() -> None:
    with (LOCALES / "en.po").open("rb") as file:
        catalog = read_po(file, locale="en")
    missing = {message for message in source_strings() if not (found := catalog.get(message)) or not found.string}
    unused = {entry.id for entry in catalog if entry.id} - set(source_strings())
    assert (missing, unused) == (set(), set())

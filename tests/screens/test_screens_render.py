"""Scenes say what they are given, in the shopper's language, and cannot be made to say more."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from edge.config import Screen
from edge.model import LANGUAGES, Band, Level, Show, StockLine, Tile, spoken
from edge.screens.assets import Assets
from edge.screens.render import Renderer, UnknownScene, shelf
from edge.screens.tongues import TONGUES

Member = Callable[..., Show]
INLINE = re.compile(r"\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|<style|javascript:", re.IGNORECASE)


@pytest.fixture
def renderer(assets: Assets) -> Renderer:
    return Renderer(assets, kiosks=["kiosk"])


def test_every_word_on_a_screen_stands_in_the_english_catalogue(assets: Assets) -> None:
    catalogue = read_po(io.BytesIO((assets.folder / "locales" / "en.po").read_bytes()))
    for template in (assets.folder / "templates").rglob("*.html"):
        with template.open("rb") as file:
            for _, _, message, _ in babel_extract(file, ["_"], [], {"trimmed": "true"}):
                assert catalogue.get(str(message)) is not None, f"{template.name}: {message}"
                assert catalogue[str(message)].string, message


@pytest.mark.promise("X-3")
def test_markup_in_any_value_is_shown_as_text(renderer: Renderer) -> None:
    attack = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    line = StockLine("near", attack, Band.FEW, attack, attack)
    tile = Tile(attack, attack, attack, attack, (line,))
    names = ("greeting", "nickname", "headline", "text", "picture")
    values = dict.fromkeys(names, attack) | {"tiles": (tile,), "coupons": (attack,), "product": tile}
    html = renderer.render(Show("kiosk", "member", attack, Level.PERSONAL, values=values))
    assert "<script" not in html
    assert "<img src=x" not in html


@pytest.mark.parametrize("scene", ["member", "members", "product", "notice"])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_no_scene_needs_anything_inline(renderer: Renderer, member: Member, scene: str, language: str) -> None:
    values = member("kiosk", language, warning=True).values
    html = renderer.render(Show("kiosk", scene, level=Level.SEGMENT, language=language, values=values))
    assert not INLINE.search(html)
    assert f'lang="{language}"' in html


@pytest.mark.parametrize("inviting", [True, False])
def test_a_screen_invites_codes_only_where_something_reads_them(renderer: Renderer, inviting: bool) -> None:
    html = renderer.page(Screen(id="window"), inviting)
    assert ("かざしてください" in html) is inviting
    assert ("映像は保存しません" in html) is inviting
    assert not INLINE.search(html)


@pytest.mark.parametrize("wares", [True, False])
def test_products_are_asked_for_only_where_they_are_read(renderer: Renderer, wares: bool) -> None:
    html = renderer.page(Screen(id="window"), True, wares)
    assert ("商品のバーコード" in html) is wares
    assert ("a product’s barcode" in html) is wares


@pytest.mark.parametrize(("touch", "back"), [(True, 1), (False, 0)])
def test_a_sheet_leads_back_to_the_list_only_where_there_is_one(renderer: Renderer, touch: bool, back: int) -> None:
    line = StockLine("here", "", Band.FEW, "残り2点")
    values = {"product": Tile("CU-1", "カップ", "¥100", "", (line,)), "touch": touch}
    assert renderer.render(Show("kiosk", "member", level=Level.SEGMENT, values=values)).count("一覧にもどる") == back
    assert "一覧にもどる" not in renderer.render(Show("kiosk", "product", values=values))


@pytest.mark.parametrize("scene", ["member", "members", "product"])
def test_a_product_that_is_not_found_claims_no_stock(renderer: Renderer, scene: str) -> None:
    values = {"missing": True, "product": None, "touch": True}
    html = renderer.render(Show("kiosk", scene, level=Level.SEGMENT, values=values))
    assert "この商品は見つかりませんでした" in html
    assert 'class="stock"' not in html


def test_a_screen_for_everybody_has_nothing_to_touch(renderer: Renderer, member: Member) -> None:
    assert "<button" not in renderer.render(member("window"))


@pytest.mark.parametrize("warning", [True, False])
def test_a_kiosk_always_has_a_way_out(renderer: Renderer, member: Member, warning: bool) -> None:
    html = renderer.render(member("kiosk", warning=warning))
    assert 'data-action="end"' in html
    assert ("もう少し見る" in html) is warning
    assert html.count("data-ring") == 1 + warning, "the warning covers the controls, so it counts down itself"


@pytest.mark.parametrize(
    ("hint", "words"),
    [
        ("again", "もう一度かざしてください"),
        ("one", "おひとりずつ、かざしてください"),
        ("ask", "お近くのスタッフにお声がけください"),
        ("product", "この商品は見つかりませんでした"),
        ("a reason of ours", "もう一度かざしてください"),
    ],
)
def test_a_hint_says_what_to_do_and_never_why(renderer: Renderer, hint: str, words: str) -> None:
    html = renderer.render(Show("window", "notice", values={"hint": hint}))
    assert words in html
    assert "a reason of ours" not in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hint_is_said_in_every_language_as_nobody_is_known(renderer: Renderer, language: str) -> None:
    html = renderer.render(Show("window", "notice", language=language, values={"hint": "again"}))
    tags = [TONGUES[each].tag for each in LANGUAGES]
    assert re.findall(r'<div class="hint" lang="([\w-]+)">', html) == sorted(tags, key=TONGUES[language].tag.__ne__)
    assert all(words in html for words in ("もう一度かざして", "hold it up again", "请再出示一次", "다시 한 번"))


def test_the_stock_line_shows_sign_place_words_and_age(renderer: Renderer, member: Member) -> None:
    html = re.sub(r"<[^>]+>|\s+", " ", renderer.render(member("window")))
    assert re.search(r"△\s+ここ\s+残り2点", html)
    assert re.search(r"◎\s+近くの店\s+あり\s+3分前", html)


def test_favourites_come_first_and_leave_room() -> None:
    groups = shelf({"favourites": tuple("abcdefgh"), "tiles": tuple("1a2c3456789")})
    assert groups == [("favourites", tuple("abc")), ("tiles", tuple("123"))]
    assert shelf({"favourites": (), "tiles": tuple("123456789")}) == [("tiles", tuple("123456"))]
    assert shelf({"favourites": (), "tiles": ()}) == []


@pytest.mark.parametrize(
    ("seconds", "limit", "counted"), [(15, 15, True), (9, 15, True), (90, 15, False), (None, 15, False)]
)
def test_only_time_that_runs_out_is_counted_down(
    renderer: Renderer, member: Member, seconds: float | None, limit: float, counted: bool
) -> None:
    show = replace(member("window"), seconds=seconds, limit=limit)
    assert ("data-ring" in renderer.render(show)) is counted


@pytest.mark.parametrize(
    ("tag", "language"),
    [("ja-JP", "ja"), ("en", "en"), ("zh-TW", "zh"), ("zh_Hant", "zh"), ("ko-KR", "ko"), ("fr", "en"), ("", "en")],
)
def test_a_guest_of_another_tongue_reads_english(tag: str, language: str) -> None:
    assert spoken(tag) == language


def test_a_scene_without_a_template_is_an_error_that_names_it(renderer: Renderer) -> None:
    with pytest.raises(UnknownScene, match="no scene 'nonsense'"):
        renderer.render(Show("window", "nonsense"))


def test_scripts_and_styles_name_only_files_that_exist(assets: Assets) -> None:
    for path, asset in assets.files.items():
        if path.endswith((".css", ".js")):
            for name in re.findall(r'url\("([^"]+)"\)|from "([^"]+)"', asset.body.decode()):
                wanted = (Path("/static") / path).parent / (name[0] or name[1])
                assert wanted.resolve().relative_to("/static").as_posix() in assets.files

"""The library: published to memory, files whole or absent, acts logged and undone, other processes noticed."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from content import store
from content.catalogue import dump_catalogue, found
from content.library import InUse, Library, library, migrate
from content.model import Campaign, Daypart, Facts, Layer, Media, Playlist
from content.publish import PROBLEMS, Shop, problems
from content.records import BadRecord, dumped, loaded
from content.resolve import WELCOME, resolve
from content.snapshot import HOUSE
from edge.db import database

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=ZoneInfo("Asia/Tokyo"))


@asynccontextmanager
async def opened(folder: Path, seed: Path | None = None) -> AsyncIterator[Library]:
    async with database(folder / store.FILE, migrate) as db, library(db, folder, seed) as made:
        yield made


def photo(made: Library, id: str, colour: str = "red") -> Media:
    path = made.files.incoming() / id
    Image.new("RGB", (64, 36), colour).save(path, "PNG")
    return Media(id, f"{id}の写真", "image", made.files.keep(path, ".png"), ".png", 64, 36)


def poster(id: str, *media: str) -> Campaign:
    return Campaign(id, f"{id}の企画", Layer.SCHEDULE, media)


async def until(made: Library, condition: object) -> None:
    """Wait until a condition of the library holds, woken by its changes."""
    async with asyncio.timeout(60):
        async for _ in made.changes():
            if condition():  # type: ignore[operator]
                return


async def test_a_new_library_has_the_welcome_and_nothing_to_undo(tmp_path: Path) -> None:
    async with opened(tmp_path) as made:
        assert list(made.media()) == [WELCOME]
        assert made.files.whole(made.media()[WELCOME])
        assert not made.campaigns()
        assert not made.now.acts


async def test_what_is_published_is_there_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as made:
        await made.save(photo(made, "tea"), "花子", "upload")
        await made.publish(poster("spring", "tea"), "花子")
    async with opened(tmp_path) as made:
        assert [each.id for each in made.campaigns()] == ["spring"]
        assert [(act.who, act.verb) for act in made.now.acts] == [("花子", "publish"), ("花子", "upload")]


async def test_a_draft_changes_nothing_that_is_on_the_screens(tmp_path: Path) -> None:
    async with opened(tmp_path) as made:
        await made.save(photo(made, "tea"), "花子", "upload")
        await made.publish(poster("spring", "tea"), "花子")
        await made.draft(replace(poster("spring", "tea"), name="夏"), "花子")
        assert [(each.name, each.published) for each in made.campaigns()] == [("springの企画", True)]
        assert made.now.drafts["spring"].name == "夏"
        await made.draft(poster("new", "tea"), "花子")
        assert [(each.id, each.published) for each in made.campaigns()] == [("spring", True), ("new", False)]


@pytest.mark.promise("C-4")
async def test_an_act_is_logged_and_undone_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as made:
        await made.save(photo(made, "tea"), "花子", "upload")
        act = await made.publish(poster("spring", "tea"), "花子")
        await made.undo(act, "太郎")
        assert made.campaigns() == ()
        assert [(each.who, each.verb) for each in made.now.acts][:2] == [("太郎", "undo"), ("花子", "publish")]
        assert made.now.acts[1].undone == made.now.acts[0].id
        with pytest.raises(store.CannotUndo):
            await made.undo(act, "太郎")


@pytest.mark.promise("C-4")
async def test_an_act_under_a_newer_one_is_not_undone(tmp_path: Path) -> None:
    async with opened(tmp_path) as made:
        await made.save(photo(made, "tea"), "花子", "upload")
        first = await made.publish(poster("spring", "tea"), "花子")
        await made.publish(replace(poster("spring", "tea"), name="夏"), "太郎")
        with pytest.raises(store.CannotUndo):
            await made.undo(first, "花子")
        assert [each.name for each in made.campaigns()] == ["夏"]


async def test_a_deletion_is_undone_with_everything_that_it_took(tmp_path: Path) -> None:
    async with opened(tmp_path) as made:
        await made.save(photo(made, "tea"), "花子", "upload")
        await made.publish(poster("spring", "tea"), "花子")
        await made.draft(replace(poster("spring", "tea"), name="夏"), "花子")
        await made.delete(made.now.campaigns[0], "花子")
        assert made.campaigns() == ()
        await made.undo(made.now.acts[0].id, "花子")
        assert ([each.id for each in made.campaigns()], list(made.now.drafts)) == (["spring"], ["spring"])


async def test_what_is_in_use_is_not_deleted_and_says_where(tmp_path: Path) -> None:
    async with opened(tmp_path) as made:
        tea = photo(made, "tea")
        await made.save(tea, "花子", "upload")
        await made.save(Playlist(HOUSE, "いつもの番組", ("tea",), (8.0,)), "花子", "playlist")
        await made.draft(poster("spring", "tea"), "花子")
        with pytest.raises(InUse, match="いつもの番組.*springの企画"):
            await made.delete(tea, "花子")
        assert "tea" in made.media()


async def test_the_house_playlist_plays_when_nothing_else_does(tmp_path: Path) -> None:
    async with opened(tmp_path) as made:
        await made.save(photo(made, "tea"), "花子", "upload")
        await made.save(Playlist(HOUSE, "いつもの番組", ("tea", WELCOME), (8.0, 5.0)), "花子", "playlist")
        decision = resolve(made.campaigns(), "one", Facts(), NOW, made.media())
        assert (decision.layer, decision.campaigns[0].seconds) == (Layer.DEFAULT, (8.0, 5.0))


async def test_a_campaign_plays_its_playlist_as_it_is_now(tmp_path: Path) -> None:
    async with opened(tmp_path) as made:
        await made.save(photo(made, "tea"), "花子", "upload")
        await made.save(Playlist("p", "春", ("tea",), (3.0,)), "花子", "playlist")
        await made.publish(replace(poster("spring"), playlist="p"), "花子")
        assert made.campaigns()[0].media == ("tea",)
        await made.save(Playlist("p", "春", ("tea", WELCOME), (3.0, 4.0)), "花子", "playlist")
        assert made.campaigns()[0].seconds == (3.0, 4.0)


@pytest.mark.promise("C-1")
@pytest.mark.parametrize("harm", ["cut", "changed", "missing"])
async def test_a_file_that_is_not_whole_is_not_shown(tmp_path: Path, harm: str) -> None:
    async with opened(tmp_path) as made:
        tea = photo(made, "tea")
        await made.save(tea, "花子", "upload")
        await made.publish(poster("spring", "tea"), "花子")
    path = made.files.path(tea.sha256, ".png")
    good = path.read_bytes()
    path.unlink() if harm == "missing" else path.write_bytes(good[:-20] if harm == "cut" else good[:-1] + b"!")
    async with opened(tmp_path) as made:
        assert list(made.media()) == [WELCOME]
        assert resolve(made.campaigns(), "one", Facts(), NOW, made.media()).campaigns[0].id == WELCOME


async def test_what_another_process_writes_is_seen(tmp_path: Path) -> None:
    async with opened(tmp_path) as made:
        await made.save(photo(made, "tea"), "花子", "upload")
        other = sqlite3.connect(tmp_path / store.FILE)
        with other:
            store.perform(other, 0, "IT", "publish", "x", [store.Change("campaign", "x", dumped(poster("x", "tea")))])
        other.close()
        await until(made, lambda: bool(made.campaigns()))
        assert [each.id for each in made.campaigns()] == ["x"]


TEA = {"sku": "T-1", "gtin": "2000000000015", "name": {"ja": "煎茶", "en": "Sencha"}, "price": 1080, "picture": "t.svg"}


async def test_a_product_is_found_by_its_gtin_the_first_of_two_that_share_it(tmp_path: Path) -> None:
    tea, same = {**TEA, "gtin": "4901234567894"}, {**TEA, "sku": "T-2", "gtin": "04901234567894"}
    goods = [tea, same, {**TEA, "sku": "T-3", "gtin": ""}]
    (tmp_path / "catalogue.json").write_text(dump_catalogue(goods))
    async with opened(tmp_path) as made:
        assert made.by_gtin("04901234567894") == made.products()["T-1"]
        assert (made.by_gtin("09784101010014"), made.by_gtin("")) == (None, None)


async def test_a_new_catalogue_is_seen_and_a_bad_one_does_not_replace_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as made:
        (tmp_path / "catalogue.json").write_text(dump_catalogue([{**TEA, "tags": ["お茶"]}]))
        await until(made, lambda: "T-1" in made.products())
        assert made.products()["T-1"].gtin == "02000000000015"
        assert made.products()["T-1"].picture == "/media/products/t.svg"
        (tmp_path / "catalogue.json").write_text('{"format": "tentou-catalogue/1", "products": [{}]}')
        await made.refresh()
        assert "T-1" in made.products()
        assert "products.0.sku" in made.trouble


OTHERWISE = {
    "campaign": b'{"id": "x", "name": "x", "layer": "hologram"}',  # as a later version may have it
    "draft": b"{",
    "playlist": b'{"id": "x", "name": "\xff"}',  # a byte that the disk spoilt
    "media": None,
    "hologram": b"{}",  # a kind of a later version is none of ours
}


@pytest.mark.promise("X-1")
async def test_a_thing_that_cannot_be_read_costs_itself_alone_and_is_named(tmp_path: Path) -> None:
    async with database(tmp_path / store.FILE, migrate) as db, library(db, tmp_path) as made:
        await made.save(photo(made, "tea"), "花子", "upload")
        await made.publish(poster("spring", "tea"), "花子")
        rows = "INSERT INTO things VALUES (?, 'x', CAST(? AS TEXT))"
        await db.write(lambda file: file.executemany(rows, OTHERWISE.items()))
        await db.write(lambda file: file.execute("UPDATE acts SET title = CAST(x'ff' AS TEXT)"))
        await made.refresh()
        assert [word.partition(":")[0] for word in made.now.unread] == [
            f"{kind} 'x'" for kind in ("campaign", "draft", "media", "playlist")
        ]
        assert made.trouble.startswith("campaign 'x': layer: Input should be")
        assert made.trouble.endswith("; 1 more")
    async with opened(tmp_path) as made:
        assert ([each.id for each in made.campaigns()], [*made.media()]) == (["spring"], [WELCOME, "tea"])
        await made.delete(Playlist("x", "x"), "花子")
        assert len(made.now.unread) == 3


async def test_what_the_disk_could_not_read_for_a_moment_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = {"catalogue.json"}

    def opens(path: Path, *how: Any, **more: Any) -> Any:
        if any(each in path.name for each in away):
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return plain(path, *how, **more)

    async with opened(tmp_path) as made:
        tea = photo(made, "tea")
        await made.save(tea, "花子", "upload")
        (tmp_path / "catalogue.json").write_text(dump_catalogue([TEA]))
        away.add(tea.sha256)
    plain = Path.open
    monkeypatch.setattr(Path, "open", opens)
    monkeypatch.setattr("content.library.POLL_S", 0.01)
    async with opened(tmp_path) as made:
        assert (list(made.media()), dict(made.products())) == ([WELCOME], {})
        assert "cannot be read" in made.trouble
        for gone, back in (("catalogue.json", made.products), (tea.sha256, made.media)):
            made.files.unread.add(tmp_path)
            while tmp_path in made.files.unread:  # until it was looked at, so that nothing else has it looked at again
                await asyncio.sleep(0.001)
            away.remove(gone)
            while not {"T-1", "tea"} & {*back()}:
                await asyncio.sleep(0.001)
        assert not made.files.unread
        assert made.trouble == ""


async def test_a_film_that_the_disk_cannot_read_is_tried_again_ever_more_seldom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0

    def opens(path: Path, *how: Any, **more: Any) -> Any:
        nonlocal tries
        if tea.sha256 in path.name:
            tries += 1
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return plain(path, *how, **more)

    async with opened(tmp_path) as made:
        tea = photo(made, "tea")
        await made.save(tea, "花子", "upload")
    plain, rest, looks = Path.open, asyncio.sleep, 0

    async def looked(_: float) -> None:
        nonlocal looks
        looks += 1
        await rest(0)

    monkeypatch.setattr(Path, "open", opens)
    monkeypatch.setattr("content.library.asyncio.sleep", looked)
    async with opened(tmp_path):
        while looks < 200:
            await rest(0.001)
    assert 5 <= tries <= 12


async def test_products_are_found_by_any_of_their_words(tmp_path: Path) -> None:
    (tmp_path / "catalogue.json").write_text(dump_catalogue([TEA, {**TEA, "sku": "T-2", "name": {"ja": "ほうじ茶"}}]))
    async with opened(tmp_path) as made:
        assert [each.sku for each in found(made.products(), "茶")] == ["T-1", "T-2"]
        assert [each.sku for each in found(made.products(), "SENCHA t-1")] == ["T-1"]
        assert [each.sku for each in found(made.products(), "coffee")] == []


def seed_folder(folder: Path, **entries: object) -> Path:
    (folder / "media").mkdir(parents=True)
    (folder / "products").mkdir()
    (folder / "products" / "t.svg").write_text("<svg/>")
    Image.new("RGB", (1920, 1080), "teal").save(folder / "media" / "spring.jpg")
    (folder / "catalogue.json").write_text(dump_catalogue([TEA]))
    shop = {
        "format": "tentou-campaigns/1",
        "media": [{"id": "spring", "title": "春", "file": "spring.jpg"}],
        "playlists": [{"id": "house", "name": "いつもの番組", "media": ["spring"], "seconds": [9]}],
        "campaigns": [{"id": "club", "name": "会", "layer": "member", "segments": ["tea"], "products": ["T-1"]}],
    }
    (folder / "campaigns.json").write_text(json.dumps({**shop, **entries}))
    return folder


async def test_a_seed_fills_an_empty_library_once(tmp_path: Path) -> None:
    seed = seed_folder(tmp_path / "seed")
    async with opened(tmp_path / "lib", seed) as made:
        assert (made.media()["spring"].width, made.media()["spring"].height) == (1920, 1080)
        assert made.files.thumb(made.media()["spring"].sha256).exists()
        assert (tmp_path / "lib" / "products" / "t.svg").exists()
        await made.delete(next(each for each in made.campaigns() if each.id == "club"), "花子")
    async with opened(tmp_path / "lib", seed) as made:
        assert [each.id for each in made.campaigns()] == [HOUSE]


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ({"campaigns": [{"id": "x", "name": "x", "layer": "member", "segmnts": []}]}, "unknown key 'segmnts'"),
        ({"campaigns": [{"id": "x", "name": "x", "layer": "sometimes"}]}, "campaign 'x': layer"),
        ({"media": [{"id": "x", "title": "x", "file": "../../catalogue.json"}]}, "no such file"),
        ({"format": "tentou-campaigns/9"}, "format"),
    ],
)
async def test_a_bad_seed_names_its_entry_and_leaves_nothing(
    tmp_path: Path, entries: dict[str, object], complaint: str
) -> None:
    seed = seed_folder(tmp_path / "seed", **entries)
    with pytest.raises(BadRecord, match=complaint):
        async with opened(tmp_path / "lib", seed):
            pass
    async with opened(tmp_path / "lib") as made:
        assert list(made.media()) == [WELCOME]


campaigns = st.builds(
    Campaign,
    id=st.text(min_size=1),
    name=st.text(),
    layer=st.sampled_from(Layer),
    headline=st.dictionaries(st.sampled_from(["ja", "en"]), st.text()),
    segments=st.frozensets(st.text()),
    first=st.none() | st.dates(),
    dayparts=st.lists(st.builds(Daypart, days=st.frozensets(st.integers(0, 6)), start=st.times()), max_size=2).map(
        tuple
    ),
    seconds=st.lists(st.floats(1, 60)).map(tuple),
)


@given(campaign=campaigns)
def test_a_campaign_comes_back_from_the_database_as_it_went_in(campaign: Campaign) -> None:
    assert loaded(Campaign, dumped(campaign), "it") == campaign


SHOP = Shop({"one"}, {"a": Media("a", "a", "image", "a" * 64, ".jpg", 1, 1)}, {"T-1"})


@pytest.mark.promise("C-4")
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, ()),
        ({"name": " "}, ("name",)),
        ({"media": ()}, ("media",)),
        ({"layer": Layer.MEMBER, "media": ()}, ("words",)),
        ({"media": ("a", "gone")}, ("gone",)),
        ({"screens": frozenset({"elsewhere"})}, ("screen",)),
        ({"first": date(2026, 12, 2), "last": date(2026, 12, 1)}, ("order",)),
        ({"last": date(2026, 11, 19)}, ("over",)),
        ({"last": date(2026, 11, 20), "dayparts": (Daypart(start=time(8), end=time(9)),)}, ("over",)),
        ({"layer": Layer.INTERRUPT}, ("end",)),
        ({"dayparts": (Daypart(frozenset()),)}, ("days",)),
        ({"products": ("T-9",)}, ("product",)),
    ],
)
def test_what_cannot_play_cannot_be_published(changed: dict[str, object], expected: tuple[str, ...]) -> None:
    campaign = replace(poster("x", "a"), **changed)  # type: ignore[arg-type]
    assert problems(campaign, SHOP, NOW) == expected


def test_every_problem_is_worded_in_both_languages() -> None:
    assert all(set(texts) == {"ja", "en"} for texts in PROBLEMS.values())

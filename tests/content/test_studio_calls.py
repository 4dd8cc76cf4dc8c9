"""お呼び出し・取り置き as staff see it: who waits, what was kept, and the button that says somebody goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from content.catalogue import dump_catalogue
from content.model import Call, CallState
from content.studio.words import ago
from tests.content.test_studio import NOW, Shop, shop

AT = NOW.timestamp()
SHIRT = {"sku": "LN-1", "gtin": "4901234567894", "name": {"ja": "麻のシャツ", "en": "Linen shirt"}, "price": 9900}


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Shop]:
    (tmp_path / "catalogue.json").write_text(dump_catalogue([SHIRT]))
    async with shop(tmp_path) as opened:
        yield opened


def call(state: CallState = CallState.CALLING, key: str = "k1", ago_s: float = 200.0, **more: str | float) -> Call:
    return Call(key, state, "LN-1", "one", AT - ago_s, **more)  # type: ignore[arg-type]


async def read(studio: Shop, path: str = "calls") -> str:
    return await (await studio.client.get(f"/staff/{path}")).text()


async def test_a_call_says_what_where_and_since_when(studio: Shop) -> None:
    studio.counter.calls = [call()]
    text = await read(studio)
    for words in ("麻のシャツ", "JAN 4901234567894", "画面1", "3分前", "14:01", "呼び出し中", "対応しました"):
        assert words in text
    assert "Linen shirt" in await read(studio, "calls?language=en")


@pytest.mark.parametrize(
    ("asked", "words", "waiting"),
    [
        (call(CallState.CONFIRMED, slip="A-017", until_s=AT + 3600), ("取り置き済み", "A-017", "15:05 まで"), 1),
        (call(CallState.CONFIRMED, slip="B-2", elsewhere="harajuku"), ("harajukuで取り置き済み", "B-2"), 0),
        (call(CallState.CONFIRMED, until_s=AT + 86_400), ("11/21 14:05 まで",), 1),
        (call(CallState.DECLINED), ("お断り",), 0),
        (call(CallState.PENDING), ("確認中",), 0),
        (call(CallState.UNKNOWN), ("不明", "お確かめください"), 0),
        (call(settled_s=AT - 60), ("14:04 に対応", "戻す"), 0),
    ],
)
async def test_each_state_has_its_words_and_only_what_needs_somebody_counts(
    studio: Shop, asked: Call, words: tuple[str, ...], waiting: int
) -> None:
    studio.counter.calls = [asked]
    text = await read(studio)
    assert [each for each in words if each not in text] == []
    assert (await (await studio.client.get("/staff/calls.json")).json())["number"] == waiting
    assert ("<title>(1) " in await read(studio, "")) is (waiting == 1)


async def test_one_press_settles_a_call_and_another_takes_that_back(studio: Shop) -> None:
    studio.counter.calls = [call(key="k1"), call(key="k2", ago_s=500)]
    text = await (await studio.client.post("/staff/calls", data={"key": "k2", "do": "done"})).text()
    assert ("対応済みにしました" in text, studio.counter.calls[1].settled_s) == (True, AT)
    await studio.client.post("/staff/calls", data={"key": "k2", "do": "reopen"})
    await studio.client.post("/staff/calls", data={"key": "nobody's"})
    assert [each.waits for each in studio.counter.calls] == [True, True]


async def test_staff_read_that_no_more_are_taken_until_some_are_seen_to(studio: Shop) -> None:
    studio.counter.calls, studio.counter.most = [call(key="k1"), call(key="k2")], 2
    assert "お待ちが2件あり、これより多くは受けられません" in await read(studio)
    assert "2 are waiting, and no more are taken" in await read(studio, "calls/list?language=en")
    await studio.client.post("/staff/calls", data={"key": "k2", "do": "done"})
    assert "これより多くは" not in await read(studio, "calls?language=ja")


async def test_news_names_all_who_wait_and_nobody_who_was_seen_to(studio: Shop) -> None:
    studio.counter.calls = [call(key="k3"), call(key="k2", settled_s=AT), call(key="k1")]
    news = await (await studio.client.get("/staff/calls.json")).json()
    assert news == {"number": 2, "keys": ["k3", "k1"], "version": 1}


async def test_whoever_asks_for_news_listens_and_keeps_no_session_awake(studio: Shop) -> None:
    await read(studio, "pictures")
    assert studio.counter.heeded == 0
    studio.door.asked.clear()
    await studio.client.get("/staff/calls.json")
    assert (studio.counter.heeded, studio.door.asked) == (1, [False])


async def test_a_product_that_left_the_catalogue_keeps_its_number_and_its_names_are_text(studio: Shop) -> None:
    studio.counter.calls = [Call("k", CallState.CALLING, "<b>OLD</b>", "gone", AT)]
    text = await read(studio)
    assert "&lt;b&gt;OLD" in text
    assert "<b>OLD" not in text


@pytest.mark.parametrize(
    ("seconds", "ja", "en"),
    [(-3, "たったいま", "just now"), (59, "たったいま", "just now"), (60, "1分前", "1 min ago"),
     (3599, "59分前", "59 min ago"), (7300, "2時間前", "2 h ago")],
)  # fmt: skip
def test_how_long_ago_is_never_said_as_more_than_it_is(seconds: float, ja: str, en: str) -> None:
    assert (ago(seconds, "ja"), ago(seconds, "en")) == (ja, en)

"""A chain's own system: where each figure lies, how pages go on, what a push is worth, what keeping one means."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from aiohttp import web

from edge.adapters import stock_generic
from edge.config import BadConfig, checked
from edge.ports import StockAway, StockLevel
from edge.stock.shops import push
from edge.stock.shops.answers import told
from edge.stock.system import BadDelivery, Delivery, Keeping, Key, Push, Reserve, Since, Wish
from tests.stock.shops.direct import Opened, opened
from tests.stock.shops.generic import HOOK, Generic, signed

AT = 1_795_252_365.0
SCHEMA = json.loads(Path(push.__file__).with_name("push.schema.json").read_text())


@pytest.fixture
def shop() -> Generic:
    fake = Generic(lambda: AT)
    fake.stock("LN-09-M", "ginza", 3)
    fake.stock("LN-09-M", "shinjuku", 0)
    fake.stock("LN/09 L&x=1", "ginza", 1)
    fake.stock("LN-09-L", "elsewhere", 8)
    fake.bare("LN-09-S")
    return fake


@pytest.fixture
async def adapter(shop: Generic, tmp_path: Path) -> AsyncIterator[Opened]:
    async with opened(shop, stock_generic, tmp_path) as found:
        found.system._wall = shop.clock  # type: ignore[attr-defined]
        yield found


def answering(shop: Generic, *bodies: Any, **headers: str) -> list[str]:
    """The system answers these bodies in turn, the last for ever; the paths it was asked for."""
    asked: list[str] = []

    def say(request: web.Request) -> web.Response:
        body = bodies[min(len(asked), len(bodies) - 1)]
        asked.append(request.path_qs)
        return web.json_response(body, headers=headers if len(asked) == 1 else {})

    shop.say = say
    return asked


PLAIN: dict[str, Any] = {
    "fields": {"sku": "/sku", "available": "/n"}, "locations": {"*": "ginza"}, "rows": "", "paging": "none", "next": "",
    "changed_url": "", "item_url": "", "since": "none", "push": False, "beats": False, "reserve": "none",
    "reserve_url": "",
}  # fmt: skip


def plain(shop: Generic, path: str, **more: Any) -> dict[str, Any]:
    """Settings of a simpler system, at this path of the same server; ``shop`` listens already."""
    return PLAIN | {"url": f"http://127.0.0.1:{shop.port}{path}"} | more


async def test_everything_lies_where_the_pointers_say(shop: Generic, adapter: Opened) -> None:
    shop.page = 2
    assert await adapter.everything() == shop.levels()
    assert len(adapter.call.asked) == 2


async def test_what_is_held_for_somebody_is_taken_off(shop: Generic, adapter: Opened) -> None:
    shop.rows["LN-09-M", "0012"].held = 1
    page = await adapter.system.read([Key("LN-09-M", "0012")])
    assert page.levels == (StockLevel("LN-09-M", "ginza", on_hand=3, hold=1, revision=1),)


async def test_a_sku_of_any_signs_is_one_step_of_the_address(shop: Generic, adapter: Opened) -> None:
    page = await adapter.system.read([Key("LN/09 L&x=1", "0012"), Key("UNKNOWN", "0012")])
    assert [level.sku for level in page.levels] == ["LN/09 L&x=1"]


async def test_a_single_row_may_be_the_whole_answer_about_a_sku(shop: Generic, tmp_path: Path) -> None:
    await shop.start()
    chosen = plain(shop, "/s", item_url=f"{shop.url}/s/{{sku}}")
    answering(shop, ONE)
    await shop.stop()
    async with opened(shop, stock_generic, tmp_path, **chosen) as adapter:
        assert (await adapter.system.read([Key("A", "*")])).levels == (StockLevel("A", "ginza", 1),)


async def test_an_item_has_what_the_pointers_say_of_it(shop: Generic, adapter: Opened) -> None:
    shop.products["LN-09-M"]["jan"] = "4901234567894"
    item = (await adapter.items())["LN-09-M"]
    assert (item.gtin, item.style, item.color, item.size) == ("04901234567894", "LN-09", "白", "M")


async def test_changes_are_asked_for_from_a_moment_on(shop: Generic, adapter: Opened) -> None:
    shop.clock = lambda: AT + 60
    shop.sell("LN-09-M", "ginza")
    assert await adapter.changed(AT + 60) == {("LN-09-M", "ginza"): 2}


@pytest.mark.parametrize(("form", "text"), [("seconds", "1795252365"), ("milliseconds", "1795252365500")])
async def test_a_moment_is_written_as_the_system_reads_it(shop: Generic, tmp_path: Path, form: str, text: str) -> None:
    await shop.start()
    more = plain(shop, "/s", changed_url=f"{shop.url}/c?t={{since}}", since="blind", since_form=form)
    asked = answering(shop, [])
    await shop.stop()
    async with opened(shop, stock_generic, tmp_path, **more) as adapter:
        assert await adapter.changed(AT + 0.5) == {}
    assert asked == [f"/c?t={text}"]


async def rows(shop: Generic, folder: Path, path: str, *bodies: Any, link: str = "", **more: Any) -> tuple[Any, Any]:
    """What a simpler system's bodies mean, and what it was asked for."""
    await shop.start()
    asked = answering(shop, *bodies, **({"Link": link} if link else {}))
    chosen = plain(shop, path, **more)
    await shop.stop()
    async with opened(shop, stock_generic, folder, **chosen) as adapter:
        return await adapter.everything(), asked


ONE, TWO = {"sku": "A", "n": 1}, {"sku": "B", "n": "2.9"}


async def test_pages_by_number_end_with_an_empty_one(shop: Generic, tmp_path: Path) -> None:
    found = await rows(shop, tmp_path, "/s?p={page}", [ONE], [TWO], [], paging="page")
    assert found == ({("A", "ginza"): 1, ("B", "ginza"): 2}, ["/s?p=1", "/s?p=2", "/s?p=3"])


async def test_pages_of_a_known_size_end_with_a_short_one(shop: Generic, tmp_path: Path) -> None:
    found = await rows(shop, tmp_path, "/s?p={page}", [ONE], [], paging="page", page_rows=2, first_page=0)
    assert found == ({("A", "ginza"): 1}, ["/s?p=0"])


async def test_pages_by_link_header_go_on_at_the_same_host_alone(shop: Generic, tmp_path: Path) -> None:
    found = await rows(shop, tmp_path, "/s", [ONE], [TWO], paging="link", link='</s?q=%2F2>; rel="next"')
    assert found == ({("A", "ginza"): 1, ("B", "ginza"): 2}, ["/s", "/s?q=%2F2"])
    for evil in ("http://169.254.169.254/x", "//evil.example/x", "https://127.0.0.1/x"):
        with pytest.raises(StockAway, match="another host"):
            await rows(shop, tmp_path, "/s", [ONE], paging="link", link=f'<{evil}>; rel="next"')


async def test_a_list_that_goes_round_in_a_circle_ends(shop: Generic, tmp_path: Path) -> None:
    with pytest.raises(StockAway, match="again and again"):
        await rows(shop, tmp_path, "/s?c={cursor}", {"r": [ONE], "c": "x"}, paging="cursor", next="/c", rows="/r")


@pytest.mark.parametrize("end", [{"c": None}, {"c": ""}, {}])
async def test_pages_by_cursor_end_where_it_is_empty_or_no_longer_there(
    shop: Generic, tmp_path: Path, end: dict[str, Any]
) -> None:
    bodies = {"r": [ONE], "c": "x"}, {"r": [TWO]} | end
    found = await rows(shop, tmp_path, "/s?c={cursor}", *bodies, paging="cursor", next="/c", rows="/r")
    assert found == ({("A", "ginza"): 1, ("B", "ginza"): 2}, ["/s?c=", "/s?c=x"])


async def test_a_first_page_without_its_cursor_is_not_taken_for_all(shop: Generic, tmp_path: Path) -> None:
    paged = {"paging": "cursor", "next": "/data/cursor", "rows": "/r"}
    for body in ({"r": [ONE]}, {"r": [ONE], "data": {"next": "x"}}, {"r": [ONE], "data": ["x"]}):
        with pytest.raises(StockAway, match="nothing at /data/cursor: look at next"):
            await rows(shop, tmp_path, "/s?c={cursor}", body, **paged)
    found = await rows(shop, tmp_path, "/s?c={cursor}", {"r": [ONE]}, **paged, last_page="absent")
    assert found == ({("A", "ginza"): 1}, ["/s?c="])


async def test_each_place_is_asked_by_itself_where_the_address_says_so(shop: Generic, tmp_path: Path) -> None:
    found = await rows(shop, tmp_path, "/s/{location}", [ONE], [TWO], locations={"0012": "ginza", "a/b": "shinjuku"})
    assert found == ({("A", "ginza"): 1, ("B", "shinjuku"): 2}, ["/s/0012", "/s/a%2Fb"])


@pytest.mark.parametrize(
    ("row", "level"),
    [
        ({"sku": 5, "n": 1}, StockLevel("5", "ginza", 1)),
        ({"sku": "A", "n": ""}, StockLevel("A", "ginza")),
        ({"sku": "A", "n": 1, "st": True}, StockLevel("A", "ginza", 1, status="in")),
        ({"sku": "A", "st": "取寄"}, StockLevel("A", "ginza", status="order")),
        ({"sku": "A", "st": "？"}, StockLevel("A", "ginza")),
        ({"sku": "A", "n": 1, "v": "2026-11-21T09:12:45Z"}, StockLevel("A", "ginza", 1, revision=1_795_252_365_000)),
        (
            {"sku": "A", "n": 0, "more": 4, "day": "2026-12-01T00:00:00Z", "rate": "1.5"},
            StockLevel("A", "ginza", 0, incoming=4, incoming_on="2026-12-01", sold_daily=1.5),
        ),
    ],
)
async def test_a_row_is_read_as_people_write_them(
    shop: Generic, tmp_path: Path, row: dict[str, Any], level: StockLevel
) -> None:
    fields = {
        "sku": "/sku", "available": "/n", "status": "/st", "revision": "/v", "incoming": "/more", "incoming_on": "/day",
        "sold_daily": "/rate",
    }  # fmt: skip
    await shop.start()
    chosen = plain(shop, "/s", fields=fields, statuses={"true": "in", "取寄": "order"})
    answering(shop, [row])
    await shop.stop()
    async with opened(shop, stock_generic, tmp_path, **chosen) as adapter:
        assert [page.levels async for page in adapter.system.everything()] == [(level,)]


@pytest.mark.promise("X-3")
@pytest.mark.parametrize(
    "body",
    [
        {"r": 5},
        {"error": "maintenance"},
        ONE,
        [{"code": "A", "n": 1}],
        [{"sku": "A", "n": "NaN"}],
        [{"sku": "A", "n": 1e308}],
        [{"sku": "A", "n": {"x": 1}}],
        [ONE, ONE],
        "text",
        None,
    ],
)
async def test_what_is_no_stock_is_away(shop: Generic, tmp_path: Path, body: Any) -> None:
    with pytest.raises(StockAway):
        await rows(shop, tmp_path, "/s", body)


@pytest.mark.promise("X-3")
async def test_a_hostile_name_is_cut_off_and_a_row_without_a_sku_is_none(shop: Generic, tmp_path: Path) -> None:
    fields = {"sku": "/sku", "available": "/n", "name": "/name"}
    body = [ONE | {"name": "<script>" * 100_000}, {"sku": "a\nb", "n": 1}, {"n": 3}, 7]
    found, _ = await rows(shop, tmp_path, "/s", body, fields=fields)
    assert found == {("A", "ginza"): 1}


# Pushes


async def test_a_push_says_figures_what_is_gone_and_its_number(shop: Generic, adapter: Opened) -> None:
    first = adapter.system.pushed(shop.take()[0])
    assert first.levels == (StockLevel("LN-09-M", "ginza", on_hand=3, revision=1),)
    assert (first.stream, first.seq, first.sent_s) == ("core-1", 1, AT)
    gone = [{"sku": "A", "location": place} for place in ("0012", "0099")]
    assert adapter.system.pushed(shop.push([], gone=gone)).gone == (("A", "ginza"),)


async def test_a_beat_says_that_nothing_changed(shop: Generic, adapter: Opened) -> None:
    beat = adapter.system.pushed(shop.push([]))
    assert (beat.levels, beat.gone, beat.seq) == ((), (), 5)


async def test_a_signature_that_openssl_made_over_the_raw_body_is_believed(adapter: Opened) -> None:
    body = (
        b'{"format":"tentou-stock-push/1","id":"p-1","stream":"core-1","seq":1,"sent_ms":1795252365000,'
        b'"levels":[{"sku":"LN-09-M","location":"0012","on_hand":3,"hold":1,"revision":17}]}'
    )
    digest = "f73cb00eb131d86d7beacb8b5dd1db804693384b0f48568d9d13fb31c72df95c"  # openssl dgst -sha256 -hmac hush
    headers = {"x-tentou-signature": f"sha256={digest}"}
    assert adapter.system.pushed(Delivery(HOOK, headers, body)).levels[0].hold == 1
    with pytest.raises(BadDelivery, match="signature"):
        adapter.system.pushed(Delivery(HOOK, headers, body.replace(b'"on_hand":3', b'"on_hand":9')))


@pytest.mark.parametrize(("late_s", "believed"), [(299, True), (-299, True), (301, False), (-301, False)])
async def test_a_push_is_believed_for_five_minutes(
    shop: Generic, adapter: Opened, late_s: float, believed: bool
) -> None:
    delivery = shop.take()[0]
    adapter.system._wall = lambda: AT + late_s  # type: ignore[attr-defined]
    if believed:
        assert adapter.system.pushed(delivery).levels
    else:
        with pytest.raises(BadDelivery, match="sent_ms is .*at most 300 s is believed"):
            adapter.system.pushed(delivery)


async def test_where_reading_gives_no_order_a_pushed_figure_is_read_back(shop: Generic, tmp_path: Path) -> None:
    fields = {"sku": "/item/code", "location": "/shop", "on_hand": "/qty"}
    async with opened(shop, stock_generic, tmp_path, fields=fields) as adapter:
        adapter.system._wall = shop.clock  # type: ignore[attr-defined]
        assert [level.revision for level in adapter.system.pushed(shop.take()[0]).levels] == [0]


GOOD = json.loads(Generic(lambda: AT).push([{"sku": "A", "location": "0012", "available": 3}]).body)


def test_the_schema_is_what_the_reader_takes() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(GOOD, SCHEMA)
    assert told(push.Push, json.dumps(GOOD).encode()).levels[0].available == 3
    assert SCHEMA["properties"].keys() == push.Push.model_fields.keys()
    assert SCHEMA["$defs"]["level"]["properties"].keys() == push.Level.model_fields.keys()
    assert SCHEMA["$defs"]["item"]["properties"].keys() == push.Item.model_fields.keys()


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "tentou-stock-push/2"}, {"seq": 0}, {"stream": ""}, {"id": ""}, {"sent_ms": -1},
        {"levels": [{"sku": "A", "location": "1", "available": 10**8}]}, {"levels": [{"sku": "A"}]},
        {"levels": [{"sku": "A", "location": "1", "status": "maybe"}]}, {"levels": {}},
        {"levels": [{"sku": "A", "location": "1", "available": 1, "incoming_on": "soon"}]},
        {"gone": ["A"]}, {"items": [{"sku": "A", "few": -1}]},
        {"levels": [{"sku": "A", "location": "1", "available": 1}] * 5001},
    ],
)  # fmt: skip
def test_what_the_schema_refuses_the_reader_refuses_too(wrong: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(GOOD | wrong, SCHEMA)
    with pytest.raises(BadDelivery):
        told(push.Push, json.dumps(GOOD | wrong).encode())


# Keeping


async def test_of_twenty_who_ask_for_the_last_one_gets_it(shop: Generic, adapter: Opened) -> None:
    wishes = [Wish(f"k{n}", "LN/09 L&x=1", "ginza") for n in range(20)]
    kept = await asyncio.gather(*(adapter.system.reserve(wish) for wish in wishes))
    assert sorted(one.state for one in kept) == [Keeping.CONFIRMED] + [Keeping.DECLINED] * 19


async def test_the_same_key_is_the_same_wish(shop: Generic, adapter: Opened) -> None:
    wish = Wish("k1", "LN-09-M", "ginza")
    first, second = await adapter.system.reserve(wish), await adapter.system.reserve(wish)
    assert first == second == await adapter.system.reserved("k1")
    assert (first.slip, first.until_s, shop.rows["LN-09-M", "0012"].held) == ("K-7", 1_795_262_400.0, 1)


@pytest.mark.parametrize(
    "body", [{}, {"state": "yes"}, {"state": True}, [], None, {"state": "confirmed", "slip": "\x00"}]
)
async def test_only_the_systems_own_word_confirms(shop: Generic, adapter: Opened, body: Any) -> None:
    shop.say = lambda _: web.json_response(body)
    with pytest.raises(StockAway):
        await adapter.system.reserve(Wish("k1", "LN-09-M", "ginza"))


async def test_of_a_wish_that_the_system_does_not_know_nobody_can_say(adapter: Opened) -> None:
    assert (await adapter.system.reserved("never/asked")).state is Keeping.UNKNOWN


# Settings


def test_what_it_can_is_what_the_settings_say(shop: Generic, tmp_path: Path) -> None:
    whole = checked(stock_generic.Settings, shop.settings("http://127.0.0.1:1", tmp_path), "stock")
    assert (stock_generic.can(whole).push, stock_generic.can(whole).step_ms) == (Push.ABSOLUTE, 0)
    little = checked(stock_generic.Settings, plain(shop, "/s"), "stock")
    can = stock_generic.can(little)
    assert (can.push, can.since, can.reserve, can.revisions) == (Push.NONE, Since.NONE, Reserve.NONE, False)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"fields": {"sku": "/sku"}}, "available, on_hand or status"),
        ({"fields": {"sku": "/sku", "available": "n"}}, "JSON Pointer"),
        ({"fields": {"sku": "/sku", "available": "/n", "count": "/n"}}, "no 'count'"),
        ({"url": "https://{location}.example/s"}, "host"),
        ({"url": "https://a.example/s?x={token}"}, "may have"),
        ({"url": "http://a.example/s"}, "https"),
        ({"paging": "page"}, "{page}"),
        ({"paging": "cursor", "url": "https://a.example/s?c={cursor}"}, "needs next"),
        ({"last_page": "absent"}, "how paging by cursor ends"),
        ({"since": "sure"}, "stand together"),
        ({"reserve": "atomic"}, "stand together"),
        ({"beats": True}, "push = true"),
        ({"locations": {"1": "ginza", "2": "shinjuku"}}, "say their place"),
        ({"item_url": "https://a.example/s"}, "{sku}"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(shop: Generic, wrong: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadConfig, match=complaint):
        checked(stock_generic.Settings, PLAIN | {"url": "https://a.example/s"} | wrong, "stock")


def test_a_push_with_another_secret_is_nobodys(shop: Generic, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush")
    with pytest.raises(BadDelivery, match="signature"):
        push.pushed(signed(shop.take()[0].body, "other"), tmp_path / "secret", lambda _: "ginza")

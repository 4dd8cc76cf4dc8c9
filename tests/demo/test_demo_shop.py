"""The sample shop: products, pictures, the EC and the till."""

import asyncio
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from content.catalogue import read_catalogue
from edge.demo.seed import ARRIVING, TO_TRY, goods, opening_online, opening_stock, sow, with_check
from edge.demo.shopping import SoldOut, Till, Unit, shop


def test_every_product_has_a_picture_and_an_in_store_gtin_with_its_check_digit(tmp_path: Path) -> None:
    sow(tmp_path)
    products = read_catalogue(tmp_path)
    assert len(products) == len({product.gtin for product in products.values()}) >= 60
    for product in products.values():
        assert 20 <= int(product.gtin[1:3]) <= 28
        assert with_check(product.gtin[1:13]) == product.gtin[1:]
        assert product.name["ja"]
        assert product.name["en"]
        ElementTree.parse(tmp_path / "products" / Path(product.picture).name)


def test_campaigns_name_only_products_and_pictures_that_there_are(tmp_path: Path) -> None:
    sow(tmp_path)
    raw = json.loads((tmp_path / "campaigns.json").read_text("utf-8"))
    skus, media = set(read_catalogue(tmp_path)), {each["id"] for each in raw["media"]}
    assert all(set(each.get("products", ())) <= skus for each in raw["campaigns"])
    assert all(set(each.get("media", ())) <= media for each in raw["campaigns"] + raw["playlists"])
    assert all((tmp_path / "media" / each["file"]).is_file() for each in raw["media"])


@pytest.mark.parametrize(("digits", "whole"), [("490123456789", "4901234567894"), ("210000000001", "2100000000012")])
def test_check_digits_are_those_of_ean_13(digits: str, whole: str) -> None:
    assert with_check(digits) == whole


async def test_the_last_one_is_sold_once_and_a_restart_remembers_it(tmp_path: Path) -> None:
    async with shop(tmp_path / "ec.sqlite", {"mug": 1}) as ec:
        assert await ec.buy("mug") == 0
        with pytest.raises(SoldOut):
            await ec.buy("mug")
        with pytest.raises(KeyError):
            await ec.buy("no such thing")
    async with shop(tmp_path / "ec.sqlite", {"mug": 1}) as ec:
        assert await ec.levels() == {"mug": 0}


def test_the_till_replaces_its_file_and_touches_only_its_own_stores_row(tmp_path: Path) -> None:
    path = tmp_path / "pos.csv"
    path.write_text("sku,location,available\nmug,s001,2\nmug,s002,7\n")
    till = Till(path, "s001")
    old = path.stat().st_ino
    assert till.sell("mug") == 1
    assert path.stat().st_ino != old
    assert till.sell("mug") == 0
    with pytest.raises(SoldOut):
        till.sell("mug")
    assert path.read_text() == "sku,location,available\nmug,s001,0\nmug,s002,7\n"


async def test_of_twenty_wishes_for_one_unit_one_is_kept_and_its_key_gets_the_same_slip_again(tmp_path: Path) -> None:
    path = tmp_path / "pos.csv"
    path.write_text("sku,location,available\nmug,s001,1\nmug,s002,7\n")
    till = Till(path, "s001")
    async with shop(tmp_path / "ec.sqlite", {"mug": 1}) as ec:
        asked = [ec.keep(f"key-{n}", "mug", till, "s001", 5.0) for n in range(20)]
        kept = [each for each in await asyncio.gather(*asked, return_exceptions=True) if isinstance(each, Unit)]
        assert len(kept) == 1
        assert await ec.waiting("s001") == tuple(kept)
        (key,) = [f"key-{n}" for n in range(20) if await ec.kept(f"key-{n}")]
        assert await ec.keep(key, "mug", till, "s001", 9.0) == kept[0]
    assert till.levels() == {"mug": 0}
    assert till.levels("s002") == {"mug": 7}


def test_sizes_of_a_style_share_a_picture_and_each_has_a_number_of_its_own() -> None:
    tees = [good for good in goods() if good.style == "tee"]
    assert {(good.color, good.size) for good in tees} == {
        (c, s) for c in ("白", "藍", "芥子") for s in ("M", "S", "L", "XL")
    }
    assert len({good.gtin for good in tees}) == len(tees)
    assert {good.picture for good in tees} == {"tee-white", "tee-indigo", "tee-mustard"}


def test_what_the_start_page_sends_visitors_to_is_in_the_shop() -> None:
    skus = [good.sku for good in goods()]
    assert set(TO_TRY) <= set(skus)
    assert set(ARRIVING) <= set(TO_TRY)
    assert opening_stock(skus, "s001")["tee-indigo"] == 1
    assert opening_online(skus)["backpack-moss"] == 0


def test_most_online_stock_changes_its_mark_on_a_screen_with_one_purchase() -> None:
    counts = list(opening_online([good.sku for good in goods()]).values())
    assert sum(count in (1, 4) for count in counts) > len(counts) / 2

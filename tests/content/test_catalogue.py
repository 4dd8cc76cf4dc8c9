"""What a catalogue may say of a product, and what it may not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from content.catalogue import FILE, read_catalogue
from content.records import BadRecord


def saved(folder: Path, price: str) -> Path:
    product = json.dumps({"sku": "LN-01", "name": {"ja": "シャツ"}, "price": 0}).replace(
        '"price": 0', f'"price": {price}'
    )
    (folder / FILE).write_text(f'{{"format": "tentou-catalogue/1", "products": [{product}]}}', "utf-8")
    return folder


@pytest.mark.parametrize(
    "price", ["-1", "1e308", "NaN", "Infinity", "9" * 400, '"<script>"', "100000000", "null", "1.5"]
)
def test_a_price_that_no_till_takes_is_refused_by_its_place(tmp_path: Path, price: str) -> None:
    with pytest.raises(BadRecord, match=r"catalogue.json: (products.0.price: |.*JSON)"):
        read_catalogue(saved(tmp_path, price))


@pytest.mark.parametrize("price", [0, 3990, 99_999_999])
def test_a_price_is_whole_yen(tmp_path: Path, price: int) -> None:
    assert read_catalogue(saved(tmp_path, str(price)))["LN-01"].price == price

"""The shop's products, from ``catalogue.json``: names in several languages, price, GTIN, picture, tags."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from content.model import Product
from content.records import BadRecord

FILE = "catalogue.json"
PICTURES = "products"
"""The folder, beside the catalogue, with the products' pictures."""
DEAREST = 99_999_999
"""Yen; what a tile has room for, and more than a till takes at once."""


class Entry(BaseModel):
    """One product as the file has it. ``picture`` is a file's name, ``gtin`` 8 to 14 digits, ``price`` yen with tax."""

    model_config = ConfigDict(extra="forbid")

    sku: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    gtin: str = Field("", pattern=r"^([0-9]{8,14})?$")
    name: dict[str, str] = Field(min_length=1)
    price: int = Field(ge=0, le=DEAREST)
    picture: str = Field("", pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,127})?$")
    tags: frozenset[str] = frozenset()


class Catalogue(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid")

    format: str = Field(pattern="^tentou-catalogue/1$")
    products: list[Entry]


def read_catalogue(folder: Path) -> Mapping[str, Product]:
    """The products by SKU, in the file's order; none without a file. Raises BadRecord, naming the entry."""
    path = folder / FILE
    if not path.exists():
        return MappingProxyType({})
    try:
        catalogue = Catalogue.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise BadRecord(f"{path.name}: {where}: {first['msg']}") from error
    return MappingProxyType({each.sku: _product(each) for each in catalogue.products})


def _product(entry: Entry) -> Product:
    return Product(
        sku=entry.sku,
        gtin=entry.gtin.zfill(14) if entry.gtin else "",
        name=entry.name,
        price=entry.price,
        picture=f"/media/{PICTURES}/{entry.picture}" if entry.picture else "",
        tags=entry.tags,
    )


def dump_catalogue(products: list[dict[str, object]]) -> str:
    """A catalogue file's text for entries as ``Entry`` has them."""
    return json.dumps({"format": "tentou-catalogue/1", "products": products}, ensure_ascii=False, indent=1)


def by_gtin(products: Mapping[str, Product]) -> Mapping[str, Product]:
    """The products by GTIN (14 digits); of several SKUs that share one the first of the file is it."""
    return MappingProxyType({each.gtin: each for each in reversed(tuple(products.values())) if each.gtin})


def found(products: Mapping[str, Product], words: str) -> Iterator[Product]:
    """The products of which every word is in a name, the SKU, the GTIN or a tag; for a search box."""
    wanted = words.casefold().split()
    for product in products.values():
        text = " ".join([*product.name.values(), product.sku, product.gtin, *product.tags]).casefold()
        if all(word in text for word in wanted):
            yield product

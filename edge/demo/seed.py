"""The sample shop's content, made at start: catalogue, pictures, posters and campaigns for an empty library."""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from content.catalogue import PICTURES, dump_catalogue
from edge.demo.draw import card, poster, wordless
from edge.demo.posters import POSTERS
from edge.model import LANGUAGES

SHOP = Path(__file__).parent / "shop"
PREFIX = "21"
"""In-store GTINs (20 to 29) belong to nobody else; 29 is the members' numbers."""
TO_TRY: Mapping[str, Mapping[str, int]] = {
    "tee-indigo": {"s001": 1, "s002": 6, "ec": 5},
    "tee-mustard": {"s001": 0, "s002": 6, "ec": 5},
    "tee-mustard-s": {"s001": 0, "s002": 0, "ec": 5},
    "backpack-vermilion": {"s001": 0, "s002": 0, "ec": 0},
    "backpack-moss": {"s001": 0, "s002": 0, "ec": 0},
}
"""What the start page sends its visitors to: the last one here, one at the neighbour's, one only online, one that comes
again (ARRIVING), and one that is nowhere."""
ARRIVING: Mapping[str, tuple[int, int]] = {"backpack-vermilion": (12, 7)}
"""How many more come, in how many days."""


@dataclass(frozen=True, slots=True)
class Good:
    """One product of the sample shop. ``gtin`` has 13 digits, ``price`` is whole yen with tax.

    Those of one ``style`` differ in ``color`` and ``size``, in the shop's own words; ``picture`` names the SKU whose
    picture it shares.
    """

    sku: str
    gtin: str
    name: dict[str, str]
    price: int
    tags: tuple[str, ...]
    shape: str
    colour: str
    accent: str
    style: str = ""
    color: str = ""
    size: str = ""
    picture: str = ""


@lru_cache(maxsize=1)
def goods() -> tuple[Good, ...]:
    """All products: those of ``goods.csv`` in its order, each in its first size, then the other sizes."""
    with (SHOP / "goods.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    sizes = [row["sizes"].split() or [""] for row in rows]
    first = [(row, row["sku"], each[0]) for row, each in zip(rows, sizes, strict=True)]
    more = [
        (row, f"{row['sku']}-{size.lower()}", size) for row, each in zip(rows, sizes, strict=True) for size in each[1:]
    ]
    return tuple(_good(number, *each) for number, each in enumerate(first + more, start=1))


def variants() -> dict[str, dict[str, str]]:
    """The shop's colours in other languages: each product's name ends in its own."""
    with (SHOP / "goods.csv").open(encoding="utf-8", newline="") as file:
        styled = [row for row in csv.DictReader(file) if row["style"]]
    return {row["ja"].split()[-1]: {each: row[each].split()[-1] for each in LANGUAGES} for row in styled}


def _good(number: int, row: Mapping[str, str], sku: str, size: str) -> Good:
    return Good(
        sku=sku,
        gtin=with_check(f"{PREFIX}{number:010d}"),
        name={language: f"{row[language]} {size}".strip() for language in LANGUAGES},
        price=int(row["price"]),
        tags=tuple(row["tags"].split()),
        shape=row["shape"],
        colour=row["colour"],
        accent=row["accent"],
        style=row["style"],
        color=row["ja"].split()[-1] if row["style"] else "",
        size=size,
        picture=row["sku"],
    )


def with_check(digits: str) -> str:
    """The twelve digits with the check digit of EAN-13 (GS1 General Specifications 7.9)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return digits + str(-total % 10)


def sow(folder: Path) -> None:
    """Write the seed of a content library; what lies there is replaced."""
    (folder / PICTURES).mkdir(parents=True, exist_ok=True)
    (folder / "media").mkdir(exist_ok=True)
    entries: list[dict[str, object]] = []
    for number, good in enumerate(goods()):
        picture = f"{good.picture}.svg"
        if good.picture == good.sku:
            drawn = card(good.shape, good.colour, good.accent, number)
            (folder / PICTURES / picture).write_text(drawn, encoding="utf-8")
        entries.append(
            {
                "sku": good.sku,
                "gtin": good.gtin.zfill(14),
                "name": good.name,
                "price": good.price,
                "picture": picture,
                "tags": list(good.tags),
            }
        )
    (folder / "catalogue.json").write_text(dump_catalogue(entries), encoding="utf-8")
    for name, art in POSTERS.items():
        (folder / "media" / f"{name}.svg").write_text(poster(art), encoding="utf-8")
        (folder / "media" / f"{name}-scene.svg").write_text(poster(wordless(art)), encoding="utf-8")
    shutil.copyfile(SHOP / "campaigns.json", folder / "campaigns.json")


def opening_stock(skus: Sequence[str], location: str) -> dict[str, int]:
    """A believable count for each product, the same at every start: sometimes the last one, sometimes none, and what
    TO_TRY says."""
    dice = random.Random(f"stock {location}")  # noqa: S311 - made-up stock, no secret
    counts, weights = (0, 1, 2, 3, 4, 6, 8, 12, 20), (5, 8, 10, 11, 13, 16, 15, 13, 9)
    return _tried(dict(zip(skus, dice.choices(counts, weights, k=len(skus)), strict=True)), location)


def opening_online(skus: Sequence[str]) -> dict[str, int]:
    """The EC's counts: most of them so that one purchase turns a screen's ◎ (4 and more) into △, or △ into ×."""
    dice = random.Random("stock online")  # noqa: S311 - made-up stock, no secret
    return _tried(dict(zip(skus, dice.choices([1, 2, 4, 5], [2, 1, 6, 2], k=len(skus)), strict=True)), "ec")


def _tried(counts: dict[str, int], location: str) -> dict[str, int]:
    return counts | {sku: told[location] for sku, told in TO_TRY.items() if sku in counts and location in told}

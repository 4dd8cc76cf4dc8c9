"""The README's table of adapters says of each what the adapter declares."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

import edge.stock
from edge import plug
from edge.stock.system import Budget, Can, Push, Reserve, Since

README = Path(edge.stock.__file__).with_name("README.md").read_text()
ROWS = {
    row[1]: [cell.strip() for cell in row[2].split("|")]
    for row in re.finditer(r"^\| \[`stock_(\w+)`\]\(#[^|]*\) \| (.*) \|$", README, re.MULTILINE)
}
WEBHOOKS = {Push.NONE: "no", Push.IDS: "ids", Push.ABSOLUTE: "figures"}
CHANGES = {Since.NONE: "no", Since.BLIND: "misses sales", Since.SURE: "all"}
SYSTEMS = [name for name in plug.known("stock") if hasattr(plug.adapter("stock", name), "CAN")]


def limits(budgets: Sequence[Budget]) -> str:
    return ", ".join(f"{budget.calls:.0f} in {budget.per_s:.0f} s" for budget in budgets) or "none"


def test_every_adapter_has_a_row_that_leads_to_its_section() -> None:
    lacking, strange = set(plug.known("stock")) - set(ROWS), set(ROWS) - set(plug.known("stock"))
    assert (lacking, strange) == (set(), set())
    titles = re.findall(r"^## (.*)$", README, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
    assert set(re.findall(r"^\| \[`stock_\w+`\]\(#(.*?)\) \|", README, re.MULTILINE)) <= anchors


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_row_says_what_the_adapter_declares(name: str) -> None:
    can: Can = plug.adapter("stock", name).CAN
    assert name in ROWS, f"the README of stock has no row for the adapter stock_{name}"
    webhooks, changes, places, keeps, limit, _ = ROWS[name]
    assert webhooks == WEBHOOKS[can.push] + (", numbered" if can.beats else "")
    assert changes == CHANGES[can.since]
    assert places == ("yes" if can.per_location else "no")
    assert keeps == ("yes" if can.reserve is Reserve.ATOMIC else "no")
    assert limit == (limits(can.budgets) if name != "generic" else "`calls_per_hour`")

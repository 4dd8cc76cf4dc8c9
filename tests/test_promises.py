"""The tables of promises in the READMEs and the tests' marks say the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("edge", "content", "provisioning", "kiosk_ui")
COUNT = {"V": 6, "M": 5, "S": 5, "K": 5, "C": 5, "L": 8, "P": 7, "X": 4}
PROMISES = tuple(f"{letter}-{number}" for letter, count in COUNT.items() for number in range(1, count + 1))
STATES = ("kept", "partly", "not yet")

ID_CELL = re.compile(r"`?([A-Z]-[0-9]+)`?")


@dataclass(frozen=True, slots=True)
class Row:
    """One promise in a README: where it stands, and whether it is kept, partly or not yet (empty: said otherwise)."""

    id: str
    where: str
    state: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One ``pytest.mark.promise(...)`` of a test file."""

    id: str
    where: str


def rows(text: str, name: str) -> Iterator[Row]:
    """The rows ``| V-3 | sentence | kept |`` of a README; the last cell begins with the state."""
    for number, line in enumerate(text.splitlines(), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        found = ID_CELL.fullmatch(cells[0])
        if not line.lstrip().startswith("|") or found is None:
            continue
        said = cells[-1].strip("*`").lower()
        state = next((state for state in STATES if re.match(rf"{state}\b", said)), "")
        yield Row(found[1], f"{name}:{number}", state)


def marks(source: str, name: str) -> Iterator[Mark]:
    """The promises that a test file's marks name; one that is no plain text has the id ``?``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.promise"):
            ids = [arg.value if isinstance(arg, ast.Constant) else "?" for arg in node.args] or ["?"]
            yield from (Mark(str(id), f"{name}:{node.lineno}") for id in ids)


def all_rows() -> list[Row]:
    readmes = [path for room in ROOMS for path in sorted((ROOT / room).rglob("README.md"))]
    return [row for path in readmes for row in rows(path.read_text(), str(path.relative_to(ROOT)))]


def all_marks() -> list[Mark]:
    files = sorted((ROOT / "tests").rglob("*.py"))
    return [mark for path in files for mark in marks(path.read_text(), str(path.relative_to(ROOT)))]


def complain(lines: Iterable[str]) -> None:
    """Fail with one line for each fault."""
    if found := list(lines):
        pytest.fail("\n".join(found), pytrace=False)


def test_every_promise_stands_in_exactly_one_table() -> None:
    places: dict[str, list[str]] = {id: [] for id in PROMISES}
    for row in all_rows():
        places.setdefault(row.id, []).append(row.where)
    readmes = ", ".join(f"{room}/README.md" for room in ROOMS)
    complain(
        f"{id} stands in no table; add the row '| {id} | its sentence | kept, partly or not yet |' to one of {readmes}"
        if not where
        else f"{id} stands {len(where)} times, once is right: {', '.join(where)}"
        for id, where in places.items()
        if len(where) != 1
    )


def test_a_table_holds_no_promise_that_the_product_does_not_make() -> None:
    complain(f"{row.where}: {row.id} is no promise of the product" for row in all_rows() if row.id not in PROMISES)


def test_every_promise_is_kept_partly_or_not_yet() -> None:
    complain(
        f"{row.where}: the last cell of {row.id} must begin with one of: {', '.join(STATES)}"
        for row in all_rows()
        if not row.state
    )


def test_every_promise_that_is_kept_has_a_test() -> None:
    tested = {mark.id for mark in all_marks()}
    complain(
        f'{row.where}: {row.id} is said to be {row.state}, but no test is marked @pytest.mark.promise("{row.id}")'
        for row in all_rows()
        if row.state in ("kept", "partly") and row.id not in tested
    )


def test_every_mark_names_a_promise_of_a_table() -> None:
    places: dict[str, list[str]] = {}
    for mark in all_marks():
        places.setdefault(mark.id, []).append(mark.where)
    known = {row.id for row in all_rows()}
    complain(
        f"marks name '{id}', which stands in no table of promises: {', '.join(where)}"
        for id, where in sorted(places.items())
        if id not in known
    )


def test_rows_are_read_as_people_write_them() -> None:
    text = """
| id | promise | state |
|---|---|---|
| V-1 | A code held up is read. | kept |
| `L-8` | A poison event blocks nothing. | **partly**: not the oversize one |
| P-7 | The unit files hold it in. | not yet |
| K-1 | No old number. | keptish |
K-2 is not a row | at all | kept
"""
    assert [(row.id, row.where, row.state) for row in rows(text, "r")] == [
        ("V-1", "r:4", "kept"),
        ("L-8", "r:5", "partly"),
        ("P-7", "r:6", "not yet"),
        ("K-1", "r:7", ""),
    ]


def test_marks_are_found_wherever_they_stand() -> None:
    source = """
import pytest
pytestmark = pytest.mark.promise("X-1")
@pytest.mark.promise("L-1", "L-2")
async def test_a(): ...
class TestB:
    @pytest.mark.promise(NAME)
    def test_b(self): ...
"""
    assert sorted(mark.id for mark in marks(source, "t")) == ["?", "L-1", "L-2", "X-1"]

"""The doctor's word on stock: systems that answer or not, webhooks nobody can believe, places without a channel."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from edge import config
from edge.doctor.patient import Finding, Patient
from edge.doctor.stock import ask_system, places, shown
from edge.fitting import choices, fitted, layers
from edge.ports import StockAway

DEVICE = '[device]\nchain = "acme"\nstore = "ginza"\nid = "front"\nclock = "trusted"\n'
PLACE = '[[location]]\nid = "{0}"\nplace = "{1}"\nname = {{ en = "{0}" }}\n'


@pytest.fixture
def core() -> Iterator[tuple[str, list[str]]]:
    """A chain's own system with one row: its address, and what it was asked."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = json.dumps([{"sku": "A", "shop": "0012", "qty": 3}]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/stocks", asked
    server.shutdown()
    thread.join()
    server.server_close()


def system(url: str, more: str = "") -> str:
    return f"""[[stock]]
id = "core"
adapter = "generic"
[stock.settings]
url = "{url}"
locations = {{ "0012" = "ginza" }}
rows = ""
fields = {{ sku = "/sku", location = "/shop", available = "/qty" }}
{more}
"""


def patient(folder: Path, text: str, running: list[dict[str, Any]] | None = None) -> Patient:
    (folder / "device.toml").write_text(DEVICE + text)
    return Patient(config.read_store(folder), folder, running)


def said(found: Iterator[Finding]) -> list[tuple[str, bool, str]]:
    return [(each.what, each.ok, each.seen) for each in found]


async def test_a_system_is_asked_once_and_the_call_counts_for_the_start_behind_it(tmp_path: Path, core: Any) -> None:
    url, asked = core
    looked = patient(tmp_path, system(url, "calls_per_hour = 60"))
    (choice,) = choices(looked.settings)
    assert await ask_system(choice, looked) == "it answers, with 1 number in its first page"
    with closing(sqlite3.connect(tmp_path / "data" / "intake.sqlite")) as file:
        assert file.execute("SELECT count(*) FROM spent").fetchone() == (len(asked),) == (1,)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ('sku = "/sku", location = "/shop", available = "/stock"', "1 row in its first page, none with a figure"),
        ('sku = "/sku", location = "/shop", on_hand = "/quantity"', "look at fields"),
    ],
)
async def test_rows_without_a_figure_are_no_numbers(tmp_path: Path, core: Any, fields: str, said: str) -> None:
    url, _ = core
    text = system(url).replace('sku = "/sku", location = "/shop", available = "/qty"', fields)
    looked = patient(tmp_path, text)
    (choice,) = choices(looked.settings)
    with pytest.raises(StockAway, match=said):
        await ask_system(choice, looked)


def test_what_is_wrong_with_all_settings_together_is_told_of_their_table(tmp_path: Path) -> None:
    text = system("https://core.example/stocks").replace(', available = "/qty"', "")
    looked = patient(tmp_path, text)
    (choice,) = choices(looked.settings)
    with pytest.raises(config.BadConfig, match=r"device.toml:9: stock.0.settings: fields must point to sku"):
        fitted(choice, layers(looked.settings, tmp_path))


def test_a_table_that_no_file_has_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text('[hub]\nid = "h"\ngroup = "g"\n')
    with pytest.raises(config.BadConfig) as wrong:
        config.read_hub(tmp_path)
    assert str(wrong.value) == f"{tmp_path}: upstream: is needed, and no layer sets it"


async def test_beside_a_service_that_runs_nobody_asks(tmp_path: Path, core: Any) -> None:
    url, asked = core
    looked = patient(tmp_path, system(url), running=[])
    (choice,) = choices(looked.settings)
    assert "the service asks it itself" in await ask_system(choice, looked)
    assert asked == []


async def test_a_system_that_cannot_be_reached_is_away(tmp_path: Path) -> None:
    looked = patient(tmp_path, system("http://127.0.0.1:1/stocks"))
    (choice,) = choices(looked.settings)
    with pytest.raises(StockAway, match="cannot be reached"):
        await ask_system(choice, looked)


@pytest.mark.parametrize(
    ("more", "secret", "expected"),
    [
        ("push = true\nsecret_file = 'core.secret'", "s3cret", []),
        ("push = true\nsecret_file = 'core.secret'", "\n", [False]),
        ("display_allowed = false", "", [True]),
    ],
)
def test_a_secret_that_is_empty_and_a_contract_that_forbids_display_are_named(
    tmp_path: Path, more: str, secret: str, expected: list[bool]
) -> None:
    (tmp_path / "core.secret").write_text(secret)
    found = said(shown(patient(tmp_path, system("https://core.example/stocks", more))))
    assert [ok for _, ok, _ in found] == expected


@pytest.mark.parametrize(
    ("here", "expected"),
    [
        ("ginza", []),
        (
            "aoyama",
            [
                ("stock core", False, "it speaks for ginza, which no [[location]] names, so no screen shows it"),
                ("location aoyama", False, "no channel of stock speaks for it: screens say 確認中 for ever"),
            ],
        ),
    ],
)
def test_places_and_channels_that_miss_each_other_are_named(tmp_path: Path, here: str, expected: list[Any]) -> None:
    text = system("https://core.example/stocks") + PLACE.format(here, "here")
    assert said(places(patient(tmp_path, text))) == expected


def test_a_channel_that_speaks_for_whatever_its_source_names_leaves_no_place_mute(tmp_path: Path) -> None:
    (tmp_path / "pos.csv").write_text("sku,location,available\nA,shinjuku,1\n")
    csv = '[[stock]]\nid = "pos"\nadapter = "csv"\nsettings = { path = "pos.csv" }\n'
    text = (
        system("https://core.example/stocks") + csv + PLACE.format("ginza", "here") + PLACE.format("ikebukuro", "near")
    )
    assert said(places(patient(tmp_path, text))) == []

"""Head office's hub and the outbox's command line."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from edge import hub
from edge.config import BadConfig, Device, read_hub
from edge.contacts import command, uplink
from edge.contacts.dial import Pace
from edge.contacts.opening import outbox
from edge.health import Health, State


@pytest.fixture
def folder(tmp_path: Path, mosquitto: Any) -> Path:
    where = tmp_path / "hub"
    where.mkdir()
    (where / "hub.toml").write_text(
        f'[web]\nport = 0\n[upstream]\nadapter = "mqtt"\nsettings = {{ port = {mosquitto().port} }}\n'
    )
    return where


async def get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        return response.status, await response.text()


async def test_a_stores_contacts_are_counted_on_head_offices_page(
    folder: Path,
    tmp_path: Path,
    device: Device,
    contacts: Any,
    background: Any,
    eventually: Any,
    dialled: Any,
    quick: Pace,
) -> None:
    settings = read_hub(folder)
    async with hub.running(settings, folder) as running, outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(30))
        dial = dialled(settings.upstream.settings["port"])
        async with background(uplink.run(box, dial, device, Health(), quick)):
            await eventually(lambda: box.waiting() == 0)
        status, page = await get(running.port, "/")
        assert status == 200
        assert '<html lang="ja">' in page
        assert '<th scope="row">shibuya</th><td>コード読み取り</td>' in page.replace("\n", "").replace("          ", "")
        assert "Code scanned" in (await get(running.port, "/?lang=en"))[1]
        assert 'tentou_taken{kind="inbox"' in (await get(running.port, "/metrics"))[1]
        for path in ("/healthz", "/readyz", "/hub/static/hub.css"):
            assert (await get(running.port, path))[0] == 200
        assert (await get(running.port, "/stock.json"))[0] == 503


async def test_a_hub_without_a_broker_runs_and_says_what_is_missing(folder: Path, eventually: Any) -> None:
    (folder / "hub.toml").write_text('[web]\nport = 0\n[upstream]\nadapter = "mqtt"\nsettings = { port = 1 }\n')
    async with hub.running(read_hub(folder), folder) as running:
        await eventually(lambda: any(part.state is State.DOWN for part in running.health.parts()))
        assert "Connection refused" in (await get(running.port, "/"))[1]


def test_every_word_of_the_hubs_page_is_translated() -> None:
    import re

    page = (hub.PAGES / "index.html").read_text()
    wanted = set(re.findall(r'_\("([^"]+)"\)', page)) | set(hub._KINDS.values()) | set(hub._HANDOFFS.values())
    known = set(re.findall(r'^msgid "(.+)"$', (hub.PAGES / "locales" / "ja.po").read_text(), re.M))
    assert wanted == known


@pytest.fixture
async def store(tmp_path: Path, device: Device, contacts: Any) -> Path:
    """The settings of a device with 5 events, one of them dead."""
    where = tmp_path / "edge"
    where.mkdir()
    (where / "device.toml").write_text('[device]\nchain = "tentou"\nstore = "shibuya"\nid = "edge-1"\n')
    async with outbox(where / "data" / "outbox.sqlite", device) as box:
        await box.record_all(contacts(4))
        await box.set_aside(2, "poison")
        await box.acknowledge(1)
    return where


def run(store: Path, *words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add(parser.add_subparsers())
    args = parser.parse_args(["outbox", *words, "--config", str(store)])
    return int(args.run(args))


async def test_status_tells_what_waits_and_what_was_set_aside(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(store, "status", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["waiting"], told["acknowledged"], told["last"]) == (3, 1, 5)
    assert (told["set_aside"], told["gaps"], told["lost"]) == ({"poison": 1}, {"poison": 1}, {"play": 1})
    assert run(store, "status") == 1
    assert "waiting       3" in capsys.readouterr().out


async def test_tail_shows_the_newest_and_export_all_that_is_here(
    store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(store, "tail", "--json", "-n", "2") == 0
    assert [json.loads(line)["sequence"][-1] for line in capsys.readouterr().out.splitlines()] == ["4", "5"]
    assert run(store, "export", "--json") == 0
    assert [json.loads(line)["sequence"][-1] for line in capsys.readouterr().out.splitlines()] == list("2345")
    assert run(store, "tail") == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("gap")


async def test_a_device_that_never_ran_has_no_outbox(tmp_path: Path) -> None:
    (tmp_path / "device.toml").write_text('[device]\nchain = "tentou"\nstore = "shibuya"\nid = "edge-1"\n')
    with pytest.raises(BadConfig, match="no outbox yet"):
        run(tmp_path, "status")

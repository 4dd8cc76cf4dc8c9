"""Head office's hub and the outbox's command line."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from edge import hub
from edge.adapters import sink_sqlite
from edge.config import BadConfig, Device, read_hub
from edge.contacts import command, topics
from edge.contacts.event import gap, source_of
from edge.contacts.line import uplink
from edge.contacts.line.dial import Pace
from edge.contacts.line.policy import Policy, read_policy
from edge.contacts.office import texts
from edge.contacts.office.sink import arrival
from edge.contacts.spool.opening import outbox
from edge.health import Health, State
from tests.contacts.test_sinks import event


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


async def filled(folder: Path, stores: int) -> None:
    """A database of so many stores' streams; the third lacks its second contact, the fifth tells of a gap."""
    async with sink_sqlite.open(sink_sqlite.Settings(), folder / "data") as sink:
        for n in range(stores):
            source = {"source": source_of("c", f"store-{n:04d}", "edge-1")}
            stream = f"{n:032x}"
            events = [event(1, None, stream, **source), event(3 if n == 3 else 2, None, stream, **source)]
            if n == 5:
                events.append(event(5, gap("poison", {"scan": 2}, [(3, 4)], 1.0), stream, **source))
            await sink.insert([arrival(each, received_ms=1_700_000_000_000) for each in events])


async def test_among_many_stores_the_one_with_a_hole_comes_first_and_any_can_be_found(folder: Path) -> None:
    await filled(folder, 120)
    async with hub.running(read_hub(folder), folder) as running:
        status, text = await get(running.port, "/ledger.json")
        told = json.loads(text)
        assert (status, told["total"], told["next"]) == (200, 120, None)
        first, second = told["streams"][:2]
        assert (first["store"], first["upto"], first["highest"], first["troubles"]) == ("store-0003", 1, 3, ["hole"])
        assert (second["store"], second["gaps"], second["dead"]) == ("store-0005", {"poison": 2}, 2)
        part = json.loads((await get(running.port, "/ledger.json?after=10&most=5"))[1])
        assert (len(part["streams"]), part["after"], part["next"]) == (5, 10, 15)
        page = (await get(running.port, "/?lang=en"))[1]
        assert page.index("store-0003") < page.index("store-0005") < page.index("store-0000")
        assert "store-0119</th>" not in page.split('id="contacts"')[0]
        assert "store-0119</th>" in (await get(running.port, "/?store=store-0119"))[1]
        troubled = (await get(running.port, "/?troubled=1"))[1].split('id="contacts"')[0]
        assert ("store-0003" in troubled, "store-0000" in troubled) == (True, False)
        assert (await get(running.port, "/?after=many"))[0] == 400


async def test_metrics_have_as_many_lines_for_many_stores_as_for_one(folder: Path, eventually: Any) -> None:
    await filled(folder, 40)
    async with hub.running(read_hub(folder), folder) as running:
        await eventually(lambda: any(part.kind == "ledger" for part in running.health.parts()))
        metrics = (await get(running.port, "/metrics"))[1]
        assert 'tentou_streams{kind="ledger",name="streams"} 40' in metrics
        assert 'tentou_streams_with_holes{kind="ledger",name="streams"} 1' in metrics
        assert "store-" not in metrics
        assert "store-0003 edge-1 has lacked event 2 for " in (await get(running.port, "/readyz"))[1]


async def test_the_ledger_is_told_to_who_bears_the_token(folder: Path) -> None:
    text = (folder / "hub.toml").read_text()
    for lines, statuses in (('ledger_token = "t"\n', (401, 200)), ("", (403, 403))):
        (folder / "t").write_text("secret\n")
        (folder / "hub.toml").write_text(lines + text.replace("port = 0", 'host = "0.0.0.0"\nport = 0'))
        async with hub.running(read_hub(folder), folder) as running, aiohttp.ClientSession() as session:
            for headers, status in zip(({}, {"Authorization": "Bearer secret"}), statuses, strict=True):
                url = f"http://127.0.0.1:{running.port}/ledger.json"
                async with session.get(url, headers=headers) as response:
                    assert response.status == status


async def test_a_policy_of_the_settings_reaches_the_edges(folder: Path, dialled: Any) -> None:
    port = read_hub(folder).upstream.settings["port"]
    with (folder / "hub.toml").open("a") as file:
        file.write("[policy]\ndrain_eps = 2.5\n")
    running, dial = hub.running(read_hub(folder), folder), dialled(port)
    async with running, dial("shibuya.edge-1", None, (topics.POLICY,)) as link:
        assert read_policy((await anext(link.messages())).payload) == Policy(2.5, None)


async def test_hubs_of_a_group_lead_no_links_to_phones(folder: Path) -> None:
    with (folder / "hub.toml").open("a") as file:
        file.write('[hub]\ngroup = "tokyo"\n')
        file.flush()
        assert read_hub(folder).hub.group == "tokyo"
        file.write('[handoff]\nproduct = "https://shop.acme.example/p/{sku}"\n')
    with pytest.raises(BadConfig, match="share no book of links"):
        read_hub(folder)


def test_every_word_of_the_hubs_page_is_translated() -> None:
    import re

    page = (hub.PAGES / "index.html").read_text()
    tables = (texts.KINDS, texts.HANDOFFS, texts.TROUBLES, texts.REASONS, texts.PARTS)
    wanted = set(re.findall(r'_\("([^"]+)"\)', page)) | {word for table in tables for word in table.values()}
    wanted |= set(texts.UNITS)
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

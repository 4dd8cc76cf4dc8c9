"""The sink in PostgreSQL beyond what every sink keeps: months, the server's absence, who may connect."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pydantic import ValidationError

from edge.adapters import sink_postgres
from edge.contacts.line.dial import Pace
from edge.contacts.office import inbox
from edge.contacts.office.sink import SinkAway, arrival
from edge.health import Health
from edge.ports import Message
from edge.postgres import cause
from tests.contacts.test_sinks import STREAM, came, event, places, standing

JANUARY, FEBRUARY = 1_767_225_600_000, 1_769_904_000_000
"""The first moments of these months of 2026, UTC, in ms."""


async def asked(server: Any, settings: sink_postgres.Settings, query: str) -> list[Any]:
    secret = (server.folder / "password").read_text().strip()
    db = await asyncpg.connect(host="127.0.0.1", port=server.port, user="tentou", password=secret, database="postgres")
    try:
        await db.execute(f"SET search_path = {settings.schema_name}")
        return list(await db.fetch(query))
    finally:
        await db.close()


async def test_contacts_lie_in_the_month_of_their_receipt_and_come_once_across_months(
    server: Any, tmp_path: Path
) -> None:
    settings = server.settings()
    async with sink_postgres.open(settings, tmp_path) as sink:
        moments = {1: JANUARY, 2: FEBRUARY - 1, 3: FEBRUARY}
        await sink.insert([arrival(event(seq), received_ms=at) for seq, at in moments.items()])
        assert await sink.insert([arrival(event(2), received_ms=FEBRUARY + 5)]) == {STREAM: 3}
    rows = await asked(server, settings, "SELECT tableoid::regclass::text, seq FROM contacts ORDER BY seq")
    assert [tuple(row) for row in rows] == [("contacts_2026_01", 1), ("contacts_2026_01", 2), ("contacts_2026_02", 3)]


async def test_a_stream_in_order_leaves_nothing_in_the_books_but_its_watermark(server: Any, tmp_path: Path) -> None:
    settings = server.settings()
    async with sink_postgres.open(settings, tmp_path) as sink:
        await sink.insert(came(*range(2, 200)))
        assert len(await asked(server, settings, "SELECT * FROM seen")) == 198
        await sink.insert(came(1, *range(200, 300)))
    assert await asked(server, settings, "SELECT * FROM seen UNION ALL SELECT stream, first FROM covered") == []


async def test_a_month_that_was_taken_away_is_made_again(server: Any, tmp_path: Path) -> None:
    settings = server.settings()
    async with sink_postgres.open(settings, tmp_path) as sink:
        await sink.insert([arrival(event(1), received_ms=JANUARY)])
        await asked(server, settings, "DROP TABLE contacts_2026_01")
        with pytest.raises(SinkAway):
            await sink.insert([arrival(event(2), received_ms=JANUARY)])
        assert await sink.insert([arrival(event(2), received_ms=JANUARY)]) == {STREAM: 2}


@pytest.mark.promise("L-2")
async def test_while_the_server_is_away_nothing_is_acknowledged_and_then_everything(
    server: Any, tmp_path: Path, scripted: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    class Office(scripted):  # type: ignore[misc]
        async def publish(self, message: Message) -> int:
            self.published.append(message)
            return 0

        def told(self, topic: str) -> list[Any]:
            return [json.loads(each.payload) for each in self.published if each.topic.endswith(topic)]

        def send(self, *seqs: int) -> None:
            for seq in seqs:
                self.incoming.put_nowait(Message("c/v1/shibuya.edge-1/contact/scan", event(seq)))

    office, health = Office(), Health()
    async with sink_postgres.open(server.settings(), tmp_path) as sink:
        async with background(inbox.run(sink, office, health, pace=quick)):
            office.send(1, 2)
            await eventually(lambda: office.told("/ack"))
            server.stop()
            try:
                office.send(3)
                await eventually(lambda: office.told("/inbox")[-1] == {"state": "offline"})
                office.send(*range(4, 3_000))
                await eventually(office.incoming.empty)
                assert office.told("/ack") == [{"outbox": STREAM, "upto": 2, "max": 2}]
                assert any("PostgreSQL is away" in part.detail for part in health.parts() if part.kind == "sink")
            finally:
                server.start()
            await eventually(lambda: office.told("/inbox")[-1] == {"state": "online"})
            office.send(*range(4, 40))
            await eventually(lambda: office.told("/ack")[-1]["upto"] == 39)
        assert await places(sink) == [(STREAM, seq) for seq in range(1, 40)]
        assert (await standing(sink)).duplicates == 0


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (asyncpg.ConnectionDoesNotExistError("closed in the middle"), "PostgreSQL is away: closed in the middle"),
        (asyncpg.AdminShutdownError("terminating connection"), "PostgreSQL is away: terminating connection"),
        (asyncpg.CannotConnectNowError("shutting down"), "PostgreSQL is away: shutting down"),
        (asyncpg.QueryCanceledError("statement timeout"), "PostgreSQL says: statement timeout"),
        (asyncpg.UniqueViolationError("Key (x)=(somebody) already exists"), "PostgreSQL: UniqueViolationError"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_a_server_that_stops_is_away_however_it_goes(error: Exception, why: str) -> None:
    assert cause(error) == why


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"port": 1}, "PostgreSQL is away"),
        ({"password_file": Path("other")}, "password authentication failed"),
        ({"password_file": Path("none")}, "PostgreSQL is away: No such file"),
        ({"database": "none"}, 'database "none" does not exist'),
        ({"tls": True}, "PostgreSQL's certificate: self-signed certificate"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
async def test_who_cannot_connect_is_told_why(server: Any, tmp_path: Path, wrong: Any, why: str) -> None:
    (tmp_path / "other").write_text("wrong")
    async with sink_postgres.open(server.settings(**wrong), tmp_path) as sink:
        with pytest.raises(SinkAway, match=why):
            await sink.insert(came(1))


async def test_a_connection_by_tls_knows_its_server(server: Any, tmp_path: Path) -> None:
    async with sink_postgres.open(server.settings(ca=server.folder / "ca.pem"), tmp_path) as sink:
        assert await sink.insert(came(1)) == {STREAM: 1}
        async with sink._connection() as db:
            assert await db.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")


def test_another_machine_is_asked_by_tls_unless_told_otherwise() -> None:
    hosts = {"127.0.0.1": False, "::1": False, "localhost": False, "/run/postgresql": False, "db.acme.example": True}
    assert {host: sink_postgres.Settings(host=host).safe for host in hosts} == hosts
    assert not sink_postgres.Settings(host="db.acme.example", tls=False).safe


def test_without_the_extra_the_settings_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.config.postgres.find_spec", lambda _: None)
    with pytest.raises(ValidationError, match=r"pip install 'tentou\[hub\]'"):
        sink_postgres.Settings()


async def test_hubs_that_start_together_make_the_tables_once(server: Any, tmp_path: Path) -> None:
    settings = server.settings()
    async with sink_postgres.open(settings, tmp_path) as one, sink_postgres.open(settings, tmp_path) as two:
        await asyncio.gather(one.insert(came(1)), two.insert(came(2)))
    assert [row[0] for row in await asked(server, settings, "SELECT number FROM version")] == [1]


EMPTY_NOTICE, READY = b"N\0\0\0\x04", b"Z\0\0\0\x05I"


@pytest.mark.parametrize("nonsense", [b"R\0\0\0\x05\0", EMPTY_NOTICE + READY], ids=["log-in", "notice"])
async def test_a_server_that_answers_nonsense_is_away(nonsense: bytes, tmp_path: Path) -> None:
    hung_up = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1_000)
        writer.write(nonsense)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        hung_up.set()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as far:
        settings = sink_postgres.Settings(port=far.sockets[0].getsockname()[1], database="d")
        async with sink_postgres.open(settings, tmp_path) as sink:
            with pytest.raises(SinkAway, match="not understood as PostgreSQL's"):
                await sink.insert(came(1))
            await hung_up.wait()

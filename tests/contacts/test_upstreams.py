"""One contract for every upstream adapter that there is, and what is particular to files and certificates."""

from __future__ import annotations

import asyncio
import json
import ssl
from pathlib import Path
from typing import Any

import pytest

from edge import plug
from edge.adapters import upstream_file, upstream_mqtt
from edge.config import BadConfig, Device, checked
from edge.contacts.line import uplink
from edge.contacts.line.dial import Confirms, Pace
from edge.contacts.spool.opening import outbox
from edge.health import Health
from edge.ports import LinkLost, Message


@pytest.fixture(params=plug.known("upstream"))
async def dial(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    module = plug.adapter("upstream", request.param)
    settings = {"file": {"path": "sent.jsonl"}}.get(request.param)
    if settings is None:
        settings = {"port": request.getfixturevalue("mosquitto")().port, "confirms": "puback"}
    async with module.open(checked(module.Settings, settings, "upstream"), tmp_path) as opened:
        yield opened


async def test_it_says_who_confirms_and_where_it_leads(dial: Any) -> None:
    assert dial.confirms in tuple(Confirms)
    assert dial.name.split()[0] in plug.known("upstream")
    async with dial("edge", None, ()) as link:
        assert link.window >= 1
        assert link.max_bytes >= 65_536


async def test_a_message_gets_a_reason_below_128_and_many_at_once_do_too(dial: Any) -> None:
    async with dial("edge", None, ()) as link:
        reasons = await asyncio.gather(*(link.publish(Message("t", b"{}")) for _ in range(20)))
        assert all(reason < 0x80 for reason in reasons)


async def test_it_can_be_dialled_again_at_once(dial: Any) -> None:
    for _ in range(3):
        async with dial("edge", None, ("t",)) as link:
            assert await link.publish(Message("t", b"{}", retain=True)) in (0x00, 0x10)


async def test_it_refuses_a_setting_that_it_does_not_know(dial: Any) -> None:
    with pytest.raises(BadConfig, match="unknown key"):
        checked(plug.adapter("upstream", dial.name.split()[0]).Settings, {"hots": "x", "path": "x"}, "upstream")


@pytest.mark.promise("L-2")
async def test_a_file_holds_every_event_in_order_and_that_empties_the_outbox(
    tmp_path: Path, device: Device, contacts: Any, background: Any, eventually: Any, quick: Pace
) -> None:
    file_dial = upstream_file.FileDial(tmp_path / "sent.jsonl")
    async with outbox(tmp_path / "outbox.sqlite", device) as box:
        await box.record_all(contacts(60))
        async with background(uplink.run(box, file_dial, device, Health(), quick)):
            await eventually(lambda: box.waiting() == 0)
    sent = [json.loads(line) for line in (tmp_path / "sent.jsonl").read_text().splitlines()]
    assert [int(each["sequence"]) for each in sent] == list(range(1, 61))


async def test_a_file_that_cannot_be_opened_is_a_lost_link(tmp_path: Path) -> None:
    with pytest.raises(LinkLost, match="cannot open"):
        async with upstream_file.FileDial(tmp_path)("edge", None, ()):
            pass


async def test_a_broker_whose_certificate_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, tmp_path / "key.pem")
    heard: list[bytes] = []

    async def broker(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(100))
        writer.close()

    async with await asyncio.start_server(broker, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        dial = upstream_mqtt.MqttDial(upstream_mqtt.Settings(port=port, tls=True), tmp_path)
        with pytest.raises(LinkLost, match="authority that is not trusted here: self-signed"):
            async with dial("edge", None, ()):
                pass
    assert b"".join(heard) == b""


async def test_mutual_tls_carries_events(mosquitto: Any, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    lines = [f"cafile {certificate}", f"certfile {certificate}", f"keyfile {tmp_path / 'key.pem'}"]
    broker = mosquitto(*lines, "require_certificate true", "allow_anonymous true")
    settings = upstream_mqtt.Settings(port=broker.port, ca=Path("cert.pem"), cert=Path("cert.pem"), key=Path("key.pem"))
    async with upstream_mqtt.MqttDial(settings, tmp_path)("edge", None, ("t",)) as link:
        assert await asyncio.gather(*(link.publish(Message("t", b"x" * 9_000)) for _ in range(50))) == [0] * 50
        got = [message async for message, _ in _first(link, 50)]
    assert [len(message.payload) for message in got] == [9_000] * 50
    with pytest.raises(LinkLost):
        async with upstream_mqtt.MqttDial(settings.model_copy(update={"cert": None}), tmp_path)("other", None, ()):
            pass


async def _first(link: Any, count: int) -> Any:
    left = count
    async for message in link.messages():
        left -= 1
        yield message, left
        if not left:
            return


def make_certificate(folder: Path) -> Path:
    """A self-signed certificate for 127.0.0.1 in cert.pem, its key in key.pem."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "edge")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    return folder / "cert.pem"

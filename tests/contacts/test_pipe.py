"""The pipe to a broker: properties as the standard writes them, MQTT 3.1.1, look-ups that hang, alerts of TLS."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt import MQTTException
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.adapters.upstream_mqtt import MqttDial, Settings
from edge.contacts.line import certificates
from edge.contacts.line.causes import REASONS, REMEDIES, Cause, lost, remedy
from edge.contacts.line.dial import Will
from edge.contacts.line.pipe import packed
from edge.ports import LinkLost, Message
from tests.contacts.fakes.broker import FakeBroker

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200)


@given(TEXT, st.lists(st.tuples(TEXT, TEXT), max_size=3))
def test_properties_are_packed_as_paho_packs_them(content_type: str, user: list[tuple[str, str]]) -> None:
    theirs: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if content_type:
        theirs.ContentType = content_type
        if "batch" not in content_type:
            theirs.PayloadFormatIndicator = 1
    for pair in user:
        theirs.UserProperty = pair
    assert packed(content_type, tuple(user)).pack() == theirs.pack()


async def test_mqtt_3_1_1_carries_messages_retained_ones_and_a_will(mosquitto: Any) -> None:
    dial = MqttDial(Settings(port=mosquitto().port, protocol="3.1.1", timeout=1.0), Path("."))

    async def be_cut() -> None:
        async with dial("edge", Will("s", b"offline", 0), ()) as link:
            assert await link.publish(Message("r", b"1", retain=True, content_type="a/b")) == 0
            raise LinkLost("a cable was pulled")

    with pytest.raises(LinkLost, match="a cable"):
        await be_cut()
    async with dial("other", None, ("r", "s")) as link:
        assert list(await link.also(("more",))) == []
        heard = {}
        async for message in link.messages():
            heard[message.topic] = message.payload
            if len(heard) == 2:
                break
    assert heard == {"r": b"1", "s": b"offline"}


async def test_a_refused_subscription_is_told_as_one() -> None:
    async with FakeBroker(granted=0x87).open() as far:
        with pytest.raises(LinkLost, match="refuses a subscription") as told:
            async with MqttDial(Settings(port=far.port, timeout=5.0), Path("."))("edge", None, ("a", "b")):
                pass
    assert "read" in remedy(told.value).todo


async def test_what_nobody_waits_for_any_more_and_cannot_go_either_ends_nothing(mosquitto: Any) -> None:
    async with MqttDial(Settings(port=mosquitto().port, timeout=5.0), Path("."))("edge", None, ()) as link:
        pipe: Any = link
        pipe.window = 1
        first, given_up, third = (pipe.publish(Message("a", b"")) for _ in range(3))
        given_up.cancel()
        pipe.client.publish = lambda *_: SimpleNamespace(rc=paho.MQTT_ERR_NO_CONN)
        await first
        with pytest.raises(LinkLost, match="closing"):
            await third


@pytest.mark.promise("X-1")
async def test_a_look_up_that_hangs_uses_up_one_thread_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    released, asked = threading.Event(), []

    def hang(*asked_for: Any, **_more: Any) -> Any:
        asked.append(asked_for[0])
        released.wait()
        raise socket.gaierror(-2, "gone")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    dial = MqttDial(Settings(host="broker.example", timeout=0.05), Path("."))
    for _ in range(3):
        with pytest.raises(LinkLost, match="look-up of the broker's name gets no answer"):
            async with dial("edge", None, ()):
                pass
    released.set()
    assert asked == ["broker.example"]


async def dialled(dial: MqttDial) -> None:
    async with dial("edge", None, ()):
        pass


@pytest.mark.promise("X-1")
@pytest.mark.parametrize("amiss", [struct.error("x"), MQTTException("x"), LookupError("x")])
async def test_an_attempt_that_ends_as_nobody_foresaw_does_not_keep_the_next_from_being_made(
    mosquitto: Any, monkeypatch: pytest.MonkeyPatch, amiss: Exception
) -> None:
    dial = MqttDial(Settings(port=mosquitto().port), Path("."))
    with monkeypatch.context() as patched:
        patched.setattr(paho.Client, "connect", Mock(side_effect=amiss))
        with pytest.raises((LinkLost, type(amiss))):
            await dialled(dial)
    await dialled(dial)


async def test_a_device_without_a_thread_to_spare_dials_again_later(
    mosquitto: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dial = MqttDial(Settings(port=mosquitto().port), Path("."))
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", Mock(side_effect=RuntimeError("can't start new thread")))
        with pytest.raises(LinkLost, match="no more threads"):
            await dialled(dial)
    await dialled(dial)


@pytest.mark.parametrize("password", [b"\xff", b"x" * 65_536])
async def test_a_password_that_is_no_text_or_too_long_is_told(mosquitto: Any, tmp_path: Path, password: bytes) -> None:
    (tmp_path / "password").write_bytes(password)
    dial = MqttDial(Settings(port=mosquitto().port, user="edge", password_file=Path("password")), tmp_path)
    for _ in range(2):
        with pytest.raises(LinkLost, match="password") as told:
            await dialled(dial)
        assert told.value.cause == Cause.FILES


@pytest.mark.parametrize(
    ("error", "synced", "cause"),
    [
        (socket.gaierror(-2, "unknown"), True, Cause.NAME),
        (TimeoutError(), True, Cause.SILENT),
        (ConnectionRefusedError(111, "refused"), True, Cause.AWAY),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] x"), True, Cause.NO_TLS),
        (ssl.SSLError(1, "[SSL: TLSV1_ALERT_PROTOCOL_VERSION] x"), True, Cause.OLD_TLS),
        (ssl.SSLError(1, "[SSL: UNSUPPORTED_PROTOCOL] x"), True, Cause.OLD_TLS),
        (ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] x"), True, Cause.OWN_REFUSED),
        (ssl.SSLError(1, "[SSL: TLSV1_ALERT_UNKNOWN_CA] x"), True, Cause.OWN_REFUSED),
        (ssl.SSLError(1, "[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] x"), True, Cause.OWN_EXPIRED),
        (ssl.SSLError(1, "[SSL: SOMETHING_NEW] x"), True, Cause.TLS),
    ],
    ids=lambda value: str(value)[:40],
)
def test_each_failure_has_its_cause(error: Exception, synced: bool, cause: Cause) -> None:
    if isinstance(error, ssl.SSLError):
        error.reason = error.args[1].split(":")[1].split("]")[0].strip()
    assert certificates.loss_of(error, synced).cause == cause


@pytest.mark.parametrize(
    ("code", "synced", "cause"),
    [
        (10, True, Cause.EXPIRED),
        (10, False, Cause.CLOCK),
        (9, True, Cause.NOT_YET),
        (9, False, Cause.CLOCK),
        (62, False, Cause.HOST),
        (64, True, Cause.HOST),
        (18, True, Cause.AUTHORITY),
        (20, False, Cause.AUTHORITY),
    ],
)
def test_a_date_that_is_wrong_blames_a_clock_that_nobody_vouches_for(code: int, synced: bool, cause: Cause) -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = code, "because"
    assert certificates.loss_of(error, synced).cause == cause


def test_our_own_certificates_dates_are_judged_by_the_clock() -> None:
    assert [certificates.own((100.0, 200.0), now) for now in (99.0, 150.0, 201.0)] == [
        Cause.OWN_NOT_YET,
        None,
        Cause.OWN_EXPIRED,
    ]
    assert certificates.own(None, 1.0) is None


def test_every_cause_has_words_and_something_to_do() -> None:
    assert set(REMEDIES) == set(Cause)
    assert set(REASONS.values()) <= set(Cause)
    for cause in Cause:
        assert remedy(lost(cause)) == REMEDIES[cause]
        assert len(REMEDIES[cause].todo) > 10
    assert "kept" in remedy(LinkLost("whatever")).todo

"""paho's client made cheaper for who hears much: one read of the socket, and one write, for all packets that came.

paho asks the socket for each byte of a header, decodes every property of a message though nobody here asks for one
(two fifths of the inbox's time), and writes each PUBACK by itself. What is overridden is paho's own inside, the same
in 2.1 and 2.2; ``tests/contacts/test_client.py`` holds it against a real broker and against paho's own reading.
"""

from __future__ import annotations

import struct
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode

READ = 65_536
_PUBACK = 0x40


class Client(paho.Client):
    """As paho.Client, for an outer loop that calls ``read`` when the socket is readable."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._ahead = b""
        self._at = 0
        self._owed: list[int] | None = None

    def read(self) -> MQTTErrorCode:
        """Handle every packet that one read of the socket brought, then acknowledge what wants it, in one write."""
        owed: list[int] = []
        self._owed = owed
        try:
            code = self.loop_read()
            while code == MQTTErrorCode.MQTT_ERR_SUCCESS and self._ahead:
                code = self.loop_read()
        finally:
            self._owed = None
        if owed and code == MQTTErrorCode.MQTT_ERR_SUCCESS:
            packets = b"".join(struct.pack("!BBH", _PUBACK, 2, mid) for mid in owed)
            code = self._packet_queue(_PUBACK, packets, owed[-1], 1)
        return code

    def _sock_recv(self, bufsize: int) -> bytes:
        if not self._ahead:
            self._ahead, self._at = super()._sock_recv(READ), 0
        part = self._ahead[self._at : self._at + bufsize]
        self._at += len(part)
        if self._at >= len(self._ahead):
            self._ahead = b""
        return part

    def _send_puback(self, mid: int) -> MQTTErrorCode:
        if self._owed is None:
            return super()._send_puback(mid)
        self._owed.append(mid)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _handle_publish(self) -> MQTTErrorCode:
        """Topic, mid and payload of a PUBLISH at QoS 1; its properties are passed over."""
        header, packet = self._in_packet["command"], self._in_packet["packet"]
        if (header >> 1) & 3 != 1:
            return super()._handle_publish()
        end = 2 + int.from_bytes(packet[:2], "big")
        at = end + 2
        if self._protocol == paho.MQTTv5:
            at = _after_properties(packet, at)
        if at > len(packet) or end == 2:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        mid = int.from_bytes(packet[end : end + 2], "big")
        message = paho.MQTTMessage(mid, bytes(packet[2:end]))
        message.qos, message.retain = 1, bool(header & 1)
        message.payload = bytes(packet[at:])
        if self._on_message is not None:  # no filter by topic is ever set, so none is looked for
            self._on_message(self, self._userdata, message)
        return self._send_puback(mid)


def _after_properties(packet: bytes | bytearray, at: int) -> int:
    """Where the payload begins, by the properties' length (MQTT 5, 1.5.5); beyond the packet if that is none."""
    length = shift = 0
    for byte in packet[at : at + 4]:
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return at + length
    return len(packet) + 1

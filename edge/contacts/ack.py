"""The inbox's cumulative acknowledgement: up to which sequence number of which outbox all is committed."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ack:
    """``upto`` is whole, ``max`` the highest seen; ``max`` above ``upto`` shows a hole.

    The outbox's id is in it because after a re-install numbers start at 1 again, and a retained
    acknowledgement of the old outbox would delete events of the new one that were never sent (MQTT.md 6).
    """

    outbox: str
    upto: int
    max: int


class BadAck(ValueError):
    """A message on the acknowledgement's topic that is none."""


def write_ack(ack: Ack) -> bytes:
    """The bytes of an acknowledgement."""
    return json.dumps({"outbox": ack.outbox, "upto": ack.upto, "max": ack.max}).encode()


def read_ack(payload: bytes) -> Ack:
    """An acknowledgement; raises BadAck for anything that is not exactly one."""
    try:
        values = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise BadAck("no JSON") from error
    if not isinstance(values, dict) or not isinstance(values.get("outbox"), str):
        raise BadAck("no outbox named")
    upto, highest = values.get("upto"), values.get("max", values.get("upto"))
    if type(upto) is not int or type(highest) is not int or not 0 <= upto <= highest:
        raise BadAck("no numbers")
    return Ack(values["outbox"], upto, highest)

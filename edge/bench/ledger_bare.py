"""The floor of ``bench drain``: the product's own client and window, and nothing of a ledger around them.

``publish PORT N`` publishes N ready made events until the last PUBACK; ``count PORT N`` is a subscriber that counts as
many and does nothing with them.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import Iterator

from edge.bench.ledger_child import done, started
from edge.bench.ledger_events import KIND, bodies, device
from edge.bench.mosquitto import linked
from edge.contacts import topics
from edge.contacts.event import CONTENT_TYPE
from edge.contacts.line.dial import Pace
from edge.ports import Link, Message


async def publish(port: int, wanted: int) -> None:
    """As many at once as the uplink's window has."""
    messages = list(_messages(wanted))
    async with linked(port, topics.edge_name(device())) as link:
        start = await started()
        waiting = iter(messages)
        await asyncio.gather(*(_publish(link, waiting) for _ in range(Pace().window)))
        done(start)


async def count(port: int, wanted: int) -> None:
    """Until all have come."""
    async with linked(port, "bench-counts", (topics.CONTACTS,)) as link:
        start = await started()
        seen = 0
        async for _ in link.messages():
            seen += 1
            if seen == wanted:
                break
        done(start)


def _messages(wanted: int) -> Iterator[Message]:
    stream, topic = secrets.token_hex(16), topics.contact(topics.edge_name(device()), KIND)
    for seq, body in enumerate(bodies(device(), stream, 1, wanted), start=1):
        yield Message(topic, body, False, CONTENT_TYPE, {"stream": stream, "sequence": f"{seq:012d}"})


async def _publish(link: Link, messages: Iterator[Message]) -> None:
    for message in messages:
        await link.publish(message)


if __name__ == "__main__":
    role = {"publish": publish, "count": count}[sys.argv[1]]
    asyncio.run(role(int(sys.argv[2]), int(sys.argv[3])))

"""The uplink: keeps a line to the far side for as long as the program runs; being away is expected, and said once."""

from __future__ import annotations

import asyncio
import logging
import time

from edge.config import Device
from edge.contacts import topics
from edge.contacts.line.call import Call
from edge.contacts.line.causes import BLAMELESS, Cause, remedy
from edge.contacts.line.dial import Certified, Dial, Pace, Will, redial_pause, spread
from edge.contacts.line.post import Post
from edge.contacts.line.standing import Standing, figures
from edge.contacts.spool.outbox import Outbox
from edge.health import Health
from edge.ports import LinkLost
from edge.supervise import apart

log = logging.getLogger(__name__)


async def run(
    outbox: Outbox, dial: Dial, device: Device, health: Health, pace: Pace | None = None, post: Post | None = None
) -> None:
    """Send what the outbox holds whenever there is a connection, and ``post`` beside it. Runs until cancelled."""
    times, clock, edge = pace or Pace(), asyncio.get_running_loop(), topics.edge_name(device)
    will = Will(topics.state(edge), b'{"state":"offline"}')
    standing, attempt, letters = Standing(times, clock.time()), 0, post or Post()
    wanted = (topics.ack(edge), topics.INBOX, topics.POLICY, topics.ERASE)
    while True:
        call, least, began = None, 0.0, clock.time()
        days = await _days_left(dial)
        try:
            async with dial(edge, will, wanted) as link:
                began = clock.time()
                standing.opened(began)
                call = Call(outbox, link, standing, edge, health, dial, times, letters, days)
                await apart(call.run())
        except LinkLost as error:
            least = _tell(health, dial, outbox, error, days)
            if call is not None:
                standing.lost_at = clock.time()
                await _suspect(outbox, standing, call, error)
        well = call is not None and clock.time() - began > times.healthy and call.fruitful
        attempt = 0 if well else attempt + 1
        await asyncio.sleep(max(redial_pause(attempt, spread(times, standing.policy.connect_spread_s)), least))


async def _days_left(dial: Dial) -> float | None:
    return await asyncio.to_thread(dial.days_left, time.time()) if isinstance(dial, Certified) else None


def _tell(health: Health, dial: Dial, outbox: Outbox, error: LinkLost, days: float | None) -> float:
    """Say why there is no line; the least number of seconds until the next attempt."""
    what = remedy(error)
    health.down("upstream", dial.name, str(error), what.todo, figures(outbox, days))
    health.forget("inbox", dial.name)  # nobody knows how it is while the line is down
    return what.pause


async def _suspect(outbox: Outbox, standing: Standing, call: Call, error: LinkLost) -> None:
    """What was out when the connection ended may have ended it, unless the far side gave another reason."""
    if error.cause == Cause.WINDOW:
        standing.narrow = max(1, call.flight.limit // 2)
    if error.cause in BLAMELESS:
        return
    poison = standing.doubts.lost(call.flight.aloft, call.flight.eldest(asyncio.get_running_loop().time()))
    if poison is not None:
        log.warning("event %d ended every connection that carried it: set aside", poison)
        await outbox.set_aside(poison, "poison", call.stream)

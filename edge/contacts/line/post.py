"""What travels beside the ledger on the same connection: letters that come from other topics, and those that go out.

What arrives is a source, ``async for letter in post.messages()``; the ledger never waits for who reads it. Nothing
here is durable: a letter says what is so now, and what must not be lost is a contact.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from edge.contacts.line.flight import Verdict, verdict_of
from edge.ports import Link, Message

log = logging.getLogger(__name__)

OUT = 200
"""Letters that wait for a connection; beyond it the oldest go, as the newest count."""

UNREAD = 500
MUTE_S = 600.0
"""After a refusal nothing is written to that topic for so long: mosquitto drops a connection that it refuses a PUBLISH
(MQTT.md 1.4), and contacts need it."""

TRIES = 3
"""Connections lost with a letter after which it is taken for what ended them (MQTT.md 1.3: ``message_size_limit``)."""

HANDLED_S = 5.0
"""Seconds that contacts wait at most for the letters before them to be read and carried out."""

ROUND_S = 60.0
BUSY_S = 1.0
PROPERTIES_BYTES = 512


class Post:
    """One program's letters. ``topics`` are what it hears beside the ledger's own; a connection's ends call ``hear``,
    ``arrived`` and ``carry``. ``facts`` go into an edge's state, again whenever ``tell`` changes them. ``others`` gets
    each letter first and says whether it is its own: however many those are, they take no letter's place."""

    def __init__(
        self,
        topics: Sequence[str] = (),
        mono: Callable[[], float] = time.monotonic,
        others: Callable[[Message], bool] = lambda _: False,
    ) -> None:
        self.topics = tuple(topics)
        self._others = others
        self.counted: Counter[str] = Counter()
        self.facts: Mapping[str, int] = {}
        self.retold = asyncio.Event()
        self._mono = mono
        self._greetings: dict[str, Message] = {}
        self._out: deque[Message] = deque()
        self._until: dict[str, float] = {}
        self._lost: Counter[str] = Counter()
        self._unread: asyncio.Queue[Message] = asyncio.Queue(UNREAD)
        self._came = self._read = 0
        self._progress = asyncio.Event()
        self._news = asyncio.Event()

    def send(self, letter: Message) -> None:
        """Send once, when there is a connection; never waits."""
        self._out.append(letter)
        if len(self._out) > OUT:
            self._out.popleft()
            self.counted["too many waited"] += 1
        self._news.set()

    def stand(self, letter: Message) -> None:
        """Send on every connection, and at once if it is another than the last on its topic."""
        self._greetings[letter.topic] = letter
        self._news.set()

    def tell(self, facts: Mapping[str, int]) -> None:
        """What head office should know of this edge."""
        if facts != self.facts:
            self.facts = dict(facts)
            self.retold.set()

    async def messages(self) -> AsyncIterator[Message]:
        """What came on ``topics``, for ever, across connections."""
        while True:
            letter = await self._unread.get()
            try:
                yield letter
            finally:  # whoever read it asks for the next one, or has given up
                self._read += 1
                self._progress.set()
            await asyncio.sleep(0)  # a queue that is full never waits, and a flood must not hold up the rest

    def arrived(self, letter: Message) -> None:
        """A letter came; one too many is dropped and counted, as the ledger must not wait."""
        if self._others(letter):
            return
        if self._unread.full():
            self.counted["unread"] += 1
        else:
            self._came += 1
            self._unread.put_nowait(letter)

    async def handled(self) -> None:
        """All letters that have come by now are read and carried out, or it takes longer than contacts can wait."""
        wanted = self._came
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HANDLED_S):
                while self._read < wanted:
                    self._progress.clear()
                    await self._progress.wait()

    async def carry(self, link: Link) -> None:
        """Subscribe, greet, and send what waits for as long as the connection lasts; raises LinkLost."""
        refused = await link.also(self.topics) if self.topics else ()
        if refused:
            log.warning("the broker does not let us hear %s", ", ".join(refused))
        greeted: dict[str, Message] = {}
        while True:
            self._news.clear()
            for topic, letter in list(self._greetings.items()):
                if greeted.get(topic) != letter and await self._published(link, letter):
                    greeted[topic] = letter
            while self._out:
                letter = self._out[0]
                await self._published(link, letter)
                if self._out and self._out[0] is letter:
                    self._out.popleft()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ROUND_S):
                    await self._news.wait()

    async def _published(self, link: Link, letter: Message) -> bool:
        """Hand one letter over; a topic that the broker refuses, or drops us for, is left alone for a while."""
        topic = letter.topic
        if self._until.get(topic, 0.0) > self._mono():
            self.counted["refused"] += 1
            return False
        if len(letter.payload) + PROPERTIES_BYTES > link.max_bytes:
            return self._mute(topic, "too large")
        self._lost[topic] += 1  # until there is an answer
        if self._lost[topic] > TRIES:
            return self._mute(topic, "each connection was lost with it")
        verdict = verdict_of(await link.publish(letter))
        while verdict is Verdict.BUSY:
            await asyncio.sleep(BUSY_S)
            verdict = verdict_of(await link.publish(letter))
        del self._lost[topic]
        return verdict in (Verdict.TAKEN, Verdict.NOBODY) or self._mute(topic, str(verdict))

    def _mute(self, topic: str, why: str) -> bool:
        self.counted["refused"] += 1
        self._lost.pop(topic, None)
        self._until[topic] = self._mono() + MUTE_S
        log.warning("%s is not written for some minutes: %s; see the broker's log and access list", topic, why)
        return False

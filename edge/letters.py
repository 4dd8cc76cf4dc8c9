"""An edge's letters: what the wire tells its member desk, and what the desk has for the store's other edges."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import Any

from edge.config import Device
from edge.contacts import topics
from edge.contacts.line.post import Post
from edge.health import Health
from edge.members.desk import Desk
from edge.members.peers import LATE, MOST, BadNews, News, read_news, write_news
from edge.members.replay import Spent
from edge.members.shelf import Shelf, Way
from edge.ports import Message

REPEATED = 4 * MOST
"""How many of the tokens taken here are told again to who asks."""

ANSWER_S = 5.0
"""Seconds between two answers: one answers all who asked before it."""

FIGURES_S = 2.0


class Letters:
    """Between the desk and the post. ``spend`` takes the place of the desk's own; ``settle`` carries out a new erasure
    list, before which no letter counts as read and so no contact goes out on a new connection."""

    def __init__(
        self,
        desk: Desk,
        post: Post,
        device: Device,
        health: Health,
        settle: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.post = post
        self._settle = settle
        self._desk, self._device, self._health = desk, device, health
        self._topic = topics.spent(device.store, topics.edge_name(device))
        self._mine: deque[Spent] = deque(maxlen=REPEATED)
        self._asked = asyncio.Event()
        self._ignored: Counter[str] = Counter()
        post.stand(self._news(News(ask=True)))

    def spend(self, token: bytes, exp: float) -> Awaitable[None]:
        """A token is used up: here by the call, in the store's other edges as soon as the line allows."""
        spent = (token, int(exp))
        self._mine.append(spent)
        self.post.send(self._news(News((spent,))))
        return self._desk.spend(token, exp)

    async def run(self) -> None:
        """Take what comes, for ever, answer who asks, and tell head office what is held."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hear(tasks), name="letters hear")
            tasks.create_task(self._answer(), name="letters answer")
            tasks.create_task(self._tell(), name="letters tell")

    async def _hear(self, tasks: asyncio.TaskGroup) -> None:
        papers = self._desk.papers
        shelves: dict[str, Shelf[Any]] = {
            topics.KEYSET: papers.keyset,
            topics.DENY: papers.deny,
            topics.ERASE: papers.erase,
        }
        async for letter in self.post.messages():
            shelf = shelves.get(letter.topic)
            if shelf is None:
                self._heard(letter, tasks)
            elif letter.payload:  # an empty one takes a retained one away: it says nothing
                papers.came(shelf, Way.TOPIC, letter.payload[: 4 * shelf.most].decode("utf-8", "replace"))
                self.post.tell(papers.versions)
                if self._settle and shelf is papers.erase:
                    await self._settle()

    def _heard(self, letter: Message, tasks: asyncio.TaskGroup) -> None:
        """News of another edge of this store; nobody else has any here. What comes next waits for no disk."""
        if letter.topic == self._topic:
            return  # our own word: MQTT 3.1.1 cannot ask to be spared it
        peer = topics.peer_that_sent(letter.topic, self._device)
        if peer is None:
            self._ignored["of no edge of this store"] += 1
            return
        try:
            news = read_news(letter.payload)
        except BadNews as error:
            self._ignored[str(error)] += 1
            return
        if news.ask:
            self._asked.set()
        if keeping := self._desk.learn(peer, news):
            tasks.create_task(keeping, name="letters keep")

    async def _answer(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            alive = self._desk.now() - LATE
            live = [spent for spent in self._mine if spent[1] >= alive]
            for at in range(0, len(live), MOST):
                self.post.send(self._news(News(tuple(live[at : at + MOST]))))
            await asyncio.sleep(ANSWER_S)

    async def _tell(self) -> None:
        """Versions to head office; to the health page what was dropped, by how many and why.

        Who has just learnt the time asks again, as before that most of what others took could not be judged.
        """
        knew = self._desk.knows_time
        while True:
            if self._desk.knows_time and not knew:
                self.post.send(self._news(News(ask=True)))
            knew = self._desk.knows_time
            self.post.tell(self._desk.papers.versions)
            dropped = self._ignored + self._desk.refused_news + self.post.counted
            if dropped:
                why = ", ".join(f"{count} {each}" for each, count in sorted(dropped.items()))
                self._health.up("wire", "letters", f"dropped: {why}", {"letters_dropped": dropped.total()})
            await asyncio.sleep(FIGURES_S)

    def _news(self, news: News) -> Message:
        return Message(self._topic, write_news(news))


def hears(device: Device, rotating: bool) -> tuple[str, ...]:
    """What an edge listens to beside the ledger; a chain without rotating codes has nothing to hear."""
    return (topics.KEYSET, topics.DENY, topics.spent(device.store, "+")) if rotating else ()

"""What the adapters of vendors' member systems share: who is who, calls within a budget, blocks that fail alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import aiohttp
from aiohttp import hdrs
from pydantic import BaseModel, Field, ValidationError, field_validator
from yarl import URL

from edge import asking
from edge.asking import CannotAsk
from edge.members import directory
from edge.members.budget import Budget
from edge.members.document import DAY_S, TTL_S
from edge.members.watched import Watched, looking
from edge.model import Profile
from edge.ports import MembersAway

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")
Fields = Mapping[str, Any]
"""Fields of a Profile, by name."""

Ask = Coroutine[Any, Any, Fields]

MAX_BYTES = 64 * 1024
CALL_S = 2.0
"""For how long a call may take at most, seconds; one for a block is given up before that."""

BLOCK_S = 0.3
"""For how long a block is waited for, seconds: less than a session waits (``profiles.BUDGET``), so that of a vendor
behind head office's hub the blocks that came still reach the store in time."""

BUSY_S = 1.0
"""For how long a source is left alone that said "too many" and not for how long."""

NO_CUSTOMER = "0"
"""What no vendor has as a customer's id."""

UNUSABLE = "the answer is not of the documented form"


class Settings(asking.Settings):
    """What every vendor's adapter needs besides its own.

    ``directory`` is the table of who is who (``edge.members.directory``), looked at each ``look_s`` seconds;
    ``calls_per_second`` the contract's limit, never exceeded; ``ttl_s`` for how long what it says may be used while the
    vendor is away.
    """

    directory: Path
    look_s: float = Field(1.0, ge=0.01, le=3600)
    calls_per_second: float = Field(5.0, gt=0, le=1000)
    ttl_s: float = Field(TTL_S, ge=0, le=DAY_S)

    @field_validator("url")
    @classmethod
    def _safe(cls, text: str) -> str:
        return asking.safe(text.rstrip("/"))


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's status and body; ``read`` makes a value of the body."""

    status: int
    body: bytes = field(repr=False)

    def read(self, model: type[M]) -> M:
        """The body as a model; raises CannotAsk, which quotes nothing of it."""
        try:
            return model.model_validate_json(self.body)
        except ValidationError:
            raise CannotAsk(UNUSABLE) from None


def valid(model: type[M], value: Any) -> M:
    """A part of an answer as a model; raises CannotAsk, which quotes nothing of it."""
    try:
        return model.model_validate(value)
    except ValidationError:
        raise CannotAsk(UNUSABLE) from None


class Nobody(Exception):
    """The vendor has no such customer, or not any more."""


class Caller:
    """Calls to one vendor: within its budget, or not at all when their turn would come too late for a shopper."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        calls_per_second: float,
        mono: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session = session
        self._budget = Budget(calls_per_second)
        self._mono = mono
        self._sleep = sleep
        self._errands: set[asyncio.Task[Any]] = set()

    def spawn(self, errand: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Something that goes on though the question that began it was given up; await it behind ``asyncio.shield``."""
        task = asyncio.create_task(errand, name="members' vendor")
        self._errands.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._errands.discard(task)
        if not task.cancelled():
            task.exception()  # whoever waits for it is told; nobody may

    async def close(self) -> None:
        """End all errands."""
        errands = list(self._errands)
        for task in errands:
            task.cancel()
        await asyncio.gather(*errands, return_exceptions=True)

    async def call(self, method: str, url: str, headers: Mapping[str, str], **body: Any) -> Answer:
        """An answer of any status but 429 and redirects; raises CannotAsk, which names the host alone."""
        host = str(URL(url).host)
        try:
            try:
                return await self._once(host, method, url, headers, **body)
            except asking.BrokenOff:  # a kept connection that the far side had closed: asked again, as another call
                return await self._once(host, method, url, headers, **body)
        except TimeoutError as error:
            raise CannotAsk(f"no answer from {host} in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise CannotAsk(f"{host} cannot be asked ({type(error).__name__})") from None

    async def _once(self, host: str, method: str, url: str, headers: Mapping[str, str], **body: Any) -> Answer:
        await self._turn()
        address = URL(url, encoded=True)
        async with self._session.request(
            method, address, headers=headers, allow_redirects=False, middlewares=(asking.once,), **body
        ) as response:
            if response.status == 429:
                self.hold(_seconds(response.headers.get(hdrs.RETRY_AFTER, "")))
                raise CannotAsk(f"{host} wants fewer calls (429); lower calls_per_second")
            if 300 <= response.status < 400:
                raise CannotAsk(f"{host} answered {response.status}{asking.advice(response.status)}")
            return Answer(response.status, await asking.bounded(response.content, MAX_BYTES))

    def hold(self, seconds: float) -> None:
        """Leave the vendor alone for a while."""
        self._budget.hold(self._mono(), seconds)

    async def _turn(self) -> None:
        """Wait for a call's turn and take it; raises CannotAsk when it would come too late for the shopper."""
        while pause := self._budget.wait(self._mono()):
            if pause > BLOCK_S:
                raise CannotAsk("the budget of calls is used up, or the vendor asked for a pause")
            await self._sleep(pause)
        self._budget.called(self._mono())


def _seconds(header: str) -> float:
    return float(header) if header.isascii() and header.isdigit() and len(header) < 6 else BUSY_S


def refused(host: str, status: int, hint: str = "") -> CannotAsk:
    """Why an answer of this status cannot be used."""
    return CannotAsk(f"{host} answered {status}{hint or asking.advice(status)}")


class Vendor(Protocol):
    """A vendor's API, as its adapter knows it."""

    @property
    def blocks(self) -> Mapping[str, tuple[str, ...]]:
        """Which blocks of a profile each of the questions gives, by the question's name."""

    def asks(self, customer: str) -> Mapping[str, Ask]:
        """The questions about one customer, by the same names; each raises CannotAsk, or Nobody for all of them."""


class VendorMembers:
    """A Members over a vendor: each question has the budget's time and fails alone; who is who says the directory."""

    def __init__(self, settings: Settings, where: Path, vendor: Vendor, budget: float = BLOCK_S) -> None:
        self.file = Watched(where / settings.directory, "members' directory", directory.parse)
        self._ttl = settings.ttl_s
        self._vendor = vendor
        self._have = frozenset(block for blocks in vendor.blocks.values() for block in blocks)
        self._budget = budget
        self._failed: dict[str, str] = {}

    @property
    def trouble(self) -> str:
        """What is wrong now, with the directory or with a question and so its blocks; "" if nothing is."""
        failed = (f"no {' and '.join(self._vendor.blocks[name])}: {why}" for name, why in self._failed.items())
        return "; ".join(filter(None, [self.file.trouble, *failed]))

    def erased(self) -> AsyncIterator[str]:
        """Each member whose row vanished from the directory."""
        return self.file.erased()

    async def profile(self, ref: str) -> Profile | None:
        """The member's blocks that could be had; raises MembersAway if there are none."""
        if self.file.rows is None:
            raise MembersAway(self.file.trouble)
        entry = self.file.rows.get(ref)
        if entry is None:
            return None
        now = time.time()
        if not entry.agreed:
            return Profile(ref, language=entry.language, as_of={"greet": now}, ttl_s=self._ttl)
        try:
            answered = await self._answered(entry.customer)
        except Nobody:
            return None
        fields: dict[str, Any] = {"language": entry.language}
        for answer in answered.values():
            fields |= answer
        there = {block for name in answered for block in self._vendor.blocks[name]}
        there |= {"greet"} if fields["language"] else set()
        if not there:
            raise MembersAway(self.trouble)
        as_of = dict.fromkeys(there, now)
        return Profile(ref, have=self._have | there, as_of=as_of, ttl_s=self._ttl, **fields)

    async def probe(self) -> None:
        """Ask about a customer that nobody is; raises MembersAway with what is wrong."""
        with suppress(Nobody):
            await self._answered(NO_CUSTOMER)
        if self.trouble:
            raise MembersAway(self.trouble)

    async def _answered(self, customer: str) -> dict[str, Fields]:
        """What the questions gave, without those that failed; raises Nobody."""
        asks = self._vendor.asks(customer)
        try:
            outcomes = dict(zip(asks, await asyncio.gather(*map(self._in_time, asks.values())), strict=True))
        finally:
            for ask in asks.values():
                ask.close()  # one that was given up before it began would complain that nobody awaited it
        answered = {name: outcome for name, outcome in outcomes.items() if not isinstance(outcome, Exception)}
        nobody = any(isinstance(outcome, Nobody) for outcome in outcomes.values())
        self._failed = {name: str(why) for name, why in outcomes.items() if isinstance(why, CannotAsk)}
        if nobody:
            raise Nobody
        return answered

    async def _in_time(self, ask: Ask) -> Fields | CannotAsk | Nobody:
        try:
            async with asyncio.timeout(self._budget):
                return await ask
        except TimeoutError:
            return CannotAsk(f"no answer within {self._budget * 1000:.0f} ms")
        except (CannotAsk, Nobody) as error:
            return error


@asynccontextmanager
async def vendors(settings: Settings, where: Path, make: Callable[[Caller], Vendor]) -> AsyncIterator[VendorMembers]:
    """A vendor's members, with an HTTP session that keeps its connections and a directory that was read."""
    async with asking.session(settings, where, timeout_s=CALL_S, limit=8, keep=True) as session:
        caller = Caller(session, settings.calls_per_second)
        members = VendorMembers(settings, where, make(caller))
        async with looking(members.file, settings.look_s):
            try:
                yield members
            finally:
                await caller.close()

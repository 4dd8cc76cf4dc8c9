"""The member desk of a store: all that deciding about a code needs, kept ready in memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from edge import config
from edge.db import mended
from edge.health import Health
from edge.members import replay as replays
from edge.members.classify import Context, Recognised, Rejected, classify, whose
from edge.members.clock import ClockState, Sync, observe, state, time_of
from edge.members.keyset import MAX_CHARS, BadKeySet, KeySet, from_base64url, newer, read_keyset
from edge.members.rate import Rate
from edge.members.replay import Replay
from edge.members.static import CompiledRule, compile_rules, forms, symbologies
from edge.members.timeservice import kernel_synced
from edge.model import Code
from edge.supervise import kept

LOOK_AGAIN = 5.0
"""Seconds between two looks at the clock's state and the key set's file."""

SHORTEST_KEY = 16
"""Bytes of the secret for pseudonyms: with a shorter one, or the empty file of a power cut, numbers can be tried."""


class Desk:
    """Decides about codes without waiting for anything; ``watch`` keeps its key set and clock state up to date."""

    def __init__(
        self, rules: tuple[CompiledRule, ...], ref_key: bytes, replay: Replay, trusted_clock: bool, health: Health
    ) -> None:
        self.symbologies = symbologies(rules)
        self.forms = forms(rules)
        self._rules = rules
        self._ref_key = ref_key
        self._replay = replay
        self._trusted = trusted_clock
        self._health = health
        self._rate = Rate()
        self._keyset: KeySet | None = None
        self._sync = Sync()
        self._highest_iat = 0.0

    def whose(self, code: Code) -> str:
        """Whom a code claims to be of, empty if it can be no member's."""
        return whose(code.text, code.symbology, self._rules)

    def classify(self, code: Code, forgiven: Callable[[bytes], bool]) -> Recognised | Rejected:
        """What a code says now; ``forgiven`` tokens are of the running session and not replayed."""
        clock = state(self._sync, time.monotonic())
        issued = self._keyset.issued_at if self._keyset else 0
        context = Context(
            now=time_of(clock, time.time(), issued_at=issued, highest_iat=self._highest_iat),
            clock=clock,
            keyset=self._keyset,
            rules=self._rules,
            ref_key=self._ref_key,
            spent=lambda token: self._replay.spent(token) and not forgiven(token),
            hasty=self._rate.at(time.monotonic()),
        )
        found = classify(code.text, code.symbology, context)
        if isinstance(found, Recognised):
            self._highest_iat = max(self._highest_iat, found.iat)
        return found

    def spend(self, token: bytes, exp: float) -> Awaitable[None]:
        """A token is used up: in memory by the call, so that no other screen takes it, durably once awaited."""
        return self._replay.spend(token, exp)

    def look_at_clock(self) -> None:
        """Ask the kernel whether its time may be believed, and say so on the health page."""
        self._sync = observe(self._sync, self._trusted or kernel_synced(), time.monotonic())
        clock = state(self._sync, time.monotonic())
        if clock is ClockState.FLOOR:
            todo = "Let the time service reach its server; until then every code counts as a plain member number."
            self._health.down("clock", "time", "not synchronised since the start", todo)
        else:
            self._health.up("clock", "time", "trusted by the settings" if self._trusted else str(clock))

    def take(self, text: str, roots: tuple[bytes, ...]) -> None:
        """Hold this key set if it is good and not older; raises BadKeySet and keeps the one that is held."""
        known = state(self._sync, time.monotonic()) is not ClockState.FLOOR
        self._keyset = newer(self._keyset, read_keyset(text, roots, time.time() if known else None))


@asynccontextmanager
async def desk(
    settings: config.MemberCode, device: config.Device, folder: Path, data: Path, health: Health
) -> AsyncIterator[Desk]:
    """The desk of a store; raises config.BadConfig for settings that cannot be safe.

    What is wrong with its files stops nothing: health tells it, and the codes that need them are not known.
    """
    rules = compile_rules(settings)
    roots = _roots(settings)
    ref_key = _ref_key(folder / settings.ref_key, health) if settings.ref_key else b""
    if not ref_key:
        rules = ()
    todo = "See the disk of this device. Until its tokens expire, a code that was used before may be taken again."
    async with mended(data / "members.sqlite", replays.migrate, health.teller("disk", "members", todo)) as db:
        made = Desk(rules, ref_key, await Replay.open(db), device.clock == "trusted", health)
        keys = _Keys(made, folder / settings.keyset if settings.keyset else None, roots, health)
        made.look_at_clock()
        keys.look()
        async with kept({"member desk": partial(_watch, made, keys)}):
            yield made


def _roots(settings: config.MemberCode) -> tuple[bytes, ...]:
    try:
        return tuple(from_base64url(root) for root in settings.roots)
    except ValueError as error:
        raise config.BadConfig(f"member_code.roots: {error}") from error


def _ref_key(path: Path, health: Health) -> bytes:
    """The secret for pseudonyms, empty if there is none that can be used."""
    tell = health.teller("codes", "reference key", "Put the file back; static numbers are not read without it.")
    try:
        key = path.read_bytes()
    except OSError as error:
        tell(f"{path.name}: {error.strerror}")
        return b""
    tell("" if len(key) >= SHORTEST_KEY else f"{path.name} is shorter than {SHORTEST_KEY} bytes")
    return key if len(key) >= SHORTEST_KEY else b""


class _Keys:
    """The key set's file, read again when it changed; a bad one never replaces a good one."""

    def __init__(self, desk: Desk, path: Path | None, roots: tuple[bytes, ...], health: Health) -> None:
        self._desk = desk
        self._path = path
        self._roots = roots
        self._health = health
        self._read: tuple[int, int] | None = None

    def look(self) -> None:
        if self._path is None:
            return
        try:
            stat = self._path.stat()
            if (stat.st_mtime_ns, stat.st_ino) == self._read:
                return
            self._desk.take(_text(self._path), self._roots)
            self._read = (stat.st_mtime_ns, stat.st_ino)
        except (OSError, BadKeySet) as error:
            todo = "Fetch the chain's key set again; rotating codes count as plain member numbers without it."
            self._health.down("codes", "key set", str(error), todo)
        else:
            self._health.up("codes", "key set")


def _text(path: Path) -> str:
    """A key set's file, or as much of it as shows that it is too long; what is no text is no key set."""
    with path.open("rb") as file:
        return file.read(MAX_CHARS + 1).decode("utf-8", "replace")


async def _watch(desk: Desk, keys: _Keys) -> None:
    while True:
        await asyncio.sleep(LOOK_AGAIN)
        desk.look_at_clock()
        keys.look()

"""A real django-oscar shop with its API on loopback, and the app for Tentou in it: its own processes, its own database.

It runs in ``.venv-oscar``, which ``./run test`` and ``./run bench shop`` make; nothing of it is imported here.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.error import URLError
from urllib.request import urlopen

import aiohttp

import edge
from edge.bench.ports import free_port
from edge.bench.store import NotStarted

HERE = Path(edge.__file__).parent
PYTHON = HERE.parent / ".venv-oscar" / "bin" / "python"
SITE, APP = HERE / "bench" / "shops" / "oscar_site", HERE / "stock" / "app"
START_S = 60.0
SECRET, TOKEN = "a secret of the tests", "a-token-of-the-tests"
_ALL = """SELECT partner_sku, partner_id, coalesce(num_in_stock, 0), coalesce(num_allocated, 0)
    FROM partner_stockrecord"""


def there() -> bool:
    """Whether the environment was made."""
    return (PYTHON.parent.parent / "ready").exists()


@dataclass(frozen=True, slots=True)
class Oscar:
    """A shop. Places are its partners, 1 and on; SKUs are S-000001 and on. ``push`` is where its app pushes to."""

    adapter: ClassVar[str] = "oscar"
    sales: ClassVar[float] = 2 / 3
    folder: Path
    products: int
    places: int
    push: str = ""
    beat_s: float = 5.0
    threads: int = 8
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def book(self) -> Path:
        """Its database."""
        return self.folder / "oscar.sqlite3"

    def sku(self, number: int) -> str:
        """The SKU of a product, from 1."""
        return f"S-{number:06}"

    def record(self, number: int, place: int) -> int:
        """The id of a product's stock record at a place, both from 1."""
        return (number - 1) * self.places + place

    async def truth(self) -> dict[tuple[str, str], int]:
        """How many of (SKU, partner) can be sold, read from its database."""
        return self.book_truth()

    def book_truth(self) -> dict[tuple[str, str], int]:
        """The same."""
        with closing(sqlite3.connect(self.book)) as connection:
            return {(sku, str(place)): max(0, here - sold) for sku, place, here, sold in connection.execute(_ALL)}

    def settings(self, folder: Path, locations: Mapping[str, str]) -> dict[str, Any]:
        """The adapter's settings for it; the files that they name are written into ``folder``."""
        (folder / "oscar.token").write_text(TOKEN)
        (folder / "oscar.secret").write_text(SECRET)
        named = {"token_file": "oscar.token", "secret_file": "oscar.secret", "hook_url": self.push}
        return {"url": self.url, "locations": dict(locations), **named}

    def furnish(self, seed: int = 1) -> None:
        """Make its database, if it has none; raises NotStarted."""
        if self.book.exists():
            return
        if not there():
            raise NotStarted("django-oscar is not here; ./run test or ./run bench shop installs it")
        command = [str(SITE / "furnish.py"), str(self.products), str(self.places), str(seed)]
        done = subprocess.run([str(PYTHON), *command], env=self._environment(), capture_output=True, text=True)
        if done.returncode:
            raise NotStarted(f"the shop has no database: {done.stderr[-300:].strip()}")

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """Its server, once it answers; it may be started again, over the same database. Raises NotStarted."""
        self.furnish()
        serve = ["-m", "waitress", f"--listen=127.0.0.1:{self.port}", f"--threads={self.threads}", "--call"]
        with (self.folder / "oscar.log").open("ab") as log:
            command = [str(PYTHON), *serve, "django.core.wsgi:get_wsgi_application"]
            process = subprocess.Popen(command, env=self._environment(), stdout=log, stderr=log)
        try:
            self._answers(process)
            yield process
        finally:
            process.terminate()
            process.wait(20)

    @asynccontextmanager
    async def clerk(self) -> AsyncIterator[Clerk]:
        """Somebody with the administrator's password."""
        login = {"Authorization": aiohttp.encode_basic_auth("admin", "pw")}
        async with aiohttp.ClientSession(headers=login) as session:
            yield Clerk(self, session)

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": f"{SITE}:{APP}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "DJANGO_SETTINGS_MODULE": "ecset",
            "EC_DB": str(self.book),
            "EC_PUSH": self.push,
            "EC_SECRET": SECRET,
            "EC_TOKEN": TOKEN,
            "EC_BEAT_S": str(self.beat_s),
        }

    def _answers(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + START_S
        while time.monotonic() < until and process.poll() is None:
            try:
                with urlopen(f"{self.url}/api/", timeout=5) as answer:  # noqa: S310 - its own address on loopback
                    if answer.status == 200:
                        return
            except (URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)
        raise NotStarted(f"django-oscar does not start: {(self.folder / 'oscar.log').read_text()[-300:].strip()}")


class Clerk:
    """Who edits and sells in a shop, by its own API and till; each gives what is left and when the answer was there."""

    def __init__(self, shop: Oscar, session: aiohttp.ClientSession) -> None:
        self._shop = shop
        self._session = session

    async def edit(self, number: int, place: int, count: int) -> float:
        """Set how many are there, by django-oscar-api; UNIX seconds of the answer."""
        url = f"{self._shop.url}/api/admin/stockrecords/{self._shop.record(number, place)}/"
        async with self._session.patch(url, json={"num_in_stock": count}) as answer:
            answer.raise_for_status()
            return time.time()

    async def sell(self, number: int, place: int, act: str = "allocate") -> float:
        """Sell one by ``StockRecord.allocate`` (or ``consume``, ``cancel``); UNIX seconds of the answer."""
        asked = {"record": self._shop.record(number, place), "act": act}
        async with self._session.post(f"{self._shop.url}/till", json=asked) as answer:
            answer.raise_for_status()
            return time.time()

    async def slip(self, number: int, place: int, count: int) -> None:
        """Set how many are there behind the shop's back: no signal, no timestamp, no push."""
        asked = {"record": self._shop.record(number, place), "act": "silent", "quantity": count}
        async with self._session.post(f"{self._shop.url}/till", json=asked) as answer:
            answer.raise_for_status()

    async def recount(self, records: int, count: int) -> float:
        """Set how many are there of each of the first records, in one transaction; UNIX seconds of the answer."""
        asked = {"record": records, "act": "recount", "quantity": count}
        async with self._session.post(f"{self._shop.url}/till", json=asked) as answer:
            answer.raise_for_status()
            return time.time()

    async def track(self, counted: bool) -> None:
        """Whether the stock of all products is counted."""
        async with self._session.post(f"{self._shop.url}/till", json={"act": "track", "quantity": counted}) as answer:
            answer.raise_for_status()

    async def remove(self, number: int, place: int) -> None:
        """Delete a stock record."""
        url = f"{self._shop.url}/api/admin/stockrecords/{self._shop.record(number, place)}/"
        async with self._session.delete(url) as answer:
            answer.raise_for_status()

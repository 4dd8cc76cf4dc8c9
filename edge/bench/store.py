"""A store's edge that runs as in a shop, in its own processes, for as long as something is measured."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.bench.ports import free_port
from provisioning import chain, keys

RUN = ("edge", "run", "--config")
START_S = 60.0
"""How long an edge may take until its pages answer."""


class NotStarted(Exception):
    """The edge that was to be measured does not run; the text holds its last words."""


@dataclass(frozen=True, slots=True)
class Bench:
    """An edge that runs: where it answers, its process, and what is needed to make codes for it."""

    port: int
    process: subprocess.Popen[bytes]
    key: Ed25519PrivateKey
    log: Path
    folder: Path

    def url(self, path: str) -> str:
        """An address of its pages."""
        return f"http://127.0.0.1:{self.port}{path}"

    def last_words(self) -> str:
        """The end of what it said."""
        return self.log.read_text("utf-8", "replace")[-300:].strip()


@contextmanager
def running(
    screens: Sequence[str],
    settings: Mapping[str, Any],
    furnish: Callable[[Path], object] = lambda _: None,
    program: Sequence[str] = RUN,
) -> Iterator[Bench]:
    """A new chain's one edge with those screens (``ID`` or ``ID:kiosk``) and settings; nothing is left of it after.

    ``furnish`` is given its folder before it starts, to lay the files there that the settings name. ``program`` is the
    module and its arguments that run the edge, before the folder.
    """
    with tempfile.TemporaryDirectory() as name:
        home, folder, log = Path(name) / "chain", Path(name) / "edge", Path(name) / "edge.log"
        port = free_port()
        trusted = {"device": {"clock": "trusted"}, "web": {"port": port}}
        _provision(home, folder, screens, chain.merged(trusted, settings))
        furnish(folder)
        with log.open("wb") as output:
            process = subprocess.Popen([sys.executable, "-m", *program, str(folder)], stdout=output, stderr=output)
            try:
                yield Bench(port, process, keys.load(chain.issuer(home)), log, folder)
            finally:
                end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, then make it."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _provision(home: Path, folder: Path, screens: Sequence[str], settings: Mapping[str, Any]) -> None:
    chain.init(home, "bench", now_s=time.time(), operator="Benchmark", address="localhost")
    chain.add_store(home, "s001")
    chain.add_device(home, "edge1", store="s001", screens=[chain.screen(one) for one in screens])
    chain.write_config(home, "s001", "edge1", folder, settings)


async def answers(bench: Bench) -> None:
    """Wait until its pages answer; raises NotStarted, at once if its process has ended."""
    until = time.monotonic() + START_S
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < until and bench.process.poll() is None:
            try:
                async with session.get(bench.url("/healthz")) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise NotStarted(f"the edge did not start: {bench.last_words()}")

"""A store whose sessions are lived through as fast as a browser paints them: ``python -m tests.e2e.soaking FOLDER``.

It says its addresses in one line of JSON, and lives through the sessions that it is asked for (``/live?first=&last=``).
Its heartbeats carry the time that passes, and the touches; ``PAGE`` makes a page obey them.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from edge.model import LANGUAGES, Code, Crowd, Gone, Loop, PutDown
from edge.screens import wire
from tests.e2e.driven import Store, driven, until

KIOSK, SIGN = "kiosk-1", "sign-1"

PAGE = """(() => {
  let now = performance.now();
  let last = 0;
  const timers = new Map();
  const add = (call, ms, every, given) => {
    timers.set(++last, { call, at: now + Math.max(0, ms || 0), every, given });
    return last;
  };
  window.setTimeout = (call, ms, ...given) => add(call, ms, 0, given);
  window.setInterval = (call, ms, ...given) => add(call, ms, Math.max(1, ms || 0), given);
  window.clearTimeout = window.clearInterval = (id) => void timers.delete(id);
  performance.now = () => now;
  function pass(ms) {
    const end = now + ms;
    for (;;) {
      let next;
      for (const entry of timers) if (entry[1].at <= end && !(next && next[1].at <= entry[1].at)) next = entry;
      if (!next) break;
      const [id, timer] = next;
      now = Math.max(now, timer.at);
      if (timer.every) timer.at = now + timer.every;
      else timers.delete(id);
      timer.call(...timer.given);
    }
    now = end;
  }
  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    set onmessage(call) {
      super.onmessage = call && ((event) => {
        const { tick, click } = JSON.parse(event.data);
        if (tick) pass(tick);
        call(event);
        if (click) document.querySelector(click).click();
      });
    }
  };
})();"""


class Soak:
    """One store, and what its shoppers do, number by number."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._visits: list[Callable[[int], Awaitable[None]]] = [
            self._card, self._segment, self._own, self._product, self._refused, self._crowd, self._replaced,
            self._idle, self._sign, self._product_on_sign,
        ]  # fmt: skip

    async def live(self, first: int, last: int) -> dict[str, float]:
        """Sessions of these numbers, one after the other; what the service holds after them."""
        for number in range(first, last):
            await self._visits[number % len(self._visits)](number)
            await self._leave()
        await until(self._store.parts.screens.reports.empty, "what the pages reported is taken")
        return self._held()

    async def _card(self, number: int) -> None:
        await self._scan(KIOSK, self._store.card(number))
        await self._touch(f"[data-action=language][data-value={LANGUAGES[1 + number // 10 % 3]}]")
        await self._pass(6)
        await self._touch("[data-action=end]")

    async def _segment(self, number: int) -> None:
        await self._scan(KIOSK, self._store.code("PC"))
        await self._pass(4)
        await self._touch("button.tile")
        await self._pass(3)
        await self._touch(".sheet button[data-action=product]")
        await self._touch("[data-action=end]")

    async def _own(self, number: int) -> None:
        await self._scan(KIOSK, self._store.code("PNC"))
        await self._touch("[data-action=personal]")
        await self._touch(f"[data-action=language][data-value={LANGUAGES[1 + number // 10 % 3]}]")
        await self._touch("button.tile")
        await self._pass(5)
        await self._touch("[data-action=end]")

    async def _product(self, number: int) -> None:
        for each in (number, number + 1):
            await self._store.hold(KIOSK, self._store.product(each % 10).gtin)
            await self._painted(KIOSK)
            await self._pass(3)
        await self._store.see(KIOSK, PutDown("eye", self._store.now))
        await self._pass(20)

    async def _refused(self, number: int) -> None:
        text = self._store.code().text
        await self._scan(KIOSK, Code(text[:-4] + f"{number % 10000:04d}", "qrcode", "zxing"))
        await self._pass(5)

    async def _crowd(self, number: int) -> None:
        await self._scan(KIOSK, self._store.code("P"))
        await self._store.see(KIOSK, Crowd("eye", self._store.now))
        await self._painted(KIOSK)
        await self._pass(5)

    async def _replaced(self, number: int) -> None:
        await self._scan(KIOSK, self._store.code("PN"))
        await self._touch("[data-action=personal]")
        await self._scan(KIOSK, self._store.code("P"))
        await self._touch("[data-action=end]")

    async def _idle(self, number: int) -> None:
        await self._scan(KIOSK, self._store.code("P"))
        await self._pass(16)
        await self._touch(".warning [data-action=more]")
        await self._pass(20)

    async def _sign(self, number: int) -> None:
        await self._scan(SIGN, self._store.code("PC"))
        await self._pass(6)
        await self._store.see(SIGN, Gone("eye", self._store.now))
        await self._pass(12)

    async def _product_on_sign(self, number: int) -> None:
        await self._store.hold(SIGN, self._store.product(number % 10).gtin)
        await self._painted(SIGN)
        await self._store.see(SIGN, PutDown("eye", self._store.now))
        await self._pass(12)

    async def _scan(self, screen: str, code: Code) -> None:
        await self._store.scan(screen, code)
        await self._painted(screen)

    async def _painted(self, screen: str) -> None:
        await self._beat()
        board = self._store.parts.screens._boards[screen]
        await until(lambda: board.event in self._store._painted, f"{screen} painted its newest scene")

    async def _touch(self, selector: str) -> None:
        """A finger on something; the service has heard of it once this is over."""
        before = len(self._store.touches)
        await self._beat(KIOSK, click=selector)
        await self._store.touched(before + 1)
        await self._beat()

    async def _pass(self, seconds: float) -> None:
        """Time goes by for the service and the pages."""
        end = self._store.now + seconds
        while self._store.now < end - 1e-9:
            step = self._store.step(end)
            self._store.now += step
            await self._beat(tick=round(step * 1000))
            for stage in self._store.parts.stages.values():
                await stage.tick()
        await self._beat()

    async def _beat(self, screen: str = "", **more: Any) -> None:
        """A heartbeat to each page, with more for the pages of one screen, or of all; and their answers."""
        self._store._beats += 1
        self._store._answers.clear()
        plain = json.loads(wire.beat(self._store._beats, self._store.parts.screens.assets.version))
        told = [(name, each) for name, board in self._store.parts.screens._boards.items() for each in board.watchers]
        for name, watcher in told:
            watcher.offer("hb", json.dumps(plain | (more if screen in ("", name) else {})))
        await until(lambda: self._store.answered(watcher for _, watcher in told), f"answers to {more}")

    async def _leave(self) -> None:
        """Everybody is gone, the loop plays, and the test's own notes are thrown away."""
        await self._store.quiet()
        for name, stage in self._store.parts.stages.items():
            await stage.take(Gone("eye", self._store.now))
            assert self._store.parts.screens.shown(name).scene == "loop", name
        await self._pass(2)
        for notes in (self._store.shown, self._store.touches):
            notes.clear()
        self._store._painted.clear()

    def _held(self) -> dict[str, float]:
        """What the service holds when nobody is there: its memory in MiB and the sizes of its collections."""
        gc.collect()
        parts = self._store.parts
        stages, boards = parts.stages.values(), parts.screens._boards.values()
        return {
            "rss": _rss_mib(os.getpid()),
            "objects": len(gc.get_objects()),
            "tasks": len(asyncio.all_tasks()),
            "unpainted": sum(len(stage._glass._unpainted) for stage in stages),
            "errands": sum(len(stage._errands) for stage in stages),
            "in view": sum(len(stage._view._stays) for stage in stages),
            "tokens": sum(len(stage._visitor.tokens) for stage in stages),
            "reports": parts.screens.reports.qsize(),
            "pages": sum(len(board.watchers) for board in boards),
            "waiting": sum(len(watcher._waiting) for board in boards for watcher in board.watchers),
        }


def _rss_mib(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


async def serve(folder: Path) -> None:
    """Serve the store and the one command until the process is ended."""
    with pytest.MonkeyPatch.context() as patch:
        async with driven(folder, patch) as store:
            soak = Soak(store)
            for screen in (KIOSK, SIGN):
                # One picture again and again, so that a page's nodes can be compared at any time.
                await store.parts.screens.loop(screen, Loop("soak", store.parts.screens.present_loop(screen).items[:1]))

            async def live(request: web.Request) -> web.Response:
                return web.json_response(await soak.live(int(request.query["first"]), int(request.query["last"])))

            app = web.Application()
            app.add_routes([web.post("/live", live)])
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            drive = f"http://127.0.0.1:{runner.addresses[0][1]}"
            sys.stdout.write(json.dumps({"store": store.url, "drive": drive}) + "\n")
            sys.stdout.flush()
            ended = asyncio.Event()
            # Not SIGINT: who starts the tests in the background has it ignored, and children inherit that.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
            try:
                await ended.wait()
            finally:
                await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))

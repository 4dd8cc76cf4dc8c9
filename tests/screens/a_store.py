"""A store's service in a process of its own, to be killed or frozen: `python a_store.py PORT`."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace

from aiohttp import web

from edge.config import Screen
from edge.model import DeviceClass, Level, Loop, Show
from edge.screens.hub import Screens
from edge.screens.pages import routes

SECRET = "かつおぶし"
"""What only the member's scene says."""


async def serve(port: int) -> None:
    screens = Screens([Screen(id="kiosk", device_class=DeviceClass.KIOSK)])
    quick = tuple(replace(item, seconds=1.0) for item in screens.present_loop("kiosk").items)
    await screens.loop("kiosk", Loop("quick", quick))
    app = web.Application()
    app.add_routes(routes(screens))
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
    values = {"greeting": "会員さま", "headline": SECRET}
    await screens.show(Show("kiosk", "member", "s-1", Level.SEGMENT, "ja", values, 120.0, 120.0))
    while True:
        await screens.reports.get()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))

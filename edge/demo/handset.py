"""The member's app: a page with a rotating code, and the hand that holds it up to a simulated camera."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from edge.demo import camera, words
from edge.demo.lens import Lens
from edge.demo.phone import REDRAW_S, VARIANTS, Phones, Shown, as_svg, bars_of, symbol

B = TypeVar("B", bound=BaseModel)


class Hold(BaseModel):
    """Who holds which code up to which camera; ``POST /app/hold``. With a ``sku`` it is that product's bars."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    camera: str
    member: str = ""
    variant: Literal["fresh", "frozen", "expired", "forged", "static", "other", "jan", "link", "payment"] = "fresh"
    sku: str = ""


class Release(BaseModel):
    """Which hand goes away, all of them without ``camera``; ``POST /app/release``."""

    model_config = ConfigDict(extra="forbid")
    camera: str = ""


@dataclass(slots=True)
class Desk:
    """The phones, the cameras, and who holds what up now."""

    phones: Phones
    lenses: Mapping[str, Lens]
    holds: dict[str, Hold] = field(default_factory=dict)

    def hold(self, hold: Hold) -> Shown:
        """Hold a phone up; raises KeyError for a camera or a member that does not exist."""
        lens = self.lenses[hold.camera]
        now = time.time()
        shown = bars_of(hold.sku, now) if hold.sku else self.phones.present(hold.member, hold.variant, now)
        self.holds[hold.camera] = hold
        lens.hold(lambda: self._face(hold))
        return shown

    def release(self, name: str) -> None:
        """Take the phone away from one camera, or from all."""
        for each in [name] if name else list(self.holds):
            if self.holds.pop(each, None) is not None:
                self.lenses[each].release()

    def _face(self, hold: Hold) -> camera.Picture:
        now = time.time()
        shown = bars_of(hold.sku, now) if hold.sku else self.phones.shown(hold.member, hold.variant, now)
        return camera.face(_modules(shown), shown.left(now) / REDRAW_S)


@lru_cache(maxsize=16)
def _modules(code: Shown) -> camera.Matrix:
    return symbol(code)


def routes(desk: Desk) -> list[web.RouteDef]:
    """The app's page and its API, and what the cameras see."""

    async def app(request: web.Request) -> web.Response:
        """The member's app."""
        return words.page(request, "app.html", members=desk.phones.members.values(), variants=VARIANTS)

    async def code(request: web.Request) -> web.Response:
        """What a phone shows now: an SVG, the seconds left, and which cameras it is held up to."""
        member, variant = request.query.get("member", ""), request.query.get("variant", "fresh")
        if member not in desk.phones.members or variant not in VARIANTS:
            raise web.HTTPNotFound(text="no such member or variant")
        now = time.time()
        shown = desk.phones.shown(member, variant, now)
        held = [name for name, hold in desk.holds.items() if (hold.member, hold.variant) == (member, variant)]
        return web.json_response(
            {
                "svg": as_svg(_modules(shown)),
                "since": shown.since,
                "left": shown.left(now),
                "period": REDRAW_S,
                "rotates": shown.rotates,
                "held": held,
            }
        )

    async def hold(request: web.Request) -> web.Response:
        """Hold a phone up to a camera."""
        wanted = await _body(request, Hold)
        try:
            shown = desk.hold(wanted)
        except KeyError as error:
            raise web.HTTPNotFound(text=f"no camera or member {error}") from error
        return web.json_response({**wanted.model_dump(), "symbology": shown.symbology})

    async def release(request: web.Request) -> web.Response:
        """Take the phone away again."""
        desk.release((await _body(request, Release)).camera)
        return web.json_response({"held": list(desk.holds)})

    async def view(request: web.Request) -> web.Response:
        """The simulated camera's newest frame: made by the demo, so no eye gives a picture away."""
        lens = desk.lenses.get(request.match_info["camera"])
        if lens is None or not lens.jpeg:
            raise web.HTTPNotFound
        return web.Response(body=lens.jpeg, content_type="image/jpeg")

    return [
        web.get("/app/", app),
        web.get("/app/code", code),
        web.post("/app/hold", hold),
        web.post("/app/release", release),
        web.get(r"/camera/{camera:[a-z0-9-]+}.jpg", view),
    ]


async def _body(request: web.Request, model: type[B]) -> B:
    """The request's JSON; an empty body is an empty object."""
    try:
        return model.model_validate_json(await request.read() or b"{}")
    except ValidationError as error:
        raise web.HTTPBadRequest(text=str(error.errors(include_url=False, include_input=False))) from error

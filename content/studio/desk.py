"""What every page of the studio works with: the library, the screens, who is signed in, the store's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
from aiohttp import web
from multidict import MultiDict

from content.library import Library
from content.loop import loop_for, url
from content.model import Call, Campaign, Decision, Facts, Layer, LoopItem, Media, Product
from content.ports import Account, Calls, Guard
from content.publish import PROBLEMS, Shop, problems
from content.resolve import hours, resolve
from content.studio import forms
from content.studio.words import DONE, REVOCABLE, VERBS, state, whole
from content.uploads import LARGEST
from content.uploads import PROBLEMS as REFUSALS
from content.wording import DAYS, LAYERS, why
from provisioning import language
from provisioning.accounts import Role
from provisioning.i18n import environments

HERE = Path(__file__).parent.parent
NOBODY = Facts()


class Screen(NamedTuple):
    """A screen as the studio knows it; ``orientation`` is portrait or landscape."""

    id: str
    name: str
    orientation: str = "landscape"


@dataclass(frozen=True, slots=True)
class View:
    """What a frame on a page plays: the loop's items, or the scene of a member's campaign over them.

    ``live`` is what the screen itself has said: "yes" it shows one of them, "other" it shows something else (a member
    stands there, or it has not come to its item's end), "no" it says nothing.
    """

    screen: Screen
    decision: Decision
    items: tuple[LoopItem, ...]
    scene: Campaign | None
    products: tuple[Product, ...]
    live: str


class Row(NamedTuple):
    """A call as a page shows it: what (``looks``: colour and size), from which screen, kept at which other store, and
    its times in words by the store's clock."""

    call: Call
    product: Product | None
    looks: str
    screen: str
    place: str
    ago: str
    asked: str
    until: str
    settled: str


class Waiting(NamedTuple):
    """How many calls wait for staff, and their keys, the newest first; ``version`` changes with any call."""

    number: int
    keys: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that a page may ask for; ``now`` is the store's wall clock, ``on_screen`` what a screen shows.

    ``looks`` gives a SKU's colour and size, ``place`` the name of a store by its id in a language.
    """

    library: Library
    guard: Guard
    screens: Mapping[str, Screen]
    on_screen: Callable[[str], str]
    now: Callable[[], datetime]
    closing: time
    pages: Mapping[str, jinja2.Environment]
    calls: Calls
    looks: Callable[[str], str]
    place: Callable[[str, str], str]
    converting: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))

    def staff(self, request: web.Request, active: bool = True) -> Account:
        """Who is signed in; redirects whoever is not."""
        return self.guard.require(request, Role.STAFF, active)

    async def form(self, request: web.Request) -> forms.Form:
        """What a person filled in; files have their own way in."""
        posted = await request.post()
        return MultiDict((name, value) for name, value in posted.items() if isinstance(value, str))

    def shop(self) -> Shop:
        """What a campaign of this store may name."""
        return Shop(self.screens.keys(), self.library.media(), self.library.products().keys())

    def wrong(self, campaign: Campaign, form: forms.Form) -> tuple[str, ...]:
        """What keeps a filled-in campaign from being published; no screen ticked is no screen, not every screen."""
        nowhere = ("nowhere",) if self.screens and "screens" not in form else ()
        return nowhere + problems(campaign, self.shop(), self.now())

    def decide(self, screen: Screen, facts: Facts = NOBODY, at: datetime | None = None) -> View:
        """What a screen shows to somebody at a time, now by default."""
        media = self.library.media()
        decision = resolve(self.library.campaigns(), screen.id, facts, at or self.now(), media)
        scene = decision.campaigns[0] if decision.layer is Layer.MEMBER else None
        names = scene.products if scene else ()
        products = tuple(self.library.products()[sku] for sku in names if sku in self.library.products())
        items = loop_for(decision, media)
        expected = {name for item in items for name in (item.content, item.campaign)}
        seen = self.on_screen(screen.id)
        live = "yes" if seen in expected else "other" if seen else "no"
        return View(screen, decision, items, scene, products[:6], live)

    def waiting(self) -> Waiting:
        """The calls that wait for staff now."""
        found = tuple(call.key for call in self.calls.today() if call.waits)
        return Waiting(len(found), found, self.calls.version)

    def page(self, request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
        """A page in the reader's language."""
        chosen = language.chosen(request)
        done = request.query.get("done", "")
        newest = self.library.now.acts[:1]
        shared = {
            "path": request.path,
            "here": request.path.strip("/").split("/")[1] if request.path.strip("/").count("/") else "",
            "note": DONE.get(done, {}).get(chosen, ""),
            "revocable": [act for act in newest if act.last and act.verb in REVOCABLE.get(done, ())],
            "screens": tuple(self.screens.values()),
            "media": self.library.media(),
            "library": self.library,
            "now": self.now(),
            "waiting": self.waiting(),
        }
        text = self.pages[chosen].get_template(template).render(shared | values)
        response = web.Response(text=text, content_type="text/html", status=status)
        response.headers["Cache-Control"] = "no-store"
        language.remember(request, response)
        return response

    def medium(self, id: str) -> Media:
        """A medium by id; not found if there is none, or its file is not whole."""
        if id not in self.library.media():
            raise web.HTTPNotFound
        return self.library.media()[id]

    def campaign(self, id: str) -> Campaign:
        """A campaign as last saved, published or not; not found if there is none."""
        found = {each.id: each for each in self.library.now.campaigns} | dict(self.library.now.drafts)
        if id not in found:
            raise web.HTTPNotFound
        return found[id]


def environments_for_studio() -> Mapping[str, jinja2.Environment]:
    """The studio's pages in each language, with what their templates call."""
    made = environments(HERE / "templates", HERE / "locales", language.LANGUAGES)
    for name, environment in made.items():
        environment.globals |= {
            "url": url,
            "hours": hours,
            "state": state,
            "whole": whole,
            "days": DAYS[name],
            "did": lambda act, name=name: VERBS[act.verb][name].format(act.title),
            "layers": {layer: texts[name] for layer, texts in LAYERS.items()},
            "why": lambda reason, name=name: why(reason, name),
            "problem": lambda word, name=name: PROBLEMS[word][name],
            "largest": LARGEST,
            "too_large": REFUSALS["large"][name],
            "said": lambda words, name=name: words.get(name) or next(iter(words.values()), ""),
            "clock": lambda at, zone: datetime.fromtimestamp(at, zone),
        }
    return made


def leave(path: str, done: str = "") -> web.HTTPSeeOther:
    """Where to go after an act, with a word (``DONE``) of what was done."""
    return web.HTTPSeeOther(f"{path}?done={done}" if done else path)

"""One screen of a shop for tests: the real decision, stage, hub and templates, and everything that came out of them.

Every text in it that tells something is a canary, so that what a screen shows can be held against what it may show.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser

from content.model import Campaign, Layer, Media, Product
from edge.config import Screen, StaticRule
from edge.contacts.spool.draft import draft
from edge.members.classify import Context, Recognised, Rejected, classify
from edge.members.document import parse
from edge.members.static import compile_rules
from edge.model import LANGUAGES, Band, Code, Contact, Held, Level, Profile, Scan, Show, StockLine, Touched
from edge.screens.assets import Assets, read_assets
from edge.screens.hub import Screens
from edge.sessions.handoff import Way
from edge.sessions.house import House
from edge.sessions.stage import Stage

SUB = "AAECAwQFBgcI"
JAN = StaticRule(name="jan13", symbologies=("ean13", "qrcode"), pattern=r"29(?P<member>\d{10})\d", check="ean13")
RULES = compile_rules([JAN])
REF_KEY = b"reference key of this chain, 32B"
CARD, NO_CARD = "2912345678906", "2998765432106"
"""The number of a member, and one that no member has."""
FIRST = "龘"
"""The letter of the nickname that may be shown; the others never are."""
NEVER = (SUB, "s1.", CARD, NO_CARD, CARD[2:12], NO_CARD[2:12], "MC1:", "鱻", "麤", "nimmer")


def words(canary: str) -> dict[str, str]:
    """The same canary in every language."""
    return dict.fromkeys(LANGUAGES, canary)


def campaign(name: str, segment: str = "", priority: int = 0, restricted: bool = False) -> Campaign:
    """A member campaign whose headline, text, picture and product are canaries of its name."""
    return Campaign(
        id=f"nimmer-{name}",
        name=f"nimmer-{name}",
        layer=Layer.MEMBER,
        media=(f"nimmer-m-{name}",),
        headline=words(f"{name}-head"),
        text=words(f"{name}-text"),
        products=(f"{name}-sku",),
        segments=frozenset({segment} if segment else ()),
        priority=priority,
        restricted=restricted,
    )


CAMPAIGNS = (
    campaign("everybody"),
    campaign("grownups", priority=1, restricted=True),
    campaign("token", "nimmer-seg7", 2),
    campaign("profile", "nimmer-own-seg", 3),
    campaign("adult", "nimmer-seg8", 4, restricted=True),
)
LOWEST = {
    **{f"{who}-{what}": Level.MEMBERS for who in ("everybody", "grownups") for what in ("head", "text", "name", "sku")},
    **{
        f"{who}-{what}": Level.SEGMENT
        for who in ("token", "profile", "adult")
        for what in ("head", "text", "name", "sku")
    },
    FIRST: Level.SEGMENT,
    **dict.fromkeys(("favourite-sku", "favourite-name", "coupon-title", "sake-sku", "sake-name"), Level.PERSONAL),
}
"""Each canary and the lowest level at which it may be seen."""
ADULTS = ("grownups", "adult-", "sake")


def profile(consenting: bool = True, nickname: str = f"{FIRST}鱻麤", language: str = "") -> Profile:
    """A profile whose every field is a canary, as a source's answer is read."""
    plain = {
        "v": 1, "member": SUB,
        "greet": {"name": nickname, "lang": language, "show_name": True},
        "rev": "nimmer",
        "tier": {"code": "nimmer-tier", "label": "nimmer", "points": "nimmer"},
        "segments": ["nimmer-own-seg"],
        "favourites": ["favourite-sku", "sake-sku"],
        "coupons": [{"id": "nimmer-coupon", "title": words("coupon-title"), "state": "issued", "code": "nimmer"}],
        "points": {"balance": "nimmer"}, "birthday": "nimmer", "address": "nimmer", "purchases": ["nimmer"],
        "consent": {"personal_screen": consenting},
        "have": ["tier", "favourites", "coupons", "points", "purchases"],
    }  # fmt: skip
    return parse(json.dumps(plain).encode(), SUB, 1_790_000_000)


class Shop:
    """The content of the shop, all of it canaries."""

    def campaigns(self) -> Sequence[Campaign]:
        return CAMPAIGNS

    def media(self) -> Mapping[str, Media]:
        return {
            name: Media(name, "nimmer", "image", f"{number:064x}", ".jpg", 10, 10)
            for number, name in enumerate(one for each in CAMPAIGNS for one in each.media)
        }

    def products(self) -> Mapping[str, Product]:
        names = [sku.removesuffix("-sku") for each in CAMPAIGNS for sku in each.products] + ["favourite", "sake"]
        tags = {"sake": frozenset({"restricted", "nimmer"}), "adult": frozenset({"restricted"})}
        return {
            f"{name}-sku": Product(f"{name}-sku", "0" * 14, words(f"{name}-name"), 1234, f"/media/{number}.jpg",
                                   tags.get(name, frozenset({"nimmer"})))
            for number, name in enumerate(names)
        }  # fmt: skip

    def by_gtin(self, gtin: str) -> Product | None:
        return self.products()["everybody-sku"] if gtin == "04901234567894" else None


@cache
def assets() -> Assets:
    """The real templates and static files."""
    return read_assets()


@dataclass(frozen=True, slots=True)
class Dom:
    """What a page is made of: its texts, and the values of its attributes with their names."""

    texts: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]

    def holds(self, canary: str) -> bool:
        """Whether a canary stands anywhere in it."""
        return any(canary in value for value in (*self.texts, *(value for _, value in self.attributes)))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.texts.append(data)


@cache
def dom(html: str) -> Dom:
    """A fragment as a browser reads it."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Dom(tuple(reader.texts), tuple(reader.attributes))


class Counter:
    """A screen before which codes are held up. ``decide`` answers for codes; ``asked`` are the profiles asked for."""

    def __init__(
        self,
        screen: Screen,
        decide: Callable[[Code, Callable[[bytes], bool]], Recognised | Rejected],
        known: Profile | None = None,
        screens: Screens | None = None,
        way: Way | None = None,
    ) -> None:
        self.screen, self.clock, self.event = screen, 1000.0, 0
        self.screens = screens or Screens([screen], assets())
        self.asked: list[str] = []
        self.spent: set[bytes] = set()
        self.contacts: list[Contact] = []
        self.shows: list[Show] = []
        self._known = known
        self.stage = Stage(
            screen,
            House(
                classify=decide, spend=self._spend, profile=self._profile, library=Shop(), lines=self._lines,
                show=self._show, note=lambda contact: self.contacts.append(draft(contact, "Asia/Tokyo").contact),
                now=lambda: datetime(2026, 11, 21, 12, tzinfo=UTC), mono=lambda: self.clock,
                segments={7: "nimmer-seg7", 8: "nimmer-seg8"}, tiers={3: "nimmer-tier"}, handoff=way,
            ),
        )  # fmt: skip

    async def _spend(self, token: bytes, _: float) -> None:
        self.spent.add(token)

    async def _profile(self, ref: str) -> AsyncIterator[Profile | None]:
        self.asked.append(ref)
        yield self._known if self._known and self._known.ref == ref else None

    def _lines(self, _: str, __: str) -> tuple[StockLine, ...]:
        return (StockLine("here", "", Band.FEW, "2"),)

    async def _show(self, show: Show) -> int:
        self.shows.append(show)
        self.event = await self.screens.show(show)
        return self.event

    async def scan(self, text: str, symbology: str = "qrcode") -> None:
        """Hold a code up, and let everything happen that follows from it."""
        await self.stage.take(Scan("cam", Code(text, symbology, "zxing"), self.clock))
        await self.settle()

    async def hold(self, gtin: str) -> None:
        """Hold a product up."""
        await self.stage.take(Held("cam", gtin, self.clock))
        await self.settle()

    async def touch(self, action: str, value: str = "") -> None:
        """A finger on the scene that is shown."""
        await self.stage.take(Touched(self.screen.id, self.shown.session, action, value))
        await self.settle()

    async def settle(self) -> None:
        """Take what came meanwhile: a profile, a token that is used up."""
        for _ in range(3):
            await asyncio.sleep(0)
        while not self.stage._inbox.empty():
            await self.stage.take(self.stage._inbox.get_nowait())

    async def wait(self, seconds: float) -> None:
        """Time passes."""
        self.clock += seconds
        await self.stage.tick()

    async def end(self) -> None:
        """The shopper ends it by a touch, or time does where nothing can be touched."""
        await self.touch("end")
        await self.wait(91.0 if self.shown.session or self.html else 0.0)

    @property
    def shown(self) -> Show:
        """What the screen is to show now."""
        return self.screens.shown(self.screen.id)

    @property
    def html(self) -> str:
        """The fragment that the page gets now."""
        return self.screens._boards[self.screen.id].html

    @property
    def dom(self) -> Dom:
        """The page's scene as a browser reads it."""
        return dom(self.html)

    def sent(self) -> list[tuple[str, int, str]]:
        """Each message that this screen's page was sent, without the session's id: scene, event and fragment."""
        return [(show.scene, number, self.screens.renderer.render(show)) for number, show in enumerate(self.shows)]

    def ledger(self) -> list[tuple[str, str]]:
        """The contacts' kinds and data."""
        return [(contact.kind, json.dumps(contact.data, sort_keys=True)) for contact in self.contacts]


def deciding(context: Context, spent: set[bytes] | None = None) -> Callable[..., Recognised | Rejected]:
    """The decision about codes in a context; ``spent`` are the tokens used up."""
    used = spent if spent is not None else set()

    def decide(code: Code, forgiven: Callable[[bytes], bool]) -> Recognised | Rejected:
        asked = replace(context, spent=lambda token: token in used and not forgiven(token))
        return classify(code.text, code.symbology, asked)

    return decide

"""A screen's stage: scans, touches and time in; shows and contacts out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from content.model import Campaign, Layer, Media, Product
from edge.config import Screen
from edge.members.classify import Flags, Hint, Reason, Recognised, Rejected, hint
from edge.model import (
    Band,
    Code,
    Contact,
    Coupon,
    Crowd,
    DeviceClass,
    Gone,
    Level,
    Matrix,
    Offer,
    Painted,
    Profile,
    Scan,
    Show,
    StockLine,
    Touched,
    Wished,
)
from edge.sessions.house import House
from edge.sessions.stage import Stage

LINEN = Campaign(
    "linen",
    "リネン",
    Layer.MEMBER,
    media=("m1",),
    headline={"ja": "リネンの日"},
    products=("LN-1",),
    segments=frozenset({"7"}),
)
ALL = Campaign("all", "みなさま", Layer.MEMBER, headline={"ja": "会員の日", "en": "Members' day"}, products=("CU-1",))
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
ANNA = Profile("anna", favourites=("CU-1",), coupons=(Coupon("c", {"ja": "10%引き"}),), language="en", nickname="Anna")


def token(who: str, **flags: bool) -> Recognised:
    wanted = Flags(**({"P": True, "C": True} | flags))
    level = Level.PERSONAL if wanted.P else Level.MEMBERS
    return Recognised("mc1", who, wanted, 1, (7,), level, 1e10, who.encode() + b"-1", False)


class Shop:
    """A small house around a stage, with a clock of its own and everything that came out."""

    def __init__(self, device_class: DeviceClass = DeviceClass.KIOSK, profile: Profile | None = None) -> None:
        self.clock = 1000.0
        self.shows: list[Show] = []
        self.contacts: list[Contact] = []
        self.spent: set[bytes] = set()
        self.people: dict[str, Recognised | Rejected] = {}
        self.band = Band.FEW
        self.gtins: dict[str, str] = {}
        self.fault: type[Exception] | None = None
        self.offers: tuple[Offer, ...] = ()
        self.matrix: Matrix | None = None
        self.wishes: list[tuple[str, str]] = []
        self.words: asyncio.Queue[Wished | None] = asyncio.Queue()
        self._profile = profile
        screen = Screen(id="k1", device_class=device_class)
        self.stage = Stage(
            screen,
            House(
                self._classify, self._spend, self._fetch, self, self._lines, self._show,
                self.contacts.append, lambda: datetime.fromtimestamp(NOON, UTC), lambda: self.clock,
                offers=self._offers, matrix=lambda _, __: self.matrix, keep=self._keep,
            ),
        )  # fmt: skip

    def campaigns(self) -> Sequence[Campaign]:
        return (LINEN, ALL)

    def media(self) -> Mapping[str, Media]:
        return {"m1": Media("m1", "夏", "image", "ab" * 32, ".jpg", 10, 10)}

    def products(self) -> Mapping[str, Product]:
        names = {"LN-1": "シャツ", "CU-1": "カップ"}
        return {sku: Product(sku, "0" * 14, {"ja": name}, 100, f"/{sku}") for sku, name in names.items()}

    def by_gtin(self, gtin: str) -> Product | None:
        return self.products().get(self.gtins.get(gtin, ""))

    def _classify(self, code: Code, forgiven: Callable[[bytes], bool]) -> Recognised | Rejected:
        found = self.people.get(code.text, Rejected(Reason.FOREIGN))
        if isinstance(found, Recognised) and found.replay in self.spent and not forgiven(found.replay):
            return Rejected(Reason.REPLAY)
        return found

    async def _spend(self, replay: bytes, _: float) -> None:
        self.spent.add(replay)

    async def _fetch(self, _: str) -> AsyncIterator[Profile | None]:
        if self._profile is not None:
            yield self._profile

    def _offers(self, _: str, language: str) -> tuple[Offer, ...]:
        """As the shop says them; in other languages with the language before."""
        if language == "ja":
            return self.offers
        return tuple(replace(each, title=f"{language} {each.title}") for each in self.offers)

    def _lines(self, _: str, __: str) -> tuple[StockLine, ...]:
        if self.fault is not None:
            raise self.fault
        return (StockLine("here", "渋谷店", self.band, str(self.band), as_of=NOON - 30.0),)

    async def _keep(self, sku: str, location: str) -> AsyncIterator[Wished]:
        self.wishes.append((sku, location))
        while (word := await self.words.get()) is not None:
            yield word

    async def _show(self, show: Show) -> int:
        self.shows.append(show)
        return len(self.shows)

    async def scan(self, person: Recognised | Rejected, text: str = "x") -> None:
        self.people[text] = person
        await self.stage.take(Scan("cam", Code(text, "qrcode", "zxing"), self.clock))
        await self.settled()

    async def settled(self) -> None:
        """Errands had their turn, and the stage took what they brought."""
        for _ in range(4):
            await asyncio.sleep(0)
        while not self.stage._inbox.empty():
            await self.stage.take(self.stage._inbox.get_nowait())

    async def wait(self, seconds: float) -> None:
        self.clock += seconds
        await self.stage.tick()

    async def touch(self, action: str, value: str = "") -> None:
        await self.stage.take(Touched("k1", self.shows[-1].session, action, value))

    def kinds(self) -> list[str]:
        return [contact.kind for contact in self.contacts]


async def test_a_member_is_greeted_with_their_segment_and_stock() -> None:
    shop = Shop()
    await shop.scan(token("anna"))
    show = shop.shows[-1]
    assert (show.scene, show.level, show.values["headline"]) == ("member", Level.SEGMENT, "リネンの日")
    assert [(tile.sku, tile.stock[0].text) for tile in show.values["tiles"]] == [("LN-1", "few")]
    assert shop.kinds() == ["scan", "session_start", "identify"]


async def test_content_counts_as_shown_once_a_browser_painted_it() -> None:
    shop = Shop()
    await shop.scan(token("anna"))
    assert "content_shown" not in shop.kinds()
    await shop.stage.take(Painted("k1", len(shop.shows), 0.0))
    await shop.stage.take(Painted("k1", len(shop.shows), 0.0))
    shown = [contact for contact in shop.contacts if contact.kind == "content_shown"]
    assert [(contact.data["campaign"], contact.data["sha256"]) for contact in shown] == [("linen", "ab" * 32)]


async def test_content_counts_as_shown_when_only_the_newest_of_its_scenes_was_painted() -> None:
    shop = Shop(profile=ANNA)
    await shop.scan(token("anna"))
    assert [show.scene for show in shop.shows] == ["member", "member"]
    await shop.stage.take(Painted("k1", len(shop.shows), 0.0))
    await shop.stage.take(Painted("k1", len(shop.shows) - 1, 0.0))
    shown = [contact for contact in shop.contacts if contact.kind == "content_shown"]
    assert [contact.data["language"] for contact in shown] == ["en"]


async def test_a_page_learns_that_its_scene_stays_longer() -> None:
    shop = Shop(DeviceClass.SIGNAGE)
    await shop.scan(token("anna"))
    await shop.stage.take(Gone("cam", shop.clock))
    assert shop.shows[-1].seconds == 12.0
    await shop.scan(token("anna"))
    assert shop.shows[-1].seconds == 90.0
    shop = Shop()
    await shop.scan(token("anna"))
    await shop.wait(10.0)
    await shop.touch("product", "unknown")
    assert (shop.shows[-1].scene, shop.shows[-1].seconds) == ("member", 15.0)


async def test_a_hint_does_not_speak_the_language_of_who_stood_there_before() -> None:
    shop = Shop()
    await shop.scan(token("anna"))
    await shop.touch("language", "en")
    await shop.touch("end")
    assert shop.shows[-1] == Show("k1", "loop")
    await shop.scan(Rejected(Reason.EXPIRED))
    assert (shop.shows[-1].scene, shop.shows[-1].language) == ("notice", "ja")


@pytest.mark.promise("S-2")
@pytest.mark.parametrize("fault", [None, ZeroDivisionError])
async def test_nothing_personal_outlives_a_stage_that_stops_or_fails(fault: type[Exception] | None) -> None:
    shop = Shop(profile=ANNA)
    running = asyncio.create_task(shop.stage.run())
    shop.people["x"] = token("anna")
    shop.stage.put(Scan("cam", Code("x", "qrcode", "zxing"), shop.clock))
    while not any(show.scene == "member" and show.language == "en" for show in shop.shows):
        await asyncio.sleep(0.001)
    if fault is None:
        running.cancel()
    else:
        shop.fault = fault
        shop.stage.stock_moved()
    with pytest.raises(fault or asyncio.CancelledError):
        await running
    assert shop.shows[-1] == Show("k1", "loop")
    assert shop.contacts[-1].data["reason"] == "stopped"
    assert shop.spent == {b"anna-1"}


async def test_the_profile_fills_in_without_being_waited_for() -> None:
    shop = Shop(profile=ANNA)
    await shop.scan(token("anna"))
    assert [show.language for show in shop.shows if show.scene == "member"] == ["ja", "en"]
    assert shop.shows[-1].values["may_open"] is True


@pytest.mark.promise("M-3")
async def test_personal_things_wait_for_a_touch() -> None:
    shop = Shop(profile=ANNA)
    await shop.scan(token("anna"))
    assert (shop.shows[-1].level, shop.shows[-1].values["coupons"]) == (Level.SEGMENT, ())
    await shop.touch("personal")
    assert (shop.shows[-1].level, shop.shows[-1].values["coupons"]) == (Level.PERSONAL, ("10%引き",))


@pytest.mark.promise("M-3")
async def test_a_sign_never_shows_personal_things() -> None:
    shop = Shop(DeviceClass.SIGNAGE, ANNA)
    await shop.scan(token("anna"))
    await shop.touch("personal")
    assert (shop.shows[-1].level, shop.shows[-1].values["coupons"]) == (Level.SEGMENT, ())


async def test_a_member_who_wants_nothing_personal_sees_what_every_member_sees() -> None:
    shop = Shop(profile=ANNA)
    await shop.scan(token("anna", P=False))
    show = shop.shows[-1]
    assert (show.scene, show.level, show.values["headline"]) == ("members", Level.MEMBERS, "会員の日")


@pytest.mark.promise("M-4")
@pytest.mark.parametrize(("allowed", "member"), [(True, "anna"), (False, "")])
async def test_the_ledger_names_a_pseudonym_only_with_flag_c(allowed: bool, member: str) -> None:
    shop = Shop()
    await shop.scan(token("anna", C=allowed))
    await shop.touch("product", "LN-1")
    await shop.touch("end")
    assert {contact.member for contact in shop.contacts} == {member}
    assert shop.kinds() == ["scan", "session_start", "identify", "product_touched", "session_end"]


async def test_the_ledger_has_what_the_desk_made_of_a_code() -> None:
    shop = Shop()
    await shop.scan(token("anna", N=True))
    made = {"code": "mc1", "level": "L1", "again": False, "personal": True, "nickname": True, "recorded": True}
    assert shop.contacts[-1].data == made | {"restricted": False, "stale": False}
    assert shop.contacts[-1].session == shop.shows[-1].session
    late = replace(token("anna", P=False, C=False, R=True), replay=b"2", doubt=Reason.TIME_UNCERTAIN, stale=True)
    await shop.scan(late, "y")
    made = {"code": "mc1", "level": "L0s", "again": True, "personal": False, "nickname": False, "recorded": False}
    assert shop.contacts[-1].data == made | {"restricted": True, "stale": True, "doubt": "time_uncertain"}
    assert (shop.contacts[-1].member, {each.session for each in shop.contacts if each.kind == "identify"}) == (
        "",
        {shop.shows[-1].session},
    )


@pytest.mark.promise("M-2")
@pytest.mark.parametrize("reason", [reason for reason in Reason if hint(reason) is not Hint.NONE])
async def test_a_refused_code_shows_nothing_personal_and_no_reason(reason: Reason) -> None:
    shop = Shop(profile=ANNA)
    await shop.scan(Rejected(reason))
    show = shop.shows[-1]
    assert (show.scene, show.level, show.session) == ("notice", Level.LOOP, "")
    assert set(show.values) == {"hint", "touch"}
    assert show.values["hint"] in {"again", "ask"}
    assert shop.contacts[0].data["reason"] == str(reason)


async def test_a_scan_that_waited_too_long_greets_nobody() -> None:
    shop = Shop()
    shop.people["x"] = token("anna")
    await shop.stage.take(Scan("cam", Code("x", "qrcode", "zxing"), shop.clock - 3.5))
    assert (shop.shows, shop.contacts, shop.spent) == ([], [], set())


async def test_a_foreign_code_is_as_if_nothing_was_there() -> None:
    shop = Shop()
    await shop.scan(Rejected(Reason.FOREIGN))
    assert (shop.shows, shop.contacts) == ([], [])


@pytest.mark.promise("S-2")
async def test_a_session_left_alone_ends_and_the_loop_returns() -> None:
    shop = Shop()
    await shop.scan(token("anna"))
    await shop.wait(15.0)
    assert (shop.shows[-1].values["warning"], shop.shows[-1].seconds) == (True, 5.0)
    await shop.wait(5.0)
    assert shop.shows[-1] == Show("k1", "loop")
    assert shop.contacts[-1].data == {"reason": "idle", "duration_ms": 20_000}


@pytest.mark.promise("S-2")
async def test_a_new_member_sees_the_old_session_blanked_first() -> None:
    shop = Shop()
    await shop.scan(token("anna"))
    await shop.scan(token("ben"), "y")
    assert [show.scene for show in shop.shows] == ["member", "loop", "member"]
    assert [contact.data.get("reason") for contact in shop.contacts if contact.kind == "session_end"] == ["replaced"]


async def test_two_people_at_once_are_asked_to_come_one_by_one() -> None:
    shop = Shop()
    await shop.scan(token("anna"))
    await shop.stage.take(Crowd("cam", shop.clock))
    assert (shop.shows[-1].scene, shop.shows[-1].values["hint"]) == ("notice", "one")


@pytest.mark.promise("M-2")
async def test_a_token_keeps_its_own_session_up_and_is_refused_after_it() -> None:
    shop = Shop()
    await shop.scan(token("anna"))
    session = shop.shows[-1].session
    await shop.wait(10.0)
    await shop.scan(token("anna"))
    assert shop.shows[-1].session == session
    await shop.touch("end")
    await shop.scan(token("anna"))
    assert (shop.shows[-1].scene, shop.contacts[-1].data["reason"]) == ("notice", "replay")


async def test_a_sign_lets_go_after_the_code_left() -> None:
    shop = Shop(DeviceClass.SIGNAGE)
    await shop.scan(token("anna"))
    await shop.wait(30.0)
    await shop.stage.take(Gone("cam", shop.clock))
    await shop.wait(11.0)  # it was gone for 3 s when this was known
    assert shop.shows[-1].scene == "member"
    await shop.wait(1.0)
    assert shop.shows[-1].scene == "loop"


async def test_stock_that_moves_is_shown_in_the_running_session() -> None:
    shop = Shop()
    await shop.scan(token("anna"))
    before = len(shop.shows)
    await shop.wait(1.0)
    assert len(shop.shows) == before
    shop.band = Band.NONE
    await shop.wait(1.0)
    assert shop.shows[-1].values["tiles"][0].stock[0].band is Band.NONE


async def test_a_touch_that_belongs_to_an_ended_session_changes_nothing() -> None:
    shop = Shop(profile=ANNA)
    await shop.scan(token("anna"))
    await shop.stage.take(Touched("k1", "another", "personal", ""))
    assert shop.shows[-1].level is Level.SEGMENT


@pytest.mark.parametrize(("tag", "spoken"), [("zh-TW", "zh"), ("ko-KR", "ko"), ("fr", "en"), ("", "ja")])
async def test_a_member_is_greeted_in_the_nearest_language_that_a_screen_speaks(tag: str, spoken: str) -> None:
    shop = Shop(profile=replace(ANNA, language=tag))
    await shop.scan(token("anna"))
    assert shop.shows[-1].language == spoken


async def test_the_language_can_be_switched_on_the_screen() -> None:
    shop = Shop()
    await shop.scan(token("anna", P=False))
    await shop.touch("language", "en")
    assert (shop.shows[-1].language, shop.shows[-1].values["headline"]) == ("en", "Members' day")

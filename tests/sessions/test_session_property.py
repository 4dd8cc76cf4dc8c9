"""Whatever happens before a screen, in whatever order: its session ends in time and shows nobody more than they may."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge.members.classify import Reason, Rejected
from edge.members.disclosure import device_cap
from edge.model import (
    LEVELS,
    Code,
    Coupon,
    Crowd,
    DeviceClass,
    Gone,
    Held,
    Level,
    Offer,
    OfferKind,
    Profile,
    PutDown,
    Scan,
    Show,
    Touched,
    Wished,
)
from edge.sessions.keeping import Wishes
from edge.sessions.machine import DEADLINES
from tests.sessions.test_session_rules import CARD
from tests.sessions.test_stage import Shop, token

COUPON, SECRET, SLIP = "クーポン金糸雀", "金糸雀", "K-0417"
ANYBODY = Profile("x", nickname=SECRET, language="en", favourites=("CU-1",), coupons=(Coupon("c", {"ja": COUPON}),))
PEOPLE = {
    "anna": token("anna", N=True),
    "ben": token("ben"),
    "anna without P": token("anna", P=False),
    "plain": token("plain", P=False, N=True),
    "card": CARD,
}
EYES = st.sampled_from(["cam", "hand"])
ACTIONS = st.sampled_from(["end", "more", "personal", "product", "keep", "language", "unheard of"])
VALUES = st.sampled_from(["", "LN-1", "CU-1", "s001", "s002", "en", "ko", "xx"])


class Screen(RuleBasedStateMachine):
    """A stage with its real machine, scenes and cut; ``best`` is the most that the newest code in it may show."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.best = Level.LOOP
        self.opened = False
        self.looked = 0

    def teardown(self) -> None:
        self.runner.close()

    @initialize(device_class=st.sampled_from(list(DeviceClass)))
    def begin(self, device_class: DeviceClass) -> None:
        self.device_class = device_class
        self.shop = Shop(device_class, ANYBODY)
        self.shop.gtins = {"04901234567894": "LN-1"}
        self.shop.offers = tuple(
            Offer(OfferKind.HOLD, "取り置き", location=each, reserves=True) for each in ("s001", "s002")
        )

    @rule(
        who=st.sampled_from([*PEOPLE]), number=st.integers(1, 4), eye=EYES, engine=st.sampled_from(["zxing", "scanner"])
    )
    def a_code(self, who: str, number: int, eye: str, engine: str) -> None:
        code = PEOPLE[who]
        mine = replace(code, replay=f"{who}-{number}".encode()) if code.replay else code
        before, running = self.noted("accepted"), self.session
        self.shop.people["x"] = mine
        self.take(Scan(eye, Code("x", "qrcode", engine), self.shop.clock))
        if self.noted("accepted") > before:
            self.best = mine.credential
            self.opened &= self.session == running

    @rule(reason=st.sampled_from(list(Reason)), eye=EYES)
    def a_refused_code(self, reason: Reason, eye: str) -> None:
        self.shop.people["x"] = Rejected(reason)
        self.take(Scan(eye, Code("x", "qrcode", "zxing"), self.shop.clock))

    @rule(eye=EYES, what=st.sampled_from([Gone, Crowd, PutDown]))
    def a_sight(self, eye: str, what: type[Gone | Crowd | PutDown]) -> None:
        self.take(what(eye, self.shop.clock))

    @rule(gtin=st.sampled_from(["04901234567894", "09784101010014"]))
    def a_product(self, gtin: str) -> None:
        self.take(Held("cam", gtin, self.shop.clock))

    @rule(action=ACTIONS, value=VALUES)
    def a_touch(self, action: str, value: str) -> None:
        self.opened |= action == "personal" and bool(self.session)
        self.take(Touched("k1", self.session, action, value))

    @rule(action=ACTIONS)
    def a_touch_on_a_scene_that_is_gone(self, action: str) -> None:
        shown = len(self.shop.shows)
        self.take(Touched("k1", "long ago", action, ""))
        assert len(self.shop.shows) == shown

    @rule(state=st.sampled_from(["pending", "confirmed", "declined", "unknown"]))
    def a_place_says(self, state: str) -> None:
        for sku, location in self.shop.wishes:
            self.shop.words.put_nowait(Wished(sku, location, state, SLIP if state == "confirmed" else ""))
        self.runner.run(self.caught_up())

    @rule(seconds=st.floats(0.0, 200.0))
    def time_passes(self, seconds: float) -> None:
        until = self.shop.clock + seconds
        while (due := self.shop.stage._session.due) is not None and due <= until:
            self.shop.clock = max(due, self.shop.clock)
            self.runner.run(self.shop.stage.tick())
        self.shop.clock = until

    @rule(times=st.integers(1, 20), action=st.sampled_from(["more", "personal", "product"]))
    def a_finger_that_never_rests(self, times: int, action: str) -> None:
        for _ in range(times):
            self.time_passes(12.0)
            self.a_touch(action, "LN-1")
            self.no_session_outlives_its_limit()

    def take(self, item: Scan | Gone | Crowd | PutDown | Held | Touched) -> None:
        self.runner.run(self.shop.stage.take(item))
        self.runner.run(self.caught_up())

    async def caught_up(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
        while not self.shop.stage._inbox.empty():
            await self.shop.stage.take(self.shop.stage._inbox.get_nowait())

    @property
    def session(self) -> str:
        return self.shop.stage._session.id

    def noted(self, outcome: str) -> int:
        return sum(
            contact.data.get("outcome") == outcome and "gtin" not in contact.data for contact in self.shop.contacts
        )

    @property
    def limit(self) -> float:
        """So long a session lasts at most, whatever was wished for in it."""
        return DEADLINES[self.device_class].limit

    @invariant()
    def no_session_outlives_its_limit(self) -> None:
        if hasattr(self, "shop") and self.session:
            running = self.shop.stage._session
            assert running.due is not None
            assert self.shop.clock <= running.due <= running.since + self.limit

    @invariant()
    def no_screen_shows_more_than_it_may(self) -> None:
        if not hasattr(self, "shop"):
            return
        for show in self.shop.shows[self.looked :]:
            self.is_allowed(show)
        self.looked = len(self.shop.shows)

    def is_allowed(self, show: Show) -> None:
        assert LEVELS.index(show.level) <= LEVELS.index(device_cap(self.device_class))
        assert LEVELS.index(show.level) <= LEVELS.index(self.best)
        assert show.level is not Level.PERSONAL or self.opened
        assert SECRET not in repr(dict(show.values)).replace(COUPON, "")
        if show.level is not Level.PERSONAL:
            assert COUPON not in repr(dict(show.values))
            assert not show.values.get("favourites")
        if SLIP in repr(show.values):
            assert (bool(show.session), show.values["wished"].state) == (True, "confirmed")
        if show.scene == "loop":
            assert show == Show("k1", "loop")
        elif not show.session:
            assert (show.scene, set(show.values), show.level, show.language) == (
                "notice",
                {"hint", "touch"},
                Level.LOOP,
                "ja",
            )

    @invariant()
    def nothing_of_anybody_is_kept_without_a_session(self) -> None:
        if hasattr(self, "shop") and not self.session:
            visitor = self.shop.stage._visitor
            assert (visitor.recognised, visitor.profile, visitor.tokens, visitor.language) == (None, None, set(), "")
            assert visitor.wishes == Wishes()
            assert (self.shop.shows[-1:] or [Show("k1", "loop")])[0].session == ""

    @invariant()
    def each_session_begins_and_ends_once(self) -> None:
        if hasattr(self, "shop"):
            begun, ended = self.sessions("session_start"), self.sessions("session_end")
            assert len(begun) == len(set(begun))
            assert begun == [*ended, *([self.session] if self.session else [])]

    def sessions(self, kind: str) -> list[str]:
        return [contact.session for contact in self.shop.contacts if contact.kind == kind]


@pytest.mark.promise("S-2")
@pytest.mark.promise("M-3")
class TestWhateverHappens(Screen.TestCase):  # type: ignore[valid-type, misc]
    settings = settings(max_examples=100, stateful_step_count=40, deadline=None)

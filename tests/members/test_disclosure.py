"""The level shown is the lowest of device, credential and flags, and no template shows more than its level allows
(MEMBER_CODES 6), in every combination."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise, product
from urllib.parse import unquote

import numpy as np
import pytest
import zxingcpp
from cbor2 import dumps
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st
from jinja2.meta import find_undeclared_variables

from edge.config import Screen
from edge.members.classify import Context, Reason, Rejected, classify
from edge.members.clock import ClockState
from edge.members.disclosure import device_cap, level
from edge.members.issue import issue, seal
from edge.members.keyset import Key, KeySet, Status, kid_of
from edge.model import LANGUAGES, LEVELS, DeviceClass, Level, Show
from edge.screens.allowed import ALLOWED, LEAST, BeyondLevel, allowed
from edge.screens.hub import Screens
from edge.sessions.greeting import masked
from edge.sessions.handoff import Way
from tests.members.a_counter import (
    ADULTS,
    CARD,
    FIRST,
    LOWEST,
    NEVER,
    NO_CARD,
    REF_KEY,
    RULES,
    SUB,
    Counter,
    assets,
    deciding,
    dom,
    profile,
)
from tests.members.conftest import SEED

IAT, EXP = 1_790_000_000, 1_790_000_660
SIGNAGE, KIOSK = DeviceClass
KEYS = ("fresh", "stale", "revoked", "retiring", "unknown")
P, N, R = 1, 2, 8
HEADLINES = {
    Level.LOOP: frozenset[str](),
    Level.MEMBERS: {"everybody-head", "grownups-head"},
    Level.SEGMENT: {"token-head", "profile-head", "adult-head"},
}

TABLE = {
    "none": ("L0", "L0", "L0"),
    "rejected": ("L0", "L0", "L0"),
    "static": ("L0s", "L0s", "L0s"),
    "floor": ("L0s", "L0s", "L0s"),
    "stale": ("L0s", "L0s", "L0s"),
    "P=0": ("L0s", "L0s", "L0s"),
    "P=1": ("L1", "L1", "L2"),
}
"""Signage (touched or not), kiosk, kiosk touched."""


@pytest.mark.promise("M-3")
@pytest.mark.parametrize(("row", "device", "touched"), list(product(TABLE, DeviceClass, (False, True))))
def test_the_table_of_the_document_holds(
    row: str, device: DeviceClass, touched: bool, context: Context, issuer: Ed25519PrivateKey
) -> None:
    assert context.keyset is not None
    stale = replace(context, keyset=replace(context.keyset, not_after=0))
    token = issue(issuer, "AAECAwQFBgcI", IAT, EXP, 0b11111, 9, (1, 2, 3))
    credential = {
        "none": None,
        "rejected": classify(token[:-1], "qrcode", context),
        "static": classify("2912345678906", "ean13", context),
        "floor": classify(token, "qrcode", replace(context, clock=ClockState.FLOOR)),
        "stale": classify(token, "qrcode", stale),
        "P=0": classify(issue(issuer, "AAECAwQFBgcI", IAT, EXP, 0b11110), "qrcode", context),
        "P=1": classify(token, "qrcode", context),
    }[row]
    signage, kiosk, opened = TABLE[row]
    assert level(device, credential, touched) == (signage if device is SIGNAGE else opened if touched else kiosk)


@pytest.mark.promise("M-2")
@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize(("device", "touched"), list(product(DeviceClass, (False, True))))
def test_a_rejected_code_shows_the_loop_whatever_the_reason(device: DeviceClass, touched: bool, reason: Reason) -> None:
    assert level(device, Rejected(reason), touched) is Level.LOOP


@pytest.mark.promise("M-3")
@pytest.mark.parametrize(("device", "touched"), list(product(DeviceClass, (False, True))))
def test_no_flags_of_a_token_raise_a_devices_cap(
    device: DeviceClass, touched: bool, context: Context, issuer: Ed25519PrivateKey
) -> None:
    for bits in (*range(64), *(1 << place for place in range(16)), 0xFFFE, 0xFFFF):
        claims = {2: "AAECAwQFBgcI", 4: EXP, 6: IAT, 7: b"abcd", -65537: [bits, 65535]}
        shown = level(device, classify(seal(issuer, dumps(claims, canonical=True)), "qrcode", context), touched)
        assert LEVELS.index(shown) <= LEVELS.index(device_cap(device))
        assert LEVELS.index(shown) <= LEVELS.index(Level.PERSONAL if touched else Level.SEGMENT)
        assert bits & 1 or shown is Level.MEMBERS


def test_the_caps_are_those_of_the_document() -> None:
    assert (device_cap(SIGNAGE), device_cap(KIOSK)) == (Level.SEGMENT, Level.PERSONAL)


@dataclass(frozen=True, slots=True)
class Case:
    """One member with one token before one screen."""

    device: DeviceClass
    clock: ClockState
    key: str
    bits: int
    consenting: bool
    nickname: bool
    language: str

    def level(self, touched: bool) -> Level:
        """What the table of MEMBER_CODES 6 says, written once more from the document."""
        if self.key in ("revoked", "unknown"):
            return Level.LOOP
        if self.clock is ClockState.FLOOR or self.key == "stale" or not self.bits & P:
            return Level.MEMBERS
        return Level.PERSONAL if touched and self.device is KIOSK else Level.SEGMENT

    def context(self) -> Context:
        """An edge whose clock and keys are so."""
        public = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
        status = {"revoked": Status.REVOKED, "retiring": Status.RETIRING}.get(self.key, Status.ACTIVE)
        key = Key(kid_of(public), public, IAT - 86_400, IAT + 86_400, status)
        end = IAT - 1 if self.key == "stale" else IAT + 86_400
        keys = {} if self.key == "unknown" else {key.kid: key}
        return Context(EXP - 30, self.clock, KeySet("c", 1, 1, end, keys), RULES, REF_KEY, lambda _: False)

    def counter(self) -> Counter:
        """The screen, with a source that knows the member."""
        screen = Screen(id="s", device_class=self.device, nickname=self.nickname, language=self.language)
        return Counter(screen, deciding(self.context()), profile(self.consenting), hub(self.device))

    def may(self, canary: str, touched: bool) -> bool:
        """Whether a canary may be seen."""
        if canary == FIRST and not (self.bits & N and self.nickname and self.consenting):
            return False
        if self.bits & R and canary.startswith(ADULTS):
            return False
        if canary.startswith("profile") or LOWEST[canary] is Level.PERSONAL:
            return self.consenting and LEVELS.index(self.level(touched)) >= LEVELS.index(LOWEST[canary])
        return LEVELS.index(self.level(touched)) >= LEVELS.index(LOWEST[canary])


@cache
def hub(device: DeviceClass) -> Screens:
    return Screens([Screen(id="s", device_class=device)], assets())


@cache
def signed(bits: int) -> str:
    return issue(Ed25519PrivateKey.from_private_bytes(SEED), SUB, IAT, EXP, bits, 3, (7, 8), b"cti!")


@cache
def canaries(html: str) -> frozenset[str]:
    """What a fragment gives away, of everything that could be."""
    return frozenset(canary for canary in (*LOWEST, *NEVER) if dom(html).holds(canary))


async def judged(case: Case, counter: Counter, touched: bool) -> frozenset[str]:
    """Hold what is on the screen against the level that it may have."""
    found, show = canaries(counter.html), counter.shown
    assert found <= LOWEST.keys(), case
    assert [canary for canary in found if not case.may(canary, touched)] == [], case
    assert not show.session or not dom(counter.html).holds(show.session), case
    assert (show.level, bool(show.session)) == (case.level(touched), case.level(touched) is not Level.LOOP), case
    return found


async def lived(case: Case) -> None:
    """A whole session: scanned, a product opened, 表示する touched, another language, the warning, the end."""
    counter = case.counter()
    await counter.scan(signed(case.bits))
    plain = await judged(case, counter, touched=False)
    await counter.touch("product", "everybody-sku")
    await judged(case, counter, touched=False)
    await counter.touch("product", "")
    await counter.touch("personal")
    opened = await judged(case, counter, touched=True)
    await counter.touch("language", "en")
    await judged(case, counter, touched=True)
    await counter.wait(16.0)
    await judged(case, counter, touched=True)
    await counter.end()
    assert (counter.html, counter.shown.session) == ("", ""), case
    assert len(plain & HEADLINES[case.level(touched=False)]) == (case.level(touched=False) is not Level.LOOP), case
    assert ("coupon-title" in opened) is (case.level(touched=True) is Level.PERSONAL and case.consenting), case
    assert counter.asked == ([SUB] if case.level(touched=False) is Level.SEGMENT else []), case


def every_credential(device: DeviceClass, clock: ClockState) -> Iterator[Case]:
    """Every key state and flags; nickname settings and languages take turns."""
    dice = random.Random(f"{device}{clock}")
    for key, bits, consenting in product(KEYS, range(32), (True, False)):
        yield Case(device, clock, key, bits, consenting, dice.random() < 0.5, dice.choice(LANGUAGES))


def everything_open(device: DeviceClass) -> Iterator[Case]:
    """What reaches the highest level, with every setting and in every language."""
    for bits, consenting, nickname, language in product(range(1, 32, 2), (True, False), (True, False), LANGUAGES):
        yield Case(device, ClockState.SYNCED, "fresh", bits, consenting, nickname, language)


@pytest.mark.promise("M-3")
@pytest.mark.parametrize(("device", "clock"), list(product(DeviceClass, ClockState)))
async def test_the_real_templates_show_only_what_the_level_allows(device: DeviceClass, clock: ClockState) -> None:
    for case in every_credential(device, clock):
        await lived(case)


@pytest.mark.promise("M-3")
@pytest.mark.parametrize("device", DeviceClass)
async def test_no_nickname_setting_language_or_consent_shows_more(device: DeviceClass) -> None:
    for case in everything_open(device):
        await lived(case)


@pytest.mark.promise("M-2")
@pytest.mark.parametrize("device", DeviceClass)
async def test_nothing_of_a_member_is_shown_for_any_rejection_nor_before_a_code(device: DeviceClass) -> None:
    for reason, language in product(Reason, LANGUAGES):
        screen = Screen(id="s", device_class=device, nickname=True, language=language)
        counter = Counter(screen, lambda *_, why=reason: Rejected(why), profile(), hub(device))
        await counter.screens.show(Show("s", "loop"))
        assert counter.html == ""
        await counter.scan(signed(31))
        assert (canaries(counter.html), counter.asked, counter.shown.session) == (frozenset(), [], "")
        assert str(reason) not in counter.html or reason in (Reason.REPLAY, Reason.RATE)


@pytest.mark.promise("M-2")
@pytest.mark.parametrize(("device", "language"), list(product(DeviceClass, LANGUAGES)))
async def test_a_number_that_exists_and_one_that_does_not_cannot_be_told_apart(
    device: DeviceClass, language: str
) -> None:
    lives = []
    for number, known in ((CARD, profile()), (NO_CARD, None)):
        case = Case(device, ClockState.SYNCED, "fresh", 0, True, True, language)
        screen = Screen(id="s", device_class=device, nickname=True, language=language)
        counter = Counter(screen, deciding(case.context()), known, hub(device))
        await counter.scan(number, "ean13")
        for action in ("personal", "product", "language", "more"):
            await counter.touch(action, {"product": "everybody-sku", "language": "en"}.get(action, ""))
            assert canaries(counter.html) <= {canary for canary in LOWEST if LOWEST[canary] is Level.MEMBERS}
        await counter.wait(16.0)
        await counter.end()
        assert (counter.asked, counter.spent) == ([], set())
        assert {contact.member[:3] for contact in counter.contacts} == {"s1."}
        lives.append((counter.sent(), counter.ledger(), [replace(show, session="") for show in counter.shows]))
    assert lives[0] == lives[1]
    assert [scene for scene, _, _ in lives[0][0]][:: len(lives[0][0]) - 1] == ["members", "loop"]


def test_every_variable_of_a_template_stands_in_the_table_or_is_the_renderers_own() -> None:
    own = {"shelf", "level", "timed", "hints", "alone", "wares", "purpose"}
    renderer, folder = hub(KIOSK).renderer, assets().folder / "templates"
    environment = renderer._environments["ja"]
    for path in (*(folder / "scenes").glob("*.html"), *(folder / "parts").glob("*.html")):
        used = find_undeclared_variables(environment.parse(path.read_text("utf-8"))) - environment.globals.keys()
        assert used <= ALLOWED[Level.PERSONAL] | own, path.name


def drawn(source: str) -> str:
    """What the picture of a QR says to a phone."""
    side = int(re.findall(r"0 0 (\d+) ", unquote(source))[0])
    picture = np.full((side, side), 255, np.uint8)
    for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", unquote(source)):
        picture[int(y), int(x)] = 0
    (code,) = zxingcpp.read_barcodes(np.kron(picture, np.ones((4, 4), np.uint8)))
    return str(code.text)


@pytest.mark.promise("M-3")
@pytest.mark.parametrize(("device", "bits"), list(product(DeviceClass, (0b00000, 0b00111, 0b11111))))
async def test_the_way_on_to_a_phone_names_a_product_and_nobody(device: DeviceClass, bits: int) -> None:
    """On a sign the sheet opens for a product held up, by a member or by nobody."""
    way = Way("https://go.example/h/", ("product", "basket", "hold", "order"), "s001")
    case = Case(device, ClockState.SYNCED, "fresh", bits, True, True, "ja")
    screen = Screen(id="s", device_class=device, nickname=True)
    counter = Counter(screen, deciding(case.context()), profile(), hub(device), way)
    links = []
    for text in ("", signed(bits)):
        if text:
            await counter.scan(text)
        await counter.hold("04901234567894")
        sources = [value for name, value in counter.dom.attributes if name == "src" and value.startswith("data:")]
        links += [drawn(source) for source in sources]
        secrets = [counter.shown.session, *NEVER]
        assert [secret for secret in secrets if any(secret in place for place in (*links, unquote(counter.html)))] == []
        await counter.end()
    assert len({re.sub(r"/h/[\w-]{16}\?", "", link) for link in links}) == 1
    assert len(set(links)) == 2


@pytest.mark.promise("M-3")
@pytest.mark.parametrize("language", LANGUAGES)
@given(name=st.text(max_size=12) | st.text(st.characters(categories=["L", "M"]), max_size=12))
@example(name="\u0301e")
@example(name="\u3164")
@example(name="e" + "\u0301" * 90)
@example(name="\u202eanna")
def test_of_a_nickname_its_first_letter_is_shown_and_no_other(language: str, name: str) -> None:
    usual, shown = masked("x", language), masked(name, language)
    first = unicodedata.normalize("NFC", name).strip()[:1]
    assert shown in ("", usual.replace("x", first))
    assert not shown or (unicodedata.category(first)[0] == "L" and first not in "\u115f\u1160\u3164\uffa0")
    assert not shown or sum(unicodedata.category(sign)[0] == "L" for sign in unicodedata.normalize("NFC", name)) <= 8


@pytest.mark.promise("M-3")
@pytest.mark.parametrize(("scene", "level"), list(product(("member", "members", "product", "notice"), Level)))
def test_the_renderer_drops_what_the_level_may_not_use(
    scene: str, level: Level, caplog: pytest.LogCaptureFixture
) -> None:
    values = {name: "canary" for names in ALLOWED.values() for name in names} | {
        "session": "canary",
        "static": "canary",
    }
    show = Show("s", scene, "s1", level, values=values)
    if LEVELS.index(level) < LEVELS.index(LEAST.get(scene, Level.LOOP)):
        with pytest.raises(BeyondLevel, match=f"scene '{scene}' needs level"):
            hub(KIOSK).renderer.render(show)
        return
    assert allowed(show).keys() == ALLOWED[level]
    assert "left out of scene" in caplog.text
    assert "canary" not in caplog.text


def test_each_level_may_use_all_that_the_one_below_may() -> None:
    for below, above in pairwise(LEVELS):
        assert ALLOWED[below] < ALLOWED[above]

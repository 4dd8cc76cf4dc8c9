"""Codes, touches and time in any order: no sequence of them brings more to a screen than its visitor's code allows."""

from __future__ import annotations

import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.config import Screen
from edge.members.clock import ClockState
from edge.members.disclosure import level
from edge.members.issue import issue
from edge.model import LANGUAGES, LEVELS, Crowd, DeviceClass, Gone, Level, Show
from tests.members.a_counter import ADULTS, CARD, FIRST, LOWEST, SUB, Counter, deciding, profile
from tests.members.conftest import SEED
from tests.members.test_disclosure import EXP, IAT, KEYS, KIOSK, SIGNAGE, Case, canaries, hub

WALK = (
    "scan",
    "next",
    "card",
    "other",
    "forged",
    "crowd",
    "gone",
    "hold",
    "wait",
    "personal",
    "product",
    "language",
    "end",
)


async def walked(dice: random.Random, case: Case, touch: bool) -> set[Level]:
    """Anything in any order, and at each step the screen held against what its own visitor's code allows."""
    screen = Screen(id="s", device_class=case.device, nickname=case.nickname, language=case.language, touch=touch)
    counter, opened, reached = Counter(screen, deciding(case.context()), profile(), hub(case.device)), "", set[Level]()
    await counter.screens.show(Show("s", "loop"))
    for number in range(25):
        bits, step, session = dice.choice((0, 1, 7, 9, 31)), dice.choice(WALK), counter.shown.session
        await happened(counter, step, bits, number)
        if step == "personal" and session and session == counter.shown.session:
            opened = session
        recognised, show = counter.stage._visitor.recognised, counter.shown
        most = level(case.device, recognised, touched=touch and show.session == opened != "")
        assert LEVELS.index(show.level) <= LEVELS.index(most), step
        may = {canary for canary, least in LOWEST.items() if LEVELS.index(least) <= LEVELS.index(show.level)}
        sheet = {"everybody-sku", "everybody-name"} if show.scene == "product" else set()
        assert canaries(counter.html) <= may | sheet, step
        named = recognised is not None and recognised.flags.N and case.nickname and recognised.ref == SUB
        assert named or FIRST not in canaries(counter.html), step
        adult = not (recognised is not None and recognised.flags.R)
        assert adult or not [canary for canary in canaries(counter.html) if canary.startswith(ADULTS)], step
        reached.add(show.level)
    return reached


async def happened(counter: Counter, step: str, bits: int, number: int) -> None:
    """One thing before the screen; a touch may be a page's that nobody made."""
    if step in ("scan", "next", "other", "forged"):
        issuer = Ed25519PrivateKey.from_private_bytes(SEED if step != "forged" else bytes(32))
        sub = "someone-else" if step == "other" else SUB
        cti = b"same" if step == "scan" else number.to_bytes(4)
        await counter.scan(issue(issuer, sub, IAT, EXP, bits, 3, (7, 8), cti))
    elif step == "card":
        await counter.scan(CARD, "ean13")
    elif step in ("crowd", "gone"):
        await counter.stage.take((Crowd if step == "crowd" else Gone)("cam", counter.clock))
    elif step == "hold":
        await counter.hold("04901234567894")
    elif step == "wait":
        await counter.wait(7.0)
    else:
        await counter.touch(step, {"product": "everybody-sku", "language": "en"}.get(step, ""))


@pytest.mark.promise("M-3")
@pytest.mark.parametrize(("device", "touch"), [(SIGNAGE, True), (KIOSK, True), (KIOSK, False)])
async def test_no_order_of_codes_touches_and_time_shows_more(device: DeviceClass, touch: bool) -> None:
    dice, reached = random.Random(f"{device}{touch}"), set[Level]()
    for _ in range(60):
        nickname, language = dice.random() < 0.5, dice.choice(LANGUAGES)
        case = Case(device, dice.choice(list(ClockState)), dice.choice(KEYS), 0, True, nickname, language)
        reached |= await walked(dice, case, touch)
    most = Level.PERSONAL if device is KIOSK and touch else Level.SEGMENT
    assert max(reached, key=LEVELS.index) is most

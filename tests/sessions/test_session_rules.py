"""MEMBER_CODES 5 and 6 sentence by sentence: what happens before a screen, and what it shows then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.config import Screen
from edge.members.classify import Reason, Recognised, Rejected
from edge.model import Code, Crowd, DeviceClass, Gone, Level, Scan, Show
from edge.sessions.scene import deadlines
from tests.sessions.test_stage import ANNA, Shop, token

KIOSK, SIGN = DeviceClass.KIOSK, DeviceClass.SIGNAGE
CARD = Recognised("static", "s1.card", token("card").flags, 0, (), Level.MEMBERS, 1e10, b"", False)
CODES: dict[str, Recognised | Rejected] = {
    "anna": token("anna"),
    "anna2": replace(token("anna"), replay=b"anna-2"),
    "anna-without-P": replace(token("anna", P=False), replay=b"anna-3"),
    "ben": token("ben"),
    "plain": token("plain", P=False),
    "card": CARD,
    "old": Rejected(Reason.EXPIRED),
    "denied": Rejected(Reason.DENIED),
}
TOUCHES = {"more": "more", "end": "end", "open": "personal", "tile": "product"}

RULES = [
    ("signage ends 15 s after the code left the view", SIGN, "anna +30 gone +11.75", "member L1"),
    ("signage ends 15 s after the code left the view", SIGN, "anna +30 gone +12", "loop idle"),
    ("signage ends after at most 90 s", SIGN, "anna +89.75", "member L1"),
    ("signage ends after at most 90 s", SIGN, "anna +90", "loop limit"),
    ("signage ends after at most 90 s", SIGN, "anna +89 anna2 +1", "loop limit"),
    ("a kiosk counts the last 5 of 20 s without a touch down", KIOSK, "anna +14.75", "member L1"),
    ("a kiosk counts the last 5 of 20 s without a touch down", KIOSK, "anna +15", "member L1 warning"),
    ("a kiosk counts the last 5 of 20 s without a touch down", KIOSK, "anna +19.75", "member L1 warning"),
    ("a kiosk counts the last 5 of 20 s without a touch down", KIOSK, "anna +20", "loop idle"),
    ("もう少し見る takes the countdown away and gives 20 s again", KIOSK, "anna +17 more", "member L1"),
    ("もう少し見る takes the countdown away and gives 20 s again", KIOSK, "anna +17 more +15", "member L1 warning"),
    ("もう少し見る takes the countdown away and gives 20 s again", KIOSK, "anna +17 more +20", "loop idle"),
    ("a kiosk ends after at most 180 s", KIOSK, "anna" + " +14 more" * 12 + " +11.75", "member L1"),
    ("a kiosk ends after at most 180 s", KIOSK, "anna" + " +14 more" * 12 + " +12", "loop limit"),
    ("a kiosk ends after at most 180 s", KIOSK, "anna" + " +14 anna2" * 12 + " +12", "loop limit"),
    ("終了 ends at once", KIOSK, "anna end", "loop done"),
    ("終了 ends at once", KIOSK, "anna +16 end", "loop done"),
    ("終了 ends at once", KIOSK, "anna tile end", "loop done"),
    ("終了 ends at once", KIOSK, "anna open end", "loop done"),
    ("a new code blanks the old session", KIOSK, "anna ben", "member L1"),
    ("a refused code blanks the old session", KIOSK, "anna old", "notice again refused"),
    ("a refused code blanks the old session", SIGN, "anna denied", "notice again refused"),
    ("a hint goes by itself", KIOSK, "old +4.75", "notice again"),
    ("a hint goes by itself", KIOSK, "old +5", "loop"),
    ("two codes in view show one person at a time", KIOSK, "anna crowd", "notice one refused"),
    ("two codes in view show one person at a time", SIGN, "crowd", "notice one"),
    ("who stays of two is greeted by the next code", KIOSK, "anna crowd +5 anna2", "member L1"),
    ("who stays after a refused code is greeted by the next code", KIOSK, "anna old anna2", "member L1"),
    ("the session's own token keeps it alive", KIOSK, "anna +14 anna +14", "member L1"),
    ("the session's own token keeps it alive", KIOSK, "anna +16 anna", "member L1"),
    ("the member's next token keeps the session", KIOSK, "anna +14 anna2 +14", "member L1"),
    ("after its session a token is replayed", KIOSK, "anna end gone anna", "notice again"),
    ("after its session a token is replayed", SIGN, "anna ben anna", "notice again refused"),
    ("the next token is spent as well", KIOSK, "anna anna2 end gone anna2", "notice again"),
    ("a code held up on begins nothing until it was away", KIOSK, "anna +30 anna2", "loop idle"),
    ("a code held up on begins nothing until it was away", KIOSK, "anna end anna2 anna2", "loop done"),
    ("who was replaced and away may begin again", SIGN, "anna ben +5 gone anna2", "member L1"),
    ("a code held up on begins nothing until it was away", KIOSK, "anna end gone anna2", "member L1"),
    ("a stay of which the end was missed is over after 63 s", KIOSK, "anna end +64 anna2", "member L1"),
    ("a hand that aims a scanner wants it", KIOSK, "anna end anna2@scanner", "member L1"),
    ("a fresh token with P shows L1", SIGN, "anna", "member L1"),
    ("L2 only after a touch on 表示する", KIOSK, "anna tile more", "member L1"),
    ("L2 only after a touch on 表示する", KIOSK, "anna open", "member L2"),
    ("no touch opens L2 on signage", SIGN, "anna open", "member L1"),
    ("no touch opens anything without P", KIOSK, "plain open", "members L0s"),
    ("no touch opens anything for a static code", KIOSK, "card open", "members L0s"),
    ("L2 is lost with its session", KIOSK, "anna open ben", "member L1"),
    ("L2 is lost with its session", KIOSK, "anna open end gone anna2", "member L1"),
    ("the next token keeps what was opened", KIOSK, "anna open anna2", "member L2"),
    ("the newest code's flags count", KIOSK, "anna open anna-without-P", "members L0s"),
    ("the newest code's flags count", KIOSK, "anna-without-P anna", "member L1"),
]


async def lived(device_class: DeviceClass, story: str) -> Shop:
    """A shop after everything of a story; time passes in steps of a quarter of a second."""
    shop = Shop(device_class, ANNA)
    for word in story.split():
        if word.startswith("+"):
            for _ in range(int(float(word) * 4)):
                await shop.wait(0.25)
        elif word in TOUCHES:
            await shop.touch(TOUCHES[word], "LN-1" if word == "tile" else "")
        elif word == "gone":
            await shop.stage.take(Gone("cam", shop.clock))
        elif word == "crowd":
            await shop.stage.take(Crowd("cam", shop.clock))
        else:
            await held_up(shop, *word.split("@"))
    return shop


async def held_up(shop: Shop, text: str, engine: str = "zxing") -> None:
    shop.people[text] = CODES[text]
    if engine == "zxing":
        await shop.scan(CODES[text], text)
    else:
        await shop.stage.take(Scan("cam", Code(text, "qrcode", engine), shop.clock))


def seen(shop: Shop) -> str:
    """What the screen shows now, and why the last session ended if none runs."""
    show = shop.shows[-1]
    words = [show.scene, "warning" if show.values.get("warning") else "", str(show.values.get("hint", ""))]
    if show.session:
        words.insert(1, str(show.level))
    elif ends := [contact for contact in shop.contacts if contact.kind == "session_end"]:
        words.append(ends[-1].data["reason"] if shop.contacts[-1] is ends[-1] else "")
    return " ".join(word for word in words if word)


@pytest.mark.promise("S-2")
@pytest.mark.promise("M-3")
@pytest.mark.parametrize(("sentence", "device_class", "story", "shown"), RULES)
async def test_a_session_keeps_each_sentence(sentence: str, device_class: DeviceClass, story: str, shown: str) -> None:
    assert seen(await lived(device_class, story)) == shown, sentence


async def test_the_old_session_is_blanked_before_the_new_one_is_shown() -> None:
    shop = await lived(KIOSK, "anna open ben")
    first = next(n for n, show in enumerate(shop.shows) if show.session == shop.shows[-1].session)
    assert shop.shows[first - 1] == Show("k1", "loop")


async def test_a_code_that_is_only_held_on_is_neither_noted_nor_spent() -> None:
    shop = await lived(KIOSK, "anna end anna2")
    assert shop.kinds() == ["scan", "session_start", "identify", "session_end"]
    assert shop.spent == {b"anna-1"}


async def test_a_member_stays_while_another_eye_still_sees_their_code() -> None:
    shop = Shop(SIGN)
    shop.people["x"] = token("anna")
    for eye in ("left", "right"):
        await shop.stage.take(Scan(eye, Code("x", "qrcode", "zxing"), shop.clock))
    await shop.stage.take(Gone("left", shop.clock))
    await shop.wait(40.0)
    assert shop.shows[-1].scene == "member"
    await shop.stage.take(Gone("right", shop.clock))
    await shop.wait(12.0)
    assert shop.shows[-1].scene == "loop"


@pytest.mark.promise("M-4")
async def test_a_next_token_without_flag_c_ends_the_recording() -> None:
    shop = await lived(KIOSK, "anna")
    await shop.scan(replace(token("anna", C=False), replay=b"anna-4"), "y")
    await shop.touch("product", "LN-1")
    assert [contact.member for contact in shop.contacts] == ["anna", "anna", "anna", "", "", ""]


async def test_a_profile_that_comes_after_its_session_fills_in_nothing() -> None:
    shop = await lived(KIOSK, "anna")
    shop.people["y"] = CODES["plain"]
    await shop.stage.take(Scan("cam", Code("y", "qrcode", "zxing"), shop.clock))
    assert (shop.shows[-1].scene, shop.shows[-1].language) == ("members", "ja")
    assert shop.stage._introduction is None


@pytest.mark.parametrize(
    ("device_class", "settings", "idle", "limit"),
    [(SIGN, {}, 15.0, 90.0), (KIOSK, {}, 20.0, 180.0), (SIGN, {"idle_s": 5.0, "limit_s": 15.0}, 5.0, 15.0)],
)
def test_the_times_are_those_of_the_class_or_the_screens_own(
    device_class: DeviceClass, settings: dict[str, float], idle: float, limit: float
) -> None:
    table = deadlines(Screen(id="s", device_class=device_class, **settings))
    assert (table.idle, table.limit) == (idle, limit)


@pytest.mark.parametrize(
    ("device_class", "settings"),
    [
        (SIGN, {"limit_s": 91}),
        (KIOSK, {"limit_s": 181}),
        (SIGN, {"idle_s": 4}),
        (SIGN, {"idle_s": 61}),
        (KIOSK, {"idle_s": 9}),
    ],
)
def test_times_out_of_the_bounds_are_refused(device_class: DeviceClass, settings: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="idle_s|limit_s"):
        Screen(id="s", device_class=device_class, **settings)

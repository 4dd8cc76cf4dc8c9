"""Members with planted values: what is theirs, in every way in which a file or a page might hold it."""

from __future__ import annotations

import base64
import hmac
import json
import random
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.demo.people import FLAGS
from edge.members.issue import issue

MARK, KANA_MARK = "Zq7", "ゑゐ"
"""Every planted value that may look as it likes begins with one of these, so that a file is searched for two words."""
KANA = "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめも"
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Member:
    """A member, what a source knows of them, and their values by name; ``flags`` are those of their tokens."""

    name: str
    flags: str
    sub: str
    profile: Mapping[str, Any]
    values: dict[str, str]
    tokens: list[str] = field(default_factory=list)

    def token(self, key: Ed25519PrivateKey) -> str:
        """The next text that their phone shows."""
        now = int(time.time())
        flags = sum(FLAGS[flag] for flag in self.flags)
        self.tokens.append(issue(key, self.sub, now, now + 60, flags, 2, (1, 4)))
        self.values[f"token {len(self.tokens)}"] = self.tokens[-1].removeprefix("MC1:")
        return self.tokens[-1]


def members(flags: Sequence[str], known: Sequence[str], seed: int = 4) -> list[Member]:
    """A member for each word of flags; ``known`` are SKUs that the store has, the only values that are not planted."""
    dice = random.Random(seed)
    return [_member(dice, f"m{number}", each, known) for number, each in enumerate(flags)]


def _member(dice: random.Random, name: str, flags: str, known: Sequence[str]) -> Member:
    word = partial(_word, dice)
    kana = partial(_word, dice, signs=KANA)
    sub = f"{MARK}{word(9)}"
    dropped = {
        "number": f"{MARK}-no-{word()}",
        "mail": f"{MARK}{word()}@example.jp",
        "phone": f"{dice.randrange(10**9):011d}",
        "address": f"{KANA_MARK}{kana()}1-2-3",
        "birthday": f"{MARK}-19{dice.randrange(40, 99)}-03-14-{word()}",
        "points": str(dice.randrange(10**9, 10**10)),
        **{f"purchase {each}": f"{KANA_MARK}{kana(9)}" for each in range(3)},
    }
    kept = {
        "nickname": f"{KANA_MARK}{kana(5)}",
        "tier": f"{MARK}-tier-{word()}",
        **{f"segment {each}": f"{KANA_MARK}{kana(8)}" for each in range(3)},
        **{f"favourite {each}": f"{MARK}-sku-{word()}" for each in range(3)},
        **{f"coupon {each}": f"{KANA_MARK}{kana(9)}10%引き" for each in range(2)},
        "coupon in English": f"{MARK} {word()} off",
        **{f"coupon id {each}": f"{MARK}-c-{word()}" for each in range(2)},
        "till code": f"{MARK}-till-{word()}",
    }
    profile = _profile(sub, dropped, kept, known)
    return Member(name, flags, sub, profile, {"sub": sub, **dropped, **kept})


def _word(dice: random.Random, size: int = 10, signs: str = LETTERS) -> str:
    return "".join(dice.choice(signs) for _ in range(size))


def _profile(sub: str, dropped: Mapping[str, str], kept: Mapping[str, str], known: Sequence[str]) -> dict[str, Any]:
    """What a careless CRM answers: the blocks that are asked for, and all that it has beside them."""
    titles = [{"ja": kept["coupon 0"], "en": kept["coupon in English"]}, {"ja": kept["coupon 1"]}]
    return {
        "v": 1, "member": sub, "consent": {"personal_screen": True},
        "have": ["tier", "coupons", "favourites", "points", "purchases"],
        "greet": {"name": kept["nickname"], "lang": "ja", "show_name": True, "mail": dropped["mail"]},
        "tier": {"code": kept["tier"], "points": int(dropped["points"])},
        "segments": [kept[f"segment {each}"] for each in range(3)],
        "favourites": [*known, *(kept[f"favourite {each}"] for each in range(3))],
        "coupons": [
            {"id": kept[f"coupon id {each}"], "title": title, "state": "issued", "code": kept["till code"]}
            for each, title in enumerate(titles)
        ],
        "points": {"total": int(dropped["points"])},
        "contact": {"phone": dropped["phone"], "address": dropped["address"], "number": dropped["number"]},
        "birthday": dropped["birthday"], "purchases": [dropped[f"purchase {each}"] for each in range(3)],
    }  # fmt: skip


def static_ref(key: bytes, rule: str, number: str) -> str:
    """The reference of a fixed number, written anew from MEMBER_CODES 1."""
    digest = hmac.digest(key, f"{rule}|{number}".encode(), "sha256")[:12]
    return "s1." + base64.urlsafe_b64encode(digest).decode()


class Traces:
    """Looks for values in bytes, whatever wrote them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._needles = {name: tuple(_written(value)) for name, value in values.items()}
        self._marks = [each for mark in (MARK, KANA_MARK) for each in _written(mark)]
        self._plain = {name for name, value in values.items() if not value.startswith((MARK, KANA_MARK))}

    def within(self, data: bytes | str) -> set[str]:
        """The names of the values that it holds."""
        raw = data.encode() if isinstance(data, str) else data
        marked = any(mark in raw for mark in self._marks)
        wanted: Iterable[str] = self._needles if marked else self._plain
        return {name for name in wanted if any(needle in raw for needle in self._needles[name])}

    def in_folder(self, folder: Path) -> dict[str, set[str]]:
        """The files that hold any, with the names of what they hold."""
        found = {str(path.relative_to(folder)): self.within(_bytes(path)) for path in sorted(folder.rglob("*"))}
        return {path: names for path, names in found.items() if names}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.is_file() and not path.is_symlink() else b""
    except FileNotFoundError:
        return b""


def _written(value: str) -> Iterator[bytes]:
    """A value as text of two widths, in JSON and in an address."""
    yield from {
        value.encode(),
        value.encode("utf-16-le"),
        json.dumps(value)[1:-1].encode(),
        quote(value, safe="").encode(),
        quote(value, safe="").lower().encode(),
    }

"""The counter between ``tentou stock`` and the service: small files in its data folder, asked and answered.

Who may write there may ask, nobody else. The service holds a lock while it runs, so that a command knows at once
whether anybody will answer.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge import asking

FOLDER = "inquiries"
LOCK = "lock"
ASK, ANSWER = ".ask", ".answer"
LOOK_S = 0.2
OLD_S = 3600.0
"""Nobody waits for an answer any more."""
LARGEST = 4096
"""A question is an object of a few words."""


class Unanswered(Exception):
    """The service runs and does not answer; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A question: ``what`` is status, explain or compare, ``of`` a SKU or a channel ("" for all)."""

    id: str
    what: str
    of: str


@contextmanager
def serving(data: Path) -> Iterator[None]:
    """This process answers meanwhile; what was asked before is dropped. Raises OSError."""
    folder = data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob(f"*{ASK}"), *folder.glob(f"*{ANSWER}")]:
        old.unlink(missing_ok=True)
    with (folder / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield


def served(data: Path) -> bool:
    """Whether a service answers for this folder."""
    try:
        with (data / FOLDER / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def waiting(data: Path, now_s: float) -> list[Wish]:
    """The questions that wait, oldest first; what is no question is deleted, and so are old answers."""
    folder = data / FOLDER
    found: list[tuple[float, Wish]] = []
    for path in [path for path in folder.iterdir() if path.suffix in (ASK, ANSWER)]:
        try:
            age = now_s - path.stat().st_mtime
        except FileNotFoundError:  # whoever asked has just taken it away
            continue
        if path.suffix == ASK and (wish := _read(path)) is not None and age < OLD_S:
            found.append((age, wish))
        elif path.suffix == ASK or age > OLD_S:
            path.unlink(missing_ok=True)
    return [wish for _, wish in sorted(found, key=lambda each: -each[0])]


def _read(path: Path) -> Wish | None:
    try:
        with path.open("rb") as file:
            told = asking.strict(file.read(LARGEST + 1))
        what, of = told["what"], told["of"]
    except (OSError, asking.CannotAsk, KeyError, TypeError):
        return None
    return Wish(path.stem, what, of) if isinstance(what, str) and isinstance(of, str) else None


def answer(data: Path, wish: Wish, told: dict[str, Any], done: bool = True) -> None:
    """Answer a question, for the first time or with what is newer; the last answer takes the question away."""
    _put(data / FOLDER / f"{wish.id}{ANSWER}", {"done": done, "told": told})
    if done:
        (data / FOLDER / f"{wish.id}{ASK}").unlink(missing_ok=True)


def ask(
    data: Path, what: str, of: str, patience_s: float, heard: Callable[[dict[str, Any]], None] | None = None
) -> dict[str, Any]:
    """Ask the service and wait for its last answer; ``heard`` gets what it said before that, at each look for more.
    Raises Unanswered, OSError.

    The patience begins anew with each answer: one that goes on is still awaited.
    """
    folder, id = data / FOLDER, secrets.token_hex(8)
    wish, path = folder / f"{id}{ASK}", folder / f"{id}{ANSWER}"
    _put(wish, {"what": what, "of": of})
    try:
        return _awaited(wish, path, patience_s, heard)
    finally:
        wish.unlink(missing_ok=True)
        path.unlink(missing_ok=True)


def _awaited(
    wish: Path, path: Path, patience_s: float, heard: Callable[[dict[str, Any]], None] | None
) -> dict[str, Any]:
    last, end = b"", time.monotonic() + patience_s
    told: dict[str, Any] = {}
    while time.monotonic() < end:
        gone = not _still_asks(wish)
        text = path.read_bytes() if path.exists() else b""
        if text and text != last:
            last, end = text, time.monotonic() + patience_s
            found = json.loads(text)
            told = found["told"]
            if found["done"]:
                return told
        if gone:
            raise Unanswered("the service was started anew meanwhile; ask again")
        if last and heard is not None:
            heard(told)
        time.sleep(LOOK_S)
    if last:
        raise Unanswered(
            "nothing moved for too long to wait; it goes on by itself, and `tentou stock status` tells how"
        )
    raise Unanswered("the service runs here and does not answer; look at its log")


def _still_asks(wish: Path) -> bool:
    """Keep a question young while somebody waits; False once it is taken away, after its last answer or at a start."""
    try:
        os.utime(wish)
    except FileNotFoundError:
        return False
    return True


def _put(path: Path, value: dict[str, Any]) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(value, ensure_ascii=False), "utf-8")
    os.replace(part, path)

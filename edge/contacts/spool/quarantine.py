"""Where spoilt outboxes lie until what can be read of them is saved, and for some time after."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.contacts.spool.sentinel import Mark, read_mark, replace, sentinel_of, sync_folder

FOLDER = "quarantine"
KEPT = 3
DAYS = 90

_ORDER = "order.json"


class Fork(BaseModel):
    """The file is an older copy of itself: its numbers above ``above`` were given twice, and mean something else at
    head office. Their events are those of ``stream``, where they are numbered from 1."""

    model_config = ConfigDict(frozen=True)

    stream: str = Field(pattern=r"^[0-9a-f]{32}$")
    above: int = Field(ge=0)


class Order(BaseModel):
    """What is to be done with the files beside it. ``mark`` is the sentinel's last word, if it had one, ``lain_s`` for
    how many seconds the edge ran since all that could be read of them was saved.

    ``into`` is the stream in which it was saved, up to the number ``upto``, for as long as head office has not
    confirmed that: should its file be spoilt, too, these files are read again, and nothing is lost with it."""

    model_config = ConfigDict(frozen=True)

    state: Literal["moving", "waiting", "done"]
    why: str
    mark: Mark | None = None
    lain_s: int = 0
    into: str = ""
    upto: int = 0
    fork: Fork | None = None

    def waits(self, stream: str) -> bool:
        """Whether these files are to be saved into this stream."""
        return self.state == "waiting" or (self.state == "done" and self.into not in ("", stream))


def put_away(path: Path, why: str, wall: float, bootid: str, fork: Fork | None = None) -> Path:
    """Move an outbox, all that lies beside it under its name, and its sentinel, into a folder of their own.

    A move that is cut short is finished by ``finish``. Raises OSError.
    """
    folder = _free(path.parent / FOLDER / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(max(wall, 0)))}-{bootid}")
    folder.mkdir(parents=True)
    sync_folder(folder.parent)
    order = Order(state="moving", why=why, mark=read_mark(sentinel_of(path)), fork=fork)
    _write(folder, order)
    _move(path, folder, order)
    return folder


def _free(wanted: Path) -> Path:
    tries = (wanted if n == 1 else wanted.with_name(f"{wanted.name}-{n}") for n in range(1, 1_000))
    return next(each for each in tries if not each.exists())


def _move(path: Path, folder: Path, order: Order) -> None:
    for each in (*sorted(path.parent.glob(f"{path.name}*")), sentinel_of(path)):
        if each.exists():
            each.rename(folder / each.name)
    sync_folder(folder)
    sync_folder(path.parent)
    _write(folder, order.model_copy(update={"state": "waiting"}))


def finish(path: Path) -> None:
    """Finish the moves that a cut interrupted; raises OSError."""
    for folder, order in _orders(path):
        if order.state == "moving":
            _move(path, folder, order)


def waiting(path: Path, stream: str) -> list[tuple[Path, Order]]:
    """What is still to be saved into a stream, the newest first: a row that was moved twice is found where it was
    last."""
    return [(folder, order) for folder, order in reversed(_orders(path)) if order.waits(stream)]


def done(folder: Path, order: Order, into: str = "", upto: int = 0) -> None:
    """What could be read is saved; raises OSError."""
    _write(folder, order.model_copy(update={"state": "done", "into": into, "upto": upto}))


def settle(path: Path, stream: str, acked: int) -> bool:
    """Head office has confirmed a stream up to a number. Whether nothing is left to be confirmed; raises OSError."""
    saved = [(folder, order) for folder, order in _orders(path) if order.state == "done" and order.into == stream]
    for folder, order in saved:
        if order.upto <= acked:
            done(folder, order)
    return all(order.upto <= acked for _, order in saved)


def saved(path: Path) -> list[Path]:
    """The folders of which all that can be read is saved, the oldest first."""
    return [folder for folder, order in _orders(path) if order.state == "done" and len(list(folder.iterdir())) > 1]


def wipe(folder: Path) -> None:
    """Delete spoilt files. What is not confirmed of them stays known by its numbers; raises OSError."""
    order = Order.model_validate_json((folder / _ORDER).read_bytes())
    if not order.into:
        shutil.rmtree(folder)
        return
    for each in folder.iterdir():
        if each.name != _ORDER:
            each.unlink()


def keep_few(path: Path, days: int, seconds: int = 0) -> None:
    """The edge ran for so many seconds more: delete what has lain saved for ``days`` of such time, and all but the
    newest three of those that head office has confirmed; raises OSError. No clock on the wall counts (promise L-7)."""
    kept = [(folder, order) for folder, order in _orders(path) if order.state == "done"]
    for folder, order in kept if seconds else ():
        _write(folder, order.model_copy(update={"lain_s": order.lain_s + seconds}))
    over = [folder for folder, order in kept if order.lain_s + seconds >= days * 86_400]
    confirmed = [folder for folder, order in kept if not order.into]
    for folder in {*over, *confirmed[:-KEPT]}:
        wipe(folder)


def _orders(path: Path) -> list[tuple[Path, Order]]:
    """The folders and what is to be done with each, the oldest first."""
    found = []
    for each in sorted((path.parent / FOLDER).glob(f"*/{_ORDER}")):
        try:
            found.append((each.parent, Order.model_validate_json(each.read_bytes())))
        except ValidationError:
            continue  # a folder that a power cut left before anything was moved
    return found


def _write(folder: Path, order: Order) -> None:
    replace(folder / _ORDER, order.model_dump_json().encode())

"""What head office received, as a file: NDJSON or Parquet, the same columns, in parts, so that memory stays flat."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Protocol

from edge.contacts.office.sink import Kept

COLUMNS = (
    "stream", "seq", "id", "kind", "time", "store", "device", "touchpoint", "session", "member", "delivery",
    "received", "event",
)  # fmt: skip
"""``time`` and ``received`` are moments, UTC; ``event`` is the CloudEvent."""

REPORT_EVERY = 100_000


class CannotExport(Exception):
    """The file or its format cannot be written; the text says why and what to do."""


class Writer(Protocol):
    """Takes contacts in parts."""

    def write(self, part: Sequence[Kept]) -> None:
        """Append these."""

    def close(self) -> None:
        """End the file."""


async def export(
    parts: AsyncIterator[Sequence[Kept]], form: str, out: Path, tell: Callable[[int], None] = lambda _: None
) -> int:
    """Write all that comes to ``out``, which appears whole or not at all; gives how many. ``tell`` hears how far it is.

    Raises CannotExport, and whatever ``parts`` raise.
    """
    count, told = 0, 0
    with _whole(out) as file, closing(FORMS[form](file)) as writer:
        async for part in parts:
            writer.write(part)
            count += len(part)
            if count - told >= REPORT_EVERY:
                told = count
                tell(count)
    return count


@contextmanager
def _whole(out: Path) -> Iterator[IO[bytes]]:
    """A file beside ``out`` that takes its place once it is on the disk."""
    made = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with made.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        made.replace(out)
    except OSError as error:
        raise CannotExport(f"{out}: {error.strerror or 'cannot be written'}; name a place with room") from error
    finally:
        made.unlink(missing_ok=True)


class Ndjson:
    """One JSON object a line."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, part: Sequence[Kept]) -> None:
        """As Writer."""
        self._file.write(b"".join(map(_line, part)))

    def close(self) -> None:
        """As Writer."""


class Parquet:
    """Parquet by pyarrow, zstd inside; a part is a row group, so some thousands of rows are held at a time."""

    def __init__(self, file: IO[bytes]) -> None:
        try:
            import pyarrow
            import pyarrow.parquet
        except ModuleNotFoundError as error:
            raise CannotExport("Parquet needs pyarrow: pip install 'tentou[hub]'; or --format ndjson") from error
        moment = pyarrow.timestamp("ms", tz="UTC")
        types = {"seq": pyarrow.int64(), "time": moment, "received": moment}
        fields = [pyarrow.field(name, types.get(name, pyarrow.string()), name == "time") for name in COLUMNS]
        self._arrow, self._schema = pyarrow, pyarrow.schema(fields)
        self._writer = pyarrow.parquet.ParquetWriter(file, self._schema, compression="zstd")

    def write(self, part: Sequence[Kept]) -> None:
        """As Writer."""
        columns = zip(*(_row(each) for each in part), strict=True)
        arrays = [self._arrow.array(column, kind.type) for column, kind in zip(columns, self._schema, strict=True)]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema), row_group_size=len(part))

    def close(self) -> None:
        """As Writer."""
        self._writer.close()


FORMS: dict[str, Callable[[IO[bytes]], Writer]] = {"ndjson": Ndjson, "parquet": Parquet}


def _row(each: Kept) -> tuple[Any, ...]:
    """A contact in the order of COLUMNS; a time that is none is null."""
    names = (each.touchpoint, each.session, each.member, each.delivery)
    event = each.body.decode("utf-8", "replace")
    moments = (_moment(each.time), datetime.fromtimestamp(each.received_ms / 1000, UTC))
    head = (each.stream, each.seq, each.id, each.kind, moments[0], each.store, each.device)
    return (*head, *names, moments[1], event)


def _line(each: Kept) -> bytes:
    row = dict(zip(COLUMNS, _row(each), strict=True))
    row |= {name: _text(row[name]) for name in ("time", "received")} | {"event": json.loads(each.body)}
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None

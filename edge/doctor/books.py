"""What the doctor sees of the ledger: its file, what was put aside, our certificate, head office's database."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator

from edge.contacts.line.dial import Certified
from edge.contacts.office.counts import Counting
from edge.contacts.office.sink import SinkAway
from edge.contacts.spool.outbox import FILE
from edge.contacts.spool.quarantine import FOLDER
from edge.db import cause, looked
from edge.doctor.patient import Finding, Patient, opened, worth_trying
from edge.fitting import Choice

RENEW_DAYS = 30.0
"""With less than so many days left, a certificate is to be renewed."""
ANSWER_S = 12.0


def outbox(patient: Patient) -> Iterator[Finding]:
    """The outbox's file can be read, if there is one; what was spoilt and put aside is named until it is deleted."""
    path = patient.data / FILE
    if path.exists():
        try:
            with looked(path) as connection:
                connection.execute("SELECT max(seq) FROM outbox").fetchone()
        except sqlite3.DatabaseError as error:
            todo = "look at this disk; a damaged file is put aside at the next start, and what can be read is saved"
            yield Finding("outbox", False, f"{path}: {cause(error)}", todo)
    for folder in sorted((patient.data / FOLDER).glob("*/")):
        todo = "look at the disk; what lies there may go once head office has what it needs of it"
        yield Finding("outbox", True, f"a spoilt file was put aside: {folder}", todo)


def certificate(patient: Patient) -> Iterator[Finding]:
    """How long our own certificate to the broker lasts."""
    for choice in worth_trying(patient, "upstream"):
        days = asyncio.run(_days(choice, patient))
        if days is not None:
            todo = "" if days >= RENEW_DAYS else "give this machine a new certificate"
            yield Finding("certificate", days >= RENEW_DAYS, f"lasts {days:.0f} more days", todo)


async def _days(choice: Choice, patient: Patient) -> float | None:
    async with opened(choice, patient) as dial:
        return dial.days_left(time.time()) if isinstance(dial, Certified) else None


def sink(patient: Patient) -> Iterator[Finding]:
    """Head office's database answers; while a hub runs here, it tells of it itself."""
    if patient.running is not None:
        return
    for choice in worth_trying(patient, "sink"):
        try:
            asyncio.run(asyncio.wait_for(_asked(choice, patient), ANSWER_S))
        except (SinkAway, sqlite3.Error, OSError) as error:
            why = cause(error) if isinstance(error, sqlite3.Error) else str(error) or "it does not answer"
            todo = "see that its disk is mounted, has room and may be written, or that its server answers"
            yield Finding("sink", False, why, todo)
        else:
            yield Finding("sink", True, "the database answers")


async def _asked(choice: Choice, patient: Patient) -> None:
    async with opened(choice, patient, patient.data) as found:
        if isinstance(found, Counting):
            await found.counts()

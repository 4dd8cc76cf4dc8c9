"""What the doctor sees of stock: whether its systems answer, may be shown and can be believed, and for which places."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

from edge import config, plug
from edge.db import database
from edge.doctor.patient import Finding, Patient, worth_trying
from edge.fitting import Choice
from edge.health import Health
from edge.ports import StockAway
from edge.stock.inquiry.printed import counted
from edge.stock.intake import desk as intake_desk
from edge.stock.intake.caller import doing
from edge.stock.intake.clocks import Clocks, closable
from edge.stock.intake.opening import can_of, counts, source
from edge.stock.intake.windows import Urgency
from edge.stock.level import says
from edge.stock.system import Page, Push


def is_system(choice: Choice) -> bool:
    """Whether an adapter asks a shop's or a till's own system, within its budgets of calls."""
    return hasattr(plug.adapter(choice.port, choice.adapter.adapter), "CAN")


def is_counted(choice: Choice) -> bool:
    """Whether an adapter's calls are counted."""
    return counts(plug.adapter(choice.port, choice.adapter.adapter))


async def ask_system(choice: Choice, patient: Patient) -> str:
    """Ask a system, or an endpoint, for the first of all that it has; raises StockAway, sqlite3.Error.

    The call is counted in the intake's own file, so that a start behind it exceeds no budget; while a service runs, and
    where hubs share their budgets, nobody asks beside them.
    """
    if patient.running is not None or getattr(patient.settings, "stock_shared", None) is not None:
        return "the service asks it itself, within its budget of calls; `tentou stock status` says how that goes"
    module, settings, id = _chosen(choice)
    clocks = Clocks()
    async with (
        database(patient.data / intake_desk.FILE, intake_desk.migrate) as db,
        intake_desk.intake(db, Health(), clocks) as intake,
        source(module, settings, patient.folder, id, intake) as opened,
    ):
        if not is_system(choice):
            async for report in opened.reports():
                where = ", ".join(sorted(report.locations)) or "no place"
                return f"{counted(len(report.levels or ()), 'number')} of {where}"
        with doing(Urgency.READ, clocks):
            async with aclosing(closable(intake.open[id].system.everything())) as pages:
                async for page in pages:
                    return _first(page, settings)
    return "it answers, and has nothing"


def _first(page: Page, settings: Any) -> str:
    """What a first page has; raises StockAway where it has rows and not one says how many there are."""
    rows, told = len(page.levels), sum(1 for level in page.levels if says(level))
    if rows and not told:
        look = "look at fields" if hasattr(settings, "fields") else "look whether it counts stock at all"
        raise StockAway(f"it answers, with {counted(rows, 'row')} in its first page, none with a figure: {look}")
    bare = "" if told == rows else f" of {counted(rows, 'row')}"
    return f"it answers, with {counted(told, 'number')}{bare} in its first page"


def shown(patient: Patient) -> Iterator[Finding]:
    """What a channel's contract keeps off screens, and webhooks that nobody could believe."""
    for choice in worth_trying(patient, "stock"):
        if is_system(choice):
            module, settings, _ = _chosen(choice)
            can = can_of(module, settings)
            if not (can.display and settings.display_allowed):
                yield Finding(choice.name, True, "its contract keeps what it says off every screen")
            if can.push is not Push.NONE:
                yield from _secret(choice, settings, patient.folder)


def _secret(choice: Choice, settings: Any, folder: Path) -> Iterator[Finding]:
    todo = "write what the system signs its webhooks with into a file, and name it in secret_file"
    if settings.secret_file is None:
        said = "it could send webhooks, but secret_file is not set: changes are found by asking alone, later"
        yield Finding(choice.name, True, said, todo)
    elif not (folder / settings.secret_file).read_text("utf-8", "replace").strip():
        yield Finding(choice.name, False, f"{folder / settings.secret_file} is empty: every webhook is refused", todo)


def places(patient: Patient) -> Iterator[Finding]:
    """Every ``[[location]]`` has a channel that speaks for it, and every channel speaks for one of them."""
    if not isinstance(patient.settings, config.Store) or not patient.settings.stock:
        return
    named = {location.id for location in patient.settings.location}
    spoken: set[str] | None = set()
    for choice in worth_trying(patient, "stock"):
        own = _locations(choice)
        spoken = None if own is None or spoken is None else spoken | own
        if strange := sorted((own or set()) - named):
            said = f"it speaks for {', '.join(strange)}, which no [[location]] names, so no screen shows it"
            yield Finding(choice.name, False, said, "add the [[location]], or leave it out of the channel's locations")
    for mute in sorted(named - spoken) if spoken is not None else ():
        said = "no channel of stock speaks for it: screens say 確認中 for ever"
        yield Finding(f"location {mute}", False, said, "add it to the locations of a [[stock]], or leave it out")


def _locations(choice: Choice) -> set[str] | None:
    """The places that a channel's settings name; None if it speaks for whatever its source names."""
    _, settings, _ = _chosen(choice)
    own = getattr(settings, "locations", ())
    return set(own.values() if isinstance(own, dict) else own) or None


def _chosen(choice: Choice) -> tuple[Any, Any, str]:
    module = plug.adapter(choice.port, choice.adapter.adapter)
    channel = choice.adapter
    assert isinstance(channel, config.StockChannel)
    return module, module.Settings.model_validate(channel.settings), channel.id

"""From what a person filled in to a campaign or a playlist. Pure; every field is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from multidict import MultiMapping

from content.model import LANGUAGES, Campaign, Daypart, Layer, Playlist
from content.schedule import until_closing

Form = MultiMapping[str]
LONGEST = 200
MOST = 200
DAYPARTS = 7
SECONDS = (2.0, 600.0)
"""How long one item may play."""

WHO = {"everybody": Layer.SCHEDULE, "members": Layer.MEMBER, "segment": Layer.MEMBER}


def text(form: Form, name: str, longest: int = LONGEST) -> str:
    """One field, trimmed and cut."""
    return str(form.get(name, "")).strip()[:longest]


def several(form: Form, name: str) -> tuple[str, ...]:
    """All values of a field, each once, in order."""
    return tuple(dict.fromkeys(str(each)[:LONGEST] for each in form.getall(name, [])[:MOST] if each))


def words(form: Form, name: str) -> frozenset[str]:
    """Ticked words, and words typed with commas, Japanese ones too, or spaces between them."""
    parted = ",".join(several(form, name)).replace("、", ",").replace("，", ",").replace("　", ",").replace(" ", ",")
    return frozenset(word for word in parted.split(",") if word)


def campaign(form: Form, before: Campaign) -> Campaign:
    """The campaign that a form describes; what the form does not show stays as it was ``before``."""
    who = text(form, "who")
    layer = WHO.get(who, before.layer)
    if who == "everybody" and before.layer is not Layer.MEMBER:
        layer = before.layer
    playlist = text(form, "playlist")
    return replace(
        before,
        name=text(form, "name"),
        layer=layer,
        media=() if playlist else several(form, "media"),
        seconds=(),
        playlist=playlist,
        headline=_said(form, "headline"),
        text=_said(form, "text"),
        products=several(form, "products"),
        screens=frozenset(several(form, "screens")),
        segments=words(form, "segments") if who == "segment" else frozenset(),
        tiers=words(form, "tiers") if who == "segment" else frozenset(),
        first=_date(form, "first"),
        last=_date(form, "last"),
        dayparts=tuple(_dayparts(form)),
        priority=_priority(form, before.priority),
        restricted=bool(form.get("restricted")),
    )


def _said(form: Form, name: str) -> dict[str, str]:
    found = {language: text(form, f"{name}-{language}") for language in LANGUAGES}
    return {language: words for language, words in found.items() if words}


def _date(form: Form, name: str) -> date | None:
    try:
        return date.fromisoformat(text(form, name, 10))
    except ValueError:
        return None


def _time(form: Form, name: str) -> time | None:
    try:
        return time.fromisoformat(text(form, name, 5)).replace(tzinfo=None)
    except ValueError:
        return None


def _priority(form: Form, before: int) -> int:
    value = text(form, "priority", 4)
    return int(value) if value.lstrip("-").isascii() and value.lstrip("-").isdigit() else before


def _dayparts(form: Form) -> Iterator[Daypart]:
    """One daypart a row; a row without hours lasts all day, and one of every day all day long says nothing."""
    for row in range(DAYPARTS):
        if f"row-{row}" not in form:
            continue
        days = frozenset(int(day) for day in form.getall(f"days-{row}", []) if day in "0123456")
        start, end = _time(form, f"start-{row}"), _time(form, f"end-{row}")
        if row > 0 and not days:
            continue
        part = Daypart(days, start or time(0), end or time(0))
        if part != Daypart():
            yield part


def playlist(form: Form, before: Playlist) -> Playlist:
    """A playlist after one press of a button: ``do`` is save, up-N, down-N, remove-N or add-MEDIUM."""
    media = [str(each)[:LONGEST] for each in form.getall("media", [])[:MOST]]
    times = [seconds(each) for each in form.getall("seconds", [])[: len(media)]]
    rows = list(zip(media, times, strict=False))
    verb, _, what = text(form, "do").partition("-")
    if verb == "add":
        rows.append((what, 10.0))
    elif verb in {"up", "down", "remove"} and what.isascii() and what.isdigit() and int(what) < len(rows):
        row = rows.pop(int(what))
        if verb != "remove":
            rows.insert(max(0, int(what) + (1 if verb == "down" else -1)), row)
    name = text(form, "name") or before.name
    return replace(before, name=name, media=tuple(row[0] for row in rows), seconds=tuple(row[1] for row in rows))


def seconds(value: str) -> float:
    """How long an item plays, within SECONDS; 10 for what is no number."""
    try:
        wanted = float(value)
    except ValueError:
        return 10.0
    return min(max(wanted, SECONDS[0]), SECONDS[1]) if wanted == wanted else 10.0


def right_now(form: Form, id: str, medium: str, name: str, now: datetime, closing: time) -> Campaign:
    """A picture put on the screens at once: for an hour, until closing time, or for the rest of the day."""
    day, part = until_closing(now, closing)
    match text(form, "until"):
        case "hour":
            part = replace(part, end=(now + timedelta(hours=1)).time().replace(second=0, microsecond=0, tzinfo=None))
        case "day":
            part = replace(part, end=time(0))
    screens = frozenset(several(form, "screens"))
    return Campaign(id, name, Layer.INTERRUPT, (medium,), screens=screens, first=day, last=day, dayparts=(part,))

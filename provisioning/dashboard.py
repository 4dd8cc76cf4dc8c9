"""What the IT's dashboard says about every part, in a person's language: pure, from the parts to plain JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from provisioning.spoken import FORMS, JOINTS, spoken

Translate = Callable[[str], str]


class PartLike(Protocol):
    """One part of a running edge; ``since_s`` is UNIX time, ``state`` is up, down or starting."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def since_s(self) -> float: ...
    @property
    def detail(self) -> str: ...
    @property
    def todo(self) -> str: ...
    @property
    def figures(self) -> Mapping[str, float]: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A group of parts: its title, its icon in ``icons.svg``, and what to do when one of them is down."""

    title: str
    icon: str
    advice: str


SCREEN = Kind(
    "Screens",
    "screen",
    "Check that the screen and its PC are on, and that the browser shows this store's page.",
)
CAMERA = Kind("Cameras", "camera", "Check the camera's cable and power, and that nothing covers its lens.")
ZONE = Kind("Cameras", "camera", "Open the page of the camera that is named and save its reading zone again.")
SCANNER = Kind("Scanners", "scanner", "Check the scanner's cable.")
LINK = Kind(
    "Head office",
    "link",
    "Nothing is lost: contacts wait here until the line is back. If it lasts, check the store's network.",
)
LEDGER = Kind(
    "Contact records",
    "ledger",
    "Check the free space of this machine's disk. Screens go on meanwhile.",
)
STOCK = Kind("Stock", "stock", "Screens show no old numbers meanwhile. Check the stock file or the relay.")
MEMBERS = Kind(
    "Members",
    "members",
    "Members are greeted without their own content meanwhile. Check the member source.",
)
KEYS = Kind(
    "Members",
    "members",
    "Without a good key set codes count as plain numbers. Check the key set's file and this machine's clock.",
)
CLOCK = Kind("Clock", "clock", "Check the time service (NTP). Until then no code unlocks anything personal.")
CONTENT = Kind("Content", "content", "The last good content keeps playing. Look at what was published last.")
DISK = Kind(
    "Other parts",
    "part",
    "Look at the free space and the state of this machine's disk, then restart the service.",
)
OTHER = Kind("Other parts", "part", "It is restarted by itself. If it stays down, send the log to support.")

KINDS: Mapping[str, Kind] = {
    "screen": SCREEN,
    "camera": CAMERA,
    "eye": CAMERA,
    "zone": ZONE,
    "scanner": SCANNER,
    "broker": LINK,
    "uplink": LINK,
    "upstream": LINK,
    "hub": LINK,
    "inbox": LINK,
    "sink": LEDGER,
    "outbox": LEDGER,
    "ledger": LEDGER,
    "stock": STOCK,
    "members": MEMBERS,
    "codes": KEYS,
    "clock": CLOCK,
    "content": CONTENT,
    "disk": DISK,
}
"""The groups in the order of the page; kinds that are not named stand under OTHER."""

LABELS: Mapping[str, str] = {
    "upstream": "Line to the broker",
    "inbox": "Head office's inbox",
    "codes": "Keys",
    "zone": "Reading zones",
    "members": "Profiles",
    "disk": "Files on the disk",
}
"""What a part is, where its group holds several sorts."""

PAGES: Mapping[str, tuple[str, str]] = {
    "camera": ("/it/cameras/{name}/", "See and aim"),
    **dict.fromkeys(("upstream", "inbox", "ledger"), ("/it/ledger", "Why is there no data?")),
    "stock": ("/it/stock", "Where does a number come from?"),
}
"""The page of a part of its own, and what its link says."""

STATES: Mapping[str, str] = {"up": "Working", "down": "Down", "starting": "Starting"}
FIGURES: Mapping[str, str] = {
    "fps": "frames/s",
    "decode_ms": "decoding (ms)",
    "decode_max_ms": "slowest (ms)",
    "brightness": "brightness",
    "sharpness": "sharpness",
    "motion": "share with motion",
    "errors": "frames that failed",
    "restarts": "restarts",
    "pages": "pages open",
    "page_width": "page width (px)",
    "page_height": "page height (px)",
    "page_heap_mb": "page memory (MB)",
    "page_nodes": "page elements",
    "page_dropped_frames": "film frames dropped",
    "page_hidden": "pages hidden",
    "waiting": "waiting",
    "queue": "being written",
    "lost": "not kept",
    "last": "last number",
    "acknowledged": "acknowledged",
    "certificate_days": "certificate, days left",
    "taken": "taken",
    "refused": "refused",
    "age_s": "age (s)",
    "lag_p50_s": "half of the changes within (s)",
    "lag_p99_s": "99 % of the changes within (s)",
    "levels": "stock rows",
    "locations": "places",
}
AGES: Sequence[tuple[float, float, str]] = (
    (60, 1, "for {n} s"),
    (3600, 60, "for {n} min"),
    (172_800, 3600, "for {n} h"),
    (float("inf"), 86_400, "for {n} days"),
)
SUMMARY = {
    "up": "Everything works",
    "starting": "Starting up",
    "down": "{n} to look at",
    "empty": "Nothing is set up yet",
}
WORKING = "{n} of {all} working"


def board(parts: Iterable[PartLike], now_s: float, say: Translate) -> dict[str, Any]:
    """The page's JSON: a summary, and groups of parts, those that are down first in their group."""
    groups: dict[str, dict[str, Any]] = {}
    known = list(parts)
    order = {id(kind): place for place, kind in enumerate([*KINDS.values(), OTHER])}
    for part in sorted(known, key=lambda one: (order[id(_kind(one))], one.state != "down", one.name)):
        kind = _kind(part)
        group = groups.setdefault(kind.icon, {"id": kind.icon, "title": say(kind.title), "parts": []})
        group["parts"].append(_card(part, kind, now_s, say))
    return {"now_s": now_s, "summary": _summary(known, say), "groups": list(groups.values())}


def words() -> set[str]:
    """Every text of these tables, for the translators' completeness check."""
    kinds = [*KINDS.values(), OTHER]
    ages = (text for _, _, text in AGES)
    texts = {text for kind in kinds for text in (kind.title, kind.advice)}
    links = {text for _, text in PAGES.values()}
    return texts.union(
        FORMS, JOINTS, links, LABELS.values(), STATES.values(), FIGURES.values(), ages, SUMMARY.values(), {WORKING}
    )


def _kind(part: PartLike) -> Kind:
    return KINDS.get(part.kind, OTHER)


def _summary(parts: Sequence[PartLike], say: Translate) -> dict[str, Any]:
    states = {part.state for part in parts}
    worst = next((state for state in ("down", "starting", "up") if state in states), "empty")
    down = [part for part in parts if part.state == "down"]
    text = say(SUMMARY[worst]).format(n=len(down))
    up = sum(part.state == "up" for part in parts)
    working = say(WORKING).format(n=up, all=len(parts)) if parts else ""
    named = [{"id": _id(part), "name": part.name} for part in down]
    return {"state": worst, "text": text, "working": working, "down": named}


def _card(part: PartLike, kind: Kind, now_s: float, say: Translate) -> dict[str, Any]:
    page, link = PAGES.get(part.kind, ("", ""))
    return {
        "page": page.format(name=part.name),
        "link": say(link) if link else "",
        "id": _id(part),
        "kind": part.kind,
        "label": say(LABELS[part.kind]) if part.kind in LABELS else "",
        "name": part.name,
        "state": str(part.state),
        "word": say(STATES.get(part.state, part.state)),
        "since": since(now_s - part.since_s, say),
        "since_iso": datetime.fromtimestamp(part.since_s, UTC).isoformat(timespec="seconds"),
        "detail": spoken(part.detail, say),
        "advice": say(kind.advice) if part.state == "down" else "",
        "todo": spoken(part.todo, say),
        "figures": [{"name": _figure(name, say), "value": number(value)} for name, value in part.figures.items()],
    }


def _id(part: PartLike) -> str:
    return f"{part.kind}/{part.name}"


def _figure(name: str, say: Translate) -> str:
    return say(FIGURES[name]) if name in FIGURES else name.replace("_", " ")


def since(seconds: float, say: Translate) -> str:
    """How long a state has lasted, in its largest useful unit; a clock that was set back counts as just now."""
    unit, text = next((unit, text) for bound, unit, text in AGES if seconds < bound)
    return say(text).format(n=int(max(seconds, 0) // unit))


def number(value: float) -> str:
    """A figure to be read at a glance: whole numbers with separators, others with one decimal or two digits."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 1 else f"{value:.2g}"

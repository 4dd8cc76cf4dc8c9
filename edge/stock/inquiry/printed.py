"""What ``tentou stock`` prints for people: lines out of the plain values that it prints as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

VOUCHES = {
    "pushes": "pushes without a gap",
    "polls": "polls that find every change",
    "comparisons": "comparisons",
    "looks": "each look at it",
    "beats": "the hub's beats",
}
WORDS = {
    "live": "live",
    "aged": "n分前 and no number, and 確認中 after 15 minutes",
    "asking": "確認中, no number",
    "hidden": "nothing: its contract keeps it off screens",
}
REASONS = {
    "silent": "it has told of no place yet",
    "untold": "it has not told of {location}; at a store of a chain that may take 60 s from a start, "
    "later on its hub has no channel for it",
    "unknown": "nobody can tell how old its word of {location} is; each channel tells all again after a start",
    "old": "its word of {location} is {age} old",
    "upstream": "head office's {part} was last vouched for {age} ago; `tentou stock status` says why there",
    "bare": "none of its rows of {location} has a figure or a status; look at what its settings point to",
}
"""Why a channel that is up has no live numbers."""
WHYS = {
    "counts": "counts",
    "hidden": "not shown: its contract keeps it off screens",
    "never": "not shown: nobody can tell how old it is",
    "old": "not shown: older than 15 minutes",
    "unlisted": "does not carry it; another channel does",
    "older": "another channel's word is fresher",
}
WAYS = {
    "untold": "an unknown way",
    "file": "the file",
    "poll": "a poll",
    "push": "a webhook",
    "read": "a read-back",
    "comparison": "a comparison",
    "hub": "the hub, as a change",
    "snapshot": "the hub, as a whole",
}
STOPPED = "No service runs here. This is what its files say: the ages go on, and nothing of it is live."
UNTOLD = (
    "has not told of it; at a store of a chain that may take 60 s from a start, later on its hub has no channel for it"
)
KINDS = {
    "here": "here",
    "near": "near",
    "online": "online",
    "store": "as the store itself shows it",
    "": "no [[location]] names it, so no screen shows it",
}


def channels(found: Mapping[str, Any], zone: tzinfo | None = None) -> list[str]:
    """How the channels stand, with times of ``zone`` (None: this machine's)."""
    head = [] if found["live"] else [STOPPED]
    body = [line for each in found["channels"] for line in _channel(each, zone)]
    return [*head, *(body or ["There is no [[stock]] in these settings."])]


def _channel(told: Mapping[str, Any], zone: tzinfo | None) -> Iterable[str]:
    state = f" {told['state']}" if told["state"] else ""
    yield f"{told['id']} ({told['adapter']}){state}: screens show {WORDS[told['word']]}"
    if told["detail"]:
        yield f"  LOOK {told['detail']}"
    if told["todo"]:
        yield f"     → {told['todo']}"
    for each in told["reasons"]:
        yield f"  {'why ' if told['word'] == 'aged' else 'LOOK'} {reason(each)}"
    vouches = ", ".join(VOUCHES[each] for each in told["vouches"])
    yield f"  vouched for by  {vouches}"
    yield f"  compared        {_comparison(told, zone)}"
    yield f"  lag, 1 h        {_late(told['hour'])}"
    yield f"  lag, 24 h       {_late(told['day'])}"
    for budget in told["budgets"]:
        used = "?" if budget["used"] is None else f"{budget['used']:g}"
        yield f"  calls           {used} of {budget['calls']:g} in {span(budget['per_s'])}"
    yield from _deliveries(told, zone)
    counts = told["counts"]
    ways = ", ".join(f"{count:,} by {WAYS[way]}" for way, count in counts.items() if way in WAYS)
    yield f"  rows changed    {ways or 'none'}; {counts['refused']:,} refused as older, {counts['ties']:,} read again"
    for shelf in told["shelves"]:
        yield from _shelf(shelf, zone)


def reason(told: Mapping[str, Any]) -> str:
    """Why a channel that is up has no live numbers."""
    return REASONS[told["code"]].format(age=span(told["age_s"]), location=told["location"], part=told["part"])


def _deliveries(told: Mapping[str, Any], zone: tzinfo | None) -> Iterable[str]:
    """What came by webhooks since the start. What only strangers send darkens nothing: it is merely told."""
    came = told["deliveries"]
    each = ", ".join(f"{came[name]:,} {name}" for name in ("taken", "known", "refused")) if came else "none"
    yield f"  deliveries      {told['waiting']} to be worked off; since the start {each}"
    if not came or not came["refused"]:
        return
    alone = not came["taken"] and not came["known"]
    yield f"  {'LOOK' if alone else 'last'} refused {clock(came['at_s'], zone)}: {came['why']}"
    if alone:
        yield "     → Let secret_file hold what the system signs with, and hook_url the address that it calls."


def _shelf(shelf: Mapping[str, Any], zone: tzinfo | None) -> Iterable[str]:
    unnamed = "" if shelf["shown"] else "; no [[location]] names it, so no screen shows it"
    age = aged(shelf["age_s"])
    yield f"  {shelf['channel']} at {shelf['location']}: {counted(shelf['rows'], 'row')}, {age}{unnamed}"
    yield f"      epoch {shelf['epoch']}, change {shelf['n']}, last told whole {clock(shelf['whole_s'], zone)}"


def _comparison(told: Mapping[str, Any], zone: tzinfo | None) -> str:
    found, whole_s = told["comparison"], max((each["whole_s"] for each in told["shelves"]), default=0.0)
    if found is None or not found["ended"]:
        return f"last known {clock(whole_s, zone)}"
    now = f"; another has read {counted(found['rows'], 'row')}" if found["begun"] > found["ended"] else ""
    return f"at {clock(found['at_s'], zone)}, {_differed(found)}{now}"


def _differed(found: Mapping[str, Any]) -> str:
    """Of a reading that brought all rows there is nothing to say how many were wrong before."""
    rows = counted(found["differed"], "row")
    return f"first reading, {rows}" if found["first"] else f"{rows} differed"


def _late(late: Mapping[str, Any]) -> str:
    if not late["changes"]:
        return "no change"
    most = f", {late['bounds']:,} of them at most that (their source tells no time)" if late["bounds"] else ""
    within = f"half within {span(late['p50_s'])}, 99 % within {span(late['p99_s'])}"
    return f"{counted(late['changes'], 'change')}: {within}{most}"


def explained(found: Mapping[str, Any], zone: tzinfo | None = None) -> list[str]:
    """Where the numbers of a SKU come from, and what is shown for it."""
    head = [] if found["live"] else [STOPPED]
    if not found["sku"]:
        near = f"; the nearest that are known: {', '.join(found['near'])}" if found["near"] else ""
        return [*head, f"nobody ever spoke of '{found['query']}'{near}"]
    item = {name: value for name, value in (found["item"] or {}).items() if value not in ("", None) and name != "sku"}
    named = ", ".join(f"{name} {value}" for name, value in item.items())
    places = [line for place in found["places"] for line in _place(place, zone)]
    return [*head, f"{found['sku']}{f': {named}' if named else ''}", *places, *_offers(found["offers"])]


def _place(place: Mapping[str, Any], zone: tzinfo | None) -> Iterable[str]:
    yield f"{place['location']} ({KINDS[place['kind']]})"
    for figure in place["figures"]:
        yield f"  {figure['channel']}: {_level(figure)}, {aged(figure['age_s'])}: {WHYS[figure['why']]}"
        if figure["level"] is not None:
            made = f", made {clock(figure['made_s'], zone)}" if figure["made_s"] else ""
            revision = figure["level"]["revision"]
            yield f"      came by {WAYS[figure['way']]} as change {figure['n']}, revision {revision}{made}"
    for channel in place["untold"]:
        yield f"  {channel}: {UNTOLD}"
    if not place["figures"] and not place["untold"]:
        yield "  no channel speaks for it"
    if place["asked"]:
        yield f"  {place['asked']} asked for by shoppers just now, taken off"
    if place["chance"] < 1:
        yield f"  one is still left with {place['chance']:.1%}"
    for tongue, line in place["lines"].items():
        yield f"  shown {tongue}  {' '.join(filter(None, (line['text'], line['fresh'])))}"


def _level(figure: Mapping[str, Any]) -> str:
    level = figure["level"]
    if level is None:
        return "lists none"
    names = ("available", "on_hand", "reserved", "hold", "safety", "status", "sold_daily", "incoming", "incoming_on")
    told = [f"{name} {level[name]}" for name in names if level[name] not in (None, 0, "") or name == "available"]
    left = "" if figure["sellable"] is None else f" (so {figure['sellable']} to sell)"
    return (", ".join(each for each in told if each != "available None") or "no figure") + left


def _offers(offered: Mapping[str, Any] | None) -> Iterable[str]:
    for tongue, some in (offered or {}).items():
        told = ["・".join(filter(None, (each["title"], each["note"]))) for each in some]
        yield f"offered {tongue}  {' / '.join(told)}"


def compared(found: Mapping[str, Any], _: tzinfo | None = None) -> list[str]:
    """What became of a wish to compare."""
    if not found["live"]:
        return ["No service runs here, so nothing is compared; each start compares everything."]
    down = found.get("down", {})
    away = [f"{each}: {_unasked(down.get(each, ''))}" for each in found["away"]]
    if not found["waited"]:
        return [*(f"{each['channel']}: is asked to compare" for each in found["channels"]), *away]
    return [*(f"{each['channel']}: {_put_right(each)}" for each in found["channels"]), *away]


def _unasked(why: str) -> str:
    """Why a channel is not awaited: it has no source now, or its source is down."""
    return (
        f"is down: {why}; it is compared once it answers"
        if why
        else "cannot be asked now; `tentou stock status` says why"
    )


def _put_right(each: Mapping[str, Any]) -> str:
    older = f", {each['refused']:,} refused as older" if each["refused"] else ""
    if each["first"]:
        return f"first reading, {counted(each['differed'], 'row')}{older}"
    return f"{counted(each['differed'], 'row')} differed{older}"


def aged(seconds: float | None) -> str:
    """How old a word is."""
    return "of unknown age" if seconds is None else f"{span(seconds)} old"


def counted(number: int, noun: str) -> str:
    """How many of a thing."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def span(seconds: float) -> str:
    """A stretch of time in its largest useful unit."""
    for bound, unit, name in ((1, 0.001, "ms"), (120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < bound:
            value = seconds / unit
            return f"{value:.1f} {name}" if value < 9.95 and name == "s" and value % 1 else f"{value:.0f} {name}"
    return f"{seconds / 86_400:.0f} days"


def clock(seconds: float, zone: tzinfo | None = None) -> str:
    """A moment in a zone (None: this machine's), which it names; "never" for none."""
    if not seconds:
        return "never"
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")

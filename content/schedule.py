"""When a campaign is on: dates, days and hours of the store's own clock, past midnight too. Pure.

Only the wall clock is compared, so daylight saving needs no rule of its own: hours that a clock change leaves out do
not happen on that day, and hours that it repeats happen twice. Whoever writes "9:00" means the clock on the wall.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from content.model import Campaign, Daypart

_DAY = timedelta(days=1)


def closed(campaign: Campaign, now: datetime) -> str:
    """The rule that keeps a campaign off at ``now`` (aware, the store's zone): first, last, day, hours; "" when on."""
    clock = now.time().replace(tzinfo=None)
    if not campaign.dayparts:
        return _outside(campaign, now.date())
    found = [_shut(campaign, part, now.date(), clock) for part in campaign.dayparts]
    return "" if "" in found else min(found, key=_TELLING.index)


_TELLING = ("hours", "day", "first", "last")
"""Of several dayparts' reasons, the one that a person can most likely do something about."""


def _shut(campaign: Campaign, part: Daypart, today: date, clock: time) -> str:
    """Why one daypart is shut; what began yesterday and runs past midnight counts by yesterday's date and weekday."""
    past_midnight = part.end <= part.start
    if past_midnight and clock < part.end:
        yesterday = today - _DAY
        if yesterday.weekday() in part.days and not _outside(campaign, yesterday):
            return ""
    if outside := _outside(campaign, today):
        return outside
    if today.weekday() not in part.days:
        return "day"
    on = clock >= part.start and (past_midnight or clock < part.end)
    return "" if on else "hours"


def _outside(campaign: Campaign, day: date) -> str:
    if campaign.first and day < campaign.first:
        return "first"
    if campaign.last and day > campaign.last:
        return "last"
    return ""


def until_closing(now: datetime, closing: time) -> tuple[date, Daypart]:
    """Today's date and the daypart from this minute to closing time, or to midnight for a shop that has closed."""
    start = now.time().replace(second=0, microsecond=0, tzinfo=None)
    return now.date(), Daypart(start=start, end=closing if start < closing else time(0, 0))


def over(campaign: Campaign, now: datetime) -> bool:
    """True when a campaign will never be on again."""
    if campaign.last is None or not closed(campaign, now):
        return False
    if now.date() > campaign.last:
        return True
    clock = now.time().replace(tzinfo=None)
    ended = all(part.start < part.end <= clock for part in campaign.dayparts)
    return now.date() == campaign.last and bool(campaign.dayparts) and ended

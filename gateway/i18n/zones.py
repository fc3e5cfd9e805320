"""Time zones, as they are chosen from a list."""

from bisect import bisect_left
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from babel import dates

from gateway.i18n.catalog import language, locale_of

NO_PLACES = frozenset({"Factory", "localtime", "posixrules"})
ZONES = tuple(sorted(available_timezones() - NO_PLACES))
YEAR = 400
_BY_FOLDED = {zone.casefold(): zone for zone in ZONES}


def zone_of(typed: str) -> str | None:
    """Return the IANA name of a zone that was typed in whatever case, or None if there is no such zone."""
    return _BY_FOLDED.get(typed.strip().replace(" ", "_").casefold())


def offset(local: datetime) -> str:
    """Return how far the clocks of a moment's zone are from UTC then, such as `UTC+01:00`."""
    ahead = local.utcoffset() or timedelta()
    sign, ahead = ("-", -ahead) if ahead < timedelta() else ("+", ahead)
    minutes = int(ahead.total_seconds()) // 60
    return f"UTC{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def zones_with_offsets(now: datetime) -> tuple[tuple[str, str], ...]:
    """Return every zone with its place in the language in force and its present offset.

    Made anew each quarter of an hour, when clocks may change.
    """
    return _with_offsets(now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0), language())


@lru_cache(maxsize=16)
def _with_offsets(quarter: datetime, tag: str) -> tuple[tuple[str, str], ...]:
    return tuple((zone, named(zone, tag, quarter)) for zone in ZONES)


def named(zone: str, tag: str, now: datetime) -> str:
    """Return the place that a zone is called after, in a language, and its offset, such as `Prag, UTC+01:00`."""
    if zone == "UTC":
        return zone
    return f"{_place(zone, tag)}, {offset(now.astimezone(ZoneInfo(zone)))}"


@lru_cache(maxsize=8192)
def _place(zone: str, tag: str) -> str:
    return dates.get_timezone_location(zone, locale=locale_of(tag) or "en", return_city=True)


def first_change(zone: ZoneInfo, start: datetime, end: datetime) -> datetime:
    """Return the first moment after `start`, to the second, at which the clocks of a zone stand otherwise than then.

    `end` is one at which they do; both in UTC.
    """
    before, span = start.astimezone(zone).utcoffset(), int((end - start).total_seconds())
    seconds = range(span + 1)
    return start + timedelta(
        seconds=bisect_left(
            seconds, True, key=lambda n: (start + timedelta(seconds=n)).astimezone(zone).utcoffset() != before
        )
    )


@lru_cache(maxsize=1024)
def _next_change(zone: str, day: date) -> datetime | None:
    place, start = ZoneInfo(zone), datetime.combine(day, time(), UTC)
    before = start.astimezone(place).utcoffset()
    for days in range(1, YEAR):
        end = start + timedelta(days=days)
        if end.astimezone(place).utcoffset() != before:
            return first_change(place, end - timedelta(days=1), end)
    return None


def next_change(zone: str, now: datetime) -> datetime | None:
    """Return when the clocks of a zone change next, from the day of `now` (UTC) on; None: not within a year."""
    return _next_change(zone, now.astimezone(UTC).date())

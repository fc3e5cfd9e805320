"""Time zones, as they are chosen from a list."""

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

NO_PLACES = frozenset({"Factory", "localtime", "posixrules"})
ZONES = tuple(sorted(available_timezones() - NO_PLACES))
_BY_FOLDED = {zone.casefold(): zone for zone in ZONES}


def zone_of(typed: str) -> str | None:
    """Return the IANA name of a zone that was typed in whatever case, or None if there is no such zone."""
    return _BY_FOLDED.get(typed.strip().replace(" ", "_").casefold())


def offset(zone: str, now: datetime) -> str:
    """Return how far the clocks of a zone are from UTC at `now`, such as `UTC+01:00`."""
    ahead = now.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    sign, ahead = ("-", -ahead) if ahead < timedelta() else ("+", ahead)
    minutes = int(ahead.total_seconds()) // 60
    return f"UTC{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def zones_with_offsets(now: datetime) -> tuple[tuple[str, str], ...]:
    """Return every zone with its present offset; made anew each quarter of an hour, when clocks may change."""
    return _with_offsets(now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0))


@lru_cache(maxsize=1)
def _with_offsets(quarter: datetime) -> tuple[tuple[str, str], ...]:
    return tuple((zone, offset(zone, quarter)) for zone in ZONES)

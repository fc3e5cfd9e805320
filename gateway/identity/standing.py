"""Whether an identity may log in just now, and if not, why not."""

import enum
from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.identity.models import CustomerStatus


class Standing(enum.StrEnum):
    """How an individual stands; derived, never stored."""

    ACTIVE = "active"
    NOT_YET_ACTIVE = "not-yet-active"
    EXPIRED = "expired"
    SUSPENDED = "suspended"


def individual_standing(
    suspended: bool, activates_on: date | None, expires_on: date | None, time_zone: str, now: datetime
) -> Standing:
    """Return how an individual stands at `now`; both days begin at midnight in their own `time_zone`."""
    if suspended:
        return Standing.SUSPENDED
    if activates_on is None and expires_on is None:
        return Standing.ACTIVE
    today = now.astimezone(_zone(time_zone)).date()
    if activates_on is not None and today < activates_on:
        return Standing.NOT_YET_ACTIVE
    if expires_on is not None and today >= expires_on:
        return Standing.EXPIRED
    return Standing.ACTIVE


def begin(day: date, time_zone: str) -> datetime:
    """Return the moment at which a day begins in a time zone."""
    return datetime.combine(day, time(), _zone(time_zone))


def log_in_refusal(customer_status: CustomerStatus | None, standing: Standing) -> str | None:
    """Return the cause for which nobody gets in, or None. Administrators have no customer status."""
    if customer_status in (CustomerStatus.BLOCKED, CustomerStatus.CLOSED):
        return f"customer-{customer_status}"
    if standing is not Standing.ACTIVE:
        return str(standing)
    return None


@lru_cache(maxsize=700)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")

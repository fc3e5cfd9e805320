"""Whether an identity may log in just now, and if not, why not."""

import enum
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.db import AnyRow
from gateway.identity import networks
from gateway.identity.inheritance import in_force
from gateway.identity.models import CustomerStatus, Kind

UNUSED = timedelta(hours=72)
"""How long a password that staff set, and that is to be changed, waits for its first use (PWD-05)."""


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


def barred(row: AnyRow, now: datetime, address: str | None) -> str | None:
    """Return why somebody may not get in just now and from there, or None."""
    outside = None if networks.admitted(row, address, now) else "network"
    if row.kind is Kind.ADMINISTRATOR:
        return "suspended" if row.suspended else outside
    return log_in_refusal(row.customer_status, standing_of(row, now)) or outside


def standing_of(row: AnyRow, now: datetime) -> Standing:
    """Return how whoever a row is about stands; a customer is always active here, its status is another question."""
    if row.kind is not Kind.INDIVIDUAL:
        return Standing.ACTIVE
    zone = in_force(row, "time_zone", row.gateway_time_zone).value
    return individual_standing(row.suspended, row.activates_on, row.expires_on, zone, now)


def lapsed(row: AnyRow, now: datetime) -> bool:
    """Tell whether a password that staff set, and that is to be changed, was not used in time (PWD-05)."""
    return bool(row.password_must_change and row.password_set_at is not None and now - _usable_since(row) > UNUSED)


def must_change(row: AnyRow, now: datetime) -> bool:
    """Tell whether a password has to be changed before anything else."""
    return row.password_must_change or outlived(row, now)


def outlived(row: AnyRow, now: datetime) -> bool:
    """Tell whether a password is older than the class lets it grow; one from before this was kept never is."""
    if row.password_days is None or row.password_set_at is None:
        return False
    return bool(now - row.password_set_at > timedelta(days=row.password_days))


def _usable_since(row: AnyRow) -> datetime:
    """Return when the password of somebody could be used first: not before they became active."""
    set_at: datetime = row.password_set_at
    if row.activates_on is None:
        return set_at
    return max(set_at, begin(row.activates_on, in_force(row, "time_zone", row.gateway_time_zone).value))


@lru_cache(maxsize=700)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")

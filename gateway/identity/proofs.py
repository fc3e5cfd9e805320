"""Proving again who one is, before something sensitive (SES-11)."""

from datetime import datetime, timedelta

GOOD_FOR = timedelta(minutes=10)
"""How long a proof, or a log-in, opens what is sensitive."""


def is_recent(proved_at: datetime | None, now: datetime) -> bool:
    """Tell whether somebody proved lately enough who they are."""
    return proved_at is not None and now - proved_at <= GOOD_FOR

"""Proving again who one is, before something sensitive (SES-11)."""

from datetime import datetime, timedelta

from sqlalchemy import Connection

from gateway.i18n.catalog import gettext as _
from gateway.identity import operations

GOOD_FOR = timedelta(minutes=10)
"""How long a proof, or a log-in, opens what is sensitive."""


def is_recent(proved_at: datetime | None, now: datetime) -> bool:
    """Tell whether somebody proved lately enough who they are."""
    return proved_at is not None and now - proved_at <= GOOD_FOR


def due(_reader: Connection, _identity_id: str) -> tuple[str, ...]:
    """Return the proofs that somebody is asked for, by the names of their fields, in order."""
    return ("password",)


def faults(reader: Connection, identity_id: str, given: dict[str, str]) -> dict[str, list[str]]:
    """Return what is wrong with the proofs that were given, by field; empty: it is they."""
    if not operations.has_password(reader, identity_id, given["password"]):
        return {"password": [_("This is not your present password.")]}
    return {}

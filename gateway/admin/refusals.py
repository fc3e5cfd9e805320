"""Why somebody was not let in: the true reasons, for staff only, and what they wait for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from gateway.access.levels import Level
from gateway.audit.queries import refused_log_ins
from gateway.db import AnyRow
from gateway.i18n.catalog import N_, gettext
from gateway.identity import queries, throttle
from gateway.identity.models import Kind, Realm
from gateway.web import current

LOOKED_BACK = timedelta(days=30)
SHOWN = 10
REASONS: Mapping[str, str] = {
    "wrong-password": N_("The password was wrong."),
    "no-password": N_("No password is set."),
    "password-unused": N_("The password that staff set has lapsed: it was not used within three days."),
    "suspended": N_("The individual is suspended."),
    "not-yet-active": N_("The individual is not active yet."),
    "expired": N_("The individual has expired."),
    "customer-blocked": N_("The customer is blocked."),
    "customer-closed": N_("The customer is closed."),
    "network": N_("The address is not in the trusted networks."),
    "throttled": N_("Too many attempts before: this one was not looked at."),
    "wrong": N_("The code of the second factor was wrong."),
    "used": N_("The code of the second factor was used before."),
    "clock": N_("The code was of another time: the clock of their phone is off."),
    "wait": N_("Too many codes were wrong before: this one was not looked at."),
    "locked": N_("Too many codes were wrong: none counts any more until the second factor is reset."),
    "broken": N_("Their authenticator app cannot be checked: its key was tampered with."),
    "passkey": N_("The passkey was not accepted."),
}
"""The causes of refused log-ins and second factors, in words."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One log-in that was refused: of whom, from where, and why."""

    at: datetime
    subject_id: str
    name: str
    address: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Refusals:
    """What the card of refused log-ins shows. `waiting`: from where, and until when, the login has to wait;
    `record_url` leads to all that the record has of them, since refusals are events of two kinds.
    """

    rows: Sequence[Refused]
    more: bool
    waiting: Sequence[AnyRow]
    free_url: str
    record_url: str | None
    of_one: bool


def of_customer(row: AnyRow) -> Refusals:
    """Return the refused log-ins of a customer and its individuals."""
    return _refusals(row.id, None, row.login, f"/admin/customers/{row.id}/self-care/attempts")


def of_individual(row: AnyRow) -> Refusals:
    """Return the refused log-ins of an individual."""
    free_url = f"/admin/customers/{row.customer_id}/individuals/{row.id}/self-care/attempts"
    return _refusals(row.customer_id, row.id, row.login, free_url)


def of_one(row: Any, most: int) -> Refusals:
    """Return the refused log-ins of a customer alone, without its individuals, or of an individual: `most` of them."""
    of = f"/individuals/{row.id}" if row.kind is Kind.INDIVIDUAL else ""
    free_url = f"/admin/customers/{row.customer_id}{of}/self-care/attempts"
    return _refusals(row.customer_id, row.id, row.login, free_url, most, {row.id: row.name})


def _refusals(
    customer_id: str,
    identity_id: str | None,
    login: str | None,
    free_url: str,
    most: int = SHOWN,
    names: Mapping[str, str] | None = None,
) -> Refusals:
    reader, now = current.reader(), current.now()
    found = refused_log_ins(reader, customer_id, identity_id, now - LOOKED_BACK, most + 1)
    if names is None:
        names = queries.names(reader, {row.subject_id for row in found})
    seen = current.visitor().level("console", "audit") > Level.FORBIDDEN
    whose = {"subject": login or identity_id} if identity_id else {"customer": login or customer_id}
    return Refusals(
        [_told(row, names) for row in found[:most]],
        len(found) > most,
        throttle.waiting(reader, Realm.SELF_CARE, login, now) if login else [],
        free_url,
        f"/admin/audit?{urlencode(whose)}" if seen else None,
        identity_id is not None,
    )


def _told(row: AnyRow, names: Mapping[str, str]) -> Refused:
    reason = gettext(REASONS[row.reason]) if row.reason in REASONS else row.reason or ""
    return Refused(row.at, row.subject_id, names.get(row.subject_id, row.subject_id), row.address, reason)

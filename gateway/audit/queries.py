"""What pages need to know of the record."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from gateway.audit.models import LOG_IN_REFUSED, AuditEvent
from gateway.db import AnyRow
from gateway.paging import PAGE_SIZE, Page, decode_cursor, page_of

KNOWN_EVENTS = (
    *("login.ok", "login.refused", "logout", "password.changed", "password.reset", "session.ended"),
    *("launch.started", "launch.refused", "launch.replay", "launch.expired", "visit.start", "visit.end"),
    *("access.changed", "customer.created", "customer.changed", "class.created", "class.changed", "class.deleted"),
    *("access.refused", "role.created", "role.changed", "allowed_role.added", "gateway.changed"),
    *("reset.asked", "reset.sent", "reset.refused", "reset.used", "proof.ok", "sessions.ended"),
    *("email.asked", "email.changed", "mail.again"),
    *("individual.created", "individual.changed", "individual.deleted", "invitation.sent", "invitation.used"),
    *("token.created", "token.revoked", "token.leaked", "token.refused", "token.login_mismatch"),
    *("api_session.started", "api_session.ended"),
    *("networks.changed", "throttle.freed"),
    *("factor.refused", "factor.locked", "factor.set_up", "factor.removed", "factor.on", "factor.off", "factor.reset"),
    *("recovery_code.used", "recovery_codes.renewed", "device.remembered", "device.forgotten"),
    *("key.missing", "key.tampered", "keys.renewed"),
    *("administrator.created", "identity.suspended", "identity.restored", "customer.status", "portal.on", "portal.off"),
    *("portal.registered", "portal.changed", "portal.structure", "portal.secret", "portal.up", "portal.down"),
    *("support.asked", "support.opened", "support.declined", "support.closed", "support.mail"),
    *("external.entered", "external.refused", "external.ended", "logout.unconfirmed", "key.made"),
)
"""The events that are offered in the search; others (of portals and imports) are typed."""

_EVENTS = select(AuditEvent.__table__).order_by(AuditEvent.seq.desc())


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are asked for; None or empty: any."""

    actors: Collection[str] | None = None
    subjects: Collection[str] | None = None
    event: str = ""
    since: datetime | None = None
    until: datetime | None = None


def refused_log_ins(
    reader: Connection, customer_id: str, subject_id: str | None, since: datetime, most: int
) -> Sequence[AnyRow]:
    """Return the log-ins refused to a customer and its individuals, or to one of them, the latest first."""
    statement = (
        select(AuditEvent.at, AuditEvent.subject_id, AuditEvent.address, AuditEvent.reason)
        .where(LOG_IN_REFUSED, AuditEvent.customer_id == customer_id, AuditEvent.at >= since)
        .order_by(AuditEvent.seq.desc())
        .limit(most)
    )
    if subject_id is not None:
        statement = statement.where(AuditEvent.subject_id == subject_id)
    return reader.execute(statement).all()


def events(reader: Connection, wanted: Wanted, after: str | None, size: int = PAGE_SIZE) -> Page[AnyRow]:
    """Return a page of events, the latest first; raises `Invalid` for a cursor that is not ours."""
    statement = _EVENTS.limit(size + 1)
    if wanted.actors is not None:
        statement = statement.where(AuditEvent.actor_id.in_(wanted.actors))
    if wanted.subjects is not None:
        statement = statement.where(AuditEvent.subject_id.in_(wanted.subjects))
    if wanted.event:
        statement = statement.where(AuditEvent.event == wanted.event)
    if wanted.since is not None:
        statement = statement.where(AuditEvent.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(AuditEvent.at < wanted.until)
    if after:
        (seq,) = decode_cursor(after, int)
        statement = statement.where(AuditEvent.seq < seq)
    return page_of(reader.execute(statement).all(), lambda row: (row.seq,), size)

"""What is told at a log-in: attempts that failed before it, and a browser or place not seen lately (LOG-09)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session as Work

from gateway.audit.models import AuditEvent
from gateway.i18n.agents import families
from gateway.identity.models import Identity, Session, Stage
from gateway.identity.notices import tell
from gateway.mail.letters import Letter
from gateway.mail.models import Mail

REFUSED = "login.refused"
COUNTED = 1000
MOST_SESSIONS = 500
NEIGHBOURS = {4: 24, 6: 48}
"""How many bits of an address make a place: log-ins from one of them are from near each other."""
MANY, WITHIN, ONCE_IN = 10, timedelta(hours=1), timedelta(days=1)
"""So many failures within so long are told by mail, once in so long."""


@dataclass(frozen=True, slots=True)
class Failures:
    """How many log-ins failed, and when the last of them did."""

    count: int
    latest: datetime | None


def failures(reader: Connection, identity_id: str, since: datetime) -> Failures:
    """Return the log-ins of somebody that were refused since then, counted to a thousand."""
    found = (
        select(AuditEvent.at)
        .where(AuditEvent.subject_id == identity_id, AuditEvent.event == REFUSED, AuditEvent.at > since)
        .order_by(AuditEvent.seq.desc())
        .limit(COUNTED)
        .subquery()
    )
    row = reader.execute(
        select(func.count().label("number"), func.max(found.c.at).label("latest")).select_from(found)
    ).one()
    return Failures(row.number, row.latest)


def is_new(reader: Connection, identity_id: str, address: str | None, agent: str | None) -> bool:
    """Tell whether none of somebody's log-ins of the last month was with this kind of browser, from near this place."""
    seen = (
        select(Session.address, Session.agent)
        .where(Session.subject_id == identity_id, Session.actor_id.is_(None), Session.stage == Stage.LIVE)
        .distinct()
        .limit(MOST_SESSIONS)
    )
    here = (_place(address), families(agent))
    return all((_place(row.address), families(row.agent)) != here for row in reader.execute(seen))


def arrive(work: Work, identity: Identity, now: datetime) -> Failures:
    """Return what failed since somebody's last log-in, and write them if they come from somewhere new.

    Nobody is written of their very first log-in. To be asked before the new session is there.
    """
    stamp, reader = work.info["stamp"], work.connection()
    if identity.last_login_at is None:
        return Failures(0, None)
    failed = failures(reader, identity.id, identity.last_login_at)
    if is_new(reader, identity.id, stamp.address, stamp.agent):
        tell(work, identity, Letter.NEW_DEVICE, now, failures=failed.count)
    return failed


def tell_of_many(work: Work, now: datetime) -> None:
    """Write everybody with whose login many log-ins failed within an hour, once a day. The worker does this."""
    many = (
        select(AuditEvent.subject_id, func.count().label("number"))
        .where(AuditEvent.at > now - WITHIN, AuditEvent.event == REFUSED, AuditEvent.subject_id.is_not(None))
        .group_by(AuditEvent.subject_id)
        .having(func.count() >= MANY)
    )
    for identity_id, number in work.execute(many).all():
        told = select(Mail.id).where(
            Mail.identity_id == identity_id, Mail.letter == Letter.FAILED_ATTEMPTS, Mail.created_at > now - ONCE_IN
        )
        identity = work.get(Identity, identity_id, with_for_update=True)
        if identity is not None and work.execute(told.limit(1)).first() is None:
            tell(work, identity, Letter.FAILED_ATTEMPTS, now, failures=number)


def _place(address: str | None) -> str | None:
    if address is None:
        return None
    known = ip_address(address)
    return str(ip_network((known, NEIGHBOURS[known.version]), strict=False))

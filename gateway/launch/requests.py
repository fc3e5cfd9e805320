"""Launches that a program asks for and its administrator confirms. The id leads to a page and opens nothing itself."""

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.orm import Session as Work

from gateway.audit import alarms
from gateway.audit.alarms import AlarmKind
from gateway.audit.operations import Stamp, record
from gateway.db import AnyRow
from gateway.identity.concerning import concerning
from gateway.identity.models import Identity, Mode, Realm
from gateway.launch.models import Launch, LaunchRequest

GOOD_FOR = timedelta(minutes=10)
KEPT = timedelta(days=1)
"""How long a launch is kept, so that one shown again is told from one that never was."""
MANY = 20
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What to open for whom; `portal` None is the picker, `view` None where the role enters a portal elsewhere."""

    subject_id: str
    portal: str | None
    view: str | None
    mode: Mode
    view_only: bool
    emergency: bool
    reason: str | None


def ask(work: Work, actor_id: str, asked: Asked, now: datetime) -> tuple[str, datetime]:
    """Write down what a program of `actor_id` asks for; return the id of the page, and until when it is there."""
    id, until = secrets.token_urlsafe(24), now + GOOD_FOR
    work.add(LaunchRequest(id=id, actor_id=actor_id, expires_at=until, **asdict(asked)))
    of = concerning(work, work.get_one(Identity, asked.subject_id))
    record(work, "launch.asked", of=of, subject=asked.subject_id, portal=asked.portal, mode=str(asked.mode))
    return id, until


def find(reader: Connection, id: str, actor_id: str, now: datetime) -> AnyRow | None:
    """Return what was asked for by `actor_id` under an id, or None: nobody else sees it, and nobody later."""
    return reader.execute(
        select(LaunchRequest.__table__).where(
            LaunchRequest.id == id, LaunchRequest.actor_id == actor_id, LaunchRequest.expires_at > now
        )
    ).one_or_none()


def forget_old(work: Work, now: datetime) -> None:
    """Take away what was not confirmed in time, and launches that nobody can land any more."""
    work.execute(delete(LaunchRequest).where(LaunchRequest.expires_at < now))
    work.execute(delete(Launch).where(Launch.expires_at < now - KEPT))


def report_many(work: Work, now: datetime) -> None:
    """Put administrators on the record who opened over `MANY` portals within an hour, once in that time (IMP-14)."""
    lately = (Launch.expires_at > now - HOUR) & (Launch.created_at > now - HOUR)
    counted = select(Launch.actor_id, func.count()).where(lately).group_by(Launch.actor_id)
    for actor_id, launches in work.execute(counted.having(func.count() > MANY)).all():
        if not alarms.was_raised(work.connection(), AlarmKind.LAUNCHES, actor_id, now - HOUR):
            record(work, "launch.many", of=Stamp(realm=Realm.ADMIN, actor_id=actor_id), launches=launches)

"""Launches that a program asks for and its administrator confirms. The id leads to a page and opens nothing itself."""

import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select
from sqlalchemy.orm import Session as Work

from gateway.audit.operations import record
from gateway.db import AnyRow
from gateway.identity.models import Mode
from gateway.launch.models import LaunchRequest

GOOD_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Asked:
    """What to open for whom; `portal` None is the picker."""

    subject_id: str
    portal: str | None
    mode: Mode
    view_only: bool
    emergency: bool
    reason: str | None


def ask(work: Work, actor_id: str, asked: Asked, now: datetime) -> tuple[str, datetime]:
    """Write down what a program of `actor_id` asks for; return the id of the page, and until when it is there."""
    id, until = secrets.token_urlsafe(24), now + GOOD_FOR
    work.add(LaunchRequest(id=id, actor_id=actor_id, expires_at=until, **asdict(asked)))
    record(work, "launch.asked", subject=asked.subject_id, portal=asked.portal, mode=str(asked.mode))
    return id, until


def find(reader: Connection, id: str, actor_id: str, now: datetime) -> AnyRow | None:
    """Return what was asked for by `actor_id` under an id, or None: nobody else sees it, and nobody later."""
    return reader.execute(
        select(LaunchRequest.__table__).where(
            LaunchRequest.id == id, LaunchRequest.actor_id == actor_id, LaunchRequest.expires_at > now
        )
    ).one_or_none()


def forget_old(work: Work, now: datetime) -> None:
    """Take away what was not confirmed in time."""
    work.execute(delete(LaunchRequest).where(LaunchRequest.expires_at < now))

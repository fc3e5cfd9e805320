"""The outbox: letters put in, taken out to be sent, tried again, given up."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session as Work

from gateway.audit.operations import record
from gateway.db import AnyRow, rows_changed
from gateway.errors import NotFound
from gateway.mail.letters import Letter
from gateway.mail.models import Mail

LEASE = timedelta(minutes=10)
"""For how long a letter is one worker's: past that, it died on the way, and another tries."""
FIRST_DELAY = timedelta(minutes=1)
MOST_TRIES = 10
"""After the tenth failure, some eight hours after the first, a letter is given up."""
KEPT = timedelta(days=30)


def put(work: Work, identity_id: str, address: str, letter: Letter, now: datetime, **values: Any) -> None:
    """Write a letter to somebody at `address`, in the transaction of what it tells of."""
    work.add(Mail(identity_id=identity_id, address=address, letter=letter, given=values, created_at=now, due_at=now))


def claim(work: Work, now: datetime) -> AnyRow | None:
    """Take the letter that has been due longest, for this worker alone, or None if none is; counts a try."""
    due = select(Mail.id).where(Mail.due_at <= now).order_by(Mail.due_at, Mail.id).limit(1)
    taken = (
        update(Mail)
        .where(Mail.id == due.with_for_update(skip_locked=True).scalar_subquery(), Mail.due_at <= now)
        .values(due_at=now + LEASE, tries=Mail.tries + 1)
        .returning(*Mail.__table__.c)
    )
    return work.execute(taken, execution_options={"synchronize_session": False}).one_or_none()


def sent(work: Work, id: str, now: datetime) -> None:
    """Note that a letter is out."""
    work.execute(update(Mail).where(Mail.id == id).values(sent_at=now, due_at=None, failure=None))


def failed(work: Work, mail: AnyRow, reason: str, now: datetime, *, for_good: bool) -> None:
    """Note why a letter could not be sent: it is tried again, each time later, or given up."""
    over = for_good or mail.tries >= MOST_TRIES
    due_at = None if over else now + FIRST_DELAY * 2 ** (mail.tries - 1)
    work.execute(update(Mail).where(Mail.id == mail.id).values(due_at=due_at, failure=reason[:300]))


def again(work: Work, id: str, now: datetime) -> None:
    """Send a letter that was given up once more; raises `NotFound` for any other."""
    given_up = (Mail.id == id) & Mail.due_at.is_(None) & Mail.sent_at.is_(None)
    if not rows_changed(work.execute(update(Mail).where(given_up).values(due_at=now, tries=0))):
        raise NotFound
    record(work, "mail.again", mail=id)


def forget_old(work: Work, now: datetime) -> None:
    """Take away letters of over a month ago."""
    work.execute(delete(Mail).where(Mail.created_at < now - KEPT))

"""Sessions of browsers: opaque ids in cookies, their SHA-256 in the database (SES-01, KEY-05)."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session as Work

from gateway.audit.operations import Stamp, record
from gateway.db import new_id, rows_changed
from gateway.identity.models import Realm, Scope, Session, Stage

COOKIE_BYTES = 32
PENDING = timedelta(minutes=5)
SEEN_AGAIN = timedelta(minutes=1)
KEPT = timedelta(days=30)

_PENDING = select(Session.subject_id, Session.stage, Session.started_at).where(
    Session.key == bindparam("key"),
    Session.scope == bindparam("scope"),
    Session.stage != Stage.LIVE,
    Session.ended_at.is_(None),
)


def key_of(cookie: str) -> bytes:
    """Return the key of the row that a cookie opens."""
    return hashlib.sha256(cookie.encode("utf-8", "surrogateescape")).digest()


def new_cookie() -> str:
    """Return a fresh cookie value: 256 random bits."""
    return secrets.token_urlsafe(COOKIE_BYTES)


def start(
    work: Work,
    subject_id: str,
    scope: Scope,
    stage: Stage,
    now: datetime,
    address: str | None,
    agent: str | None,
) -> str:
    """Open a session and return its cookie. The id is new each time who somebody is changes (SES-02)."""
    cookie = new_cookie()
    work.execute(
        insert(Session).values(
            key=key_of(cookie),
            id=new_id(),
            scope=scope,
            stage=stage,
            subject_id=subject_id,
            started_at=now,
            last_seen_at=now,
            address=address,
            agent=agent,
            view_only=False,
        )
    )
    return cookie


def pending(reader: Connection, scope: Scope, key: bytes, now: datetime) -> tuple[str, bool] | None:
    """Return whose password was right in this browser within the last five minutes, or None (LOG-06).

    With it comes whether the second factor was right as well.
    """
    row = reader.execute(_PENDING, {"key": key, "scope": scope}).one_or_none()
    if row is None or now - row.started_at > PENDING:
        return None
    return row.subject_id, row.stage is Stage.FACTOR


def end(work: Work, key: bytes, why: str, now: datetime) -> bool:
    """End one session and every visit that hangs on it; tell whether it was live."""
    ended = work.execute(
        update(Session).where(Session.key == key, Session.ended_at.is_(None)).values(ended_at=now, ended_why=why)
    )
    end_visits(work, Session.parent_key == key, "console-ended", now)
    return bool(rows_changed(ended))


def end_own(work: Work, subject_id: str, session_id: str, now: datetime) -> bool:
    """End the session of `subject_id` that is listed as `session_id`; tell whether there was one."""
    key = work.scalars(
        select(Session.key).where(
            Session.id == session_id,
            Session.subject_id == subject_id,
            Session.actor_id.is_(None),
            Session.ended_at.is_(None),
        )
    ).one_or_none()
    if key is None:
        return False
    record(work, "session.ended", ended=session_id)
    return end(work, key, "ended", now)


def end_all(work: Work, subject_id: str, why: str, now: datetime, but: bytes | None = None) -> int:
    """End the own sessions of an identity, all `but` one, with the visits that hang on them; return how many."""
    own = select(Session.key).where(
        Session.subject_id == subject_id, Session.actor_id.is_(None), Session.ended_at.is_(None)
    )
    if but is not None:
        own = own.where(Session.key != but)
    keys = work.scalars(own).all()
    for key in keys:
        end(work, key, why, now)
    return len(keys)


def end_visits(work: Work, which: object, why: str, now: datetime) -> int:
    """End the live visits that `which` (a condition on sessions) picks, each with its row in the record."""
    live = (Session.scope == Scope.VISIT) & Session.ended_at.is_(None) & which
    ended = work.execute(
        update(Session)
        .where(live)
        .values(ended_at=now, ended_why=why)
        .returning(Session.id, Session.actor_id, Session.subject_id, Session.launch_id, Session.mode)
    ).all()
    for row in ended:
        stamp: Stamp = work.info["stamp"]
        record(
            work,
            "visit.end",
            reason=why,
            of=Stamp(
                realm=Realm.SELF_CARE,
                actor_id=row.actor_id,
                subject_id=row.subject_id,
                mode=row.mode,
                launch_id=row.launch_id,
                session=row.id,
                address=stamp.address,
                agent=stamp.agent,
                request_id=stamp.request_id,
            ),
        )
    return len(ended)


def seen(work: Work, keys: list[bytes], now: datetime) -> None:
    """Note that somebody is still there; called at most once a minute for each session."""
    work.execute(update(Session).where(Session.key.in_(keys)).values(last_seen_at=now))


def forget_old(work: Work, now: datetime) -> int:
    """Take away the rows of sessions that ended or were last used over a month ago; the record keeps what happened."""
    gone = work.execute(delete(Session).where(Session.last_seen_at < now - KEPT))
    return rows_changed(gone)

"""Sessions at portals that live elsewhere: they end with the session that they hang on, and their portal is told."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session as Work

from gateway.audit.operations import Stamp, record
from gateway.db import AnyRow, new_id
from gateway.identity.models import ExternalSession, LogoutNotice, Realm, Session

SHOWN_FOR = timedelta(days=1)

_LIVE = ExternalSession.ended_at.is_(None) & ExternalSession.redeemed_at.is_not(None)
_OWN = (
    select(
        ExternalSession.id,
        ExternalSession.portal,
        ExternalSession.redeemed_at,
        ExternalSession.ended_at,
        LogoutNotice.id.label("notice"),
    )
    .join(Session, ExternalSession.session_key == Session.key)
    .outerjoin(LogoutNotice, LogoutNotice.sid == ExternalSession.id)
    .where(
        ExternalSession.subject_id == bindparam("id"),
        Session.actor_id.is_(None),
        ExternalSession.redeemed_at.is_not(None),
        or_(
            ExternalSession.ended_at.is_(None) & Session.ended_at.is_(None),
            LogoutNotice.confirmed_at.is_(None) & (LogoutNotice.created_at > bindparam("since")),
        ),
    )
    .order_by(ExternalSession.id.desc())
    .limit(50)
)
_HELD_BY = (
    select(Session.id, ExternalSession.portal)
    .join(ExternalSession, ExternalSession.session_key == Session.key)
    .where(Session.id.in_(bindparam("ids", expanding=True)), _LIVE)
    .distinct()
    .order_by(Session.id, ExternalSession.portal)
)
_NOTICES = (
    select(LogoutNotice.__table__)
    .where(LogoutNotice.portal == bindparam("portal"), LogoutNotice.confirmed_at.is_(None))
    .order_by(LogoutNotice.created_at.desc(), LogoutNotice.id.desc())
    .limit(20)
)


def end(work: Work, which: ColumnElement[bool], why: str, now: datetime) -> int:
    """End the live sessions that `which` (a condition on external sessions) picks; return how many.

    Each is put on the record, and a notice for its portal is queued in the same transaction (SES-08).
    """
    ended = work.execute(
        update(ExternalSession)
        .where(ExternalSession.ended_at.is_(None), which)
        .values(ended_at=now, ended_why=why)
        .returning(ExternalSession.id, ExternalSession.portal, ExternalSession.subject_id, ExternalSession.redeemed_at)
    ).all()
    begun = [row for row in ended if row.redeemed_at is not None]
    for row in begun:
        _notify(work, row, now)
        stamp: Stamp = work.info["stamp"]
        of = replace(stamp, realm=Realm.SELF_CARE, subject_id=row.subject_id, portal=row.portal)
        record(work, "external.ended", reason=why, of=of, sid=row.id)
    return len(begun)


def move(work: Work, key: bytes, new_key: bytes) -> None:
    """Hang what hangs on one session of ours on another, which goes on in its place."""
    work.execute(update(ExternalSession).where(ExternalSession.session_key == key).values(session_key=new_key))


def end_own(work: Work, subject_id: str, sid: str, now: datetime) -> bool:
    """End the session of `subject_id` that is listed as `sid`, unless it is a visit's; tell whether there was one."""
    own = select(Session.key).where(Session.subject_id == subject_id, Session.actor_id.is_(None))
    which = (ExternalSession.id == sid) & (ExternalSession.subject_id == subject_id)
    return bool(end(work, which & ExternalSession.session_key.in_(own), "ended", now))


def own(reader: Connection, subject_id: str, now: datetime) -> Sequence[AnyRow]:
    """Return where somebody has a session elsewhere, and what ended in a day and was not confirmed; no visits."""
    return reader.execute(_OWN, {"id": subject_id, "since": now - SHOWN_FOR}).all()


def held_by(reader: Connection, session_ids: Collection[str]) -> dict[str, list[str]]:
    """Return at which portals elsewhere sessions of ours hold one: their slugs, by the id of our session."""
    held: dict[str, list[str]] = {}
    for id, portal in reader.execute(_HELD_BY, {"ids": list(session_ids)}) if session_ids else ():
        held.setdefault(id, []).append(portal)
    return held


def has_any(reader: Connection, session_key: bytes) -> bool:
    """Tell whether a session of ours holds sessions elsewhere."""
    held = select(ExternalSession.id).where(ExternalSession.session_key == session_key, _LIVE).limit(1)
    return reader.execute(held).first() is not None


def unconfirmed(reader: Connection, portal: str) -> Sequence[AnyRow]:
    """Return the latest log-outs that a portal has not confirmed."""
    return reader.execute(_NOTICES, {"portal": portal}).all()


def address_notices(work: Work, portal: str, logout_uri: str | None) -> None:
    """Keep with the notices on their way to a portal where it is told, as the portal goes."""
    due = (LogoutNotice.portal == portal) & LogoutNotice.due_at.is_not(None)
    work.execute(update(LogoutNotice).where(due).values(logout_uri=logout_uri or ""))


def live(reader: Connection, portal: str) -> int:
    """Return how many sessions a portal holds."""
    held = select(func.count()).select_from(ExternalSession).where(ExternalSession.portal == portal, _LIVE)
    return reader.execute(held).scalar_one()


def _notify(work: Work, row: AnyRow, now: datetime) -> None:
    work.execute(
        insert(LogoutNotice).values(
            id=new_id(),
            portal=row.portal,
            sid=row.id,
            subject_id=row.subject_id,
            created_at=now,
            due_at=now,
            attempts=0,
        )
    )

"""Start, land and end: one transaction each."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session as Work

from gateway import tokens
from gateway.access.queries import VISIT_ABSOLUTE, VISIT_IDLE
from gateway.access.visitor import Visitor
from gateway.audit.operations import Stamp, record
from gateway.db import AnyRow, DatabaseTime, Prepared, new_id
from gateway.identity import queries, sessions
from gateway.identity.models import Identity, Mode, Realm, Scope, Session, Stage
from gateway.identity.notices import tell
from gateway.launch.models import Launch
from gateway.launch.queries import Subject
from gateway.mail.letters import Letter

GOOD_FOR = timedelta(seconds=60)

_LAUNCH: Any = Launch.__table__
_SESSION: Any = Session.__table__
_START = Prepared(
    insert(_LAUNCH).values(
        {column.name: bindparam(column.name) for column in _LAUNCH.c}
        | {
            "created_at": DatabaseTime("now"),
            "expires_at": DatabaseTime("minute", GOOD_FOR),
            "landed_at": None,
        }
    )
)
_TAKE = Prepared(
    update(_LAUNCH)
    .where(_LAUNCH.c.key == bindparam("launch_key"), _LAUNCH.c.handle == bindparam("launch_handle"))
    .where(_LAUNCH.c.landed_at.is_(None), _LAUNCH.c.expires_at >= DatabaseTime("now"))
    .values(landed_at=DatabaseTime("now"))
    .returning(_LAUNCH)
)
_VISIT = Prepared(insert(_SESSION))


@dataclass(frozen=True, slots=True)
class Started:
    """A launch on its way: the id for the token, and the handle of the visit that it will open."""

    launch_id: str
    handle: str


def start(
    work: Work,
    who: Visitor,
    subject: Subject,
    *,
    portal: str | None,
    view: str | None,
    mode: Mode,
    view_only: bool,
    emergency: bool,
    reason: str | None,
    return_to: str,
    now: datetime,
) -> Started:
    """Write a launch that was found allowed; it is good for one landing within a minute of the database's clock."""
    secret, public, handle = tokens.new_secret(), new_id(), new_id()
    _START.changed(
        work.connection(),
        {
            "key": tokens.key_of(secret),
            "id": public,
            "handle": handle,
            "actor_id": who.id,
            "actor_session_key": who.session_key,
            "subject_id": subject.id,
            "portal": portal,
            "view": view,
            "mode": mode,
            "view_only": view_only,
            "emergency": emergency,
            "reason": reason,
            "return_to": return_to,
            "now": now,
            "minute": now + GOOD_FOR,
        },
    )
    about = _about(work.info["stamp"], who.id, subject, portal, mode, public)
    why = {"why": reason} if reason else {}
    record(work, "launch.started", of=about, view_only=view_only, **why, **_flag(emergency))
    return Started(secret, handle)


def refuse(work: Work, who: Visitor, subject: Subject, portal: str | None, mode: Mode, code: str) -> None:
    """Put a launch that may not be on the record."""
    about = _about(work.info["stamp"], who.id, subject, portal, mode, None)
    record(work, "launch.refused", outcome="refused", reason=code, of=about)


def find(work: Work, launch_id: str, handle: str) -> AnyRow | None:
    """Return the row of a launch that opens the visit `handle`, landed or not."""
    which = (_LAUNCH.c.key == tokens.key_of(launch_id)) & (_LAUNCH.c.handle == handle)
    return work.execute(select(_LAUNCH).where(which)).one_or_none()


def take(work: Work, launch_id: str, handle: str, now: datetime) -> AnyRow | None:
    """Use a launch up and return its row: one conditional UPDATE decides who lands (LT-04, LT-05).

    Returns None for what was used before, came too late, or never was. What is refused after this is rolled back.
    """
    values = {"launch_key": tokens.key_of(launch_id), "launch_handle": handle, "now": now}
    return cast("AnyRow | None", _TAKE.one_or_none(work.connection(), values))


def land(
    work: Work,
    launch: AnyRow,
    subject: Subject,
    portal_title: str | None,
    now: datetime,
    address: str | None,
    agent: str | None,
) -> str:
    """Turn a launch that was taken into a visit and return the visit's cookie.

    The customer is told by mail where it wants that, and of an emergency in any case. `portal_title` is untranslated.
    """
    about = _about(work.info["stamp"], launch.actor_id, subject, launch.portal, launch.mode, launch.id)
    cookie, session_id = sessions.new_cookie(), new_id()
    _VISIT.changed(
        work.connection(),
        {
            "key": sessions.key_of(cookie),
            "id": session_id,
            "scope": Scope.VISIT,
            "stage": Stage.LIVE,
            "subject_id": launch.subject_id,
            "started_at": now,
            "last_seen_at": now,
            "proved_at": None,
            "methods": None,
            "address": address,
            "agent": agent,
            "parent_key": launch.actor_session_key,
            "actor_id": launch.actor_id,
            "handle": launch.handle,
            "launch_id": launch.id,
            "mode": launch.mode,
            "view_only": launch.view_only,
            "emergency": launch.emergency,
            "reason": launch.reason,
            "return_to": launch.return_to,
            "ended_at": None,
            "ended_why": None,
            "refused_at": None,
        },
    )
    about = replace(about, session=session_id)
    role = subject.role_name if launch.mode is Mode.ASSIGNED else None
    record(work, "visit.start", of=about, view_only=launch.view_only, role=role, **_flag(launch.emergency))
    if subject.wants_mail or launch.emergency:
        _tell(work, launch, subject, portal_title, now)
    return cookie


def _tell(work: Work, launch: AnyRow, subject: Subject, portal_title: str | None, now: datetime) -> None:
    """Write to the customer that somebody of the staff came in."""
    names = queries.names(work.connection(), {launch.actor_id})
    tell(
        work,
        work.get_one(Identity, subject.customer_id),
        Letter.SUPPORT_ACCESS,
        now,
        by_others=True,
        actor=names[launch.actor_id],
        actor_id=launch.actor_id,
        subject=subject.name,
        subject_id=subject.id,
        portal=portal_title,
        mode=launch.mode,
        view_only=launch.view_only,
        reason=launch.reason,
        emergency=launch.emergency,
    )


def _flag(emergency: bool) -> dict[str, Any]:
    return {"emergency": True} if emergency else {}


def refuse_landing(work: Work, launch: AnyRow, subject: Subject | None, code: str | None, *, is_replay: bool) -> None:
    """Put a landing that may not be (any more) on the record; `code` is None for what is used up or too old."""
    name = "launch.replay" if is_replay else "launch.refused" if code else "launch.expired"
    about = _about(work.info["stamp"], launch.actor_id, subject, launch.portal, launch.mode, launch.id)
    record(work, name, outcome="refused", reason=code, of=about)


def end(work: Work, handle: str, key: bytes, why: str, now: datetime) -> str | None:
    """End the visit behind `key`, whatever became of its subject; return the page to go back to, or None."""
    which = (Session.key == key) & (Session.handle == handle)
    row = work.execute(select(Session.return_to).where(Session.scope == Scope.VISIT, which)).one_or_none()
    if row is None:
        return None
    sessions.end_visits(work, which, why, now)
    return cast("str | None", row.return_to)


def end_over(work: Work, now: datetime) -> None:
    """End the visits that ran out by themselves, each with its row on the record."""
    started, used = since(now)
    sessions.end_visits(work, Session.started_at < started, "absolute", now)
    sessions.end_visits(work, Session.last_seen_at < used, "idle", now)


def since(now: datetime) -> tuple[datetime, datetime]:
    """Return from when a visit must have started, and been used, to be live at `now`."""
    return now - VISIT_ABSOLUTE, now - VISIT_IDLE


def _about(
    stamp: Stamp, actor_id: str, subject: Subject | None, portal: str | None, mode: Mode, launch: str | None
) -> Stamp:
    return replace(
        stamp,
        realm=Realm.SELF_CARE,
        actor_id=actor_id,
        subject_id=subject.id if subject else None,
        customer_id=subject.customer_id if subject else None,
        portal=portal,
        mode=mode,
        launch_id=launch,
    )

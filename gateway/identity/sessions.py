"""Sessions of browsers: opaque ids in cookies, their SHA-256 in the database (SES-01, KEY-05)."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, true, update
from sqlalchemy.orm import Session as Work

from gateway.audit.operations import Stamp, record
from gateway.db import new_id, rows_changed
from gateway.identity import api_tokens, elsewhere
from gateway.identity.concerning import concerning
from gateway.identity.models import ExternalSession, Identity, Realm, Scope, Session, Stage
from gateway.identity.proofs import joined

COOKIE_BYTES = 32
PENDING = timedelta(minutes=5)
SEEN_AGAIN = timedelta(minutes=1)
REFUSED_AGAIN = timedelta(minutes=1)
KEPT = timedelta(days=30)
MOST = 20
"""How many sessions somebody may have side by side; one more ends the one that was used longest ago (SES-07)."""

_PENDING = select(Session.subject_id, Session.stage, Session.started_at, Session.methods).where(
    Session.key == bindparam("key"),
    Session.scope == bindparam("scope"),
    Session.stage != Stage.LIVE,
    Session.ended_at.is_(None),
)
_OWNER = select(Session.subject_id).where(Session.key == bindparam("key"), Session.ended_at.is_(None))


@dataclass(frozen=True, slots=True)
class Pending:
    """Whose log-in is half done, whether the second factor was right, and how they proved themselves so far."""

    identity_id: str
    passed: bool
    methods: tuple[str, ...]


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
    methods: Iterable[str],
) -> str:
    """Open a session and return its cookie. The id is new each time who somebody is changes (SES-02).

    `methods` are how they proved who they are.
    """
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
            proved_at=now,
            methods=joined(methods),
            address=address,
            agent=agent,
            view_only=False,
        )
    )
    return cookie


def pending(reader: Connection, scope: Scope, key: bytes, now: datetime) -> Pending | None:
    """Return whose password was right in this browser within the last five minutes, or None (LOG-06)."""
    row = reader.execute(_PENDING, {"key": key, "scope": scope}).one_or_none()
    if row is None or now - row.started_at > PENDING:
        return None
    return Pending(row.subject_id, row.stage is Stage.FACTOR, tuple((row.methods or "").split()))


def owner(reader: Connection, key: bytes) -> str | None:
    """Return whose session, not ended yet, a key opens, or None."""
    return reader.execute(_OWNER, {"key": key}).scalar_one_or_none()


def end(work: Work, key: bytes, why: str, now: datetime) -> bool:
    """End one session, what hangs on it at portals elsewhere, and its visits; tell whether it was live."""
    ended = work.execute(
        update(Session).where(Session.key == key, Session.ended_at.is_(None)).values(ended_at=now, ended_why=why)
    )
    elsewhere.end(work, ExternalSession.session_key == key, why, now)
    end_visits(work, Session.parent_key == key, "console-ended", now)
    return bool(rows_changed(ended))


def renew(work: Work, key: bytes, methods: Iterable[str], now: datetime) -> str:
    """Go on with a session under a new id after its owner proved who they are; returns the new cookie (SES-02).

    Their `methods` are added to those before. The limits count on from where they were, and what hangs on it stays:
    visits, and sessions at portals elsewhere.
    """
    cookie = new_cookie()
    before = _columns(work, key)
    shown = joined([*(before["methods"] or "").split(), *methods])
    fresh = {"key": key_of(cookie), "id": new_id(), "last_seen_at": now, "proved_at": now, "methods": shown}
    values = {**before, **fresh}
    work.execute(insert(Session).values(values))
    work.execute(update(Session).where(Session.parent_key == key).values(parent_key=values["key"]))
    elsewhere.move(work, key, values["key"])
    end(work, key, "replaced", now)
    return cookie


def keep_latest(work: Work, subject_id: str, now: datetime) -> None:
    """End the own sessions of an identity beyond the limit, those that were used longest ago."""
    live = (Session.stage == Stage.LIVE) & Session.ended_at.is_(None)
    own = (
        select(Session.key)
        .where(Session.subject_id == subject_id, Session.actor_id.is_(None), live)
        .order_by(Session.last_seen_at.desc(), Session.started_at.desc())
    )
    for key in work.scalars(own).all()[MOST:]:
        end(work, key, "too-many", now)


def end_one(work: Work, subject_id: str, session_id: str, now: datetime, why: str = "ended") -> bool:
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
    about = concerning(work, work.get_one(Identity, subject_id))
    record(work, "session.ended", of=about, ended=session_id)
    return end(work, key, why, now)


def end_all(work: Work, subject_id: str, why: str, now: datetime, but: bytes | None = None) -> int:
    """End the own sessions of an identity, all `but` one, with the visits that hang on them; return how many.

    Those of its programs end too: they log in again with their tokens, which stay (SES-05).
    """
    own = select(Session.key).where(
        Session.subject_id == subject_id, Session.actor_id.is_(None), Session.ended_at.is_(None)
    )
    if but is not None:
        own = own.where(Session.key != but)
    keys = work.scalars(own).all()
    for key in keys:
        end(work, key, why, now)
    return len(keys) + api_tokens.end_all(work, Identity.id == subject_id, why)


def end_everybodys(work: Work, now: datetime, customer_id: str | None = None, but: bytes | None = None) -> int:
    """End the own sessions of a customer and its individuals, or (None) of everybody `but` one; return how many.

    The visits that hang on them end too, not those that staff make to the customer; so do the sessions of programs. One
    row of the record says so, beside those of visits and programs.
    """
    whose = true() if customer_id is None else Identity.customer_id == customer_id
    live: list[ColumnElement[bool]] = [Session.actor_id.is_(None), Session.ended_at.is_(None)]
    if customer_id is not None:
        live.append(Session.subject_id.in_(select(Identity.id).where(whose)))
    if but is not None:
        live.append(Session.key != but)
    ended = work.execute(update(Session).where(*live).values(ended_at=now, ended_why="ended-by-staff"))
    over = select(Session.key).where(Session.ended_at == now, Session.ended_why == "ended-by-staff")
    elsewhere.end(work, ExternalSession.session_key.in_(over), "ended-by-staff", now)
    end_visits(work, Session.parent_key.in_(over), "console-ended", now)
    about = concerning(work, work.get_one(Identity, customer_id)) if customer_id else None
    count = rows_changed(ended) + api_tokens.end_all(work, whose, "ended-by-staff")
    record(work, "sessions.ended", of=about, sessions_ended=count)
    return count


def end_all_own(work: Work, subject_id: str, now: datetime, but: bytes | None = None, why: str = "ended") -> None:
    """End the own sessions of an identity at somebody's wish, all `but` one."""
    ended = end_all(work, subject_id, why, now, but=but)
    about = concerning(work, work.get_one(Identity, subject_id))
    record(work, "sessions.ended", of=about, sessions_ended=ended)


def end_visits(work: Work, which: object, why: str, now: datetime) -> int:
    """End the live visits that `which` (a condition on sessions) picks, each with its row in the record.

    Somebody else's address and browser are not put down as those of the administrator who is out.
    """
    live = (Session.scope == Scope.VISIT) & Session.ended_at.is_(None) & which
    ended = work.execute(
        update(Session)
        .where(live)
        .values(ended_at=now, ended_why=why)
        .returning(
            *(Session.key, Session.id, Session.actor_id, Session.subject_id, Session.launch_id, Session.mode),
            select(Identity.customer_id)
            .where(Identity.id == Session.subject_id)
            .scalar_subquery()
            .label("customer_id"),
        )
    ).all()
    if ended:
        elsewhere.end(work, ExternalSession.session_key.in_([row.key for row in ended]), why, now)
    stamp: Stamp = work.info["stamp"]
    for row in ended:
        by_others = stamp.actor_id not in (None, row.actor_id)
        record(
            work,
            "visit.end",
            reason=why,
            of=Stamp(
                realm=Realm.SELF_CARE,
                actor_id=row.actor_id,
                subject_id=row.subject_id,
                customer_id=row.customer_id,
                mode=row.mode,
                launch_id=row.launch_id,
                session=row.id,
                address=None if by_others else stamp.address,
                agent=None if by_others else stamp.agent,
                request_id=stamp.request_id,
            ),
        )
    return len(ended)


def _columns(work: Work, key: bytes) -> dict[str, Any]:
    return dict(work.execute(select(Session.__table__).where(Session.key == key)).mappings().one())


def seen(work: Work, keys: list[bytes], now: datetime) -> None:
    """Note that somebody is still there; called at most once a minute for each session."""
    work.execute(update(Session).where(Session.key.in_(keys)).values(last_seen_at=now))


def refuse_outside(work: Work, key: bytes, now: datetime) -> bool:
    """Record that somebody used a session outside the trusted networks, once a minute; tell whether it was recorded."""
    again = Session.refused_at.is_(None) | (Session.refused_at < now - REFUSED_AGAIN)
    row = work.execute(
        update(Session)
        .where(Session.key == key, again)
        .values(refused_at=now)
        .returning(Session.id, Session.subject_id, Session.actor_id)
    ).one_or_none()
    if row is None:
        return False
    stamp: Stamp = work.info["stamp"]
    customer_id = work.scalars(select(Identity.customer_id).where(Identity.id == row.subject_id)).one()
    about = replace(
        stamp,
        actor_id=row.actor_id or row.subject_id,
        subject_id=row.subject_id,
        customer_id=customer_id,
        session=row.id,
    )
    record(work, "access.refused", outcome="refused", reason="network", of=about)
    return True


def forget_old(work: Work, now: datetime) -> int:
    """Take away the rows of sessions that ended or were last used over a month ago; the record keeps what happened."""
    gone = work.execute(delete(Session).where(Session.last_seen_at < now - KEPT))
    return rows_changed(gone)

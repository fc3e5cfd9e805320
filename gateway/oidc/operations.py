"""What the provider does: let somebody into a portal elsewhere, and give that portal its tokens."""

import base64
import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Work

from gateway.access.queries import Ended, visitor_of
from gateway.access.rights import Rights
from gateway.access.visitor import Visitor
from gateway.audit.operations import Stamp, record
from gateway.db import AnyRow, AnySelect, rows_changed
from gateway.identity import elsewhere, sessions
from gateway.identity.models import ExternalSession, Session
from gateway.oidc import claims
from gateway.oidc.models import AuthorizationCode, RefreshToken
from gateway.oidc.protocol import VERIFIER, Asked, Refused
from gateway.tokens import key_of, new_secret

CODE_GOOD_FOR = timedelta(seconds=60)

_HELD = (
    ExternalSession.id,
    ExternalSession.session_key,
    ExternalSession.ended_at,
    Session.scope.label("session_scope"),
    Session.handle,
    ExternalSession.address,
)
_CODE: AnySelect = (
    select(AuthorizationCode.__table__, *_HELD)
    .join(ExternalSession, ExternalSession.id == AuthorizationCode.session_id)
    .join(Session, Session.key == ExternalSession.session_key)
)
_REFRESH: AnySelect = (
    select(RefreshToken.__table__, *_HELD)
    .join(ExternalSession, ExternalSession.id == RefreshToken.session_id)
    .join(Session, Session.key == ExternalSession.session_key)
)
_SESSION: AnySelect = select(ExternalSession.portal, *_HELD).join(Session, Session.key == ExternalSession.session_key)


@dataclass(frozen=True, slots=True)
class Granted:
    """What a portal gets tokens for."""

    who: Visitor
    sid: str
    scope: str
    nonce: str | None
    refresh: str


def grant(work: Work, who: Visitor, asked: Asked, now: datetime, address: str | None) -> str:
    """Let somebody at `address` into a portal and return the code that its server changes for tokens.

    Of several visits of one administrator's log-in, a portal holds one: it is told that an earlier one is over. Those
    that come at once come one after the other.
    """
    if who.visit is not None:
        work.execute(select(Session.key).where(Session.key == who.visit.parent_key).with_for_update(key_share=True))
        beside = select(Session.key).where(
            Session.parent_key == who.visit.parent_key, Session.key != who.session_key, Session.ended_at.is_(None)
        )
        which = (ExternalSession.portal == asked.portal) & ExternalSession.session_key.in_(beside)
        elsewhere.end(work, which, "another-visit", now)
    code = new_secret()
    sid = _begun(work, who, asked.portal, now, address)
    work.add(
        AuthorizationCode(
            key=key_of(code),
            session_id=sid,
            portal=asked.portal,
            redirect_uri=asked.redirect_uri,
            challenge=asked.challenge,
            nonce=asked.nonce,
            scope=asked.scope,
            expires_at=now + CODE_GOOD_FOR,
        )
    )
    record(work, "external.entered", of=_about(work, asked.portal), sid=sid)
    return code


def refuse(work: Work, portal: str, why: str) -> None:
    """Put on the record that somebody was not let into a portal."""
    record(work, "external.refused", outcome="refused", reason=why, of=_about(work, portal))


def redeem(
    work: Work,
    reader: Connection,
    rights: Rights,
    portal: str,
    code: str,
    redirect_uri: str,
    verifier: str,
    now: datetime,
) -> Granted:
    """Change a code for what tokens are made of; of several who try at once, one wins (LT-07, LT-08).

    A code that comes a second time ends the session that it opened (RFC 9700, section 4.5). Raises `Refused`; what was
    done by then is to be committed.
    """
    which = (AuthorizationCode.key == key_of(code)) & (AuthorizationCode.portal == portal)
    row = work.execute(_CODE.where(which)).one_or_none()
    if row is None or row.redirect_uri != redirect_uri or not _fits(verifier, row.challenge):
        raise Refused("invalid_grant", "the code, its redirect_uri or its code_verifier is wrong")
    fresh = which & AuthorizationCode.used_at.is_(None) & (AuthorizationCode.expires_at >= now)
    if not rows_changed(work.execute(update(AuthorizationCode).where(fresh).values(used_at=now))):
        if row.used_at is not None or row.expires_at >= now:
            _replayed(work, row, "code-replay", now)
        raise Refused("invalid_grant", "the code was used before, or is too old")
    return _granted(work, row, *_who(reader, rights, row, now), row.nonce, now)


def refresh(work: Work, reader: Connection, rights: Rights, portal: str, token: str, now: datetime) -> Granted:
    """Change a refresh token for a new one and what tokens are made of, as rights stand now.

    One that comes a second time ends the session (RFC 9700, section 4.14). Raises as `redeem` does. It counts as use.
    """
    which = (RefreshToken.key == key_of(token)) & (RefreshToken.portal == portal)
    row = work.execute(_REFRESH.where(which)).one_or_none()
    if row is None:
        raise Refused("invalid_grant", "this refresh token is not known")
    unused = which & RefreshToken.used_at.is_(None)
    if not rows_changed(work.execute(update(RefreshToken).where(unused).values(used_at=now))):
        _replayed(work, row, "refresh-replay", now)
        raise Refused("invalid_grant", "this refresh token was used before")
    who, why = _who(reader, rights, row, now)
    if who is not None and now - who.last_seen_at > sessions.SEEN_AGAIN:
        # First ours, then the one on it, in the order in which they end: else each would wait for the other.
        sessions.seen(work, [row.session_key, who.visit.parent_key] if who.visit else [row.session_key], now)
    return _granted(work, row, who, why, None, now)


def present(reader: Connection, rights: Rights, portal: str, sid: str, now: datetime) -> Visitor | None:
    """Return who has the session `sid` at a portal, or None if it is over or opens nothing there any more."""
    which = (ExternalSession.id == sid) & (ExternalSession.portal == portal)
    row = reader.execute(_SESSION.where(which)).one_or_none()
    return None if row is None else _who(reader, rights, row, now)[0]


def over(reader: Connection, rights: Rights, row: AnyRow, now: datetime) -> str | None:
    """Return why a session at a portal is over, or that what it was told no longer holds, or None."""
    who, why = _who(reader, rights, row, now)
    if who is None:
        return why
    return None if row.told in (None, claims.digest(who, row.portal)) else "rights-changed"


def held(reader: Connection, sid: str, portal: str) -> AnyRow | None:
    """Return the session of ours under a live session `sid` of a portal: its key, scope and handle; or None."""
    which = (ExternalSession.id == sid) & (ExternalSession.portal == portal) & ExternalSession.ended_at.is_(None)
    return reader.execute(_SESSION.where(which)).one_or_none()


def _begun(work: Work, who: Visitor, portal: str, now: datetime, address: str | None) -> str:
    """Return the id of the live session of `who` at a portal, a new one where there is none; either is at `address`."""
    go_on = (
        update(ExternalSession)
        .where(
            ExternalSession.session_key == who.session_key,
            ExternalSession.portal == portal,
            ExternalSession.ended_at.is_(None),
        )
        .values(address=address)
        .returning(ExternalSession.id)
    )
    found = work.scalars(go_on).one_or_none()
    if found is not None:
        return found
    key, id = who.session_key, who.id
    made = ExternalSession(portal=portal, session_key=key, subject_id=id, created_at=now, address=address)
    try:
        with work.begin_nested():
            work.add(made)
            work.flush()
    except IntegrityError:
        return work.scalars(go_on).one()
    return made.id


def _granted(work: Work, row: Any, who: Visitor | None, why: str, nonce: str | None, now: datetime) -> Granted:
    if who is None:
        elsewhere.end(work, ExternalSession.id == row.session_id, why, now)
        raise Refused("invalid_grant", f"the session is over ({why})")
    still = (ExternalSession.id == row.session_id) & ExternalSession.ended_at.is_(None)
    values = {
        "redeemed_at": func.coalesce(ExternalSession.redeemed_at, now),
        "refreshed_at": now,
        "told": claims.digest(who, row.portal),
    }
    if not rows_changed(work.execute(update(ExternalSession).where(still).values(values))):
        raise Refused("invalid_grant", "the session is over")
    token = new_secret()
    made = {"key": key_of(token), "session_id": row.session_id, "portal": row.portal, "scope": row.scope}
    work.execute(insert(RefreshToken).values(**made, created_at=now))
    return Granted(who, row.session_id, row.scope, nonce, token)


def _who(reader: Connection, rights: Rights, row: Any, now: datetime) -> tuple[Visitor | None, str]:
    """Return who has a session at a portal just now, or why nobody has: asked as at every page of the gateway.

    Who asks is the portal's server, so the address that trusted networks are held to is the one at which the browser
    was let in last.
    """
    if row.ended_at is not None:
        return None, "ended"
    who = visitor_of(reader, rights, row.session_scope, row.session_key, row.handle, now, row.address)
    if isinstance(who, Ended):
        return None, who.why
    if row.portal in who.portals_off or row.portal not in rights.externals:
        return None, "portal-off"
    return (who, "") if claims.opens(who, row.portal) else (None, "portal-not-in-role")


def _fits(verifier: str, challenge: str) -> bool:
    """Tell whether a verifier is the one of a challenge (RFC 7636, section 4.6)."""
    if not VERIFIER.match(verifier):
        return False
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return made == challenge


def _replayed(work: Work, row: Any, what: str, now: datetime) -> None:
    elsewhere.end(work, ExternalSession.id == row.session_id, what, now)
    refuse(work, row.portal, what)


def _about(work: Work, portal: str) -> Stamp:
    stamp: Stamp = work.info["stamp"]
    return replace(stamp, portal=portal)

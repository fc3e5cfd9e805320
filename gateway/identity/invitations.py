"""Links by mail that let somebody in once, to choose a password."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, select, update
from sqlalchemy.orm import Session as Work

from gateway.audit.operations import record
from gateway.db import rows_changed
from gateway.errors import Invalid
from gateway.i18n.catalog import gettext as _
from gateway.identity import sessions
from gateway.identity.models import Identity, Invitation
from gateway.mail.letters import Letter
from gateway.mail.operations import put
from gateway.tokens import key_of, new_secret

PURPOSE = "invitation"
GOOD_FOR = timedelta(hours=72)
READ_UNTIL = timedelta(days=3660)
"""How far back a token is looked at: the row knows until when it is good."""


def invite(work: Work, identity: Identity, usable_from: datetime, now: datetime) -> None:
    """Send somebody a link, good once and for 72 hours from `usable_from`; the password they had stops working.

    Earlier links die. Raises `Invalid` without an address, or without a login to get in with.
    """
    if not identity.email:
        raise Invalid({"email": [_("Without an e-mail address there is nowhere to send a link.")]})
    if identity.login is None:
        raise Invalid({"login": [_("Enter a login.")]})
    secret, until = new_secret(), max(usable_from, now) + GOOD_FOR
    identity.password_hash, identity.password_must_change, identity.password_set_at = None, True, None
    ended = sessions.end_all(work, identity.id, "password-reset", now)
    work.execute(delete(Invitation).where(Invitation.identity_id == identity.id))
    work.add(Invitation(key=key_of(secret), identity_id=identity.id, created_at=now, expires_at=until))
    put(work, identity.id, identity.email, Letter.INVITATION, now, secret=secret, until=until.isoformat())
    record(work, "invitation.sent", identity=identity.id, until=until.isoformat(), sessions_ended=ended)


def whose(reader: Connection, secret: str, now: datetime) -> str | None:
    """Return whom a link still lets in, or None: a password that was set meanwhile kills it."""
    statement = select(Invitation.identity_id).where(_good(secret, now))
    return reader.execute(statement).scalar_one_or_none()


def use(work: Work, identity_id: str, secret: str, now: datetime) -> bool:
    """Use somebody's link up; one caller wins."""
    used = work.execute(update(Invitation).where(_good(secret, now)).values(used_at=now))
    if rows_changed(used):
        record(work, "invitation.used", identity=identity_id)
    return bool(rows_changed(used))


def _good(secret: str, now: datetime) -> ColumnElement[bool]:
    no_password = exists().where(Identity.id == Invitation.identity_id, Identity.password_hash.is_(None))
    return and_(
        Invitation.key == key_of(secret), Invitation.used_at.is_(None), Invitation.expires_at > now, no_password
    )

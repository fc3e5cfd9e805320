"""Links by mail that let somebody in once, to choose a password."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, exists
from sqlalchemy.orm import Session as Work

from gateway.audit.operations import record
from gateway.errors import Invalid
from gateway.i18n.catalog import gettext as _
from gateway.identity import links, sessions
from gateway.identity.concerning import concerning
from gateway.identity.link_models import Invitation
from gateway.identity.models import Identity
from gateway.mail.letters import Letter
from gateway.mail.operations import put

PURPOSE = "invitation"
GOOD_FOR = timedelta(hours=72)
READ_UNTIL = timedelta(days=3660)
"""How far back a token is looked at: the row knows until when it is good."""

_NO_PASSWORD = exists().where(Identity.id == Invitation.identity_id, Identity.password_hash.is_(None))


def invite(work: Work, identity: Identity, usable_from: datetime, now: datetime) -> None:
    """Send somebody a link, good once and for 72 hours from `usable_from`; the password they had stops working.

    Earlier links die. Raises `Invalid` without an address, or without a login to get in with.
    """
    if not identity.email:
        raise Invalid({"email": [_("Without an e-mail address there is nowhere to send a link.")]})
    if identity.login is None:
        raise Invalid({"login": [_("Enter a login.")]})
    until = max(usable_from, now) + GOOD_FOR
    identity.password_hash, identity.password_must_change, identity.password_set_at = None, True, None
    ended = sessions.end_all(work, identity.id, "password-reset", now)
    secret = links.make(work, Invitation, identity.id, until, now)
    put(work, identity.id, identity.email, Letter.INVITATION, now, secret=secret, until=until.isoformat())
    record(work, "invitation.sent", of=concerning(work, identity), until=until.isoformat(), sessions_ended=ended)


def whose(reader: Connection, secret: str, now: datetime) -> str | None:
    """Return whom a link still lets in, or None: a password that was set meanwhile kills it."""
    return links.whose(reader, Invitation, secret, now, _NO_PASSWORD)


def use(work: Work, identity_id: str, secret: str, now: datetime) -> bool:
    """Use somebody's link up; one caller wins."""
    used = links.use(work, Invitation, secret, now, _NO_PASSWORD) is not None
    if used:
        record(work, "invitation.used", of=concerning(work, work.get_one(Identity, identity_id)))
    return used

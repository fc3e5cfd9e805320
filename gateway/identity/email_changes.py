"""One's own e-mail address: it changes once a link in a mail to the new one was opened; the old one is told."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session as Work

from gateway.audit.operations import record
from gateway.errors import Invalid
from gateway.i18n.catalog import gettext as _
from gateway.identity import links
from gateway.identity.link_models import EmailChange
from gateway.identity.models import Identity
from gateway.identity.naming import rename
from gateway.identity.notices import tell
from gateway.mail.letters import Letter
from gateway.mail.operations import put
from gateway.tokens import key_of

PURPOSE = "email-change"
GOOD_FOR = timedelta(hours=24)
MOST_A_DAY = 5


def ask(work: Work, identity_id: str, address: str, now: datetime) -> None:
    """Send a link to the new address of somebody; earlier links die, and nothing changes yet.

    Raises `Invalid` for the address they have, and when too many letters were asked for today.
    """
    _check(work, identity_id, address, now)
    until = now + GOOD_FOR
    secret = links.make(work, EmailChange, identity_id, until, now, address=address)
    put(work, identity_id, address, Letter.EMAIL_CONFIRM, now, secret=secret, until=until.isoformat())
    record(work, "email.asked", after=address)


def asked(reader: Connection, identity_id: str, secret: str, now: datetime) -> str | None:
    """Return the address that a good link of somebody's is to make theirs, or None."""
    if links.whose(reader, EmailChange, secret, now, EmailChange.identity_id == identity_id) is None:
        return None
    return reader.execute(select(EmailChange.address).where(EmailChange.key == key_of(secret))).scalar_one()


def confirm(work: Work, identity_id: str, secret: str, now: datetime) -> bool:
    """Use somebody's link up and make the address theirs; tell whether it was good."""
    if links.use(work, EmailChange, secret, now, EmailChange.identity_id == identity_id) is None:
        return False
    identity = work.get_one(Identity, identity_id, with_for_update=True)
    before = identity.email
    rename(identity, email=work.get_one(EmailChange, key_of(secret)).address)
    identity.version += 1
    if before:
        tell(work, identity, Letter.EMAIL_CHANGED, now, to=before)
    record(work, "email.changed", before=before, after=identity.email)
    return True


def _check(work: Work, identity_id: str, address: str, now: datetime) -> None:
    identity = work.get_one(Identity, identity_id, with_for_update=True)
    if identity.email == address:
        raise Invalid({"email": [_("This is your address already.")]})
    today = select(func.count()).where(
        EmailChange.identity_id == identity_id, EmailChange.created_at > now - timedelta(days=1)
    )
    if work.execute(today).scalar_one() >= MOST_A_DAY:
        raise Invalid({"email": [_("No more letters can be sent today. Try again tomorrow.")]})

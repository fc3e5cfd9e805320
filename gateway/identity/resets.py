"""A password that was forgotten: asked for by anybody, answered by mail to whoever it belongs to (PWD-07, LOG-04)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, exists, or_, select, union
from sqlalchemy.orm import Session as Work

from gateway.audit.operations import Stamp, record
from gateway.identity import links, logins, operations
from gateway.identity.link_models import PasswordReset, ResetRequest
from gateway.identity.models import Identity, Realm
from gateway.mail.letters import Letter
from gateway.mail.operations import put

PURPOSE = "password-reset"
GOOD_FOR = timedelta(minutes=30)
BETWEEN = timedelta(minutes=2)
MOST_A_DAY = 5
"""Somebody is sent one letter in two minutes, and five a day."""
AT_ONCE, SHARING = 50, 5
LONGEST = 256

_STILL_SO = exists().where(
    Identity.id == PasswordReset.identity_id,
    Identity.email == PasswordReset.address,
    or_(Identity.password_set_at.is_(None), Identity.password_set_at < PasswordReset.created_at),
    or_(Identity.last_login_at.is_(None), Identity.last_login_at < PasswordReset.created_at),
)
"""A log-in, another password or another address since then kills a link."""


def ask(work: Work, realm: Realm, typed: str, now: datetime) -> None:
    """Note that somebody forgot the password of a login or an e-mail address, whoever's it is, if anybody's."""
    stamp: Stamp = work.info["stamp"]
    kept = typed.replace("\0", "").strip()[:LONGEST]
    work.add(ResetRequest(realm=realm, typed=kept, address=stamp.address, agent=stamp.agent, created_at=now))
    about = Stamp(realm=realm, address=stamp.address, agent=stamp.agent, request_id=stamp.request_id)
    record(work, "reset.asked", of=about, login=operations.shortened(kept))


def answer(work: Work, now: datetime) -> int:
    """Send the links that were asked for, to the addresses on record only; return how many. The worker does this."""
    due = select(ResetRequest.id).order_by(ResetRequest.id).limit(AT_ONCE)
    taken = delete(ResetRequest).where(ResetRequest.id.in_(due)).returning(*ResetRequest.__table__.c)
    requests = work.execute(taken, execution_options={"synchronize_session": False}).all()
    found = [(identity, request) for request in requests for identity in _meant(work, request.realm, request.typed)]
    return sum(_send(work, identity, request.address, request.agent, now) for identity, request in found)


def asked(reader: Connection) -> bool:
    """Tell whether there is something to answer."""
    return reader.execute(select(ResetRequest.id).limit(1)).first() is not None


def whose(reader: Connection, realm: Realm, secret: str, now: datetime) -> str | None:
    """Return for whom of a realm a link is still good, or None."""
    of_realm = exists().where(Identity.id == PasswordReset.identity_id, Identity.realm == realm)
    return links.whose(reader, PasswordReset, secret, now, _STILL_SO, of_realm)


def use(work: Work, secret: str, new_hash: str, now: datetime) -> bool:
    """Use a link up and set the password that was chosen; one caller wins. Nobody gets in by it."""
    identity_id = links.use(work, PasswordReset, secret, now, _STILL_SO)
    if identity_id is None:
        return False
    record(work, "reset.used", of=operations.stamp_of(work, work.get_one(Identity, identity_id)))
    operations.change_password(work, identity_id, new_hash, now, keep=None)
    return True


def _meant(work: Work, realm: Realm, typed: str) -> Iterator[Identity]:
    """Yield, locked, who is meant: whoever has that login or that address."""
    by_login = select(Identity.id).where(Identity.realm == realm, Identity.login_key == logins.canonical(typed))
    by_address = select(Identity.id).where(Identity.realm == realm, Identity.email_key == typed.casefold())
    ids = work.scalars(union(by_login, by_address).limit(SHARING)).all()
    yield from work.scalars(select(Identity).where(Identity.id.in_(ids)).with_for_update())


def _send(work: Work, identity: Identity, address: str | None, agent: str | None, now: datetime) -> bool:
    about = Stamp(identity.realm, identity.id, identity.id, identity.customer_id, address=address, agent=agent)
    if cause := _refusal(work, identity, now, address):
        record(work, "reset.refused", outcome="refused", reason=cause, of=about)
        return False
    to, until = str(identity.email), now + GOOD_FOR
    secret = links.make(work, PasswordReset, identity.id, until, now, address=to)
    put(work, identity.id, to, Letter.PASSWORD_RESET, now, secret=secret, until=until.isoformat())
    work.flush()
    record(work, "reset.sent", of=about, until=until.isoformat())
    return True


def _refusal(work: Work, identity: Identity, now: datetime, address: str | None) -> str | None:
    if not identity.email or not identity.login:
        return "no-address" if identity.login else "no-login"
    if operations.candidate(work.connection(), identity.id, now, address) is None:
        return "barred"
    today = select(PasswordReset.created_at).where(
        PasswordReset.identity_id == identity.id, PasswordReset.created_at > now - timedelta(days=1)
    )
    sent = work.scalars(today).all()
    too_many = len(sent) >= MOST_A_DAY or any(now - moment < BETWEEN for moment in sent)
    return "too-many-letters" if too_many else None

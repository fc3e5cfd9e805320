"""What can be done with identities: log in and out, suspend, change a password, make them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Work
from sqlalchemy.orm import aliased

from gateway.audit.operations import Stamp, record
from gateway.db import AnyRow, rows_changed
from gateway.errors import Invalid, LoginRefused, NotFound, Stale
from gateway.i18n.catalog import gettext as _
from gateway.identity import logins, networks, passwords, second_factor, sessions
from gateway.identity.arrivals import Failures, arrive
from gateway.identity.concerning import concerning
from gateway.identity.inheritance import says
from gateway.identity.models import (
    CustomerClass,
    CustomerStatus,
    Gateway,
    Identity,
    Kind,
    NetworkList,
    Realm,
    Session,
)
from gateway.identity.naming import naming
from gateway.identity.notices import tell
from gateway.identity.proofs import PASSWORD
from gateway.identity.second_factor import Factor
from gateway.identity.standing import barred, lapsed, must_change
from gateway.mail.letters import Letter

_customer = aliased(Identity)

_CANDIDATE = (
    select(
        Identity.id,
        Identity.kind,
        Identity.name,
        Identity.login,
        Identity.password_hash,
        Identity.password_must_change,
        Identity.suspended,
        Identity.activates_on,
        Identity.expires_on,
        Identity.customer_id,
        _customer.status.label("customer_status"),
        Identity.password_set_at,
        CustomerClass.password_days,
        *second_factor.COLUMNS,
        *says(("time_zone", "second_factor"), Identity, _customer, CustomerClass),
        *networks.lists(Identity, _customer),
        Gateway.time_zone.label("gateway_time_zone"),
    )
    .outerjoin(_customer, _customer.id == Identity.customer_id)
    .outerjoin(CustomerClass, CustomerClass.id == _customer.class_id)
    .join(Gateway, Gateway.id == 1)
)
_BY_LOGIN = _CANDIDATE.where(Identity.realm == bindparam("realm"), Identity.login_key == bindparam("key"))
_WHOSE = select(Identity.id, Identity.customer_id).where(
    Identity.realm == bindparam("realm"), Identity.login_key == bindparam("key")
)
_BY_ID = _CANDIDATE.where(Identity.id == bindparam("id"))


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody whose password was right, on the way in. `passed`: so was their second factor.

    `methods` are how they proved who they are. `new_hash` is one of today's strength, if the present one is weaker.
    """

    id: str
    kind: Kind
    customer_id: str | None
    factor: Factor
    must_change: bool
    passed: bool = False
    new_hash: str | None = None
    login: str | None = None
    methods: tuple[str, ...] = (PASSWORD,)

    @property
    def due(self) -> str | None:
        """Return the next step of the one order: password, second factor, forced password change; None: in."""
        return self.factor.due(self.passed) or ("password" if self.must_change else None)


def check_password(
    reader: Connection, realm: Realm, login: str, password: str, now: datetime, address: str | None
) -> Candidate:
    """Check a login and a password; raises `LoginRefused` with the cause, in the same time whatever it is (LOG-03).

    Nothing is written here, so that hashing holds no transaction: the face records the outcome.
    """
    row = reader.execute(_BY_LOGIN, {"realm": realm, "key": _key(login)}).one_or_none()
    matched = passwords.matches(row.password_hash if row else None, password)
    if row is None:
        raise LoginRefused("unknown-login")
    if not matched:
        cause = "no-password" if row.password_hash is None else "wrong-password"
        raise LoginRefused(cause, row.id, row.customer_id)
    if why := barred(row, now, address):
        raise LoginRefused(why, row.id, row.customer_id)
    if lapsed(row, now):
        raise LoginRefused("password-unused", row.id, row.customer_id)
    new_hash = passwords.hashed(password) if passwords.outdated(row.password_hash) else None
    return _candidate(row, now, new_hash)


def has_password(reader: Connection, identity_id: str, password: str) -> bool:
    """Tell whether `password` is the one that somebody has now."""
    return passwords.matches(
        reader.execute(select(Identity.password_hash).where(Identity.id == identity_id)).scalar_one_or_none(), password
    )


def check_present_password(reader: Connection, identity_id: str, password: str) -> None:
    """Check the password of somebody who is in already; raises `LoginRefused`."""
    row = reader.execute(_BY_ID, {"id": identity_id}).one()
    if not passwords.matches(row.password_hash, password):
        raise LoginRefused("wrong-password", row.id, row.customer_id)


def admitted(
    reader: Connection, realm: Realm, identity_id: str, method: str, now: datetime, address: str | None
) -> Candidate:
    """Return somebody whose passkey was right: as good as password and second factor. Raises `LoginRefused`.

    `method` is what kind of key it is.
    """
    row = reader.execute(_BY_ID, {"id": identity_id}).one_or_none()
    if row is None or (row.kind is Kind.ADMINISTRATOR) != (realm is Realm.ADMIN):
        raise LoginRefused("unknown-login")
    if cause := barred(row, now, address):
        raise LoginRefused(cause, row.id, row.customer_id)
    return replace(_candidate(row, now, None), passed=True, methods=(method,))


def candidate(
    reader: Connection, identity_id: str, now: datetime, address: str | None, passed: bool = False
) -> Candidate | None:
    """Return somebody on the way in, with the step due now, or None if they may not get in (any more) from there."""
    row = reader.execute(_BY_ID, {"id": identity_id}).one_or_none()
    if row is None or barred(row, now, address):
        return None
    return replace(_candidate(row, now, None), passed=passed)


def _key(login: str) -> str:
    """Return what a login is looked up by; nobody has the one of a text that can be no login."""
    key = logins.canonical(login)
    return key if len(key) <= 256 and "\0" not in key and key.isprintable() else ""


def _candidate(row: AnyRow, now: datetime, new_hash: str | None) -> Candidate:
    return Candidate(
        row.id,
        row.kind,
        row.customer_id,
        second_factor.of_row(row),
        must_change=must_change(row, now),
        new_hash=new_hash,
        login=row.login,
    )


def log_in(work: Work, who: Candidate, now: datetime) -> Failures:
    """Note a completed log-in on the identity and on the record; return what failed since the last one."""
    identity = work.get_one(Identity, who.id, with_for_update=True)
    failed = arrive(work, identity, now)
    identity.last_login_at = now
    record(work, "login.ok", of=stamp_of(work, identity))
    return failed


def renew_hash(work: Work, who: Candidate) -> None:
    """Keep the hash of today's strength that was made as the password was checked, if one was needed."""
    if who.new_hash:
        work.execute(update(Identity).where(Identity.id == who.id).values(password_hash=who.new_hash))


def refuse_log_in(work: Work, realm: Realm, login: str, refused: LoginRefused, door: str) -> None:
    """Put a refused credential on the record, with its `door`; a login that is nobody's is kept shortened (AUD-03)."""
    stamp: Stamp = work.info["stamp"]
    of = Stamp(
        realm=realm,
        actor_id=refused.identity_id,
        subject_id=refused.identity_id,
        customer_id=refused.customer_id,
        address=stamp.address,
        agent=stamp.agent,
        request_id=stamp.request_id,
    )
    shown = {} if refused.identity_id else {"login": shortened(login)}
    record(work, "login.refused", outcome="refused", reason=refused.cause, of=of, door=door, **shown)


def whose_login(reader: Connection, realm: Realm, login: str) -> AnyRow | None:
    """Return the `id` and `customer_id` of whoever has a login, or None."""
    return reader.execute(_WHOSE, {"realm": realm, "key": _key(login)}).one_or_none()


def shortened(login: str) -> str:
    """Return what the record keeps of a login that may be nobody's: it may be a password in the wrong field."""
    return login[:3].encode("ascii", "replace").decode() + "…"


def log_out(work: Work, key: bytes, now: datetime) -> None:
    """End the session behind `key` on the server, with its visits (SES-03)."""
    if sessions.end(work, key, "logged-out", now):
        record(work, "logout")


def change_password(work: Work, identity_id: str, new_hash: str, now: datetime, keep: bytes | None) -> None:
    """Set a password that its owner chose; every other session of theirs ends, and they are told (SES-05)."""
    identity = work.get_one(Identity, identity_id, with_for_update=True)
    identity.password_hash, identity.password_must_change, identity.password_set_at = new_hash, False, now
    ended = sessions.end_all(work, identity_id, "password-changed", now, but=keep)
    tell(work, identity, Letter.PASSWORD_CHANGED, now)
    record(work, "password.changed", of=stamp_of(work, identity), sessions_ended=ended)


def give_password(
    work: Work, identity: Identity, password_hash: str, now: datetime, *, must_change: bool = True
) -> int:
    """Give somebody a password that others chose; their sessions end (returns how many did), and they are told."""
    had_one = identity.password_hash is not None
    identity.password_hash, identity.password_must_change, identity.password_set_at = password_hash, must_change, now
    if had_one:
        tell(work, identity, Letter.PASSWORD_CHANGED, now, by_others=True)
    return sessions.end_all(work, identity.id, "password-reset", now)


def stamp_of(work: Work, identity: Identity) -> Stamp:
    """Return the stamp of what somebody does for themselves, logged in or not yet."""
    stamp: Stamp = work.info["stamp"]
    return replace(
        stamp,
        realm=identity.realm,
        actor_id=identity.id,
        subject_id=identity.id,
        customer_id=identity.customer_id,
    )


def suspend(work: Work, identity_id: str, now: datetime, *, suspended: bool) -> None:
    """Suspend or restore an administrator or an individual; suspending ends their sessions and visits at once.

    Raises `NotFound` for anybody else.
    """
    changed = work.execute(
        update(Identity)
        .where(Identity.id == identity_id, Identity.kind != Kind.CUSTOMER, Identity.suspended != suspended)
        .values(suspended=suspended)
    )
    identity = work.get(Identity, identity_id)
    if identity is None or (not rows_changed(changed) and identity.kind is Kind.CUSTOMER):
        raise NotFound
    if suspended:
        sessions.end_all(work, identity_id, "suspended", now)
        sessions.end_visits(work, Session.actor_id == identity_id, "actor-suspended", now)
    record(work, "identity.suspended" if suspended else "identity.restored", of=concerning(work, identity))


def set_customer_status(
    work: Work, customer_id: str, status: CustomerStatus, now: datetime, version: int | None = None
) -> None:
    """Change how a customer stands; blocking or closing ends the sessions of it and of its individuals at once.

    Raises `NotFound`, and `Stale` when somebody saved since `version` was shown.
    """
    customer = work.scalars(select(Identity).where(Identity.id == customer_id).with_for_update()).one_or_none()
    if customer is None or customer.kind is not Kind.CUSTOMER:
        raise NotFound
    if version is not None and customer.version != version:
        raise Stale
    before, customer.status = customer.status, status
    customer.version += 1
    ended = 0
    if status in (CustomerStatus.BLOCKED, CustomerStatus.CLOSED):
        for identity_id in work.scalars(select(Identity.id).where(Identity.customer_id == customer_id)):
            ended += sessions.end_all(work, identity_id, f"customer-{status}", now)
    record(
        work,
        "customer.status",
        of=concerning(work, customer),
        identity=customer_id,
        before=str(before),
        after=str(status),
        sessions_ended=ended,
    )


def change_gateway(work: Work, version: int, values: Mapping[str, object]) -> None:
    """Change the gateway's defaults (column to value); acts at the next request.

    Raises `Stale` when somebody saved since `version` was shown.
    """
    row = work.scalars(select(Gateway).where(Gateway.id == 1).with_for_update()).one()
    if row.version != version:
        raise Stale
    before = {name: getattr(row, name) for name, value in values.items() if getattr(row, name) != value}
    for name in before:
        setattr(row, name, values[name])
    row.version += 1
    record(work, "gateway.changed", before=before, after={name: values[name] for name in before})


def create_administrator(work: Work, login: str, name: str, role_id: str, password_hash: str, now: datetime) -> str:
    """Make an administrator, or give a lost one access again (returns the identity's id).

    That is a password for one use, and their lists of trusted networks are emptied.

    What the lost one had as a second factor is dropped, for that may be what they lost; the policy stays.

    Raises `Invalid` when the login cannot be used.
    """
    if fault := logins.fault(login):
        raise Invalid({"login": [fault]})
    found = work.scalars(
        select(Identity).where(Identity.realm == Realm.ADMIN, Identity.login_key == logins.canonical(login))
    ).one_or_none()
    if found is not None:
        ended = give_password(work, found, password_hash, now)
        lifted = [entry for which in NetworkList for entry in networks.save(work, found.id, which, [], None, now)[0]]
        of = concerning(work, found)
        record(work, "password.reset", of=of, identity=found.id, sessions_ended=ended, networks_lifted=lifted)
        second_factor.drop(work, found.id, now)
        return found.id
    made = naming(login, name, "")
    identity = Identity(
        kind=Kind.ADMINISTRATOR,
        realm=Realm.ADMIN,
        login=made.login,
        login_key=made.login_key,
        name=made.name,
        sort_key=made.sort_key,
        search=made.search,
        role_id=role_id,
        password_hash=password_hash,
        password_must_change=True,
        password_set_at=now,
        created_at=now,
    )
    work.add(identity)
    try:
        work.flush()
    except IntegrityError as error:
        raise Invalid({"login": [_("This login is taken.")]}) from error
    record(work, "administrator.created", of=concerning(work, identity), identity=identity.id, role=role_id)
    return identity.id

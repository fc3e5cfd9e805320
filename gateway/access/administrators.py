"""Administrators: made, changed, given a new password; never so that nobody is left who may do everything."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session as Work

from gateway.access.models import DEFAULT_ROLE, Role
from gateway.access.panel import flush_login
from gateway.audit.operations import record
from gateway.errors import Forbidden, Invalid, NotFound, Stale
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity import operations, second_factor, sessions
from gateway.identity.models import Identity, Kind, Realm, SecondFactor
from gateway.identity.operations import rename

_EVERYTHING = select(Identity.id).where(
    Identity.kind == Kind.ADMINISTRATOR,
    Identity.role_id == DEFAULT_ROLE[Realm.ADMIN],
    Identity.suspended.is_(False),
)


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of an administrator; `email` may be empty."""

    login: str
    name: str
    email: str
    role_id: str
    second_factor: SecondFactor = SecondFactor.INHERIT


def create(work: Work, given: Record, password_hash: str, now: datetime) -> str:
    """Make an administrator with a password for one use and return their id; raises `Invalid`."""
    identity = Identity(
        kind=Kind.ADMINISTRATOR,
        realm=Realm.ADMIN,
        role_id=_role(work, given.role_id),
        second_factor=given.second_factor,
        password_hash=password_hash,
        password_must_change=True,
        password_set_at=now,
        created_at=now,
    )
    rename(identity, login=given.login, name=given.name, email=given.email)
    work.add(identity)
    flush_login(work)
    record(work, "administrator.created", identity=identity.id, after=_told(identity))
    return identity.id


def change(work: Work, identity_id: str, version: int, given: Record) -> None:
    """Change an administrator.

    Raises `NotFound`, `Stale` when somebody saved since `version` was shown, `Invalid`, and `Forbidden` when nobody
    with the default role would be left.
    """
    _lock_the_last(work)
    identity = _administrator(work, identity_id)
    if identity.version != version:
        raise Stale
    before = _told(identity)
    rename(identity, login=given.login, name=given.name, email=given.email)
    identity.role_id = _role(work, given.role_id)
    identity.second_factor = given.second_factor
    changed = [name for name, value in _told(identity).items() if before[name] != value]
    if not changed:
        return
    identity.version += 1
    flush_login(work)
    _keep_one(work)
    after = _told(identity)
    record(
        work,
        "administrator.changed",
        identity=identity_id,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )


def suspend(work: Work, identity_id: str, now: datetime, *, suspended: bool) -> None:
    """Suspend or restore an administrator; raises as `change` does."""
    _lock_the_last(work)
    _administrator(work, identity_id)
    operations.suspend(work, identity_id, now, suspended=suspended)
    _keep_one(work)


def reset(work: Work, identity_id: str, password_hash: str, now: datetime) -> None:
    """Give an administrator a password for one use; their sessions and visits end."""
    identity = _administrator(work, identity_id)
    identity.password_hash, identity.password_must_change, identity.password_set_at = password_hash, True, now
    ended = sessions.end_all(work, identity_id, "password-reset", now)
    record(work, "password.reset", identity=identity_id, sessions_ended=ended)


def reset_factor(work: Work, identity_id: str, reason: str, now: datetime) -> None:
    """Drop an administrator's second factor; their sessions and visits end. Raises as `second_factor.reset` does."""
    _administrator(work, identity_id)
    second_factor.reset(work, identity_id, reason, now)


def _administrator(work: Work, identity_id: str) -> Identity:
    found = work.scalars(
        select(Identity).where(Identity.id == identity_id, Identity.kind == Kind.ADMINISTRATOR).with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def _told(identity: Identity) -> dict[str, str | None]:
    return {
        "login": identity.login,
        "name": identity.name,
        "email": identity.email,
        "role_id": identity.role_id,
        "second_factor": identity.second_factor,
    }


def _role(work: Work, role_id: str) -> str:
    role = work.get(Role, role_id)
    if role is None or role.realm is not Realm.ADMIN:
        raise Invalid({"role": [_("Choose a role for administrators.")]})
    return role.id


def _lock_the_last(work: Work) -> None:
    """Hold everybody who may do everything, so that two who are taken away at once are counted one after the other."""
    work.execute(_EVERYTHING.order_by(Identity.id).with_for_update()).all()


def _keep_one(work: Work) -> None:
    if work.execute(_EVERYTHING.limit(1)).first() is None:
        raise Forbidden(N_("The last administrator with the default role has to stay as they are."), "last_one")

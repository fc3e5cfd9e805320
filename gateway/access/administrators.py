"""Administrators: made, changed, given a new password; never so that nobody is left who may do everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session as Work

from gateway.access.delegation import Levels, excess
from gateway.access.models import DEFAULT_ROLE, Role
from gateway.access.panel import flush_login
from gateway.access.queries import admin_levels
from gateway.access.rights import Rights
from gateway.audit.operations import Stamp, record
from gateway.errors import Forbidden, Invalid, NotFound, Stale
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity import networks, operations, second_factor
from gateway.identity.concerning import concerning
from gateway.identity.models import Identity, Kind, NetworkList, Realm, SecondFactor
from gateway.identity.naming import rename
from gateway.identity.notices import tell_of_naming

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


@dataclass(frozen=True, slots=True)
class Hand:
    """Whose hand does it: nobody gives, or takes hold of, more than their own `levels` (ROL-06)."""

    id: str
    levels: Levels
    rights: Rights

    def hold(self, work: Work, role_id: str | None) -> None:
        """Raise `Forbidden` for a role, or somebody of a role, beyond their own; asked in the transaction itself."""
        version = work.scalar(select(Role.version).where(Role.id == role_id, Role.realm == Realm.ADMIN))
        if excess(admin_levels(self.rights, work.connection(), role_id, version), self.levels):
            raise Forbidden(
                N_("Nobody gives rights beyond their own, or takes hold of somebody who has."), "beyond_own"
            )


def create(work: Work, by: Hand, given: Record, password_hash: str, now: datetime) -> str:
    """Make an administrator with a password for one use and return their id; raises `Invalid` and `Forbidden`."""
    identity = Identity(
        kind=Kind.ADMINISTRATOR,
        realm=Realm.ADMIN,
        role_id=_role(work, by, given.role_id),
        second_factor=given.second_factor,
        password_hash=password_hash,
        password_must_change=True,
        password_set_at=now,
        created_at=now,
    )
    rename(identity, login=given.login, name=given.name, email=given.email)
    work.add(identity)
    flush_login(work)
    record(work, "administrator.created", of=concerning(work, identity), identity=identity.id, after=_told(identity))
    return identity.id


def change(
    work: Work,
    by: Hand,
    identity_id: str,
    version: int,
    given: Record,
    trusted_networks: Sequence[str],
    now: datetime,
) -> None:
    """Change an administrator, and the provider's list of networks from which they and their visits may come.

    Raises `NotFound`, `Stale` when somebody saved since `version` was shown, `Invalid`, and `Forbidden` beyond one's
    own rights, for one's own role, and when nobody with the default role would be left.
    """
    lock_the_last(work)
    identity = _held(work, by, identity_id)
    if identity.version != version:
        raise Stale
    before: dict[str, Any] = _told(identity)
    rename(identity, login=given.login, name=given.name, email=given.email)
    if given.role_id != identity.role_id:
        if by.id == identity_id:
            raise Forbidden(N_("Nobody changes their own role."), "oneself")
        identity.role_id = _role(work, by, given.role_id)
    identity.second_factor = given.second_factor
    flush_login(work)
    stamp: Stamp = work.info["stamp"]
    held, listed = networks.save(work, identity_id, NetworkList.PROVIDER, trusted_networks, stamp.actor_id, now)
    before["trusted_networks"] = held
    after: dict[str, Any] = {**_told(identity), "trusted_networks": listed}
    changed = [name for name, value in after.items() if before[name] != value]
    if not changed:
        return
    identity.version += 1
    keep_one(work)
    tell_of_naming(work, identity, before, now)
    record(
        work,
        "administrator.changed",
        of=concerning(work, identity),
        identity=identity_id,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )


def suspend(work: Work, by: Hand, identity_id: str, now: datetime, *, suspended: bool) -> None:
    """Suspend or restore an administrator; suspending ends their sessions and visits at once. Raises as `change`."""
    lock_the_last(work)
    _held(work, by, identity_id)
    if by.id == identity_id:
        raise Forbidden(N_("Nobody suspends themselves."), "oneself")
    operations.suspend(work, identity_id, now, suspended=suspended)
    keep_one(work)


def reset(work: Work, by: Hand, identity_id: str, password_hash: str, now: datetime) -> None:
    """Give an administrator a password for one use; their sessions and visits end. Raises as `change`."""
    identity = _held(work, by, identity_id)
    if by.id == identity_id:
        raise Forbidden(N_("Your own password is changed under Security, with the present one."), "oneself")
    ended = operations.give_password(work, identity, password_hash, now)
    record(work, "password.reset", of=concerning(work, identity), identity=identity_id, sessions_ended=ended)


def reset_factor(work: Work, by: Hand, identity_id: str, reason: str, now: datetime) -> None:
    """Drop an administrator's second factor; their sessions and visits end.

    Raises as `change` and `second_factor.reset` do, and `Forbidden` for oneself.
    """
    _held(work, by, identity_id)
    if by.id == identity_id:
        raise Forbidden(N_("Your own second factor is changed under Security, with a code."), "oneself")
    second_factor.reset(work, identity_id, reason, now)


def _held(work: Work, by: Hand, identity_id: str) -> Identity:
    """Lock an administrator and return them, if they are not above whoever asks."""
    found = work.scalars(
        select(Identity).where(Identity.id == identity_id, Identity.kind == Kind.ADMINISTRATOR).with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound
    by.hold(work, found.role_id)
    return found


def _told(identity: Identity) -> dict[str, str | None]:
    return {
        "login": identity.login,
        "name": identity.name,
        "email": identity.email,
        "role_id": identity.role_id,
        "second_factor": identity.second_factor,
    }


def _role(work: Work, by: Hand, role_id: str) -> str:
    role = work.get(Role, role_id)
    if role is None or role.realm is not Realm.ADMIN:
        raise Invalid({"role": [_("Choose a role for administrators.")]})
    by.hold(work, role.id)
    return role.id


def lock_the_last(work: Work) -> None:
    """Hold everybody who may do everything, so that two who are taken away at once are counted one after the other."""
    work.execute(_EVERYTHING.order_by(Identity.id).with_for_update()).all()


def keep_one(work: Work) -> None:
    """Raise `Forbidden` when nobody is left who may do everything."""
    if work.execute(_EVERYTHING.limit(1)).first() is None:
        raise Forbidden(N_("The last administrator with the default role has to stay as they are."), "last_one")

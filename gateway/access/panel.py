"""The self-care access of a customer or an individual: login, password, second factor, networks, role, how it reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Work

from gateway.access.delegation import excess
from gateway.access.models import DEFAULT_ROLE, AllowedRole, Role
from gateway.access.queries import role_levels
from gateway.access.rights import Rights
from gateway.access.roles import called
from gateway.audit.operations import Stamp, record
from gateway.errors import Invalid, NotFound, Stale
from gateway.i18n.catalog import gettext as _
from gateway.identity import networks, sessions
from gateway.identity.concerning import concerning
from gateway.identity.models import Identity, Kind, NetworkList, Realm
from gateway.identity.naming import rename
from gateway.identity.notices import tell_of_naming
from gateway.identity.operations import give_password


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that staff set: its hash (made before the transaction opens), and whether it must be changed."""

    hash: str
    must_change: bool


def save(
    work: Work,
    identity_id: str,
    version: int,
    values: Mapping[str, Any],
    now: datetime,
    *,
    trusted_networks: Sequence[str] | None = None,
    password: NewPassword | None = None,
) -> None:
    """Save `values` (column to value) of somebody's access; None for the other two leaves them as they are.

    Raises `NotFound`, `Stale` when somebody saved since `version` was shown, and `Invalid` for a login or a role that
    cannot be. A new password or no login any more ends their sessions. One row of the record names what changed.
    """
    identity = work.scalars(select(Identity).where(Identity.id == identity_id).with_for_update()).one_or_none()
    if identity is None:
        raise NotFound
    if identity.version != version:
        raise Stale
    before = {name: getattr(identity, name) for name, value in values.items() if getattr(identity, name) != value}
    changed = {name: values[name] for name in before}
    if "role_id" in changed:
        changed["role_id"] = role_of(work, identity.kind, identity.customer_id, changed["role_id"])
    after: dict[str, Any] = dict(changed)
    if trusted_networks is not None:
        stamp: Stamp = work.info["stamp"]
        held, now_held = networks.save(work, identity_id, NetworkList.PROVIDER, trusted_networks, stamp.actor_id, now)
        if held != now_held:
            before["trusted_networks"], after["trusted_networks"] = held, now_held
    if "login" in changed:
        rename(identity, login=changed.pop("login") or "")
    for name, value in changed.items():
        setattr(identity, name, value)
    if password is not None:
        after["password"] = "changed"
    if not after:
        return
    identity.version += 1
    flush_login(work)
    tell_of_naming(work, identity, before, now)
    ended = 0
    if password is not None:
        ended = give_password(work, identity, password.hash, now, must_change=password.must_change)
    elif "login" in after and identity.login is None:
        ended = sessions.end_all(work, identity_id, "no-login", now)
    record(work, "access.changed", of=concerning(work, identity), before=before, after=after, sessions_ended=ended)


def flush_login(work: Work) -> None:
    """Write what was changed so far; raises `Invalid` when the login is somebody else's (UNI-01)."""
    try:
        work.flush()
    except IntegrityError as error:
        raise Invalid({"login": [_("This login is taken.")]}) from error


def role_of(work: Work, kind: Kind, customer_id: str | None, role_id: str | None) -> str:
    """Return the role that was chosen for a customer, or for an individual of `customer_id`; raises `Invalid`.

    A customer may have any of the self-care realm, none means the default role, and that is written down; an
    individual has one of those that its customer may hand out (ROL-02).
    """
    if role_id is None and kind is Kind.CUSTOMER:
        return DEFAULT_ROLE[Realm.SELF_CARE]
    found = work.scalars(_may_hold(kind, customer_id).where(Role.id == role_id)).one_or_none()
    if found is None:
        raise Invalid({"role": [_("Choose a role of the list.")]})
    return str(found)


def roles_to_hold(reader: Connection, kind: Kind, customer_id: str | None, held: str | None) -> list[tuple[str, str]]:
    """Return (id, name) of the roles to choose from, the default role first; the one that is held is among them."""
    rows = reader.execute(
        _may_hold(kind, customer_id).add_columns(Role.name).order_by(Role.is_default.desc(), Role.name)
    )
    found = [(row.id, called(row.name)) for row in rows]
    if held and held not in dict(found):
        name = reader.execute(select(Role.name).where(Role.id == held)).scalar_one_or_none()
        found.append((held, _("%(role)s (not allowed any more)") % {"role": name or held}))
    return found


def opens_nothing(reader: Connection, rights: Rights, kind: Kind, customer_id: str, role_id: str | None) -> bool:
    """Tell whether a role gives somebody nothing beyond what everybody has for oneself."""
    role = select(Role.version).where(Role.id == role_id, Role.realm == Realm.SELF_CARE)
    version = reader.execute(role).scalar_one_or_none()
    allowed = select(AllowedRole.role_id).where(AllowedRole.customer_id == customer_id, AllowedRole.role_id == role_id)
    held = kind is Kind.CUSTOMER or reader.execute(allowed).first() is not None
    return not excess(role_levels(rights, reader, kind, role_id, version, held), rights.none(Realm.SELF_CARE))


def _may_hold(kind: Kind, customer_id: str | None) -> Any:
    roles = select(Role.id).where(Role.realm == Realm.SELF_CARE)
    if kind is Kind.CUSTOMER:
        return roles
    return roles.join(AllowedRole, AllowedRole.role_id == Role.id).where(
        AllowedRole.customer_id == customer_id, Role.id != DEFAULT_ROLE[Realm.SELF_CARE]
    )

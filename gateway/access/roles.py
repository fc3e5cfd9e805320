"""Roles as pages show them."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from gateway.access.models import PortalView, Role
from gateway.errors import NotFound
from gateway.identity.models import Identity, Realm


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role as pages show it; `holders` is how many identities have it."""

    id: str
    realm: Realm
    name: str
    description: str
    is_default: bool
    version: int
    holders: int


_ROLES = select(
    Role.id,
    Role.realm,
    Role.name,
    Role.description,
    Role.is_default,
    Role.version,
    select(func.count()).where(Identity.role_id == Role.id).correlate(Role).scalar_subquery().label("holders"),
).order_by(Role.realm, Role.is_default.desc(), Role.name)


def roles(reader: Connection) -> list[RoleRow]:
    """Return all roles, by realm, the default role of each first."""
    return [RoleRow(*row) for row in reader.execute(_ROLES)]


def role(reader: Connection, role_id: str) -> RoleRow:
    """Return one role; raises `NotFound`."""
    row = reader.execute(_ROLES.where(Role.id == role_id)).one_or_none()
    if row is None:
        raise NotFound
    return RoleRow(*row)


def portal_views(reader: Connection, role_id: str) -> dict[str, dict[str, str]]:
    """Return the portal views of a role: slug to node key to word."""
    statement = select(PortalView.portal, PortalView.levels).where(PortalView.role_id == role_id)
    return {row.portal: row.levels for row in reader.execute(statement)}

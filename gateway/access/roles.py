"""Roles as pages show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, case, func, or_, select

from gateway.access.doors import Doors
from gateway.access.models import AllowedRole, PortalView, Role
from gateway.db import AnyRow
from gateway.errors import NotFound
from gateway.i18n.catalog import N_, gettext
from gateway.identity.logins import canonical
from gateway.identity.models import Identity, Kind, Realm
from gateway.paging import Page, decode_cursor, page_of

LISTED = 20
OWN_WORDS = frozenset({N_("Default role"), N_("Full access to everything.")})


def called(text: str) -> str:
    """Return what a role is called or is for: a default role's words are ours and translated, others stay as typed."""
    return gettext(text) if text in OWN_WORDS else text


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
).order_by(Role.realm, Role.is_default.desc(), Role.name_key)
_place = case((Role.realm == Realm.ADMIN, 0), else_=2) + case((Role.is_default, 0), else_=1)
"""Where a role stands before names are compared: the same order by one number."""


def roles(reader: Connection, q: str = "") -> list[RoleRow]:
    """Return all roles whose name contains `q`, by realm, the default role of each first."""
    key = canonical(q)
    return [RoleRow(*row) for row in reader.execute(_ROLES) if key in canonical(row.name)]


def page(reader: Connection, q: str, after: str | None, size: int) -> Page[RoleRow]:
    """Return a page of `roles`; raises `Invalid` for a cursor that is not ours."""
    statement = _ROLES.where(Role.name_key.contains(canonical(q), autoescape=True)).limit(size + 1)
    if after:
        place, name = decode_cursor(after, int, str)
        statement = statement.where(or_(_place > place, and_(_place == place, Role.name_key > name)))
    return page_of([RoleRow(*row) for row in reader.execute(statement)], _key, size)


def _key(row: RoleRow) -> tuple[int, str]:
    return (0 if row.realm is Realm.ADMIN else 2) + (not row.is_default), canonical(row.name)


def role(reader: Connection, role_id: str) -> RoleRow:
    """Return one role; raises `NotFound`."""
    row = reader.execute(_ROLES.where(Role.id == role_id)).one_or_none()
    if row is None:
        raise NotFound
    return RoleRow(*row)


@dataclass(frozen=True, slots=True)
class View:
    """A portal view: its name, the words by node key, the nodes that were known when it was saved (None: nobody noted).

    `doors` are the role's own to a portal elsewhere.
    """

    name: str
    levels: Mapping[str, str]
    known: Sequence[str] | None
    doors: Doors | None = None


def portal_views(reader: Connection, role_id: str) -> dict[str, View]:
    """Return the portal views of a role by slug."""
    statement = select(PortalView.portal, PortalView.name, PortalView.levels, PortalView.known, PortalView.doors)
    rows = reader.execute(statement.where(PortalView.role_id == role_id))
    return {row.portal: View(row.name, row.levels, row.known, row.doors) for row in rows}


def doors_of(views: Mapping[str, View]) -> dict[str, Doors]:
    """Return the doors of portal views alone, by slug."""
    return {slug: view.doors for slug, view in views.items() if view.doors}


def holders(reader: Connection, role_id: str) -> Sequence[AnyRow]:
    """Return the first of those who hold a role: id, kind, name, login and the customer they belong to."""
    customer = Identity.__table__.alias("customer")
    statement = (
        select(
            Identity.id, Identity.kind, Identity.name, Identity.login, Identity.customer_id, customer.c.name.label("of")
        )
        .outerjoin(customer, customer.c.id == Identity.customer_id)
        .where(Identity.role_id == role_id)
        .order_by(Identity.id)
        .limit(LISTED)
    )
    return reader.execute(statement).all()


def allowed_at(reader: Connection, role_id: str) -> Sequence[AnyRow]:
    """Return the first of the customers who may hand a role out: id and name."""
    statement = (
        select(Identity.id, Identity.name)
        .join(AllowedRole, AllowedRole.customer_id == Identity.id)
        .where(AllowedRole.role_id == role_id, Identity.kind == Kind.CUSTOMER)
        .order_by(Identity.id)
        .limit(LISTED)
    )
    return reader.execute(statement).all()


def allowed_for(reader: Connection, customer_id: str) -> Sequence[AnyRow]:
    """Return the roles that a customer may hand out: id, name, description and how many individuals hold each."""
    held = (
        select(func.count())
        .where(Identity.customer_id == customer_id, Identity.kind == Kind.INDIVIDUAL, Identity.role_id == Role.id)
        .correlate(Role)
        .scalar_subquery()
    )
    statement = (
        select(Role.id, Role.name, Role.description, held.label("holders"))
        .join(AllowedRole, AllowedRole.role_id == Role.id)
        .where(AllowedRole.customer_id == customer_id)
        .order_by(Role.name_key)
    )
    return reader.execute(statement).all()


def holders_at(reader: Connection, customer_id: str, role_id: str) -> Sequence[AnyRow]:
    """Return the first of a customer's individuals who hold a role: id and name."""
    held = (Identity.customer_id == customer_id) & (Identity.kind == Kind.INDIVIDUAL) & (Identity.role_id == role_id)
    return reader.execute(
        select(Identity.id, Identity.name).where(held).order_by(Identity.sort_key).limit(LISTED)
    ).all()

"""What the pages of individuals need to know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Date, and_, bindparam, case, func, literal, not_, or_, select

from gateway.access.delegation import Levels
from gateway.access.individuals import Manager
from gateway.access.models import DEFAULT_ROLE, AllowedRole, Role
from gateway.access.rights import Rights
from gateway.db import AnyRow, AnySelect
from gateway.i18n.zones import ZONES
from gateway.identity import logins
from gateway.identity.inheritance import in_force, says
from gateway.identity.models import CustomerClass, Gateway, Identity, Kind, Realm
from gateway.identity.search import literal as literally
from gateway.identity.search import name_begins
from gateway.identity.second_factor import HAS
from gateway.identity.standing import Standing
from gateway.launch.queries import SUBJECT, ZONE
from gateway.paging import PAGE_SIZE, Page, decode_cursor, page_of

_PEOPLE = SUBJECT.add_columns(
    Identity.sort_key, Identity.email, Identity.version, Identity.last_login_at, Identity.password_hash, *HAS
)
_INDIVIDUALS = _PEOPLE.where(Identity.customer_id == bindparam("customer_id"), Identity.kind == Kind.INDIVIDUAL)
_ROLES = (
    select(Role.id, Role.name, Role.version)
    .join(AllowedRole, AllowedRole.role_id == Role.id)
    .where(
        AllowedRole.customer_id == bindparam("customer_id"),
        Role.realm == Realm.SELF_CARE,
        Role.id != DEFAULT_ROLE[Realm.SELF_CARE],
    )
    .order_by(Role.name_key)
)
_ZONE_AT = (
    select(*says(("time_zone",), Identity, Identity, CustomerClass), Gateway.time_zone.label("gateway_time_zone"))
    .join(CustomerClass, CustomerClass.id == Identity.class_id)
    .join(Gateway, Gateway.id == 1)
    .where(Identity.id == bindparam("id"))
)
_AFTER = and_(
    Identity.sort_key >= bindparam("after_key"),
    or_(Identity.sort_key > bindparam("after_key"), Identity.id > bindparam("after_id")),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which individuals are asked for."""

    q: str = ""
    role_id: str | None = None
    standing: Standing | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """A role that a customer may hand out; `within`: its levels are not beyond those of whoever asks."""

    id: str
    name: str
    levels: Levels
    within: bool


def individuals(
    reader: Connection, customer_id: str, wanted: Wanted, after: str | None, now: datetime, size: int = PAGE_SIZE
) -> Page[AnyRow]:
    """Return a page of a customer's individuals in order of their names.

    Raises `Invalid` for a cursor that is not ours.
    """
    statement = _INDIVIDUALS
    if key := logins.canonical(wanted.q):
        statement = statement.where(Identity.search.like(f"%{literally(key)}%", escape="\\"))
    if wanted.role_id is not None:
        statement = statement.where(Identity.role_id == wanted.role_id)
    if wanted.standing is not None:
        statement = statement.where(_stands(wanted.standing, now))
    return _page(reader, statement, {"customer_id": customer_id}, after, size)


def of_everybody(reader: Connection, q: str, after: str | None, size: int) -> Page[AnyRow]:
    """Return a page of the individuals of all customers whose name begins with `q`, or whose login it is, in order of
    their names.

    Raises `Invalid` for a cursor that is not ours.
    """
    ids, key = select(Identity.id).where(Identity.kind == Kind.INDIVIDUAL), logins.canonical(q)
    if not key:
        return _page(reader, _PEOPLE.where(Identity.kind == Kind.INDIVIDUAL), {}, after, size)
    # Each by its own index, and no more of the names than fill a page.
    names = ids.where(name_begins(key), _AFTER) if after else ids.where(name_begins(key))
    first = names.order_by(Identity.sort_key, Identity.id).limit(size + 1).subquery()
    login = ids.where(Identity.realm == Realm.SELF_CARE, Identity.login_key == key)
    return _page(reader, _PEOPLE.where(Identity.id.in_(select(first.c.id).union_all(login))), {}, after, size)


def _page(
    reader: Connection, statement: AnySelect, values: dict[str, str], after: str | None, size: int
) -> Page[AnyRow]:
    statement = statement.order_by(Identity.sort_key, Identity.id).limit(size + 1)
    if after:
        values["after_key"], values["after_id"] = decode_cursor(after, str, str)
        statement = statement.where(_AFTER)
    return page_of(reader.execute(statement, values).all(), lambda row: (row.sort_key, row.id), size)


def individual(reader: Connection, customer_id: str, id: str) -> AnyRow | None:
    """Return one individual of a customer, or None."""
    return reader.execute(_INDIVIDUALS.where(Identity.id == id), {"customer_id": customer_id}).one_or_none()


def chosen(reader: Connection, customer_id: str, ids: Sequence[str]) -> Sequence[AnyRow]:
    """Return those of `ids` that are individuals of a customer, in order of their names."""
    statement = _INDIVIDUALS.where(Identity.id.in_(ids)).order_by(Identity.sort_key, Identity.id)
    return reader.execute(statement, {"customer_id": customer_id}).all()


def kept_out(reader: Connection, customer_id: str, now: datetime) -> int:
    """Return how many of a customer's individuals could not log in however the customer stands."""
    kept = _INDIVIDUALS.where(or_(not_(_stands(Standing.ACTIVE, now)), Identity.login.is_(None)))
    found = select(func.count()).select_from(kept.with_only_columns(Identity.id).subquery())
    return int(reader.execute(found, {"customer_id": customer_id}).scalar_one())


def zone_at(reader: Connection, customer_id: str) -> str:
    """Return the time zone of whoever is new at a customer."""
    customer = reader.execute(_ZONE_AT, {"id": customer_id}).one()
    return str(in_force(customer, "time_zone", customer.gateway_time_zone).value)


def allowed(reader: Connection, rights: Rights, by: Manager) -> list[Given]:
    """Return the roles that a customer may hand out, in order of their names."""
    found = []
    for row in reader.execute(_ROLES, {"customer_id": by.customer_id}):
        levels = rights.of(reader, Realm.SELF_CARE, row.id, row.version)
        found.append(Given(row.id, row.name, levels, by.may_hold(levels)))
    return found


def _stands(standing: Standing, now: datetime) -> ColumnElement[bool]:
    """Return the condition on `SUBJECT` for a standing, which turns at midnight in each one's own zone."""
    if standing is Standing.SUSPENDED:
        return Identity.suspended.is_(True)
    today = _today(now)
    early = func.coalesce(Identity.activates_on > today, False)
    late = func.coalesce(Identity.expires_on <= today, False)
    conditions = {
        Standing.NOT_YET_ACTIVE: early,
        Standing.EXPIRED: and_(not_(early), late),
        Standing.ACTIVE: and_(not_(early), not_(late)),
    }
    return and_(Identity.suspended.is_(False), conditions[standing])


def _today(now: datetime) -> ColumnElement[date]:
    utc = now.astimezone(UTC).date()
    elsewhere: dict[date, list[str]] = {}
    for zone in ZONES:
        day = now.astimezone(ZoneInfo(zone)).date()
        if day != utc:
            elsewhere.setdefault(day, []).append(zone)
    others = [(ZONE.in_(zones), literal(day, Date)) for day, zones in elsewhere.items()]
    return case(*others, else_=literal(utc, Date)) if others else literal(utc, Date)

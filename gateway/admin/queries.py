"""Lists of the console: by key, each at a fixed number of queries, every filter on an index."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, and_, bindparam, func, or_, select
from sqlalchemy.orm import aliased

from gateway.access.models import Role
from gateway.db import AnyRow, AnySelect, Prepared
from gateway.identity import logins
from gateway.identity.models import CustomerClass, CustomerStatus, Identity, Kind, Realm
from gateway.identity.search import customers_found_by, literal
from gateway.identity.second_factor import HAS
from gateway.paging import COUNT_LIMIT, PAGE_SIZE, Page, decode_cursor, page_of

_ROLE = Role.name.label("role_name")

_CUSTOMERS = (
    select(
        Identity.id,
        Identity.name,
        Identity.login,
        Identity.email,
        Identity.status,
        CustomerClass.name.label("class_name"),
        _ROLE,
        Identity.sort_key,
        CustomerClass.support_access,
        Identity.class_id,
        Identity.role_id,
        Identity.support_until,
    )
    .join(CustomerClass, CustomerClass.id == Identity.class_id)
    .outerjoin(Role, (Role.id == Identity.role_id) & (Role.realm == Realm.SELF_CARE))
    .order_by(Identity.sort_key, Identity.id)
    .limit(PAGE_SIZE + 1)
)
_opener = aliased(Identity)
_CUSTOMER = (
    _CUSTOMERS.add_columns(Identity.version, _opener.name.label("support_by"))
    .outerjoin(_opener, _opener.id == Identity.support_by_id)
    .where(Identity.id == bindparam("id"), Identity.kind == Kind.CUSTOMER)
)
_AFTER = and_(
    Identity.sort_key >= bindparam("after_key"),
    or_(Identity.sort_key > bindparam("after_key"), Identity.id > bindparam("after_id")),
)


_ALL = _CUSTOMERS.where(Identity.kind == Kind.CUSTOMER).limit(bindparam("size"))
_FIRST, _NEXT = Prepared(_ALL), Prepared(_ALL.where(_AFTER))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which customers are asked for."""

    q: str = ""
    status: CustomerStatus | None = None
    class_id: str | None = None

    def of(self, reader: Connection, statement: AnySelect) -> AnySelect:
        """Narrow a statement down to them."""
        statement = statement.where(customers_found_by(reader, self.q))
        if self.status is not None:
            statement = statement.where(Identity.status == self.status)
        if self.class_id is not None:
            statement = statement.where(Identity.class_id == self.class_id)
        return statement


def customers(reader: Connection, wanted: Wanted, after: str | None, size: int = PAGE_SIZE) -> Page[AnyRow]:
    """Return a page of customers in order of their names; an exact login comes first, beside the `size` others.

    Raises `Invalid` for a cursor that is not ours.
    """
    values: dict[str, object] = {"size": size + 1}
    if after:
        values["after_key"], values["after_id"] = decode_cursor(after, str, str)
    if wanted == Wanted():
        return page_of((_NEXT if after else _FIRST).all(reader, values), _key, size)
    statement = wanted.of(reader, _CUSTOMERS).limit(bindparam("size"))
    rows = reader.execute(statement.where(_AFTER) if after else statement, values).all()
    page = page_of(rows, _key, size)
    key = logins.canonical(wanted.q)
    if not key or after:
        return page
    by_login = Wanted(status=wanted.status, class_id=wanted.class_id).of(reader, _CUSTOMERS)
    exact = reader.execute(by_login.where(Identity.realm == Realm.SELF_CARE, Identity.login_key == key)).one_or_none()
    if exact is None:
        return page
    return Page([exact, *(row for row in page.rows if row.id != exact.id)], page.after)


def _key(row: AnyRow) -> tuple[str, str]:
    return row.sort_key, row.id


def customer(reader: Connection, customer_id: str) -> AnyRow | None:
    """Return one customer, or None."""
    return reader.execute(_CUSTOMER, {"id": customer_id}).one_or_none()


def count(reader: Connection, wanted: Wanted) -> int:
    """Return how many customers are found, counting no further than a thousand and one."""
    statement = wanted.of(reader, select(Identity.id)).limit(COUNT_LIMIT + 1)
    return int(reader.execute(select(func.count()).select_from(statement.subquery())).scalar_one())


def classes(reader: Connection) -> Sequence[tuple[str, str]]:
    """Return the ids and names of the customer classes."""
    return reader.execute(select(CustomerClass.id, CustomerClass.name).order_by(CustomerClass.name)).all()


_ADMINISTRATORS = (
    select(
        Identity.id,
        Identity.name,
        Identity.login,
        Identity.email,
        Identity.suspended,
        Identity.api_access,
        Identity.last_login_at,
        Identity.sort_key,
        Identity.version,
        Identity.role_id.label("assigned_role_id"),
        Role.id.label("role_id"),
        _ROLE,
        Role.version.label("role_version"),
        Identity.provider_networks,
        Identity.second_factor,
        Identity.second_factor_chosen,
        *HAS,
    )
    .outerjoin(Role, (Role.id == Identity.role_id) & (Role.realm == Realm.ADMIN))
    .where(Identity.kind == Kind.ADMINISTRATOR)
    .order_by(Identity.sort_key, Identity.id)
)


def administrators(reader: Connection, q: str, after: str | None) -> Page[AnyRow]:
    """Return a page of administrators in order of their names, found by `q`.

    Raises `Invalid` for a cursor that is not ours.
    """
    statement, values = _ADMINISTRATORS.limit(PAGE_SIZE + 1), {}
    if key := logins.canonical(q):
        statement = statement.where(Identity.search.like(f"%{literal(key)}%", escape="\\"))
    if after:
        values["after_key"], values["after_id"] = decode_cursor(after, str, str)
        statement = statement.where(_AFTER)
    return page_of(reader.execute(statement, values).all(), lambda row: (row.sort_key, row.id))


def administrator(reader: Connection, identity_id: str) -> AnyRow | None:
    """Return one administrator, or None."""
    return reader.execute(_ADMINISTRATORS.where(Identity.id == identity_id)).one_or_none()

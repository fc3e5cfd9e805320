"""Lists of the console: by key, each at a fixed number of queries, every filter on an index."""

from sqlalchemy import Connection, and_, bindparam, func, or_, select

from gateway.access.models import Role
from gateway.db import AnyRow
from gateway.identity import logins
from gateway.identity.models import CustomerClass, Identity, Kind, Realm
from gateway.launch.queries import SUBJECT
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
    )
    .join(CustomerClass, CustomerClass.id == Identity.class_id)
    .outerjoin(Role, (Role.id == Identity.role_id) & (Role.realm == Realm.SELF_CARE))
    .where(Identity.kind == Kind.CUSTOMER)
    .order_by(Identity.sort_key, Identity.id)
    .limit(PAGE_SIZE + 1)
)
_AFTER = and_(
    Identity.sort_key >= bindparam("after_key"),
    or_(Identity.sort_key > bindparam("after_key"), Identity.id > bindparam("after_id")),
)


def like(text: str) -> str:
    """Return `text` for the inside of a LIKE pattern, its wildcards taken literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def customers(reader: Connection, q: str, after: str | None) -> Page[AnyRow]:
    """Return a page of customers in order of their names; an exact login comes first.

    `q` is looked for in names, logins and e-mail addresses, in any case. Raises `Invalid` for a bad cursor.
    """
    statement = _CUSTOMERS
    key = logins.canonical(q)
    if key:
        statement = statement.where(Identity.search.like(f"%{like(key)}%", escape="\\"))
    if after:
        after_key, after_id = decode_cursor(after, str, str)
        statement = statement.where(_AFTER)
        rows = reader.execute(statement, {"after_key": after_key, "after_id": after_id}).all()
    else:
        rows = reader.execute(statement).all()
    page = page_of(rows, lambda row: (row.sort_key, row.id))
    if not key or after:
        return page
    exact = reader.execute(_CUSTOMERS.where(Identity.realm == Realm.SELF_CARE, Identity.login_key == key)).one_or_none()
    if exact is None:
        return page
    return Page([exact, *(row for row in page.rows if row.id != exact.id)], page.after)


def customer(reader: Connection, customer_id: str) -> AnyRow | None:
    """Return one customer, or None."""
    return reader.execute(_CUSTOMERS.where(Identity.id == customer_id)).one_or_none()


def count(reader: Connection, q: str) -> int:
    """Return how many customers `q` finds, counting no further than a thousand and one."""
    statement = select(Identity.id).where(Identity.kind == Kind.CUSTOMER)
    key = logins.canonical(q)
    if key:
        statement = statement.where(Identity.search.like(f"%{like(key)}%", escape="\\"))
    return int(
        reader.execute(select(func.count()).select_from(statement.limit(COUNT_LIMIT + 1).subquery())).scalar_one()
    )


_INDIVIDUALS = (
    SUBJECT.add_columns(Identity.sort_key, Identity.email)
    .where(Identity.customer_id == bindparam("customer_id"), Identity.kind == Kind.INDIVIDUAL)
    .order_by(Identity.sort_key, Identity.id)
    .limit(PAGE_SIZE + 1)
)


def individuals(reader: Connection, customer_id: str, q: str, after: str | None) -> Page[AnyRow]:
    """Return a page of a customer's individuals in order of their names, found by `q` as customers are."""
    statement, values = _INDIVIDUALS, {"customer_id": customer_id}
    key = logins.canonical(q)
    if key:
        statement = statement.where(Identity.search.like(f"%{like(key)}%", escape="\\"))
    if after:
        values["after_key"], values["after_id"] = decode_cursor(after, str, str)
        statement = statement.where(_AFTER)
    return page_of(reader.execute(statement, values).all(), lambda row: (row.sort_key, row.id))

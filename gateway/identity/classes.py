"""Customer classes: the defaults that customers share, and how many a change of them reaches."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Work
from sqlalchemy.orm import aliased

from gateway.audit.operations import record
from gateway.db import AnyRow, AnySelect
from gateway.errors import Invalid, NotFound, Stale
from gateway.i18n.catalog import gettext as _
from gateway.identity import logins
from gateway.identity.inheritance import PREFERENCES
from gateway.identity.models import CustomerClass, Identity, Kind, SecondFactor
from gateway.paging import COUNT_LIMIT, Page, decode_cursor, page_of

_customer = aliased(Identity)
_used = (
    select(Identity.id)
    .where(Identity.class_id == CustomerClass.id)
    .correlate(CustomerClass)
    .limit(COUNT_LIMIT + 1)
    .subquery()
)
_CLASSES = select(
    CustomerClass.__table__, select(func.count()).select_from(_used).scalar_subquery().label("customers")
).order_by(CustomerClass.name)


def classes(reader: Connection) -> list[AnyRow]:
    """Return all classes by name, each with its number of `customers`, counted to a thousand and one."""
    return list(reader.execute(_CLASSES))


def page(reader: Connection, q: str, after: str | None, size: int) -> Page[AnyRow]:
    """Return a page of the classes whose name contains `q`, without case; raises `Invalid` for a cursor not ours.

    There are few of them, so they are put in order here, and in the same on both databases.
    """
    part, begin = logins.canonical(q), decode_cursor(after, str, str) if after else ("", "")
    rows = sorted(reader.execute(select(CustomerClass.__table__)), key=_key)
    found = [row for row in rows if part in _key(row)[0] and _key(row) > begin]
    return page_of(found[: size + 1], _key, size)


def _key(row: AnyRow) -> tuple[str, str]:
    return logins.canonical(row.name), row.name


def customer_class(reader: Connection, class_id: str) -> AnyRow:
    """Return one class; raises `NotFound`."""
    row = reader.execute(_CLASSES.where(CustomerClass.id == class_id)).one_or_none()
    if row is None:
        raise NotFound
    return row


class Reach(NamedTuple):
    """How many a change reaches, each counted to a thousand and one."""

    customers: int
    individuals: int


def reached(reader: Connection, class_id: str, names: Iterable[str]) -> dict[str, Reach]:
    """Return for each field whom a change of it reaches: those who have no say of their own, nor above them."""
    return {name: _reach(reader, class_id, name) for name in names}


def _reach(reader: Connection, class_id: str, name: str) -> Reach:
    of_class = (_customer.class_id == class_id) & _inherits(_customer, name)
    customers = select(_customer.id).where(of_class)
    individuals = (
        select(Identity.id)
        .join(_customer, _customer.id == Identity.customer_id)
        .where(Identity.kind == Kind.INDIVIDUAL, of_class, _inherits(Identity, name))
    )
    return Reach(_count(reader, customers), _count(reader, individuals))


def _inherits(who: Any, name: str) -> Any:
    if name in PREFERENCES:
        return getattr(who, name).is_(None)
    if name == "second_factor":
        return who.second_factor == SecondFactor.INHERIT
    return true()


def _count(reader: Connection, statement: AnySelect) -> int:
    capped = statement.limit(COUNT_LIMIT + 1).subquery()
    return int(reader.execute(select(func.count()).select_from(capped)).scalar_one())


def create(work: Work, values: Mapping[str, Any]) -> str:
    """Make a class of these values (by column) and return its id; raises `Invalid` when the name is taken."""
    made = CustomerClass(**values)
    work.add(made)
    _flush(work)
    record(work, "class.created", customer_class=made.id, after=dict(values))
    return made.id


def change(work: Work, class_id: str, version: int, values: Mapping[str, Any]) -> None:
    """Change the defaults of a class; they act at the next request of everybody who inherits them.

    Raises `NotFound`, `Stale` when somebody saved since `version` was shown, `Invalid` when the name is taken.
    """
    found = _locked(work, class_id)
    if found.version != version:
        raise Stale
    before = {name: getattr(found, name) for name, value in values.items() if getattr(found, name) != value}
    if not before:
        return
    for name in before:
        setattr(found, name, values[name])
    found.version += 1
    _flush(work)
    after = {name: values[name] for name in before}
    record(work, "class.changed", customer_class=class_id, before=before, after=after)


def delete(work: Work, class_id: str) -> None:
    """Take a class away; raises `NotFound`, and `Invalid` while a customer is of it."""
    found = _locked(work, class_id)
    name = found.name
    work.delete(found)
    try:
        work.flush()
    except IntegrityError as error:
        raise Invalid({"class": [_("A class in use cannot be deleted. Move its customers to another one.")]}) from error
    record(work, "class.deleted", customer_class=class_id, name=name)


def _locked(work: Work, class_id: str) -> CustomerClass:
    found = work.scalars(select(CustomerClass).where(CustomerClass.id == class_id).with_for_update()).one_or_none()
    if found is None:
        raise NotFound
    return found


def _flush(work: Work) -> None:
    try:
        work.flush()
    except IntegrityError as error:
        raise Invalid({"name": [_("There is a class of this name.")]}) from error

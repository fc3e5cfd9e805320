"""Rows of the Cloud PBX, each loaded for the visitor: what is somebody else's is not found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, or_, select

from gateway.portal import (
    PAGE_SIZE,
    AnyRow,
    AnySelect,
    NotFound,
    PageOfRows,
    Prepared,
    Visitor,
    decode_cursor,
    page_of,
    search_part,
)
from portals.pbx.models import Call, Extension, Invoice, Payment

Rows = PageOfRows[AnyRow]
EXPORTED = 50_000

_EXTENSIONS = (
    select(Extension.id, Extension.number, Extension.name, Extension.email, Extension.forward_to)
    .where(Extension.customer_id == bindparam("customer_id"))
    .order_by(Extension.number, Extension.id)
    .limit(PAGE_SIZE + 1)
)
_CALLS = (
    select(
        Call.id,
        Call.started_at,
        Call.from_number,
        Call.to_number,
        Call.direction,
        Call.duration_seconds,
        Call.charge,
        Call.currency,
    )
    .where(Call.customer_id == bindparam("customer_id"))
    .order_by(Call.started_at.desc(), Call.id.desc())
)
_EARLIER = and_(
    Call.started_at <= bindparam("started_at"),
    or_(Call.started_at < bindparam("started_at"), Call.id < bindparam("id")),
)
_FIRST_CALLS = Prepared(_CALLS.limit(PAGE_SIZE + 1))
_NEXT_CALLS = Prepared(_CALLS.where(_EARLIER).limit(PAGE_SIZE + 1))
_INVOICES = (
    select(
        Invoice.id,
        Invoice.number,
        Invoice.issued_on,
        Invoice.due_on,
        Invoice.amount,
        Invoice.currency,
        Invoice.status,
    )
    .where(Invoice.customer_id == bindparam("customer_id"))
    .order_by(Invoice.issued_on.desc(), Invoice.id.desc())
)
_PAYMENTS = (
    select(
        Payment.id,
        Payment.paid_on,
        Payment.amount,
        Payment.currency,
        Payment.method,
        Payment.invoice_id,
        Invoice.number.label("invoice_number"),
    )
    .join(Invoice, Invoice.id == Payment.invoice_id)
    .where(Payment.customer_id == bindparam("customer_id"))
    .order_by(Payment.paid_on.desc(), Payment.id.desc())
)
_OVERVIEW = select(
    select(func.count()).where(Extension.customer_id == bindparam("customer_id")).scalar_subquery().label("extensions"),
    select(func.count())
    .where(Call.customer_id == bindparam("customer_id"), Call.started_at >= bindparam("since"))
    .scalar_subquery()
    .label("calls"),
    select(func.coalesce(func.sum(Call.duration_seconds), 0))
    .where(Call.customer_id == bindparam("customer_id"), Call.started_at >= bindparam("since"))
    .scalar_subquery()
    .label("seconds"),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls are asked for: from a moment, before a moment, with a number that contains a text."""

    since: datetime | None = None
    until: datetime | None = None
    number: str = ""


ANY = Wanted()


def overview(reader: Connection, visitor: Visitor, since: datetime) -> AnyRow:
    """Return the number of extensions, and the calls and their seconds since a moment."""
    return reader.execute(_OVERVIEW, {"customer_id": visitor.customer_id, "since": since}).one()


def extensions(reader: Connection, visitor: Visitor, q: str, after: str | None) -> Rows:
    """Return a page of extensions by number; `q` is looked for in numbers, names and e-mail addresses."""
    statement, values = _EXTENSIONS, {"customer_id": visitor.customer_id}
    if q:
        found = [
            func.lower(column).like(search_part(q), escape="\\")
            for column in (Extension.number, Extension.name, func.coalesce(Extension.email, ""))
        ]
        statement = statement.where(or_(*found))
    if after:
        number, id = decode_cursor(after, str, str)
        statement = statement.where(or_(Extension.number > number, and_(Extension.number == number, Extension.id > id)))
    return page_of(reader.execute(statement, values).all(), lambda row: (row.number, row.id))


def extension(reader: Connection, visitor: Visitor, id: str) -> AnyRow:
    """Return one extension of the visitor's customer; raises `NotFound`."""
    statement = select(Extension.__table__).where(Extension.id == id, Extension.customer_id == visitor.customer_id)
    return _one(reader, statement)


def calls(reader: Connection, visitor: Visitor, wanted: Wanted, after: str | None) -> Rows:
    """Return a page of calls, the latest first."""
    values: dict[str, object] = {"customer_id": visitor.customer_id}
    if after:
        text, values["id"] = decode_cursor(after, str, str)
        values["started_at"] = datetime.fromisoformat(text)
    if wanted == ANY:
        rows = (_NEXT_CALLS if after else _FIRST_CALLS).all(reader, values)
    else:
        statement = _wanted(wanted).limit(PAGE_SIZE + 1)
        rows = reader.execute(statement.where(_EARLIER) if after else statement, values).all()
    return page_of(rows, lambda row: (row.started_at.isoformat(), row.id))


def all_calls(reader: Connection, visitor: Visitor, wanted: Wanted) -> Sequence[AnyRow]:
    """Return every call that is asked for, for an export: the latest fifty thousand at most."""
    return reader.execute(_wanted(wanted).limit(EXPORTED), {"customer_id": visitor.customer_id}).all()


def _wanted(wanted: Wanted) -> AnySelect:
    statement = _CALLS
    if wanted.since:
        statement = statement.where(Call.started_at >= wanted.since)
    if wanted.until:
        statement = statement.where(Call.started_at < wanted.until)
    if wanted.number:
        part = search_part(wanted.number)
        statement = statement.where(
            or_(Call.from_number.like(part, escape="\\"), Call.to_number.like(part, escape="\\"))
        )
    return statement


def invoices(reader: Connection, visitor: Visitor, after: str | None) -> Rows:
    """Return a page of invoices, the latest first."""
    return _by_day(reader, visitor, _INVOICES, Invoice, Invoice.issued_on, after)


def invoice(reader: Connection, visitor: Visitor, id: str) -> AnyRow:
    """Return one invoice of the visitor's customer; raises `NotFound`."""
    statement = select(Invoice.__table__).where(Invoice.id == id, Invoice.customer_id == visitor.customer_id)
    return _one(reader, statement)


def payments_of(reader: Connection, visitor: Visitor, invoice_id: str) -> Sequence[AnyRow]:
    """Return the payments of one invoice."""
    statement = _PAYMENTS.where(Payment.invoice_id == invoice_id)
    return reader.execute(statement, {"customer_id": visitor.customer_id}).all()


def payments(reader: Connection, visitor: Visitor, after: str | None) -> Rows:
    """Return a page of payments, the latest first."""
    return _by_day(reader, visitor, _PAYMENTS, Payment, Payment.paid_on, after)


def payment(reader: Connection, visitor: Visitor, id: str) -> AnyRow:
    """Return one payment of the visitor's customer; raises `NotFound`."""
    return _one(reader, _PAYMENTS.where(Payment.id == id), customer_id=visitor.customer_id)


def _one(reader: Connection, statement: AnySelect, **values: Any) -> AnyRow:
    row = reader.execute(statement, values).one_or_none()
    if row is None:
        raise NotFound
    return row


def _by_day(
    reader: Connection, visitor: Visitor, statement: AnySelect, table: Any, day: Any, after: str | None
) -> Rows:
    if after:
        text, id = decode_cursor(after, str, str)
        last = datetime.fromisoformat(text).date()
        statement = statement.where(or_(day < last, and_(day == last, table.id < id)))
    rows = reader.execute(statement.limit(PAGE_SIZE + 1), {"customer_id": visitor.customer_id}).all()
    return page_of(rows, lambda row: (getattr(row, day.key).isoformat(), row.id))

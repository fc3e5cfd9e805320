"""Invoices, payments, and what is still to be paid.

An open invoice is overdue from the day after it was due, whether or not the billing system has said so yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Date, and_, bindparam, case, func, literal, or_, select

from gateway.portal import PAGE_SIZE, AnyRow, AnySelect, PageOfRows, Visitor, decode_cursor, page_of
from portals.pbx.models import Invoice, InvoiceStatus, Payment
from portals.pbx.queries import EXPORTED, one

Rows = PageOfRows[AnyRow]

MOST_OPEN = 100
NOTHING = Decimal("0.00")

_late = and_(Invoice.status == InvoiceStatus.OPEN, Invoice.due_on < bindparam("today", type_=Date()))
_standing = case((_late, literal(InvoiceStatus.OVERDUE, Invoice.status.type)), else_=Invoice.status).label("status")
_paid = (
    select(func.sum(Payment.amount))
    .where(
        Payment.customer_id == Invoice.customer_id,
        Payment.invoice_id == Invoice.id,
        Payment.currency == Invoice.currency,
    )
    .correlate(Invoice)
    .scalar_subquery()
)
_left = (Invoice.amount - func.coalesce(_paid, 0)).label("left")
_INVOICES = (
    select(
        Invoice.id,
        Invoice.number,
        Invoice.issued_on,
        Invoice.due_on,
        Invoice.amount,
        Invoice.currency,
        _standing,
        Invoice.announced_at,
    )
    .where(Invoice.customer_id == bindparam("customer_id"))
    .order_by(Invoice.issued_on.desc(), Invoice.id.desc())
)
_UNPAID = (
    _INVOICES.add_columns(_left)
    .where(Invoice.status != InvoiceStatus.PAID)
    .order_by(None)
    .order_by(Invoice.due_on, Invoice.id)
)
_unpaid = _UNPAID.order_by(None).subquery()
_overdue = _unpaid.c.status == InvoiceStatus.OVERDUE
_OWED = (
    select(
        _unpaid.c.currency,
        func.count().label("invoices"),
        func.sum(_unpaid.c.left).label("open"),
        func.sum(case((_overdue, _unpaid.c.left), else_=0)).label("overdue"),
        func.sum(case((_unpaid.c.announced_at.is_not(None), _unpaid.c.left), else_=0)).label("announced"),
        func.min(case((_overdue, None), else_=_unpaid.c.due_on)).label("next_due"),
    )
    .group_by(_unpaid.c.currency)
    .order_by(_unpaid.c.currency)
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
_latest = (
    select(
        Payment.currency,
        Payment.paid_on,
        Payment.amount,
        func.row_number()
        .over(partition_by=Payment.currency, order_by=(Payment.paid_on.desc(), Payment.id.desc()))
        .label("place"),
    )
    .where(Payment.customer_id == bindparam("customer_id"))
    .subquery()
)
_LAST_PAYMENTS = select(_latest.c.currency, _latest.c.paid_on, _latest.c.amount).where(_latest.c.place == 1)


@dataclass(frozen=True, slots=True)
class Balance:
    """How things stand in one currency: what is open (of it overdue, of it announced), what is due next (None when
    nothing is, or all of it was due already), and the last payment as day and amount.
    """

    currency: str
    invoices: int = 0
    open: Decimal = NOTHING
    overdue: Decimal = NOTHING
    announced: Decimal = NOTHING
    next_due: date | None = None
    last_payment: tuple[date, Decimal] | None = None


def owed(
    reader: Connection,
    visitor: Visitor,
    today: date,
    last_payments: Mapping[str, tuple[date, Decimal]] | None = None,
) -> list[Balance]:
    """Return what is to be paid, by currency; with the currencies of `last_payments` too, where nothing may be."""
    last = last_payments or {}
    rows = reader.execute(_OWED, {"customer_id": visitor.customer_id, "today": today}).all()
    found = {row.currency: Balance(**row._mapping, last_payment=last.get(row.currency)) for row in rows}
    settled = {currency: Balance(currency, last_payment=paid) for currency, paid in last.items()}
    return [balance for _, balance in sorted({**settled, **found}.items())]


def balance(reader: Connection, visitor: Visitor, today: date) -> list[Balance]:
    """Return what is to be paid and what was paid last, by currency."""
    rows = reader.execute(_LAST_PAYMENTS, {"customer_id": visitor.customer_id}).all()
    return owed(reader, visitor, today, {row.currency: (row.paid_on, row.amount) for row in rows})


def unpaid(reader: Connection, visitor: Visitor, today: date) -> Sequence[AnyRow]:
    """Return the invoices that are not paid, the first to be due first: a hundred at most."""
    return reader.execute(_UNPAID.limit(MOST_OPEN), {"customer_id": visitor.customer_id, "today": today}).all()


def invoices(reader: Connection, visitor: Visitor, today: date, after: str | None) -> Rows:
    """Return a page of invoices, the latest first."""
    return _page(reader, visitor, _INVOICES, Invoice.issued_on, Invoice.id, after, today=today)


def all_invoices(reader: Connection, visitor: Visitor, today: date) -> Sequence[AnyRow]:
    """Return every invoice, for an export."""
    return reader.execute(_INVOICES.limit(EXPORTED), {"customer_id": visitor.customer_id, "today": today}).all()


def invoice(reader: Connection, visitor: Visitor, today: date, id: str) -> AnyRow:
    """Return one invoice of the visitor's customer with what is left to pay; raises `NotFound`."""
    statement = _INVOICES.add_columns(_left, Invoice.pay_to).where(Invoice.id == id)
    return one(reader, statement, customer_id=visitor.customer_id, today=today)


def payments_of(reader: Connection, visitor: Visitor, invoice_id: str) -> Sequence[AnyRow]:
    """Return the payments of one invoice."""
    statement = _PAYMENTS.where(Payment.invoice_id == invoice_id)
    return reader.execute(statement, {"customer_id": visitor.customer_id}).all()


def payments(reader: Connection, visitor: Visitor, after: str | None) -> Rows:
    """Return a page of payments, the latest first."""
    return _page(reader, visitor, _PAYMENTS, Payment.paid_on, Payment.id, after)


def all_payments(reader: Connection, visitor: Visitor) -> Sequence[AnyRow]:
    """Return every payment, for an export."""
    return reader.execute(_PAYMENTS.limit(EXPORTED), {"customer_id": visitor.customer_id}).all()


def payment(reader: Connection, visitor: Visitor, id: str) -> AnyRow:
    """Return one payment of the visitor's customer; raises `NotFound`."""
    return one(reader, _PAYMENTS.where(Payment.id == id), customer_id=visitor.customer_id)


def _page(
    reader: Connection, visitor: Visitor, statement: AnySelect, day: Any, id: Any, after: str | None, **values: date
) -> Rows:
    if after:
        moment, last_id = decode_cursor(after, datetime, str)
        last = moment.date()
        statement = statement.where(day <= last, or_(day < last, id < last_id))
    given = {"customer_id": visitor.customer_id, **values}
    rows = reader.execute(statement.limit(PAGE_SIZE + 1), given).all()
    return page_of(rows, lambda row: (datetime.combine(getattr(row, day.key), time(), UTC).isoformat(), row.id))

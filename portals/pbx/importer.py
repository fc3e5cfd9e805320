"""The files that the Cloud PBX takes."""

import re
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from gateway.portal import Field, Importer, Line, cells, new_id, resolve_customers
from portals.pbx.models import Call, Direction, Extension, Invoice, InvoiceStatus, Method, Payment

NUMBER = re.compile(r"[0-9*#]{1,16}\Z")
PHONE = re.compile(r"\+?[0-9 ()*#-]{1,31}\Z")
_INVOICES = select(Invoice.customer_id, Invoice.number, Invoice.id).where(
    Invoice.customer_id.in_(bindparam("customers", expanding=True)),
    Invoice.number.in_(bindparam("numbers", expanding=True)),
)


def number(text: str) -> str:
    """Read an extension's number."""
    if not NUMBER.match(text):
        raise ValueError("a number has 1 to 16 digits, * or #")
    return text


def phone(text: str) -> str | None:
    """Read a telephone number; an empty one is none."""
    if text and not PHONE.match(text):
        raise ValueError("this is no telephone number")
    return text or None


def _with_id(connection: Connection, lines: Sequence[Line]) -> None:
    resolve_customers(connection, lines)
    for line in lines:
        line.values["id"] = new_id()


def _extensions(connection: Connection, lines: Sequence[Line]) -> None:
    _with_id(connection, lines)
    for line in lines:
        line.values["version"] = 1


def _calls(connection: Connection, lines: Sequence[Line]) -> None:
    _with_id(connection, lines)
    for line in lines:
        line.values["from_number"] = line.values.pop("from")
        line.values["to_number"] = line.values.pop("to")


def _payments(connection: Connection, lines: Sequence[Line]) -> None:
    _with_id(connection, lines)
    asked = {
        "customers": list({line.values["customer_id"] for line in lines}),
        "numbers": list({line.values["invoice"] for line in lines}),
    }
    found = {(customer, number): id for customer, number, id in connection.execute(_INVOICES, asked)}
    for line in lines:
        invoice = line.values.pop("invoice")
        line.values["invoice_id"] = found.get((line.values["customer_id"], invoice))
        if line.values["invoice_id"] is None and not line.problems:
            line.fault("invoice", f"this customer has no invoice {invoice!r}")


CUSTOMER = Field("customer")

IMPORTERS = (
    Importer(
        "pbx-extensions",
        (
            CUSTOMER,
            Field("number", number),
            Field("name", cells.text_up_to(120)),
            Field("email", cells.text_up_to(254), required=False),
            Field("forward_to", phone, required=False),
        ),
        Extension,
        ("customer_id", "number"),
        _extensions,
        kept=frozenset({"id", "version"}),
    ),
    Importer(
        "pbx-calls",
        (
            CUSTOMER,
            Field("started_at", cells.moment),
            Field("from", phone),
            Field("to", phone),
            Field("direction", cells.one_of(Direction)),
            Field("duration_seconds", cells.seconds),
            Field("charge", cells.amount),
            Field("currency", cells.currency),
        ),
        Call,
        ("customer_id", "started_at", "from_number", "to_number"),
        _calls,
        also_key="started_at",
    ),
    Importer(
        "pbx-invoices",
        (
            CUSTOMER,
            Field("number", cells.text_up_to(32)),
            Field("issued_on", cells.day),
            Field("due_on", cells.day),
            Field("amount", cells.amount),
            Field("currency", cells.currency),
            Field("status", cells.one_of(InvoiceStatus)),
        ),
        Invoice,
        ("customer_id", "number"),
        _with_id,
    ),
    Importer(
        "pbx-payments",
        (
            CUSTOMER,
            Field("invoice", cells.text_up_to(32)),
            Field("paid_on", cells.day),
            Field("amount", cells.amount),
            Field("currency", cells.currency),
            Field("method", cells.one_of(Method)),
        ),
        Payment,
        ("customer_id", "invoice_id", "paid_on"),
        _payments,
    ),
)

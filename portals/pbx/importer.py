"""The files that the Cloud PBX takes."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, select, update
from sqlalchemy.orm import Session as Work

from gateway.portal import Beside, Field, Importer, Key, Line, cells, new_id, resolve_customers
from portals.pbx.models import (
    RING_SECONDS,
    Call,
    Direction,
    Extension,
    Invoice,
    InvoiceStatus,
    Kind,
    Method,
    Payment,
    RingGroup,
    RingMember,
    Strategy,
)
from portals.pbx.operations import MOST_MEMBERS, TARGETS, write_ring_group

NUMBER = re.compile(r"[0-9*#]{1,16}\Z")
PHONE = re.compile(r"\+?[0-9 ()*#-]{1,31}\Z")
SHORTEST_RING, LONGEST_RING = 5, 300
RINGING = ("strategy", "seconds", "members")
_AMONG = and_(
    Extension.customer_id.in_(bindparam("customers", expanding=True)),
    Extension.number.in_(bindparam("numbers", expanding=True)),
)
_NUMBERS = select(Extension.customer_id, Extension.number, Extension.id, Extension.kind).where(_AMONG)
_GROUPS = (
    select(Extension.customer_id, Extension.number, Extension.id, RingGroup.strategy, RingGroup.seconds)
    .outerjoin(RingGroup, RingGroup.id == Extension.id)
    .where(_AMONG, Extension.kind == Kind.RING_GROUP)
)
_MEMBERS = (
    select(RingMember.group_id, Extension.number)
    .join(Extension, Extension.id == RingMember.extension_id)
    .where(RingMember.group_id.in_(bindparam("groups", expanding=True)))
    .order_by(RingMember.group_id, RingMember.position)
)
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


def ring_seconds(text: str) -> int:
    """Read for how long a telephone rings; an empty one is the usual."""
    read = cells.seconds(text) if text else RING_SECONDS
    if not SHORTEST_RING <= read <= LONGEST_RING:
        raise ValueError(f"from {SHORTEST_RING} to {LONGEST_RING} seconds")
    return read


def members(text: str) -> list[str]:
    """Read the members of a ring group: numbers with spaces between, in their order, each once."""
    read = text.split()
    if len(set(read)) != len(read):
        raise ValueError("a number is there twice")
    if len(read) > MOST_MEMBERS:
        raise ValueError(f"at most {MOST_MEMBERS} members")
    return [number(one) for one in read]


def _with_id(connection: Connection, lines: Sequence[Line]) -> None:
    resolve_customers(connection, lines)
    for line in lines:
        line.values["id"] = new_id()


def _numbers(
    connection: Connection, lines: Sequence[Line], numbers: Iterable[str]
) -> dict[tuple[str, str], tuple[str, Kind]]:
    """Return id and kind of what has these numbers at the customers of `lines`, by customer and number."""
    asked = {"customers": list({line.values["customer_id"] for line in lines}), "numbers": list(set(numbers))}
    return {(customer, number): (id, kind) for customer, number, id, kind in connection.execute(_NUMBERS, asked)}


def _extensions(connection: Connection, lines: Sequence[Line]) -> None:
    _with_id(connection, lines)
    taken = _numbers(connection, lines, (line.values["number"] for line in lines))
    for line in lines:
        line.values |= {"version": 1, "kind": Kind.TELEPHONE}
        _check_kind(line, taken)
        for name in TARGETS:
            if line.values[name] == line.values["number"]:
                line.fault(name, "an extension cannot forward to itself")


def _ring_groups(connection: Connection, lines: Sequence[Line]) -> None:
    _with_id(connection, lines)
    known = _numbers(connection, lines, [n for line in lines for n in (line.values["number"], *line.values["members"])])
    for line in lines:
        line.values |= {"version": 1, "kind": Kind.RING_GROUP, "no_answer_seconds": RING_SECONDS}
        _check_kind(line, known)
        for member in line.values["members"]:
            _, kind = known.get((line.values["customer_id"], member), ("", None))
            if kind is not Kind.TELEPHONE and line.values["customer_id"]:
                line.fault("members", f"this customer has no extension {member!r}")
        line.beside = {name: line.values[name] for name in RINGING}


def _check_kind(line: Line, taken: Mapping[tuple[str, str], tuple[str, Kind]]) -> None:
    _, kind = taken.get((line.values["customer_id"], line.values["number"]), ("", line.values["kind"]))
    if kind is not line.values["kind"]:
        other = "a ring group" if kind is Kind.RING_GROUP else "an extension"
        line.fault("number", f"this number is that of {other}")


def _groups(work: Connection | Work, keys: Collection[Key]) -> dict[Key, Any]:
    asked = {"customers": list({customer for customer, _ in keys}), "numbers": list({number for _, number in keys})}
    return {(row.customer_id, row.number): row for row in work.execute(_GROUPS, asked)}


def _ringing(work: Connection | Work, keys: Collection[Key]) -> dict[Key, dict[str, Any]]:
    """Return how the ring groups of these customers and numbers ring, by customer and number."""
    groups = {key: row for key, row in _groups(work, keys).items() if row.strategy is not None}
    members: dict[str, list[str]] = {row.id: [] for row in groups.values()}
    for group_id, number in work.execute(_MEMBERS, {"groups": list(members)}):
        members[group_id].append(number)
    return {
        key: {"strategy": row.strategy, "seconds": row.seconds, "members": members[row.id]}
        for key, row in groups.items()
    }


def _write_groups(work: Work, listed: Mapping[Key, Mapping[str, Any]]) -> None:
    """Put down how ring groups ring, by customer and number; one that was there and changes gets another version."""
    held, groups = _ringing(work, listed.keys()), _groups(work, listed.keys())
    changed = {key: said for key, said in listed.items() if said != held.get(key)}
    among = [(customer, number) for (customer, _), said in changed.items() for number in said["members"]]
    asked = {"customers": list({customer for customer, _ in among}), "numbers": list({number for _, number in among})}
    ids = {(customer, number): id for customer, number, id, _ in work.execute(_NUMBERS, asked)}
    for key, said in changed.items():
        id = groups[key].id
        write_ring_group(work, id, said["strategy"], said["seconds"], [ids[key[0], one] for one in said["members"]])
        if key in held:
            work.execute(update(Extension).where(Extension.id == id).values(version=Extension.version + 1))


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
            Field("forward_busy", phone, required=False),
            Field("forward_no_answer", phone, required=False),
            Field("no_answer_seconds", ring_seconds, required=False),
        ),
        Extension,
        ("customer_id", "number"),
        _extensions,
        kept=frozenset({"id", "version", "kind"}),
    ),
    Importer(
        "pbx-ring-groups",
        (
            CUSTOMER,
            Field("number", number),
            Field("name", cells.text_up_to(120)),
            Field("strategy", cells.one_of(Strategy)),
            Field("seconds", ring_seconds),
            Field("members", members),
        ),
        Extension,
        ("customer_id", "number"),
        _ring_groups,
        kept=frozenset({"id", "version", "kind", "email", *TARGETS, "no_answer_seconds"}),
        beside=Beside(_ringing, _write_groups),
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
            Field("pay_to", cells.text_up_to(120), required=False),
        ),
        Invoice,
        ("customer_id", "number"),
        _with_id,
        kept=frozenset({"id", "announced_at"}),
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

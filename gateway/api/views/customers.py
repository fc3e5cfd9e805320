"""Customers, the roles that they may hand out, and their sessions."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session as Work

from gateway.access import customers as operations
from gateway.access import panel
from gateway.access import roles as role_queries
from gateway.access.operations import allow_role, disallow_role
from gateway.admin import queries
from gateway.api import access
from gateway.api.blueprint import ETAG, bp
from gateway.api.schemas.calls import Sessions
from gateway.api.schemas.common import Named
from gateway.api.schemas.people import Customer, CustomerChange, CustomersAsked, CustomersPage, NewCustomer
from gateway.api.schemas.roles import AllowedRoles, MoveTo
from gateway.api.views.answering import (
    Answer,
    Body,
    Made,
    asked_version,
    changing,
    cursor_of,
    known,
    listed,
    no_body,
    once,
    tagged,
    with_cursor,
)
from gateway.db import AnyRow
from gateway.errors import Forbidden, Invalid, NotFound
from gateway.i18n.catalog import N_
from gateway.identity import elsewhere, sessions
from gateway.identity import queries as identities
from gateway.identity.models import CustomerStatus, Identity, Kind
from gateway.identity.operations import set_customer_status
from gateway.identity.password_rules import rules_in_class, rules_of
from gateway.web import current
from gateway.web.marks import serves

RECORD = ("name", "email", "customer_class")


@bp.get("/customers", tags=["customers"])
@serves(console="customers")
@bp.arguments(CustomersAsked, location="query")
@bp.answers(CustomersPage)
def customers(asked: dict[str, Any]) -> Body:
    """List customers in order of their names.

    With `q` the customer whose login that is comes first, beside the others of the page.
    """
    wanted = queries.Wanted(asked["q"], asked.get("status"), asked.get("customer_class"))
    reader = current.reader()
    page = with_cursor(lambda: queries.customers(reader, wanted, cursor_of(asked), asked["limit"]))
    return listed(page, _item)


@bp.post("/customers", tags=["customers"])
@serves(console="customers")
@bp.makes(NewCustomer)
@bp.answers(Customer, 201, headers=ETAG)
def create_customer(given: dict[str, Any]) -> Response:
    """Make a customer. Without a role it gets the default role, which opens everything."""
    names = current.house().names
    password = access.new_password(given, lambda: rules_in_class(current.reader(), given["customer_class"], names))
    record = operations.Record(given["name"], given.get("email", ""), given["customer_class"])
    status = given.get("status", CustomerStatus.ACTIVE)

    def make(work: Work) -> Made:
        login, role, now = given.get("login", ""), given.get("role") or None, current.now()
        id = operations.create(work, record, login, status, role, password, now)
        networks = given.get("trusted_networks")
        panel.save(work, id, 1, access.columns(given), now, trusted_networks=networks)
        return _made(work, id)

    return once(make)


@bp.get("/customers/<id>", tags=["customers"])
@serves(console="customers")
@bp.answers(Customer, headers=ETAG)
def customer(id: str) -> Answer:
    """Show one customer with its self-care access."""
    row = _row(id)
    return tagged(_shown(row), row.version)


@bp.patch("/customers/<id>", tags=["customers"])
@serves(console="customers")
@bp.changes(CustomerChange)
@bp.answers(Customer, headers=ETAG)
def change_customer(given: dict[str, Any], id: str) -> Answer:
    """Change a customer: all of what is sent, or nothing."""
    row = _row(id)
    version = asked_version(row.version)
    password = access.new_password(given, lambda: rules_of(row, current.house().names))
    work = current.writer()
    changing(lambda unit: _change(unit, row, version, given, password))(work)
    work.commit()
    changed = _row(id)
    return tagged(_shown(changed), changed.version)


def _change(work: Work, row: AnyRow, version: int, given: dict[str, Any], password: panel.NewPassword | None) -> None:
    now = current.now()
    if given.keys() & set(RECORD):
        kept = {"name": row.name, "email": row.email or "", "customer_class": row.class_id}
        operations.change(work, row.id, version, operations.Record(*({**kept, **given}[name] for name in RECORD)), now)
        version = work.get_one(Identity, row.id).version
    values = access.columns(given)
    values |= {
        column: given[name] or None for name, column in (("login", "login"), ("role", "role_id")) if name in given
    }
    networks = given.get("trusted_networks")
    panel.save(work, row.id, version, values, now, trusted_networks=networks, password=password)
    if given.get("status", row.status) is not row.status:
        set_customer_status(work, row.id, given["status"], now, work.get_one(Identity, row.id).version)


@bp.get("/customers/<id>/allowed-roles", tags=["customers"])
@serves(console="customers")
@bp.answers(AllowedRoles)
def customers_allowed_roles(id: str) -> Body:
    """List the roles that a customer may hand to its individuals."""
    rows = role_queries.allowed_for(current.reader(), _row(id).id)
    return {"items": [{"id": row.id, "name": row.name, "within": True} for row in rows], "next": None}


@bp.put("/customers/<id>/allowed-roles/<role>", tags=["customers"])
@serves(console="customers")
@bp.answers(Named)
def add_allowed_role(id: str, role: str) -> Body:
    """Let a customer hand out one more role."""
    row, work = _row(id), current.writer()
    found = role_queries.role(current.reader(), role)
    try:
        allow_role(work, row.id, role)
    except (NotFound, Forbidden) as error:
        raise Invalid({"role": [N_("Choose a role for customers and individuals.")]}) from error
    work.commit()
    return {"id": found.id, "name": found.name}


@bp.delete("/customers/<id>/allowed-roles/<role>", tags=["customers"])
@serves(console="customers")
@bp.arguments(MoveTo, location="query")
@bp.answers(None)
def remove_allowed_role(asked: dict[str, Any], id: str, role: str) -> Response:
    """Take a role from those that a customer may hand out.

    Whoever holds it gets the role `move_to` in the same step; without it, a role in use stays (422).
    """
    row, work = _row(id), current.writer()
    disallow_role(work, row.id, role, asked.get("move_to") or None)
    work.commit()
    return no_body()


@bp.get("/customers/<id>/sessions", tags=["sessions"])
@serves(console="customers")
@bp.answers(Sessions)
def customers_sessions(id: str) -> Body:
    """List the log-ins of a customer itself; visits of staff are not among them."""
    return sessions_of(_row(id).id)


@bp.delete("/customers/<id>/sessions/<session>", tags=["sessions"])
@serves(console="customers")
@bp.answers(None)
def end_customers_session(id: str, session: str) -> Response:
    """End a log-in of a customer."""
    return end_session_of(_row(id).id, session)


def sessions_of(identity_id: str) -> Body:
    """Answer the sessions of somebody."""
    reader, names = current.reader(), ("id", "started_at", "last_seen_at", "address", "agent")
    rows = identities.own_sessions(reader, identity_id, current.now())
    held = elsewhere.held_by(reader, [row.id for row in rows]) if current.house().rights.externals else {}
    items = [{name: getattr(row, name) for name in names} | {"elsewhere": held.get(row.id, [])} for row in rows]
    return {"items": items, "next": None}


def end_session_of(identity_id: str, session: str) -> Response:
    """End a session of somebody; raises `NotFound` for any other."""
    work, why = current.writer(), "ended" if identity_id == current.visitor().id else "ended-by-staff"
    if not sessions.end_one(work, identity_id, session, current.now(), why):
        raise NotFound
    work.commit()
    return no_body()


def _row(id: str) -> AnyRow:
    row = known(identities.access(current.reader(), id))
    if row.kind is not Kind.CUSTOMER:
        raise NotFound
    return row


def _item(row: AnyRow) -> Body:
    return {
        "id": row.id,
        "login": row.login,
        "name": row.name,
        "email": row.email,
        "customer_class": row.class_id,
        "status": row.status,
        "role": row.role_id,
    }


def _shown(row: AnyRow) -> Body:
    return {**_item(row), **access.shown(row)}


def _made(work: Work, id: str) -> Made:
    work.flush()
    row = known(identities.access(work.connection(), id))
    headers = {"ETag": f'"{row.version}"', "Location": f"/api/v1/customers/{id}"}
    return Made({**_item(row), **access.shown(row, work.connection())}, headers)

"""Individuals, for staff and for those of a customer who manage them; the roles that may be given; sessions."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session as Work

from gateway.access import individuals as operations
from gateway.access import panel
from gateway.access.individuals import Manager
from gateway.api import access
from gateway.api.blueprint import ETAG, bp
from gateway.api.schemas.calls import Sessions
from gateway.api.schemas.people import Individual, IndividualChange, IndividualsAsked, IndividualsPage, NewIndividual
from gateway.api.schemas.roles import AllowedRoles
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
from gateway.api.views.customers import end_session_of, sessions_of
from gateway.db import AnyRow
from gateway.errors import Invalid, NotFound
from gateway.i18n.catalog import N_
from gateway.identity import queries as identities
from gateway.identity.inheritance import in_force
from gateway.identity.models import Identity, Kind, Realm
from gateway.identity.password_rules import Rules, rules_for
from gateway.identity.standing import individual_standing
from gateway.people import queries
from gateway.web import current
from gateway.web.marks import serves

RECORD = ("login", "name", "email", "role", "activates_on", "expires_on", "suspended")


@bp.get("/individuals", tags=["individuals"])
@serves(console="customers", self_care="individuals")
@bp.arguments(IndividualsAsked, location="query")
@bp.answers(IndividualsPage)
def individuals(asked: dict[str, Any]) -> Body:
    """List the individuals of a customer in order of their names.

    Those of all customers for administrators who name none: then without `role` and `status`.
    """
    reader, q, size = current.reader(), asked["q"], asked["limit"]
    if _is_staff() and not asked.get("customer") and not asked.keys() & {"role", "status"}:
        return listed(with_cursor(lambda: queries.of_everybody(reader, q, cursor_of(asked), size)), _item)
    by = _manager(asked.get("customer"))
    wanted = queries.Wanted(q, asked.get("role"), asked.get("status"))
    page = with_cursor(
        lambda: queries.individuals(reader, by.customer_id, wanted, cursor_of(asked), current.now(), size)
    )
    return listed(page, _item)


@bp.post("/individuals", tags=["individuals"])
@serves(console="customers", self_care="individuals")
@bp.makes(NewIndividual)
@bp.answers(Individual, 201, headers=ETAG)
def create_individual(given: dict[str, Any]) -> Response:
    """Make an individual with one of the roles that its customer may hand out."""
    by = _manager(given.get("customer"))
    password = access.new_password(given, lambda: _rules(by.customer_id))
    _refuse_unless_staff(given, but="password")
    record = operations.Record(
        given["login"],
        given["name"],
        given.get("email", ""),
        given["role"],
        given.get("activates_on"),
        given.get("expires_on"),
        given.get("suspended", False),
    )

    def make(work: Work) -> Made:
        rights, now = current.house().rights, current.now()
        id = operations.create(work, rights, by, record, password.hash if password else None, now)
        if _is_staff():
            networks = given.get("trusted_networks")
            panel.save(work, id, 1, access.columns(given), now, trusted_networks=networks)
        return _made(work, by, id)

    return once(make)


@bp.get("/individuals/<id>", tags=["individuals"])
@serves(console="customers", self_care="individuals")
@bp.answers(Individual, headers=ETAG)
def individual(id: str) -> Answer:
    """Show one individual."""
    _by, row = _row(id)
    return tagged(_shown(row), row.version)


@bp.patch("/individuals/<id>", tags=["individuals"])
@serves(console="customers", self_care="individuals")
@bp.changes(IndividualChange)
@bp.answers(Individual, headers=ETAG)
def change_individual(given: dict[str, Any], id: str) -> Answer:
    """Change an individual: all of what is sent, or nothing."""
    by, row = _row(id)
    _refuse_unless_staff(given)
    version = asked_version(row.version)
    password = access.new_password(given, lambda: _rules(row.id))
    work = current.writer()
    changing(lambda unit: _change(unit, by, row, version, given, password))(work)
    work.commit()
    _by, changed = _row(id)
    return tagged(_shown(changed), changed.version)


def _change(
    work: Work, by: Manager, row: AnyRow, version: int, given: dict[str, Any], password: panel.NewPassword | None
) -> None:
    rights, now = current.house().rights, current.now()
    kept = {name: getattr(row, name) for name in RECORD if name != "role"}
    record = {
        **kept,
        "email": row.email or "",
        "role": row.assigned_role_id,
        **{n: given[n] for n in RECORD if n in given},
    }
    operations.change(work, rights, by, row.id, version, operations.Record(*(record[name] for name in RECORD)), now)
    if _is_staff():
        version, networks = work.get_one(Identity, row.id).version, given.get("trusted_networks")
        panel.save(work, row.id, version, access.columns(given), now, trusted_networks=networks, password=password)


@bp.delete("/individuals/<id>", tags=["individuals"])
@serves(console="customers", self_care="individuals")
@bp.answers(None)
def delete_individual(id: str) -> Response:
    """Take an individual away for good. The record keeps what they did."""
    by, row = _row(id)
    work = current.writer()
    changing(lambda unit: operations.delete(unit, current.house().rights, by, [row.id], current.now()))(work)
    work.commit()
    return no_body()


@bp.get("/allowed-roles", tags=["individuals"])
@serves(self_care="individuals")
@bp.answers(AllowedRoles)
def allowed_roles() -> Body:
    """List the roles that your customer may hand out; `within` tells which of them you may give yourself."""
    roles = queries.allowed(current.reader(), current.house().rights, _manager(None))
    return {"items": [{"id": role.id, "name": role.name, "within": role.within} for role in roles], "next": None}


@bp.get("/individuals/<id>/sessions", tags=["sessions"])
@serves(console="customers")
@bp.answers(Sessions)
def individuals_sessions(id: str) -> Body:
    """List the log-ins of an individual."""
    _by, row = _row(id)
    return sessions_of(row.id)


@bp.delete("/individuals/<id>/sessions/<session>", tags=["sessions"])
@serves(console="customers")
@bp.answers(None)
def end_individuals_session(id: str, session: str) -> Response:
    """End a log-in of an individual."""
    _by, row = _row(id)
    return end_session_of(row.id, session)


@bp.get("/sessions", tags=["sessions"])
@serves(self_care="security")
@bp.answers(Sessions)
def own_sessions() -> Body:
    """List your own log-ins in browsers."""
    return sessions_of(current.visitor().id)


@bp.delete("/sessions/<id>", tags=["sessions"])
@serves(self_care="security")
@bp.answers(None)
def end_own_session(id: str) -> Response:
    """End one of your own log-ins."""
    return end_session_of(current.visitor().id, id)


def _is_staff() -> bool:
    return current.visitor().realm is Realm.ADMIN


def _manager(customer_id: str | None) -> Manager:
    """Return the caller as who looks after the individuals of a customer: of their own, or of the one staff name."""
    who = current.visitor()
    if not _is_staff():
        if customer_id not in (None, who.customer_id):
            raise NotFound
        return Manager.of(who, str(who.customer_id))
    if not customer_id:
        raise Invalid({"customer": [N_("Say whose individuals.")]})
    row = identities.access(current.reader(), customer_id)
    if row is None or row.kind is not Kind.CUSTOMER:
        raise Invalid({"customer": [N_("There is no such customer.")]})
    return Manager.of(who, customer_id)


def _row(id: str) -> tuple[Manager, AnyRow]:
    """Return an individual of the caller's customer, or for staff of any, and the caller as their manager."""
    who = current.visitor()
    customer_id = who.customer_id
    if _is_staff():
        customer_id = known(identities.access(current.reader(), id)).customer_id
    row = queries.individual(current.reader(), str(customer_id), id)
    return Manager.of(who, str(customer_id)), known(row)


def _rules(id: str) -> Rules:
    return rules_for(current.reader(), id, current.house().names)


def _refuse_unless_staff(given: dict[str, Any], but: str = "") -> None:
    beyond = [name for name in access.FOR_STAFF if name in given and name != but]
    if beyond and not _is_staff():
        raise Invalid({name: [N_("Only staff may set this.")] for name in beyond})


def _item(row: AnyRow) -> Body:
    zone = in_force(row, "time_zone", row.gateway_time_zone).value
    return {
        "id": row.id,
        "customer": row.customer_id,
        "login": row.login,
        "name": row.name,
        "email": row.email,
        "role": row.assigned_role_id,
        "activates_on": row.activates_on,
        "expires_on": row.expires_on,
        "suspended": row.suspended,
        "status": individual_standing(row.suspended, row.activates_on, row.expires_on, zone, current.now()),
    }


def _shown(row: AnyRow) -> Body:
    if not _is_staff():
        return _item(row)
    return {**_item(row), **access.shown(known(identities.access(current.reader(), row.id)))}


def _made(work: Work, by: Manager, id: str) -> Made:
    work.flush()
    reader = work.connection()
    row = known(queries.individual(reader, by.customer_id, id))
    body = _item(row)
    if _is_staff():
        body |= access.shown(known(identities.access(reader, id)), reader)
    return Made(body, {"ETag": f'"{row.version}"', "Location": f"/api/v1/individuals/{id}"})

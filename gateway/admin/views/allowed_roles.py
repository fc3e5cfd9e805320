"""The roles that a customer may hand to its individuals."""

from flask import render_template, request
from werkzeug.wrappers import Response

from gateway.access import operations
from gateway.access import roles as queries
from gateway.admin import queries as customers
from gateway.admin.portal import bp
from gateway.db import AnyRow
from gateway.errors import Forbidden, Invalid, NotFound
from gateway.i18n.catalog import gettext as _
from gateway.identity.models import Realm
from gateway.web import current
from gateway.web.marks import belongs_to
from gateway.web.redirects import see_other


@bp.get("/customers/<id>/allowed-roles")
@belongs_to("customers")
def allowed_roles(id: str) -> str:
    """List the roles that the customer may hand out, with how many hold each, and those that could be added."""
    return _page(_customer(id))


@bp.post("/customers/<id>/allowed-roles")
@belongs_to("customers")
def add_allowed_role(id: str) -> tuple[str, int] | Response:
    """Let the customer hand out one more role."""
    customer, role_id = _customer(id), request.form.get("role", "")
    work = current.writer()
    try:
        operations.allow_role(work, customer.id, role_id)
    except (NotFound, Forbidden):
        return _page(customer, _("Choose a role for customers and individuals.")), 422
    work.commit()
    return see_other(f"/admin/customers/{id}/allowed-roles?done=saved")


@bp.get("/customers/<id>/allowed-roles/<role>/remove")
@belongs_to("customers")
def ask_to_disallow_role(id: str, role: str) -> str:
    """Say who holds the role, and ask what takes its place."""
    return _removal(_customer(id), role)


@bp.post("/customers/<id>/allowed-roles/<role>/remove")
@belongs_to("customers")
def disallow_role(id: str, role: str) -> tuple[str, int] | Response:
    """Take the role away; whoever holds it is moved in the same step."""
    customer = _customer(id)
    work = current.writer()
    try:
        operations.disallow_role(work, customer.id, role, request.form.get("move_to") or None)
    except Invalid as invalid:
        (reason,) = invalid.errors["move_to"]
        return _removal(customer, role, _(reason)), 422
    work.commit()
    return see_other(f"/admin/customers/{id}/allowed-roles?done=saved")


def _customer(id: str) -> AnyRow:
    row = customers.customer(current.reader(), id) if "\0" not in id else None
    if row is None:
        raise NotFound
    return row


def _page(customer: AnyRow, problem: str | None = None) -> str:
    reader = current.reader()
    allowed = queries.allowed_for(reader, customer.id)
    taken = {row.id for row in allowed}
    others = [
        one
        for one in queries.roles(reader)
        if one.realm is Realm.SELF_CARE and not one.is_default and one.id not in taken
    ]
    return render_template(
        "admin/allowed_roles.html", customer=customer, allowed=allowed, others=others, problem=problem
    )


def _removal(customer: AnyRow, role_id: str, problem: str | None = None) -> str:
    reader = current.reader()
    allowed = queries.allowed_for(reader, customer.id)
    role = next((row for row in allowed if row.id == role_id), None)
    if role is None:
        raise NotFound
    return render_template(
        "admin/allowed_role_remove.html",
        customer=customer,
        role=role,
        others=[row for row in allowed if row.id != role_id],
        holders=queries.holders_at(reader, customer.id, role_id),
        problem=problem,
        chosen=request.form.get("move_to", ""),
    )

"""Tokens for programs: one's own, of customers and individuals, of other administrators."""

from flask import request
from werkzeug.wrappers import Response

from gateway.access.delegation import excess
from gateway.access.queries import admin_levels
from gateway.admin import queries
from gateway.admin.portal import bp
from gateway.db import AnyRow
from gateway.errors import Forbidden, NotFound
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity import api_tokens
from gateway.identity import queries as identities
from gateway.identity.models import Kind, Realm
from gateway.people.access_tokens.views import Owner, pages
from gateway.portal.guard import refuse
from gateway.web import current
from gateway.web.marks import belongs_to
from gateway.web.redirects import see_other


def _own() -> Owner:
    who = current.visitor()
    allowed = api_tokens.access_of(current.reader(), who.id)
    return Owner(who.id, who.name, Realm.ADMIN, allowed, "base.html", "/admin/tokens", own=True)


def _of_customer(id: str, individual: str | None = None) -> Owner:
    row = identities.access(current.reader(), individual or id)
    kind = Kind.INDIVIDUAL if individual else Kind.CUSTOMER
    if row is None or row.kind is not kind or row.customer_id != id:
        raise NotFound
    record = f"/admin/customers/{id}"
    place = f"{record}/individuals/{individual}" if individual else record
    crumbs = [(_("Customers"), "/admin/customers"), (row.customer_name, record)]
    if individual:
        crumbs.append((row.name, place))
    allowed = api_tokens.access_of(current.reader(), row.id)
    return Owner(
        row.id,
        row.name,
        Realm.SELF_CARE,
        allowed,
        "base.html",
        f"{place}/tokens",
        crumbs,
        switch_url=f"{place}/self-care",
    )


def _of_administrator(id: str) -> Owner:
    row = _administrator(id)
    crumbs = [(_("Administrators"), "/admin/administrators"), (row.name, f"/admin/administrators/{id}")]
    url = f"/admin/administrators/{id}/tokens"
    beyond = _("Their rights exceed yours, so you can look only.") if _exceeds(row) else None
    if beyond and request.method == "POST":
        refuse(Forbidden(N_("Nobody takes hold of somebody whose rights exceed their own."), "beyond_own"))
    allowed = api_tokens.access_of(current.reader(), id)
    return Owner(
        row.id, row.name, Realm.ADMIN, allowed, "base.html", url, crumbs, beyond, f"/admin/administrators/{id}"
    )


pages(bp, "tokens", "/tokens", "tokens", _own)
pages(bp, "customers", "/customers/<id>/tokens", "customer_tokens", _of_customer)
pages(bp, "customers", "/customers/<id>/individuals/<individual>/tokens", "individual_tokens", _of_customer)
pages(bp, "administrators", "/administrators/<id>/tokens", "administrator_tokens", _of_administrator)


@bp.post("/administrators/<id>/api-access")
@belongs_to("administrators")
def switch_api_access(id: str) -> Response:
    """Switch the API on or off for an administrator; off ends what their tokens opened at once."""
    if _exceeds(_administrator(id)):
        refuse(Forbidden(N_("Nobody takes hold of somebody whose rights exceed their own."), "beyond_own"))
    work = current.writer()
    api_tokens.set_access(work, id, allowed=request.form.get("api_access") == "y")
    work.commit()
    return see_other(f"/admin/administrators/{id}?done=saved")


def _administrator(id: str) -> AnyRow:
    row = queries.administrator(current.reader(), id)
    if row is None:
        raise NotFound
    return row


def _exceeds(row: AnyRow) -> bool:
    levels = admin_levels(current.house().rights, current.reader(), row.role_id, row.role_version)
    return bool(excess(levels, current.visitor().levels))

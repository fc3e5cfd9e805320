"""The individuals of a customer, for staff."""

from gateway.access.individuals import Manager
from gateway.admin import queries
from gateway.admin.portal import bp
from gateway.admin.refusals import of_individual
from gateway.errors import NotFound
from gateway.i18n.catalog import gettext as _
from gateway.people.views import Desk, pages
from gateway.web import current


def _desk(id: str) -> Desk:
    customer = queries.customer(current.reader(), id)
    if customer is None:
        raise NotFound
    record = f"/admin/customers/{id}"
    return Desk(
        Manager.of(current.visitor(), id),
        customer.name,
        "base.html",
        f"{record}/individuals",
        ((_("Customers"), "/admin/customers"), (customer.name, record)),
        access_url=f"{record}/individuals/%s/self-care",
        roles_url=f"{record}/allowed-roles",
        refusals=of_individual,
    )


pages(bp, "customers", "/customers/<id>/individuals", _desk)

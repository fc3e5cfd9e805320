"""The entries of the lists of trusted networks that staff set."""

from functools import partial

from gateway.admin.portal import bp
from gateway.admin.views import administrators, panel
from gateway.i18n.catalog import gettext as _
from gateway.identity.models import NetworkList
from gateway.trust.views import Place, entry_pages
from gateway.web.marks import belongs_to


def _of_customer(id: str, individual: str | None = None) -> Place:
    row = panel.row_of(id, individual)
    record = f"/admin/customers/{id}"
    crumbs = [(_("Customers"), "/admin/customers"), (row.customer_name, record)]
    if individual:
        record = f"{record}/individuals/{individual}"
        crumbs.append((row.name, record))
    here = f"{record}/self-care"
    return Place(row.id, NetworkList.PROVIDER, "base.html", here, f"{here}/networks", crumbs)


def _of_administrator(id: str) -> Place:
    row = administrators.row_of(id)
    here = f"/admin/administrators/{id}"
    crumbs = ((_("Administrators"), "/admin/administrators"),)
    return Place(
        row.id, NetworkList.PROVIDER, "base.html", here, f"{here}/networks", crumbs, partial(administrators.hold, row)
    )


for rule, name, node, place in (
    ("/customers/<id>/self-care/networks", "customer_networks", "customers", _of_customer),
    ("/customers/<id>/individuals/<individual>/self-care/networks", "individual_networks", "customers", _of_customer),
    ("/administrators/<id>/networks", "administrator_networks", "administrators", _of_administrator),
):
    entry_pages(bp, belongs_to(node), rule, name, place)

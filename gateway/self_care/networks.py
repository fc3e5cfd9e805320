"""One's own trusted networks, as part of the page of security."""

from flask import url_for

from gateway.i18n.catalog import gettext as _
from gateway.identity.models import NetworkList
from gateway.self_care.portal import bp
from gateway.trust.views import Place, own_pages
from gateway.web import current
from gateway.web.marks import belongs_to


def _place() -> Place:
    here = url_for("self_care.networks")
    crumbs = ((_("Security"), url_for("self_care.security")),)
    return Place(current.visitor().id, NetworkList.OWN, "portal.html", here, here, crumbs)


own_pages(bp, belongs_to("security"), "/security/networks", _place)

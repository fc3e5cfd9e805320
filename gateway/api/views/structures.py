"""The portals of this gateway with their pages, as roles speak of them."""

from gateway.admin.trees import portals_of
from gateway.api.blueprint import bp
from gateway.api.schemas.roles import Portals
from gateway.api.views.answering import Body
from gateway.i18n.catalog import gettext as _
from gateway.identity.models import Realm
from gateway.portal.declaration import AnyPortal
from gateway.web.marks import serves


@bp.get("/portals", tags=["roles"])
@serves(console="roles")
@bp.answers(Portals)
def portals() -> Body:
    """List the portals with their pages, to which roles give levels."""
    return {"items": [_shown(portal) for realm in Realm for portal in portals_of(realm)], "next": None}


def _shown(portal: AnyPortal) -> Body:
    pages = [{"key": key, "title": _(node.title)} for key, node in portal.structure.nodes.items()]
    return {"slug": portal.slug, "title": _(portal.title), "realm": portal.realm, "pages": pages}

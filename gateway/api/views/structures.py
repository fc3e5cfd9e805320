"""The portals of this gateway with their pages, as roles speak of them."""

from flask import current_app

from gateway.api.blueprint import bp
from gateway.api.schemas.roles import Portals
from gateway.api.views.answering import Body
from gateway.i18n.catalog import gettext as _
from gateway.identity.models import Realm
from gateway.portal.declaration import Portal
from gateway.portal.registry import Registry
from gateway.web.marks import serves


def registry() -> Registry:
    """Return the portals of this process."""
    found: Registry = current_app.extensions["portico.registry"]
    return found


def portals_of(realm: Realm) -> list[Portal]:
    """Return the portals of a realm."""
    return [portal for portal in registry().portals.values() if portal.realm is realm]


@bp.get("/portals", tags=["roles"])
@serves(console="roles")
@bp.answers(Portals)
def portals() -> Body:
    """List the portals with their pages, to which roles give levels."""
    return {"items": [_shown(portal) for portal in registry().portals.values()], "next": None}


def _shown(portal: Portal) -> Body:
    pages = [{"key": key, "title": _(node.title)} for key, node in portal.structure.nodes.items()]
    return {"slug": portal.slug, "title": _(portal.title), "realm": portal.realm, "pages": pages}

"""Who calls, and what they may do where."""

from typing import Any

from gateway.access.levels import Level, under
from gateway.access.visitor import Visitor
from gateway.admin.trees import portals_of
from gateway.api.blueprint import bp
from gateway.api.schemas.calls import Self
from gateway.api.views.answering import Body
from gateway.i18n.catalog import gettext as _
from gateway.identity.inheritance import PREFERENCES
from gateway.web import current
from gateway.web.marks import for_everyone_logged_in


@bp.get("/self", tags=["self"])
@for_everyone_logged_in
@bp.answers(Self)
def who_am_i() -> Body:
    """Say who calls, how things read for them, and which portals they may open at which levels."""
    who = current.visitor()
    person = {"id": who.id, "kind": who.kind, "login": who.login, "name": who.name}
    belongs = {"id": who.customer_id, "name": who.customer_name, "status": who.customer_status}
    return {
        "subject": person,
        "actor": person,
        "realm": who.realm,
        "customer": belongs if who.customer_id else None,
        "role": {"id": who.role_id, "name": who.role_name} if who.role_id else None,
        "scope": under(Level.FULL, who.ceilings).word,
        "preferences": {name: getattr(who.preferences, name.removesuffix("_format")) for name in PREFERENCES},
        "portals": _portals(who),
    }


def _portals(who: Visitor) -> list[dict[str, Any]]:
    base, found = current.house().settings.base_url, []
    for portal in portals_of(who.realm):
        levels = who.portal_levels(portal.slug)
        if portal.slug in who.portals_off or not any(level > Level.FORBIDDEN for level in levels.values()):
            continue
        words = {key: level.word for key, level in levels.items()}
        url = f"{base}{portal.prefix}/"
        found.append({"slug": portal.slug, "title": _(portal.title), "url": url, "levels": words})
    return found

"""A launch that a program asked for: shown to its administrator, and started by a click like any other."""

from flask import render_template

from gateway.access.acting import REASONS
from gateway.admin.portal import bp
from gateway.errors import NotFound
from gateway.i18n.catalog import gettext as _
from gateway.launch import queries, requests
from gateway.portal.registry import registry
from gateway.web import current
from gateway.web.marks import belongs_to


@bp.get("/launches/<id>")
@belongs_to("customers")
def asked_launch(id: str) -> str:
    """Show what is to be opened for whom, and ask. What is not possible any more says why."""
    who, now = current.visitor(), current.now()
    asked = requests.find(current.reader(), id, who.id, now)
    subject = queries.subject_of(current.reader(), current.house().rights, asked.subject_id, now) if asked else None
    if asked is None or subject is None:
        raise NotFound
    portal = registry().portals.get(asked.portal) if asked.portal else None
    emergency = asked.emergency and subject.facts.consent_missing
    code = queries.why_not(who, subject, portal, asked.mode, asked.view_only, emergency, asked.view)
    if asked.portal and portal is None:
        code = "portal-unknown"
    title = _(portal.title) if portal else _("All portals")
    return render_template(
        "admin/asked_launch.html",
        asked=asked,
        emergency=emergency,
        subject=subject,
        portal=_("%(portal)s: %(view)s") % {"portal": title, "view": asked.view} if asked.view else title,
        barred=_(REASONS[code]) if code else None,
    )

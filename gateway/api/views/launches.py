"""Launches: a program asks, the administrator confirms in the console."""

from typing import Any

from flask import Response
from sqlalchemy.orm import Session as Work

from gateway.access.levels import Level, under
from gateway.api.blueprint import bp
from gateway.api.schemas.calls import Launch, NewLaunch
from gateway.api.views.answering import Made, once
from gateway.errors import Forbidden, Invalid, LaunchRefused, NotFound
from gateway.i18n.catalog import N_
from gateway.identity.models import Kind, Mode
from gateway.launch import operations, queries, requests
from gateway.portal.guard import refuse
from gateway.portal.registry import registry
from gateway.web import current
from gateway.web.marks import serves

IN_ASSIGNED_ROLE = N_("A further view opens in the assigned role: leave out the view, or ask for that mode.")


@bp.post("/launches", tags=["launches"])
@serves(console="customers", needs=Level.VIEW)
@bp.makes(NewLaunch)
@bp.answers(Launch, 201)
def create_launch(given: dict[str, Any]) -> Response:
    """Ask for a launch, as a button in a CRM does.

    The answer's `url` is for the same administrator, logged in to the console, within ten minutes: it shows what would
    be opened for whom, and a click starts it. It is no credential.
    """
    who, now = current.visitor(), current.now()
    if under(Level.FULL, who.ceilings) < Level.FULL:
        refuse(Forbidden(N_("You can look but not change anything here."), "view_only"))
    subject = queries.subject_of(current.reader(), current.house().rights, given["subject"], now)
    if subject is None or subject.kind is Kind.ADMINISTRATOR:
        raise NotFound
    slug, view, mode, view_only = given["portal"] or None, given["view"] or None, given["mode"], given["view_only"]
    if view and mode is Mode.FULL:
        raise Invalid({"view": [IN_ASSIGNED_ROLE]})
    emergency = given["emergency"] and subject.facts.consent_missing
    portal = registry().portals.get(slug) if slug else None
    code = queries.why_not(who, subject, portal, mode, view_only, emergency, view)
    if (slug or view) and portal is None:
        code = "portal-unknown"
    if code is not None:
        work = current.writer()
        operations.refuse(work, who, subject, portal.slug if portal else None, mode, code)
        work.commit()
        raise LaunchRefused(code)
    reason = given["reason"] or None
    if reason is None and (subject.facts.reason_required or emergency):
        raise Invalid({"reason": [queries.SAY_WHY]})
    asked = requests.Asked(subject.id, slug, view, mode, view_only, emergency, reason)

    def make(work: Work) -> Made:
        id, until = requests.ask(work, who.id, asked, now)
        return Made({"url": f"/admin/launches/{id}", "expires_at": until}, until=until)

    return once(make)

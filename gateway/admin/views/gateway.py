"""The gateway's defaults, and the switch for all support access."""

from collections.abc import Sequence
from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from gateway.admin.forms.gateway import GatewayForm
from gateway.admin.portal import bp
from gateway.db import AnyRow
from gateway.errors import Invalid, Stale
from gateway.i18n import samples
from gateway.i18n.catalog import N_, language_name
from gateway.i18n.catalog import gettext as _
from gateway.i18n.zones import zones_with_offsets
from gateway.identity import operations, queries, sessions
from gateway.identity.inheritance import PREFERENCES
from gateway.web import current
from gateway.web.marks import belongs_to, needs_recent
from gateway.web.redirects import see_other


@bp.get("/gateway")
@belongs_to("gateway")
def gateway() -> str:
    """Show the defaults."""
    row = queries.gateway(current.reader())
    form = _form(formdata=None, obj=row)
    form.keep_shown(_stored(row, form), row.version)
    return _page(form)


@bp.post("/gateway")
@needs_recent
@belongs_to("gateway")
def save_gateway() -> tuple[str, int] | Response:
    """Save the defaults; they act at everybody's next request."""
    row = queries.gateway(current.reader())
    form = _form()
    if not form.validate():
        return _page(form), 422
    work = current.writer()
    try:
        operations.change_gateway(work, form.version_or(row.version), form.values)
    except Stale:
        work.rollback()
        return _stale(form), 409
    work.commit()
    return see_other("/admin/gateway?done=saved")


@bp.post("/gateway/sessions")
@needs_recent
@belongs_to("gateway")
def end_everybodys_sessions() -> Response:
    """End every session of everybody but one's own, once that is confirmed (ASVS 7.4.5)."""
    if request.form.get("confirm") != "y":
        raise Invalid({"confirm": [N_("Tick the box to confirm that everybody is logged out.")]})
    work = current.writer()
    sessions.end_everybodys(work, current.now(), but=current.visitor().session_key)
    work.commit()
    return see_other("/admin/gateway?done=sessions-ended")


def _form(**given: object) -> GatewayForm:
    form = GatewayForm(**given)
    form.offer_languages(current.house().settings.languages, None)
    return form


def _stored(row: AnyRow, form: GatewayForm) -> dict[str, Any]:
    return {name: getattr(row, name) for name in form.values}


def _stale(form: GatewayForm) -> str:
    """Show what others saved meanwhile, with what was typed kept."""
    row = queries.gateway(current.reader())
    changed = form.catch_up(_stored(row, form), row.version)
    return _page(form, [(form[name].label.text, _word(name, getattr(row, name))) for name in changed])


def _word(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if value is None:
        return _("for ever")
    return language_name(value) if name == "language" else str(value)


def _page(form: GatewayForm, meanwhile: Sequence[tuple[str, str]] | None = None) -> str:
    typed = {name: form[name].data or "" for name in PREFERENCES}
    return render_template(
        "admin/gateway.html",
        form=form,
        samples=samples.samples(typed, current.now()),
        zones=zones_with_offsets(current.now()),
        meanwhile=meanwhile,
    )

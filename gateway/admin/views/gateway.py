"""The gateway's defaults, and the switch for all support access."""

from flask import render_template, request
from werkzeug.wrappers import Response

from gateway.admin.forms.gateway import GatewayForm
from gateway.admin.portal import bp
from gateway.errors import Invalid
from gateway.i18n import samples
from gateway.i18n.catalog import N_
from gateway.i18n.zones import zones_with_offsets
from gateway.identity import operations, queries, sessions
from gateway.identity.inheritance import PREFERENCES
from gateway.web import current
from gateway.web.marks import belongs_to, needs_recent
from gateway.web.redirects import see_other


def _form(**given: object) -> GatewayForm:
    form = GatewayForm(**given)
    form.offer_languages(current.house().settings.languages, None)
    return form


def _page(form: GatewayForm, version: object) -> str:
    typed = {name: form[name].data or "" for name in PREFERENCES}
    return render_template(
        "admin/gateway.html",
        form=form,
        version=version,
        samples=samples.samples(typed, current.now()),
        zones=zones_with_offsets(current.now()),
    )


@bp.get("/gateway")
@belongs_to("gateway")
def gateway() -> str:
    """Show the defaults."""
    row = queries.gateway(current.reader())
    return _page(_form(formdata=None, obj=row), row.version)


@bp.post("/gateway")
@needs_recent
@belongs_to("gateway")
def save_gateway() -> tuple[str, int] | Response:
    """Save the defaults; they act at everybody's next request."""
    form = _form()
    version = request.form.get("version", "")
    if not form.validate():
        return _page(form, version), 422
    values = {field.name: field.data for field in form if field.name != "csrf_token"}
    work = current.writer()
    operations.change_gateway(work, version, values)
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

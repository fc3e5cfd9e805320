"""The gateway's defaults, and the switch for all support access."""

from flask import render_template, request
from werkzeug.wrappers import Response

from gateway.admin.forms.gateway import GatewayForm
from gateway.admin.portal import bp
from gateway.i18n import samples
from gateway.i18n.zones import zones_with_offsets
from gateway.identity import operations, queries
from gateway.identity.inheritance import PREFERENCES
from gateway.web import current
from gateway.web.marks import belongs_to
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

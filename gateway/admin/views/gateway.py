"""The gateway's defaults, and the switch for all support access."""

from babel import Locale
from flask import render_template, request
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from gateway.admin.forms.gateway import GatewayForm
from gateway.admin.portal import bp
from gateway.identity import operations, queries
from gateway.web import current
from gateway.web.marks import belongs_to
from gateway.web.redirects import see_other


def _form(**given: object) -> GatewayForm:
    form = GatewayForm(**given)
    form.language.choices = [
        SelectChoice(tag, Locale.parse(tag, sep="-").get_display_name(tag.replace("-", "_")) or tag)
        for tag in current.house().settings.languages
    ]
    return form


@bp.get("/gateway")
@belongs_to("gateway")
def gateway() -> str:
    """Show the defaults."""
    row = queries.gateway(current.reader())
    return render_template("admin/gateway.html", form=_form(formdata=None, obj=row), version=row.version)


@bp.post("/gateway")
@belongs_to("gateway")
def save_gateway() -> tuple[str, int] | Response:
    """Save the defaults; they act at everybody's next request."""
    form = _form()
    version = request.form.get("version", "")
    if not form.validate():
        return render_template("admin/gateway.html", form=form, version=version), 422
    values = {field.name: field.data for field in form if field.name != "csrf_token"}
    work = current.writer()
    operations.change_gateway(work, version, values)
    work.commit()
    return see_other("/admin/gateway?done=saved")

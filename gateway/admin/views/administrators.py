"""Administrators: who runs the console, and whether they may just now."""

from flask import render_template, request
from werkzeug.wrappers import Response

from gateway.access.delegation import excess
from gateway.access.queries import admin_levels
from gateway.admin import queries
from gateway.admin.portal import bp
from gateway.errors import Forbidden, NotFound
from gateway.i18n.catalog import N_
from gateway.identity import operations
from gateway.web import current
from gateway.web.marks import belongs_to
from gateway.web.redirects import see_other


@bp.get("/administrators")
@belongs_to("administrators")
def administrators() -> str:
    """List the administrators."""
    return render_template("admin/administrators.html", people=queries.administrators(current.reader()))


@bp.post("/administrators/<id>/suspended")
@belongs_to("administrators")
def suspend_administrator(id: str) -> Response:
    """Suspend or restore an administrator; suspending ends their sessions and visits at once.

    Nobody suspends themselves, or somebody whose rights exceed their own, or the last one with the default role.
    """
    suspended = request.form.get("suspended") == "y"
    row = queries.administrator(current.reader(), id)
    if row is None:
        raise NotFound
    who = current.visitor()
    if row.id == who.id:
        raise Forbidden(N_("Nobody suspends themselves."), "oneself")
    if excess(admin_levels(current.house().rights, current.reader(), row.role_id, row.role_version), who.levels):
        raise Forbidden(N_("Nobody takes hold of somebody whose rights exceed their own."), "beyond_own")
    work = current.writer()
    operations.suspend(work, id, current.now(), suspended=suspended)
    if suspended and not queries.somebody_has_everything(work):
        raise Forbidden(N_("The last administrator with the default role cannot be suspended."), "last_one")
    work.commit()
    return see_other(f"/admin/administrators?done={'suspended' if suspended else 'restored'}")

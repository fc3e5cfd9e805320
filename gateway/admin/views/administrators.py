"""Administrators: who runs the console, what they may do, and whether they may just now."""

from typing import Any

from flask import Response as Page
from flask import make_response, render_template, request
from werkzeug.wrappers import Response

from gateway.access import administrators as operations
from gateway.access import roles
from gateway.access.delegation import excess
from gateway.access.queries import admin_levels
from gateway.admin import queries
from gateway.admin.forms.administrators import AdministratorForm
from gateway.admin.portal import bp
from gateway.db import AnyRow
from gateway.errors import Forbidden, Invalid, NotFound
from gateway.i18n.catalog import N_
from gateway.identity import passwords
from gateway.identity.models import Realm
from gateway.portal.guard import refuse
from gateway.portal.pages import form_text, query_text
from gateway.web import current
from gateway.web.marks import belongs_to
from gateway.web.redirects import see_other


@bp.get("/administrators")
@belongs_to("administrators")
def administrators() -> str:
    """List the administrators, found by name, login or e-mail."""
    q = query_text("q")
    return render_template("admin/administrators.html", people=queries.administrators(current.reader(), q), q=q)


@bp.get("/administrators/new")
@belongs_to("administrators")
def new_administrator() -> str:
    """Show the form for a new administrator."""
    return render_template("admin/administrator.html", form=_form(formdata=None), person=None)


@bp.post("/administrators/new")
@belongs_to("administrators")
def create_administrator() -> tuple[str, int] | Page:
    """Make an administrator; the password for one use is shown on the answering page, and never again."""
    form = _form()
    if not form.validate():
        return render_template("admin/administrator.html", form=form, person=None), 422
    _hold_to_own(form.record.role_id)
    password = passwords.generated()
    password_hash = passwords.hashed(password)
    work = current.writer()
    try:
        id = operations.create(work, form.record, password_hash, current.now())
    except Invalid as invalid:
        return _refused(form, invalid, None), 422
    work.commit()
    return _once(id, password)


@bp.get("/administrators/<id>")
@belongs_to("administrators")
def administrator(id: str) -> str:
    """Show one administrator, ready to be edited where one's own rights reach."""
    row = _row(id)
    return render_template("admin/administrator.html", form=_form(formdata=None, data=_shown(row)), person=row)


@bp.post("/administrators/<id>")
@belongs_to("administrators")
def save_administrator(id: str) -> tuple[str, int] | Response:
    """Save an administrator: nobody gives or edits rights beyond their own, or changes their own role."""
    row = _row(id)
    form = _form(data=_shown(row))
    if not form.validate():
        return render_template("admin/administrator.html", form=form, person=row), 422
    _hold(row)
    if form.record.role_id != row.assigned_role_id:
        if row.id == current.visitor().id:
            refuse(Forbidden(N_("Nobody changes their own role."), "oneself"))
        _hold_to_own(form.record.role_id)
    work = current.writer()
    version = row.version if form.version.data is None else form.version.data
    try:
        operations.change(work, id, version, form.record)
    except Invalid as invalid:
        return _refused(form, invalid, row), 422
    work.commit()
    return see_other(f"/admin/administrators/{id}?done=saved")


@bp.post("/administrators/<id>/suspended")
@belongs_to("administrators")
def suspend_administrator(id: str) -> Response:
    """Suspend or restore an administrator; suspending ends their sessions and visits at once.

    Nobody suspends themselves, or somebody whose rights exceed their own, or the last one with the default role.
    """
    suspended = request.form.get("suspended") == "y"
    row = _row(id)
    if row.id == current.visitor().id:
        refuse(Forbidden(N_("Nobody suspends themselves."), "oneself"))
    _hold(row)
    work = current.writer()
    operations.suspend(work, id, current.now(), suspended=suspended)
    work.commit()
    return see_other(f"/admin/administrators?done={'suspended' if suspended else 'restored'}")


@bp.post("/administrators/<id>/reset")
@belongs_to("administrators")
def reset_administrator(id: str) -> Page:
    """Give an administrator a password for one use, shown on the answering page and never again."""
    row = _row(id)
    if row.id == current.visitor().id:
        refuse(Forbidden(N_("Your own password is changed under Security, with the present one."), "oneself"))
    _hold(row)
    password = passwords.generated()
    password_hash = passwords.hashed(password)
    work = current.writer()
    operations.reset(work, id, password_hash, current.now())
    work.commit()
    return _once(id, password)


@bp.post("/administrators/<id>/second-factor/reset")
@belongs_to("administrators")
def reset_administrators_factor(id: str) -> Response:
    """Drop an administrator's second factor; whether one is asked stays as it is."""
    row = _row(id)
    if row.id == current.visitor().id:
        refuse(Forbidden(N_("Your own second factor is changed under Security, with a code."), "oneself"))
    _hold(row)
    work = current.writer()
    operations.reset_factor(work, id, form_text("reason"), current.now())
    work.commit()
    return see_other(f"/admin/administrators/{id}?done=factor-reset")


def _row(id: str) -> AnyRow:
    row = queries.administrator(current.reader(), id) if "\0" not in id else None
    if row is None:
        raise NotFound
    return row


def _hold(row: AnyRow) -> None:
    """Raise `Forbidden` for somebody whose rights exceed one's own."""
    levels = admin_levels(current.house().rights, current.reader(), row.role_id, row.role_version)
    if excess(levels, current.visitor().levels):
        refuse(Forbidden(N_("Nobody takes hold of somebody whose rights exceed their own."), "beyond_own"))


def _hold_to_own(role_id: str) -> None:
    """Raise `Forbidden` for a role that gives more than one has (ROL-06)."""
    reader = current.reader()
    role = roles.role(reader, role_id)
    levels = admin_levels(current.house().rights, reader, role.id, role.version)
    if excess(levels, current.visitor().levels):
        refuse(Forbidden(N_("Nobody gives rights, or edits a role with rights, beyond their own."), "beyond_own"))


def _form(**given: Any) -> AdministratorForm:
    offered = [(one.id, one.name) for one in roles.roles(current.reader()) if one.realm is Realm.ADMIN]
    return AdministratorForm(offered, **given)


def _shown(row: AnyRow) -> dict[str, Any]:
    return {
        "login": row.login,
        "name": row.name,
        "email": row.email,
        "role": row.assigned_role_id,
        "second_factor": row.second_factor.value,
        "version": row.version,
    }


def _refused(form: AdministratorForm, invalid: Invalid, row: AnyRow | None) -> str:
    for name, texts in invalid.errors.items():
        form[name].errors = texts
    return render_template("admin/administrator.html", form=form, person=row)


def _once(id: str, password: str) -> Page:
    return make_response(render_template("admin/administrator_password.html", person=_row(id), password=password))

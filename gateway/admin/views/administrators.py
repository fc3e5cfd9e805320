"""Administrators: who runs the console, what they may do, and whether they may just now."""

from collections.abc import Sequence
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
from gateway.errors import Forbidden, Invalid, NotFound, Stale
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity import networks, passwords
from gateway.identity import queries as identities
from gateway.identity.forms import add_faults
from gateway.identity.models import NetworkList, Realm
from gateway.identity.password_rules import offered_password, rules_for, rules_for_staff
from gateway.portal.guard import refuse
from gateway.portal.pages import form_text, next_links, query_text
from gateway.web import current
from gateway.web.marks import belongs_to, needs_recent
from gateway.web.redirects import see_other


@bp.get("/administrators")
@belongs_to("administrators")
def administrators() -> str:
    """List the administrators, found by name, login or e-mail."""
    q = query_text("q")
    page = queries.administrators(current.reader(), q, request.args.get("after"))
    people = [(row, _barred(row)) for row in page.rows]
    return render_template("admin/administrators.html", people=people, q=q, **next_links(page, q=q))


@bp.get("/administrators/new")
@belongs_to("administrators")
def new_administrator() -> str:
    """Show the form for a new administrator."""
    return _page(_form(formdata=None), None)


@bp.post("/administrators/new")
@needs_recent
@belongs_to("administrators")
def create_administrator() -> tuple[str, int] | Page:
    """Make an administrator; the password for one use is shown on the answering page, and never again."""
    form = _form()
    if not form.validate():
        return _page(form, None), 422
    rules = rules_for_staff(current.house().names)
    password = offered_password(rules.with_words(form.record.login, form.record.name))
    password_hash = passwords.hashed(password)
    work = current.writer()
    try:
        id = operations.create(work, _hand(), form.record, password_hash, current.now())
    except Invalid as invalid:
        add_faults(form, invalid.errors)
        return _page(form, None), 422
    except Forbidden as refusal:
        refuse(refusal)
    work.commit()
    return _once(id, password)


@bp.get("/administrators/<id>")
@belongs_to("administrators")
def administrator(id: str) -> str:
    """Show one administrator, ready to be edited where one's own rights reach."""
    row = row_of(id)
    stored = _stored(row, _entries(id))
    form = _form(formdata=None, data=stored)
    form.keep_shown(stored, row.version)
    return _page(form, row)


@bp.post("/administrators/<id>")
@needs_recent
@belongs_to("administrators")
def save_administrator(id: str) -> tuple[str, int] | Response:
    """Save an administrator: nobody gives or edits rights beyond their own, or changes their own role."""
    row, entries = row_of(id), _entries(id)
    form = _form(data=_stored(row, entries))
    if not form.validate():
        return _page(form, row), 422
    wanted = form.trusted_networks.networks
    if row.id == current.visitor().id and not form.confirm.data and _shuts_out(entries, wanted):
        return _page(form, row, shuts_out=True), 422
    work = current.writer()
    try:
        operations.change(work, _hand(), id, form.version_or(row.version), form.record, wanted, current.now())
    except Invalid as invalid:
        add_faults(form, invalid.errors)
        return _page(form, row), 422
    except Stale:
        work.rollback()
        return _stale(form, id), 409
    except Forbidden as refusal:
        refuse(refusal)
    work.commit()
    return see_other(f"/admin/administrators/{id}?done=saved")


@bp.post("/administrators/<id>/suspended")
@needs_recent
@belongs_to("administrators")
def suspend_administrator(id: str) -> Response:
    """Suspend or restore an administrator; suspending ends their sessions and visits at once.

    Nobody suspends themselves, or somebody whose rights exceed their own, or the last one with the default role.
    """
    suspended = request.form.get("suspended") == "y"
    row = row_of(id)
    work = current.writer()
    try:
        operations.suspend(work, _hand(), row.id, current.now(), suspended=suspended)
    except Forbidden as refusal:
        refuse(refusal)
    work.commit()
    return see_other(f"/admin/administrators?done={'suspended' if suspended else 'restored'}")


@bp.post("/administrators/<id>/reset")
@needs_recent
@belongs_to("administrators")
def reset_administrator(id: str) -> Page:
    """Give an administrator a password for one use, shown on the answering page and never again."""
    row = row_of(id)
    password = offered_password(rules_for(current.reader(), id, current.house().names))
    password_hash = passwords.hashed(password)
    work = current.writer()
    try:
        operations.reset(work, _hand(), row.id, password_hash, current.now())
    except Forbidden as refusal:
        refuse(refusal)
    work.commit()
    return _once(id, password)


@bp.post("/administrators/<id>/second-factor/reset")
@needs_recent
@belongs_to("administrators")
def reset_administrators_factor(id: str) -> Response:
    """Drop an administrator's second factor; whether one is asked stays as it is."""
    row = row_of(id)
    work = current.writer()
    try:
        operations.reset_factor(work, _hand(), row.id, form_text("reason"), current.now())
    except Forbidden as refusal:
        refuse(refusal)
    work.commit()
    return see_other(f"/admin/administrators/{id}?done=factor-reset")


def row_of(id: str) -> AnyRow:
    """Return an administrator; raises `NotFound`."""
    row = queries.administrator(current.reader(), id) if "\0" not in id else None
    if row is None:
        raise NotFound
    return row


def _hand() -> operations.Hand:
    who = current.visitor()
    return operations.Hand(who.id, who.levels, current.house().rights)


def _form(**given: Any) -> AdministratorForm:
    offered = [(one.id, one.name) for one in roles.roles(current.reader()) if one.realm is Realm.ADMIN]
    return AdministratorForm(offered, **given)


def hold(row: AnyRow) -> None:
    """Raise `Forbidden` for somebody whose rights exceed one's own."""
    if _barred(row):
        refuse(Forbidden(N_("Nobody takes hold of somebody whose rights exceed their own."), "beyond_own"))


def _entries(id: str) -> Sequence[AnyRow]:
    return networks.on_list(current.reader(), id, NetworkList.PROVIDER)


def _shuts_out(entries: Sequence[AnyRow], wanted: Sequence[str]) -> bool:
    until = {entry.network: entry.expires_at for entry in entries}
    listed = networks.kept((network, until.get(network)) for network in wanted)
    return not networks.admits(listed, current.address(), current.now())


def _stored(row: AnyRow, entries: Sequence[AnyRow]) -> dict[str, Any]:
    return {
        "login": row.login,
        "name": row.name,
        "email": row.email,
        "role": row.assigned_role_id,
        "trusted_networks": networks.as_text(entry.network for entry in entries),
        "second_factor": row.second_factor.value,
    }


def _stale(form: AdministratorForm, id: str) -> str:
    """Show what others saved meanwhile, with what was typed kept."""
    row = row_of(id)
    stored = _stored(row, _entries(id))
    words = {**stored, "role": row.role_name}
    changed = form.catch_up(stored, row.version)
    return _page(form, row, [(form[name].label.text, words[name]) for name in changed])


def _page(
    form: AdministratorForm,
    row: AnyRow | None,
    meanwhile: Sequence[tuple[str, str]] | None = None,
    *,
    shuts_out: bool = False,
) -> str:
    now = current.now()
    return render_template(
        "admin/administrator.html",
        form=form,
        person=row,
        barred=_barred(row) if row else None,
        meanwhile=meanwhile,
        entries=_entries(row.id) if row else (),
        outside=identities.sessions_outside(current.reader(), row.id, row.provider_networks, now) if row else (),
        shuts_out=shuts_out,
        now=now,
    )


def _barred(row: AnyRow) -> str | None:
    """Return why somebody cannot be changed by whoever asks, or None."""
    levels = admin_levels(current.house().rights, current.reader(), row.role_id, row.role_version)
    return _("Their rights exceed yours, so you can look only.") if excess(levels, current.visitor().levels) else None


def _once(id: str, password: str) -> Page:
    return make_response(render_template("admin/administrator_password.html", person=row_of(id), password=password))

"""Customer classes: their defaults, and before a change is saved, how many customers it reaches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, request
from werkzeug.wrappers import Response

from gateway.admin.forms.classes import SUPPORT, ClassForm
from gateway.admin.portal import bp
from gateway.db import AnyRow
from gateway.errors import Invalid, Stale
from gateway.i18n import samples
from gateway.i18n.catalog import gettext as _
from gateway.i18n.catalog import ngettext
from gateway.i18n.zones import zones_with_offsets
from gateway.identity import classes as operations
from gateway.identity import queries
from gateway.identity.forms import add_faults
from gateway.identity.inheritance import PREFERENCES
from gateway.identity.password_rules import SHORTEST, SHORTEST_WITH_FACTOR
from gateway.paging import COUNT_LIMIT
from gateway.web import current
from gateway.web.fields import READY
from gateway.web.marks import belongs_to
from gateway.web.redirects import see_other

_NUMBERS = ("idle_minutes", "absolute_minutes", "keep_addresses_days", "keep_usage_days")


@dataclass(frozen=True, slots=True)
class Change:
    """A default that would change: what it is called, how it stands and would stand, and whom it reaches."""

    label: str
    before: str
    after: str
    reach: str


@bp.get("/classes")
@belongs_to("classes")
def classes() -> str:
    """List the classes with how many customers use each."""
    rows = operations.classes(current.reader())
    return render_template("admin/classes.html", classes=[(row, _customers(row.customers)) for row in rows])


@bp.get("/classes/new")
@belongs_to("classes")
def new_class() -> str:
    """Show the form for a new class."""
    return _page(None, _form(formdata=None))


@bp.post("/classes/new")
@belongs_to("classes")
def create_class() -> tuple[str, int] | Response:
    """Make a class."""
    form = _form()
    if not form.validate():
        return _page(None, form), 422
    work = current.writer()
    try:
        id = operations.create(work, form.values)
    except Invalid as invalid:
        return _refused(None, form, invalid.errors)
    work.commit()
    return see_other(f"/admin/classes/{id}?done=created")


@bp.get("/classes/<id>")
@belongs_to("classes")
def customer_class(id: str) -> str:
    """Show the defaults of a class."""
    row = operations.customer_class(current.reader(), id)
    form = _form(formdata=None, data=row._mapping)
    form.keep_shown(_stored(row, form), row.version)
    return _page(row, form)


@bp.post("/classes/<id>")
@belongs_to("classes")
def save_class(id: str) -> tuple[str, int] | str | Response:
    """Save the defaults of a class; a change that reaches somebody is shown first, and saved with `confirm`."""
    row = operations.customer_class(current.reader(), id)
    form = _form(data=row._mapping)
    confirm = request.form.get("confirm", "")
    if not form.validate():
        return _page(row, form), 422
    if form.version_or(row.version) != row.version:
        return _stale(form, id), 409
    if confirm == "back":
        return _page(row, form)
    changes = _changes(row, form)
    if changes and confirm != "y":
        return _confirmation(row, form, changes)
    work = current.writer()
    try:
        operations.change(work, id, form.version_or(row.version), form.values)
    except Invalid as invalid:
        return _refused(row, form, invalid.errors)
    except Stale:
        work.rollback()
        return _stale(form, id), 409
    work.commit()
    return see_other(f"/admin/classes/{id}?done=saved")


@bp.post("/classes/<id>/delete")
@belongs_to("classes")
def delete_class(id: str) -> Response:
    """Take a class away that no customer is of."""
    work = current.writer()
    operations.delete(work, id)
    work.commit()
    return see_other("/admin/classes?done=deleted")


def _form(**given: Any) -> ClassForm:
    form = ClassForm(**given)
    form.offer(current.house().settings.languages, queries.gateway(current.reader()).language)
    return form


def _page(row: AnyRow | None, form: ClassForm, meanwhile: Sequence[tuple[str, str]] | None = None) -> str:
    ours = queries.gateway(current.reader())
    inherited = {name: getattr(ours, name) for name in (*PREFERENCES, *_NUMBERS)}
    typed = {name: form[name].data or inherited[name] for name in PREFERENCES}
    return render_template(
        "admin/class.html",
        customer_class=row,
        customers=_customers(row.customers) if row else "",
        form=form,
        inherited=inherited,
        samples=samples.samples(typed, current.now()),
        zones=zones_with_offsets(current.now()),
        shortest=(SHORTEST, SHORTEST_WITH_FACTOR),
        meanwhile=meanwhile,
    )


def _refused(row: AnyRow | None, form: ClassForm, faults: Mapping[str, Sequence[str]]) -> tuple[str, int]:
    add_faults(form, faults)
    return _page(row, form), 422


def _stored(row: AnyRow, form: ClassForm) -> dict[str, Any]:
    return {name: getattr(row, name) for name in form.values}


def _stale(form: ClassForm, id: str) -> str:
    """Show what others saved meanwhile, with what was typed kept."""
    row = operations.customer_class(current.reader(), id)
    changed = form.catch_up(_stored(row, form), row.version)
    return _page(row, form, [(form[name].label.text, _word(name, getattr(row, name))) for name in changed])


def _changes(row: AnyRow, form: ClassForm) -> list[Change]:
    """Return what would change for somebody; a new name changes nothing for anybody."""
    changed = {name: value for name, value in form.values.items() if getattr(row, name) != value and name != "name"}
    reached = operations.reached(current.reader(), row.id, changed)
    return [
        Change(form[name].label.text, _word(name, getattr(row, name)), _word(name, value), _reach(reached[name]))
        for name, value in changed.items()
        if any(reached[name])
    ]


def _confirmation(row: AnyRow, form: ClassForm, changes: Sequence[Change]) -> str:
    """Ask before anything is saved; what was typed goes along."""
    fields = {*form.values, "version", "shown"}
    typed = [(name, value) for name, value in request.form.items(multi=True) if name.removesuffix(READY) in fields]
    return render_template("admin/class_confirm.html", customer_class=row, changes=changes, typed=typed)


def _word(name: str, value: Any) -> str:
    if value is None:
        return _("none") if name == "password_days" else _("as the gateway has it")
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if name == "support_access":
        return _(dict(SUPPORT)[value])
    return samples.word(name, str(value))


def _reach(reached: operations.Reach) -> str:
    customers = _customers(reached.customers)
    return f"{customers}, {_individuals(reached.individuals)}" if reached.individuals else customers


def _customers(count: int) -> str:
    if count > COUNT_LIMIT:
        return _("more than %(count)s customers") % {"count": current.formats().number(COUNT_LIMIT)}
    return ngettext("%(count)s customer", "%(count)s customers", count) % {"count": current.formats().number(count)}


def _individuals(count: int) -> str:
    if count > COUNT_LIMIT:
        return _("more than %(count)s individuals") % {"count": current.formats().number(COUNT_LIMIT)}
    number = current.formats().number(count)
    return ngettext("%(count)s individual", "%(count)s individuals", count) % {"count": number}

"""Individuals: listed, made, changed, let in, suspended, moved, deleted. One set of pages, hung on two portals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from gateway.access import individuals as operations
from gateway.access.individuals import Manager
from gateway.db import AnyRow
from gateway.errors import Forbidden, Invalid, NotFound, Stale
from gateway.i18n.catalog import N_, ngettext
from gateway.i18n.catalog import gettext as _
from gateway.identity import passwords
from gateway.identity.forms import add_faults
from gateway.identity.inheritance import in_force
from gateway.identity.password_rules import Rules, offered_password, password_faults, rules_for
from gateway.identity.standing import Standing, individual_standing
from gateway.people import queries
from gateway.people.forms import IndividualForm, NewIndividualForm
from gateway.portal.guard import refuse
from gateway.portal.pages import form_text, next_links, query_text
from gateway.web import current
from gateway.web.marks import belongs_to, needs_recent
from gateway.web.redirects import see_other

AT_ONCE = 100
CHANGES = ("role", "suspend", "restore", "delete")


@dataclass(frozen=True, slots=True)
class Desk:
    """Where individuals are looked after, and by whom: `url` is the address of their list.

    `access_url` leads to the panel of one (`%s`: its id), `roles_url` to the allowed roles, and `refusals` says why one
    was not let in, where staff are.
    """

    by: Manager
    customer_name: str
    layout: str
    url: str
    crumbs: Sequence[tuple[str, str]] = ()
    access_url: str | None = None
    roles_url: str | None = None
    refusals: Callable[[AnyRow], object] | None = None


Answer = str | tuple[str, int] | Response
View = Callable[..., Answer]


def pages(bp: Blueprint, node: str, path: str, desk: Callable[..., Desk]) -> None:
    """Hang the pages of individuals on a portal, under `path`, as part of `node`.

    `desk` gets what the path has beside the individual's id. What is refused on the way is put on the record.
    """

    def hang(rule: str, method: str, view: View) -> None:
        def page(individual: str | None = None, **place: str) -> Answer:
            here = desk(**place)
            try:
                return view(here) if individual is None else view(here, individual)
            except Forbidden as refusal:
                refuse(refusal)

        page.__doc__ = view.__doc__
        endpoint = "individuals" if view is people else f"individuals_{view.__name__}"
        marked = belongs_to(node)(page)
        marked = needs_recent(marked) if view is reset_factor else marked
        bp.add_url_rule(f"{path}{rule}", endpoint, marked, methods=[method])

    for rule, method, view in (
        ("", "GET", people),
        ("/new", "GET", new),
        ("/new", "POST", create),
        ("/change", "GET", ask_to_change),
        ("/change", "POST", change),
        ("/<individual>", "GET", show),
        ("/<individual>", "POST", save),
        ("/<individual>/invitation", "POST", invite),
        ("/<individual>/password", "POST", reset),
        ("/<individual>/second-factor/reset", "POST", reset_factor),
    ):
        hang(rule, method, view)


def people(desk: Desk) -> str:
    """List individuals, found by name, login or e-mail; by role and by how they stand."""
    reader = current.reader()
    roles = queries.allowed(reader, current.house().rights, desk.by)
    asked = {name: query_text(name) for name in ("q", "role", "status")}
    wanted = queries.Wanted(
        asked["q"],
        asked["role"] if asked["role"] in {role.id for role in roles} else None,
        Standing(asked["status"]) if asked["status"] in list(Standing) else None,
    )
    page = queries.individuals(reader, desk.by.customer_id, wanted, request.args.get("after"), current.now())
    return render_template(
        "people/list.html",
        desk=desk,
        rows=[(row, _standing(row), _zone(row)) for row in page.rows],
        roles=roles,
        standings=list(Standing),
        asked=asked,
        **next_links(page, **asked),
    )


def new(desk: Desk) -> str:
    """Show the form for a new individual."""
    form = NewIndividualForm(formdata=None)
    return _new_page(desk, form, _offer(desk, form, None))


def create(desk: Desk) -> Answer:
    """Make an individual; with a link by mail, with a password that was typed, or with neither for now."""
    form = NewIndividualForm()
    roles = _offer(desk, form, None)
    typed = form.password.data or ""
    faults: Mapping[str, Sequence[str]] = {}
    if typed:
        faults = password_faults(typed, typed, _rules(desk).with_words(form.login.data, form.name.data))
    if not form.validate() or faults:
        return _refused(form, faults, lambda: _new_page(desk, form, roles))
    rights, now = current.house().rights, current.now()
    password_hash = passwords.hashed(typed) if typed and not form.invite.data else None
    work = current.writer()
    try:
        id = operations.create(work, rights, desk.by, form.record, password_hash, now)
        if form.invite.data:
            operations.invite(work, rights, desk.by, id, queries.zone_at(current.reader(), desk.by.customer_id), now)
    except Invalid as invalid:
        work.rollback()
        return _refused(form, invalid.errors, lambda: _new_page(desk, form, roles))
    work.commit()
    return see_other(f"{desk.url}/{id}?done={'invited' if form.invite.data else 'created'}")


def show(desk: Desk, id: str) -> str:
    """Show one individual, ready to be edited where one's own rights reach."""
    row = _row(desk, id)
    form = IndividualForm(formdata=None, data=_stored(row))
    form.keep_shown(_stored(row), row.version)
    _offer(desk, form, row)
    return _page(desk, row, form)


def save(desk: Desk, id: str) -> Answer:
    """Save an individual: all of it, or nothing."""
    row = _row(desk, id)
    form = IndividualForm(data=_stored(row))
    _offer(desk, form, row)
    if not form.validate():
        return _page(desk, row, form), 422
    work = current.writer()
    version, rights = form.version_or(row.version), current.house().rights
    try:
        operations.change(work, rights, desk.by, id, version, form.record, current.now())
    except Invalid as invalid:
        work.rollback()
        return _refused(form, invalid.errors, lambda: _page(desk, row, form))
    except Stale:
        work.rollback()
        return _stale(desk, id, form)
    work.commit()
    return see_other(f"{desk.url}/{id}?done=saved")


def invite(desk: Desk, id: str) -> Answer:
    """Send a link by mail, by which the individual chooses a password."""
    row = _row(desk, id)
    work = current.writer()
    operations.invite(work, current.house().rights, desk.by, id, _zone(row), current.now())
    work.commit()
    return see_other(f"{desk.url}/{id}?done=invited")


def reset(desk: Desk, id: str) -> Answer:
    """Give an individual a password for one use, shown on the answering page and never again."""
    row = _row(desk, id)
    password = offered_password(rules_for(current.reader(), id, current.house().names))
    password_hash = passwords.hashed(password)
    work = current.writer()
    operations.reset(work, current.house().rights, desk.by, id, password_hash, current.now())
    work.commit()
    return make_response(render_template("people/password.html", desk=desk, person=row, password=password))


def reset_factor(desk: Desk, id: str) -> Answer:
    """Drop an individual's second factor and end their sessions; whether one is asked stays as it is."""
    _row(desk, id)
    work = current.writer()
    operations.reset_factor(work, current.house().rights, desk.by, id, form_text("reason"), current.now())
    work.commit()
    return see_other(f"{desk.url}/{id}?done=factor-reset")


def ask_to_change(desk: Desk) -> Answer:
    """Say what a change of the chosen individuals does, and ask."""
    if not request.args.getlist("individual"):
        return see_other(desk.url)
    return _change_page(desk, request.args.get("to", ""), _chosen(desk, request.args.getlist("individual")))


def change(desk: Desk) -> Answer:
    """Move, suspend, restore or delete the chosen individuals: all of them or, if one may not be, none."""
    to, rows = request.form.get("to", ""), _chosen(desk, request.form.getlist("individual"))
    ids, rights, now = [row.id for row in rows], current.house().rights, current.now()
    work = current.writer()
    if to == "role":
        try:
            operations.move(work, rights, desk.by, ids, request.form.get("role") or None)
        except Invalid as invalid:
            work.rollback()
            return _change_page(desk, to, rows, invalid.errors["role"][0]), 422
    elif to == "delete":
        operations.delete(work, rights, desk.by, ids, now)
    elif to in CHANGES:
        operations.suspend(work, rights, desk.by, ids, now, suspended=to == "suspend")
    else:
        raise NotFound
    work.commit()
    done = {"role": "saved", "delete": "deleted", "suspend": "suspended", "restore": "restored"}[to]
    back = desk.url if len(rows) > 1 or to == "delete" else f"{desk.url}/{ids[0]}"
    return see_other(f"{back}?done={done}")


def _row(desk: Desk, id: str) -> AnyRow:
    row = queries.individual(current.reader(), desk.by.customer_id, id)
    if row is None:
        raise NotFound
    return row


def _chosen(desk: Desk, ids: Sequence[str]) -> Sequence[AnyRow]:
    if not 0 < len(ids) <= AT_ONCE:
        raise Invalid({"individual": [N_("Choose between one and a hundred individuals.")]})
    rows = queries.chosen(current.reader(), desk.by.customer_id, ids)
    if len(rows) != len(set(ids)):
        raise NotFound
    return rows


def _zone(row: AnyRow) -> str:
    return str(in_force(row, "time_zone", row.gateway_time_zone).value)


def _standing(row: AnyRow) -> Standing:
    return individual_standing(row.suspended, row.activates_on, row.expires_on, _zone(row), current.now())


def _rules(desk: Desk) -> Rules:
    """Return the rules for a new individual: those of its customer."""
    return rules_for(current.reader(), desk.by.customer_id, current.house().names)


def _stored(row: AnyRow) -> dict[str, Any]:
    names = ("login", "name", "email", "activates_on", "expires_on", "suspended")
    return {**{name: getattr(row, name) for name in names}, "role": row.assigned_role_id}


def _offer(desk: Desk, form: IndividualForm, row: AnyRow | None) -> list[queries.Given]:
    """Offer the roles within one's own rights, and the one that is held, whatever it is."""
    roles = queries.allowed(current.reader(), current.house().rights, desk.by)
    offered = [(role.id, role.name) for role in roles if role.within]
    held = row.assigned_role_id if row else None
    if row is not None and held and held not in dict(offered):
        allowed = row.allowed_role_id is not None
        name = row.role_name or held
        offered.append((held, name if allowed else _("%(role)s (not allowed any more)") % {"role": name}))
    form.offer(offered)
    return roles


def _barred(desk: Desk, row: AnyRow) -> str | None:
    """Return why somebody cannot be changed from here by whoever asks, or None."""
    if row.id == desk.by.id:
        return _("This is you: your own password and preferences are under My access.")
    levels = operations.levels_of_role(current.house().rights, current.reader(), row.role_id, row.role_version)
    return None if desk.by.may_hold(levels) else _("Their rights exceed yours, so you can look only.")


def _new_page(desk: Desk, form: NewIndividualForm, roles: Sequence[queries.Given]) -> str:
    rules = _rules(desk)
    form.password.data = ""
    return render_template(
        "people/new.html",
        desk=desk,
        form=form,
        roles=roles,
        zone=queries.zone_at(current.reader(), desk.by.customer_id),
        rules=rules,
        generated=offered_password(rules.with_words(form.login.data, form.name.data)),
        strength_url=f"{'/admin' if desk.layout == 'base.html' else ''}/login/strength",
    )


def _page(desk: Desk, row: AnyRow, form: IndividualForm, meanwhile: Sequence[tuple[str, str]] | None = None) -> str:
    return render_template(
        "people/individual.html",
        desk=desk,
        person=row,
        form=form,
        standing=_standing(row),
        zone=_zone(row),
        barred=_barred(desk, row),
        meanwhile=meanwhile,
        refusals=desk.refusals(row) if desk.refusals else None,
    )


def _refused(form: IndividualForm, faults: Mapping[str, Sequence[str]], page: Callable[[], str]) -> tuple[str, int]:
    add_faults(form, faults)
    return page(), 422


def _stale(desk: Desk, id: str, form: IndividualForm) -> tuple[str, int]:
    """Show what others saved meanwhile, with what was typed kept."""
    row = _row(desk, id)
    stored, reading = _stored(row), current.formats()
    days = {name: reading.day(stored[name]) if stored[name] else "" for name in ("activates_on", "expires_on")}
    words = {**stored, **days, "role": row.role_name, "suspended": _("Yes") if row.suspended else _("No")}
    changed = form.catch_up(stored, row.version)
    _offer(desk, form, row)
    return _page(desk, row, form, [(_(form[name].label.text), words[name]) for name in changed]), 409


def _change_page(desk: Desk, to: str, rows: Sequence[AnyRow], problem: str | None = None) -> str:
    if to not in CHANGES:
        raise NotFound
    many = len(rows)
    titles = {
        "role": ngettext("Move %(num)s individual to another role", "Move %(num)s individuals to another role", many),
        "suspend": ngettext("Suspend %(num)s individual?", "Suspend %(num)s individuals?", many),
        "restore": ngettext("Restore %(num)s individual?", "Restore %(num)s individuals?", many),
        "delete": ngettext("Delete %(num)s individual?", "Delete %(num)s individuals?", many),
    }
    roles = queries.allowed(current.reader(), current.house().rights, desk.by) if to == "role" else []
    return render_template(
        "people/change.html",
        desk=desk,
        to=to,
        title=titles[to] % {"num": many},
        rows=rows,
        roles=[role for role in roles if role.within],
        problem=problem,
        chosen=request.form.get("role", ""),
    )

"""Roles: made, copied, edited as trees of levels, deleted; held to what the visitor may give on every path."""

from collections.abc import Mapping

from flask import render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from gateway.access import operations
from gateway.access import roles as queries
from gateway.access.doors import Doors
from gateway.access.roles import called
from gateway.admin import trees
from gateway.admin.forms.roles import REALMS, NewRoleForm, RoleForm
from gateway.admin.portal import bp
from gateway.errors import Invalid, NotFound, Stale
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity.models import Realm
from gateway.portal.pages import query_text
from gateway.web import current
from gateway.web.marks import belongs_to
from gateway.web.redirects import see_other


@bp.get("/roles")
@belongs_to("roles")
def roles() -> str:
    """List the roles of both realms with how many people hold each."""
    q = query_text("q")
    return render_template("admin/roles.html", roles=queries.roles(current.reader(), q), q=q, realms=REALMS)


@bp.get("/roles/new")
@belongs_to("roles")
def new_role() -> str:
    """Show the form for a new role; `like` names one to begin from."""
    like = query_text("like")
    form = _new_form(formdata=None)
    found = next((one for one in queries.roles(current.reader()) if one.id == like), None)
    if found is not None:
        form.like.data, form.realm.data = found.id, found.realm.value
        form.name.data = _("%(name)s (copy)") % {"name": found.name}
        form.description.data = found.description
    return render_template("admin/role_new.html", form=form)


@bp.post("/roles/new")
@belongs_to("roles")
def create_role() -> tuple[str, int] | Response:
    """Make a role, empty or like another of its realm."""
    form = _new_form()
    if not form.validate():
        return render_template("admin/role_new.html", form=form), 422
    realm = Realm(form.realm.data)
    views: trees.Views = {}
    own_doors: dict[str, Doors] = {}
    if like := form.like.data:
        try:
            model = queries.role(current.reader(), like)
        except NotFound:
            model = None
        if model is None or model.realm is not realm:
            form.like.errors = [_("Choose a role of the same realm.")]
            return render_template("admin/role_new.html", form=form), 422
        saved = queries.portal_views(current.reader(), like)
        views = _everything(realm) if model.is_default else trees.words_of(saved)
        own_doors = queries.doors_of(saved)
    trees.hold_to_own(realm, trees.levels_of(realm, views))
    work = current.writer()
    try:
        id = operations.create_role(
            work, realm, form.name.data or "", form.description.data or "", views, trees.nodes_of(realm), own_doors
        )
    except Invalid as invalid:
        form.name.errors = [_(text) for text in invalid.errors["name"]]
        return render_template("admin/role_new.html", form=form), 422
    work.commit()
    return see_other(f"/admin/roles/{id}?done=created")


@bp.get("/roles/<id>")
@belongs_to("roles")
def role(id: str) -> str:
    """Show what a role gives in each portal of its realm."""
    found = queries.role(current.reader(), id)
    form = RoleForm(formdata=None, data={"name": found.name, "description": found.description})
    views = queries.portal_views(current.reader(), id)
    return _page(found, form, trees.words_of(views), views)


@bp.post("/roles/<id>")
@belongs_to("roles")
def save_role(id: str) -> str | tuple[str, int] | Response:
    """Save a role; of two who save at once, the second is shown what the first saved, and keeps what they typed."""
    found = queries.role(current.reader(), id)
    views = queries.portal_views(current.reader(), id)
    before = trees.words_of(views)
    after = trees.typed(found.realm, before)
    named = {"name": found.name, "description": found.description}
    form = RoleForm(formdata=MultiDict({**named, **request.form.to_dict()}))
    rows = trees.typed_doors(found.realm)
    if not form.validate() or not trees.are_good(rows, after):
        return _page(found, form, after, views, rows=rows), 422
    trees.hold_to_own(found.realm, trees.levels_of(found.realm, before), trees.levels_of(found.realm, after))
    work = current.writer()
    name, description = form.name.data or "", form.description.data or ""
    nodes = trees.nodes_of(found.realm)
    try:
        operations.save_role(
            work, id, request.form.get("version", ""), name, description, after, nodes, trees.doors_of(rows)
        )
    except Invalid as invalid:
        form.name.errors = [_(text) for text in invalid.errors["name"]]
        return _page(found, form, after, views, rows=rows), 422
    except Stale:
        return _page(found, form, after, views, _meanwhile(found, form, views, after, rows), rows), 409
    work.commit()
    return see_other(f"/admin/roles/{id}?done=saved")


@bp.get("/roles/<id>/delete")
@belongs_to("roles")
def ask_to_delete_role(id: str) -> str:
    """Say who holds a role and where it may be handed out, and ask what takes its place."""
    return _deletion(queries.role(current.reader(), id))


@bp.post("/roles/<id>/delete")
@belongs_to("roles")
def delete_role(id: str) -> tuple[str, int] | Response:
    """Delete a role, its holders moved to another in the same step."""
    found = queries.role(current.reader(), id)
    reader, move_to = current.reader(), request.form.get("move_to") or None
    concerned = [trees.levels_of(found.realm, trees.words_of(queries.portal_views(reader, id)))]
    if move_to is not None:
        try:
            target = queries.role(reader, move_to)
        except NotFound:
            return _deletion(found, _("Choose another role of the same realm.")), 422
        views = trees.words_of(queries.portal_views(reader, move_to))
        concerned.append(trees.levels_of_role(target, views))
    trees.hold_to_own(found.realm, *concerned)
    work = current.writer()
    try:
        operations.delete_role(work, id, request.form.get("version", ""), move_to)
    except Invalid as invalid:
        (reason,) = invalid.errors["move_to"]
        return _deletion(found, _(reason)), 422
    work.commit()
    return see_other("/admin/roles?done=deleted")


def _new_form(**given: object) -> NewRoleForm:
    rows = queries.roles(current.reader())
    others = [SelectChoice(one.id, f"{called(one.name)} ({_(REALMS[one.realm])})") for one in rows]
    return NewRoleForm(others, **given)


def _everything(realm: Realm) -> dict[str, dict[str, str]]:
    return {portal.slug: {"": "full"} for portal in trees.portals_of(realm)}


def _page(
    found: queries.RoleRow,
    form: RoleForm,
    views: trees.Views,
    saved: Mapping[str, queries.View],
    meanwhile: list[tuple[str, str, str]] | None = None,
    rows: trees.Rows | None = None,
) -> str:
    return render_template(
        "admin/role.html",
        role=found,
        form=form,
        trees=trees.trees(found.realm, views, saved, rows),
        words={word: _(title) for word, title in trees.WORDS.items()},
        meanwhile=meanwhile,
    )


def _meanwhile(
    found: queries.RoleRow,
    form: RoleForm,
    saved: Mapping[str, queries.View],
    after: trees.Views,
    typed: trees.Rows,
) -> list[tuple[str, str, str]]:
    """Return where what is saved now differs from what was typed: what, saved, typed."""
    inherited, start = _("Inherited"), _("Start page of its own")
    rows = [
        (_(label), str(was), str(field.data or ""))
        for label, was, field in (
            (N_("Name"), found.name, form.name),
            (N_("Description"), found.description, form.description),
        )
        if was != (field.data or "")
    ]
    own_before, own_now, levels = queries.doors_of(saved), trees.doors_of(typed), trees.words_of(saved)
    for portal in trees.portals_of(found.realm):
        was, now = levels.get(portal.slug, {}), after.get(portal.slug, {})
        for key, title in (("", ""), *((key, node.title) for key, node in portal.structure.nodes.items())):
            if was.get(key) != now.get(key):
                what = f"{_(portal.title)} · {_(title)}" if title else _(portal.title)
                words = [_(trees.WORDS[one[key]]) if key in one else inherited for one in (was, now)]
                rows.append((what, words[0], words[1]))
        opens, led = own_before.get(portal.slug, {}), own_now.get(portal.slug, {})
        for name in {**opens, **led}:
            if opens.get(name) != led.get(name):
                what = f"{_(portal.title)} · {name or start}"
                rows.append((what, opens.get(name, ""), led.get(name, "")))
    return rows


def _deletion(found: queries.RoleRow, problem: str | None = None) -> str:
    reader = current.reader()
    others = [one for one in queries.roles(reader) if one.realm is found.realm and one.id != found.id]
    return render_template(
        "admin/role_delete.html",
        role=found,
        others=others,
        holders=queries.holders(reader, found.id),
        allowed=queries.allowed_at(reader, found.id),
        listed=queries.LISTED,
        problem=problem,
        chosen=request.form.get("move_to", ""),
    )

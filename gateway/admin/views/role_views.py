"""Roles, looked at: what one sees, two side by side, and as files that go out and come in."""

from flask import Response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from gateway.access import doors, operations, role_files
from gateway.access import roles as queries
from gateway.access.levels import Level
from gateway.admin import trees
from gateway.admin.forms.roles import ImportForm
from gateway.admin.portal import bp
from gateway.audit.operations import record
from gateway.errors import Invalid
from gateway.i18n.catalog import gettext as _
from gateway.identity.models import Realm
from gateway.portal.pages import query_text
from gateway.web import current
from gateway.web.marks import belongs_to
from gateway.web.redirects import see_other


@bp.get("/roles/<id>/preview")
@belongs_to("roles")
def preview_role(id: str) -> str:
    """Show what somebody with this role sees: the pages of each portal with their levels, and the portals left out."""
    found = queries.role(current.reader(), id)
    levels = trees.levels_of_role(found, trees.words_of(queries.portal_views(current.reader(), id)))
    shown = []
    for portal in trees.portals_of(found.realm):
        own = levels[portal.slug]
        pages = [
            (key.count("."), _(node.title), own[key].word)
            for key, node in portal.structure.nodes.items()
            if own[key] > Level.FORBIDDEN
            or any(level > Level.FORBIDDEN and other.startswith(f"{key}.") for other, level in own.items())
        ]
        shown.append((portal, _(portal.title), pages))
    words = {word: _(title) for word, title in trees.WORDS.items()}
    return render_template("admin/role_preview.html", role=found, portals=shown, words=words)


@bp.get("/roles/compare")
@belongs_to("roles")
def compare_roles() -> str:
    """Show two roles of one realm side by side, the differences marked."""
    reader, left, right = current.reader(), query_text("left"), query_text("right")
    everyone = queries.roles(reader)
    chosen = [next((one for one in everyone if one.id == id), None) for id in (left, right)]
    problem, tables = None, []
    if chosen[0] is not None and chosen[1] is not None:
        if chosen[0].realm is not chosen[1].realm:
            problem = _("Choose two roles of the same realm.")
        else:
            levels = [
                trees.levels_of_role(one, trees.words_of(queries.portal_views(reader, one.id))) for one in chosen if one
            ]
            for portal in trees.portals_of(chosen[0].realm):
                rows = [
                    (key.count("."), _(node.title), *(one[portal.slug][key].word for one in levels))
                    for key, node in portal.structure.nodes.items()
                ]
                shown = [row for row in rows if not request.args.get("only") or row[2] != row[3]]
                tables.append((portal, _(portal.title), shown))
    words = {word: _(title) for word, title in trees.WORDS.items()}
    return render_template(
        "admin/role_compare.html",
        roles=everyone,
        left=chosen[0],
        right=chosen[1],
        tables=tables,
        words=words,
        problem=problem,
        only=bool(request.args.get("only")),
    )


@bp.get("/roles/<id>/export")
@belongs_to("roles")
def export_role(id: str) -> Response:
    """Give a role out as a JSON file."""
    found = queries.role(current.reader(), id)
    saved = queries.portal_views(current.reader(), id)
    file = role_files.RoleFile(
        found.realm, found.name, found.description, trees.words_of(saved), queries.doors_of(saved)
    )
    text = role_files.write(file)
    work = current.writer()
    record(work, "role.exported", role=id)
    work.commit()
    response = Response(text, mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="role-{found.id}.json"'
    return response


@bp.get("/roles/import")
@belongs_to("roles")
def ask_for_role() -> str:
    """Show the form that takes a role from a file."""
    return render_template("admin/role_import.html", form=ImportForm(formdata=None), faults=[], read=None)


@bp.post("/roles/import")
@belongs_to("roles")
def import_role() -> str | tuple[str, int] | AnyResponse:
    """Read a role and show what it would be; with `confirm=y` make it."""
    form = ImportForm()
    text = form.text.data or ""
    if form.file.data:
        try:
            text = form.file.data.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            return _import_page(form, [_("The file is not UTF-8.")]), 422
    form.text.data = text
    try:
        read = role_files.read(text, {realm: trees.nodes_of(realm) for realm in Realm}, trees.elsewhere())
    except role_files.BadFile as bad:
        return _import_page(form, bad.faults), 422
    trees.hold_to_own(read.realm, trees.levels_of(read.realm, read.views))
    if request.form.get("confirm") != "y":
        return _import_page(form, [], read)
    work = current.writer()
    try:
        nodes = trees.nodes_of(read.realm)
        id = operations.create_role(work, read.realm, read.name, read.description, read.views, nodes, read.doors)
    except Invalid as invalid:
        return _import_page(form, [_(text) for text in invalid.errors["name"]]), 422
    work.commit()
    return see_other(f"/admin/roles/{id}?done=created")


def _import_page(form: ImportForm, faults: list[str], read: role_files.RoleFile | None = None) -> str:
    rows = {slug: doors.in_order(own) for slug, own in read.doors.items()} if read else {}
    laid = trees.trees(read.realm, read.views, {}, rows) if read else []
    words = {word: _(title) for word, title in trees.WORDS.items()}
    return render_template("admin/role_import.html", form=form, faults=faults, read=read, trees=laid, words=words)

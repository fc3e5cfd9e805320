"""Extensions."""

from collections.abc import Sequence
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from gateway.portal import (
    Invalid,
    Level,
    Stale,
    belongs_to,
    next_links,
    query_text,
    reader,
    render,
    see,
    visitor,
    writer,
)
from portals.pbx import operations
from portals.pbx.blueprint import bp
from portals.pbx.forms import ExtensionForm
from portals.pbx.queries import extensions as queries


@bp.get("/configuration/extensions")
@belongs_to("configuration.extensions")
def extensions() -> str:
    """List extensions."""
    q = query_text("q")
    page = queries.extensions(reader(), visitor(), q, request.args.get("after"))
    return render("extensions.html", rows=page.rows, q=q, **next_links(page, q=q))


@bp.get("/configuration/extensions/new")
@belongs_to("configuration.extensions")
def new_extension() -> str:
    """Show the form for a new extension."""
    return _page(ExtensionForm(formdata=None))


@bp.post("/configuration/extensions/new")
@belongs_to("configuration.extensions")
def create_extension() -> tuple[str, int] | Response:
    """Make an extension."""
    form = ExtensionForm()
    if not form.validate():
        return _page(form), 422
    work = writer()
    try:
        id = operations.create_extension(work, visitor(), form.values)
    except Invalid as invalid:
        form.refuse(invalid)
        return _page(form), 422
    work.commit()
    return see("pbx.extension", id=id, done="created")


@bp.get("/configuration/extensions/<id>")
@belongs_to("configuration.extensions")
def extension(id: str) -> str:
    """Show one extension, ready to be edited where the role allows."""
    row = queries.extension(reader(), visitor(), id)
    return _page(ExtensionForm(formdata=None, obj=row), row)


@bp.post("/configuration/extensions/<id>")
@belongs_to("configuration.extensions")
def save_extension(id: str) -> tuple[str, int] | Response:
    """Save one extension."""
    row = queries.extension(reader(), visitor(), id)
    form = ExtensionForm()
    work = writer()
    try:
        form.check_version(row.version)
        if not form.validate():
            return _page(form, row), 422
        operations.save_extension(work, visitor(), row, form.values, row.version)
    except Stale:
        row = queries.extension(reader(), visitor(), id)
        return _page(form, row, form.meanwhile(row._asdict(), row.version)), 409
    except Invalid as invalid:
        form.refuse(invalid)
        return _page(form, row), 422
    work.commit()
    return see("pbx.extension", id=id, done="saved")


def _page(form: ExtensionForm, row: Any = None, meanwhile: Sequence[tuple[str, str]] | None = None) -> str:
    levels = visitor().portal_levels("pbx")
    sees = row is not None and levels["configuration.ring-groups"] > Level.FORBIDDEN
    groups = queries.groups_of(reader(), visitor(), row.id) if sees else []
    return render("extension.html", form=form, extension=row, groups=groups, levels=levels, meanwhile=meanwhile)

"""Ring groups."""

from collections.abc import Sequence
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from gateway.portal import (
    AnyRow,
    Invalid,
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
from portals.pbx.forms import STRATEGIES, RingGroupForm
from portals.pbx.models import RING_SECONDS, Strategy
from portals.pbx.queries import extensions as queries

MOST_CHOICES = 500


@bp.get("/configuration/ring-groups")
@belongs_to("configuration.ring-groups")
def ring_groups() -> str:
    """List ring groups."""
    q = query_text("q")
    page = queries.ring_groups(reader(), visitor(), q, request.args.get("after"))
    return render("ring_groups.html", rows=page.rows, q=q, strategies=STRATEGIES, **next_links(page, q=q))


@bp.get("/configuration/ring-groups/new")
@belongs_to("configuration.ring-groups")
def new_ring_group() -> str:
    """Show the form for a new ring group."""
    return _page(_form(formdata=None, data={"strategy": Strategy.ALL, "seconds": RING_SECONDS}))


@bp.post("/configuration/ring-groups/new")
@belongs_to("configuration.ring-groups")
def create_ring_group() -> tuple[str, int] | Response:
    """Make a ring group."""
    form = _form()
    if not form.validate():
        return _page(form), 422
    work = writer()
    try:
        id = operations.create_ring_group(work, visitor(), form.values)
    except Invalid as invalid:
        form.refuse(invalid)
        return _page(form), 422
    work.commit()
    return see("pbx.ring_group", id=id, done="created")


@bp.get("/configuration/ring-groups/<id>")
@belongs_to("configuration.ring-groups")
def ring_group(id: str) -> str:
    """Show one ring group, ready to be edited where the role allows."""
    row = queries.ring_group(reader(), visitor(), id)
    return _page(_form(formdata=None, data={**_stored(row), "version": row.version}), row)


@bp.post("/configuration/ring-groups/<id>")
@belongs_to("configuration.ring-groups")
def save_ring_group(id: str) -> tuple[str, int] | Response:
    """Save one ring group."""
    row = queries.ring_group(reader(), visitor(), id)
    form = _form()
    work = writer()
    try:
        form.check_version(row.version)
        if not form.validate():
            return _page(form, row), 422
        operations.save_ring_group(work, visitor(), id, _stored(row), form.values, row.version)
    except Stale:
        row = queries.ring_group(reader(), visitor(), id)
        return _page(form, row, form.meanwhile(_stored(row), row.version)), 409
    except Invalid as invalid:
        form.refuse(invalid)
        return _page(form, row), 422
    work.commit()
    return see("pbx.ring_group", id=id, done="saved")


@bp.get("/configuration/ring-groups/<id>/delete")
@belongs_to("configuration.ring-groups")
def ask_to_delete_ring_group(id: str) -> str:
    """Ask before a ring group is taken away."""
    row = queries.ring_group(reader(), visitor(), id)
    return render("delete_ring_group.html", group=row, members=queries.members(reader(), visitor(), id))


@bp.post("/configuration/ring-groups/<id>/delete")
@belongs_to("configuration.ring-groups")
def delete_ring_group(id: str) -> Response:
    """Take a ring group away."""
    row = queries.ring_group(reader(), visitor(), id)
    work = writer()
    operations.delete_ring_group(work, visitor(), row, request.form.get("version", ""))
    work.commit()
    return see("pbx.ring_groups", done="deleted")


def _form(**given: object) -> RingGroupForm:
    rows = queries.numbers(reader(), visitor(), MOST_CHOICES)
    return RingGroupForm([(row.number, row.name) for row in rows], **given)


def _stored(row: AnyRow) -> dict[str, Any]:
    members = [member.number for member in queries.members(reader(), visitor(), row.id)]
    return {
        "number": row.number,
        "name": row.name,
        "strategy": row.strategy,
        "seconds": row.seconds,
        "members": members,
    }


def _page(form: RingGroupForm, row: Any = None, meanwhile: Sequence[tuple[str, str]] | None = None) -> str:
    return render("ring_group.html", form=form, group=row, meanwhile=meanwhile)

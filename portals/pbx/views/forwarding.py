"""Where the calls of an extension go on to."""

from collections.abc import Sequence
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from gateway.portal import Invalid, Stale, belongs_to, next_links, query_text, reader, render, see, visitor, writer
from portals.pbx import operations
from portals.pbx.blueprint import bp
from portals.pbx.forms import ForwardingForm
from portals.pbx.queries import extensions as queries


@bp.get("/configuration/forwarding")
@belongs_to("configuration.forwarding")
def forwardings() -> str:
    """List extensions with where each forwards."""
    q = query_text("q")
    page = queries.forwarding(reader(), visitor(), q, request.args.get("after"))
    return render("forwardings.html", rows=page.rows, q=q, **next_links(page, q=q))


@bp.get("/configuration/forwarding/<id>")
@belongs_to("configuration.forwarding")
def forwarding(id: str) -> str:
    """Show where one extension forwards, ready to be edited where the role allows."""
    row = queries.extension(reader(), visitor(), id)
    return _page(ForwardingForm(formdata=None, obj=row), row)


@bp.post("/configuration/forwarding/<id>")
@belongs_to("configuration.forwarding")
def save_forwarding(id: str) -> tuple[str, int] | Response:
    """Save where one extension forwards."""
    row = queries.extension(reader(), visitor(), id)
    form = ForwardingForm()
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
    return see("pbx.forwarding", id=id, done="saved")


def _page(form: ForwardingForm, row: Any, meanwhile: Sequence[tuple[str, str]] | None = None) -> str:
    return render("forwarding.html", form=form, extension=row, meanwhile=meanwhile)

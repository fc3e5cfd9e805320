"""Pages of the Cloud PBX."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from gateway.portal import (
    Blueprint,
    Invalid,
    belongs_to,
    csv_answer,
    days_asked,
    next_links,
    now,
    query_text,
    reader,
    render,
    see,
    visitor,
    writer,
)
from portals.pbx import operations, queries
from portals.pbx.forms import ExtensionForm

bp = Blueprint("pbx", __name__)

OVERVIEW_DAYS = 30


@bp.get("/overview")
@belongs_to("overview")
def overview() -> str:
    """Show the last thirty days at a glance, as far as the role shows each part."""
    since = now() - timedelta(days=OVERVIEW_DAYS)
    return render(
        "overview.html",
        figures=queries.overview(reader(), visitor(), since),
        levels=visitor().portal_levels("pbx"),
        days=OVERVIEW_DAYS,
    )


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
    return render("extension.html", form=ExtensionForm(formdata=None), extension=None)


@bp.post("/configuration/extensions/new")
@belongs_to("configuration.extensions")
def create_extension() -> tuple[str, int] | AnyResponse:
    """Make an extension."""
    form = ExtensionForm()
    if not form.validate():
        return render("extension.html", form=form, extension=None), 422
    work = writer()
    try:
        id = operations.create_extension(work, visitor(), form.values)
    except Invalid as invalid:
        return _refused(form, invalid, None)
    work.commit()
    return see("pbx.extension", id=id, done="created")


@bp.get("/configuration/extensions/<id>")
@belongs_to("configuration.extensions")
def extension(id: str) -> str:
    """Show one extension, ready to be edited where the role allows."""
    row = queries.extension(reader(), visitor(), id)
    return render("extension.html", form=ExtensionForm(formdata=None, obj=row), extension=row)


@bp.post("/configuration/extensions/<id>")
@belongs_to("configuration.extensions")
def save_extension(id: str) -> tuple[str, int] | AnyResponse:
    """Save one extension."""
    row = queries.extension(reader(), visitor(), id)
    form = ExtensionForm()
    if not form.validate():
        return render("extension.html", form=form, extension=row), 422
    work = writer()
    version = form.version.data if form.version.data is not None else row.version
    try:
        operations.save_extension(work, visitor(), row, form.values, version)
    except Invalid as invalid:
        return _refused(form, invalid, row)
    work.commit()
    return see("pbx.extension", id=id, done="saved")


@bp.get("/calls")
@belongs_to("calls")
def calls() -> str | tuple[str, int]:
    """List calls, the latest first, between two days and with a number."""
    query = _query()
    wanted, problems = _wanted(query)
    page = queries.calls(reader(), visitor(), wanted, request.args.get("after"))
    drawn = render(
        "calls.html",
        rows=page.rows,
        query=query,
        problems=problems,
        filtered=any(query.values()),
        **next_links(page, **query),
    )
    return (drawn, 422) if problems else drawn


@bp.get("/calls.csv")
@belongs_to("calls")
def calls_csv() -> Response | tuple[str, int]:
    """Export the calls that are asked for; moments in ISO 8601, in UTC, unless asked for as the reader has them."""
    query = _query()
    wanted, problems = _wanted(query)
    if problems:
        return render(
            "calls.html", rows=[], query=query, problems=problems, filtered=True, next_url=None, first_url=None
        ), 422
    header = ("started_at", "from", "to", "direction", "duration_seconds", "charge", "currency")
    rows = queries.all_calls(reader(), visitor(), wanted)
    return csv_answer("calls.csv", header, (row[1:] for row in rows))


@bp.get("/finance/invoices")
@belongs_to("finance.invoices")
def invoices() -> str:
    """List invoices."""
    page = queries.invoices(reader(), visitor(), request.args.get("after"))
    return render("invoices.html", rows=page.rows, **next_links(page))


@bp.get("/finance/invoices/<id>")
@belongs_to("finance.invoices")
def invoice(id: str) -> str:
    """Show one invoice with its payments."""
    row = queries.invoice(reader(), visitor(), id)
    return render("invoice.html", invoice=row, payments=queries.payments_of(reader(), visitor(), id))


@bp.get("/finance/payments")
@belongs_to("finance.payments")
def payments() -> str:
    """List payments."""
    page = queries.payments(reader(), visitor(), request.args.get("after"))
    return render("payments.html", rows=page.rows, **next_links(page))


@bp.get("/finance/payments/<id>")
@belongs_to("finance.payments")
def payment(id: str) -> str:
    """Show one payment."""
    return render("payment.html", payment=queries.payment(reader(), visitor(), id))


def _refused(form: ExtensionForm, invalid: Invalid, row: Any) -> tuple[str, int]:
    for name, texts in invalid.errors.items():
        form[name].errors = texts
    return render("extension.html", form=form, extension=row), 422


def _query() -> dict[str, str]:
    return {name: query_text(name) for name in ("since", "until", "number")}


def _wanted(query: Mapping[str, str]) -> tuple[queries.Wanted, Mapping[str, str]]:
    """Read the filters: days as the reader writes them, the last one included; what cannot be read is said."""
    moments, problems = days_asked(query)
    return queries.Wanted(number=query["number"], **moments), problems

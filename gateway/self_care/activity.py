"""One's own part of the record: log-ins and changes."""

from flask import render_template, request

from gateway.audit import queries
from gateway.db import AnyRow
from gateway.identity.models import Kind
from gateway.paging import Page
from gateway.portal.pages import days_asked, next_links, query_text
from gateway.portal.telling import teller
from gateway.self_care.portal import bp
from gateway.web import current
from gateway.web.marks import belongs_to


@bp.get("/activity")
@belongs_to("activity.own")
def activity() -> str | tuple[str, int]:
    """List what is about oneself, for a customer also what is done to its individuals, the latest first."""
    who, asked = current.visitor(), {name: query_text(name) for name in ("since", "until")}
    moments, problems = days_asked(asked)
    page: Page[AnyRow] = Page((), None)
    if not problems:
        customer_id = who.customer_id if who.kind is Kind.CUSTOMER else None
        page = queries.shown_to(current.reader(), who.id, customer_id, after=request.args.get("after"), **moments)
    drawn = render_template(
        "self_care/activity.html",
        rows=page.rows,
        me=who.id,
        tell=teller(page.rows, (), to_customers=True),
        asked=asked,
        problems=problems,
        **next_links(page, **asked),
    )
    return (drawn, 422) if problems else drawn

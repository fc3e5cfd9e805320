"""The record: who did what for whom, searched by actor, subject, event and time."""

from flask import render_template, request

from gateway.admin.portal import bp
from gateway.audit import queries
from gateway.identity import queries as identities
from gateway.portal.pages import days_asked, next_links, query_text
from gateway.web import current
from gateway.web.marks import belongs_to


@bp.get("/audit")
@belongs_to("audit")
def audit() -> str | tuple[str, int]:
    """List events, the latest first."""
    asked = {name: query_text(name) for name in ("actor", "subject", "event", "since", "until")}
    reader = current.reader()
    moments, problems = days_asked(asked)
    who = {name: identities.ids_of_login(reader, asked[name]) for name in ("actor", "subject") if asked[name]}
    page = queries.events(
        reader,
        queries.Wanted(who.get("actor"), who.get("subject"), asked["event"], **moments),
        request.args.get("after"),
    )
    named = {id for row in page.rows for id in (row.actor_id, row.subject_id) if id}
    drawn = render_template(
        "admin/audit.html",
        rows=page.rows,
        names=identities.names(reader, named),
        asked=asked,
        problems=problems,
        events=queries.KNOWN_EVENTS,
        filtered=any(asked.values()),
        **next_links(page, **asked),
    )
    return (drawn, 422) if problems else drawn

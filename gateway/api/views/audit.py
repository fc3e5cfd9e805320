"""The record."""

from typing import Any

from gateway.api.blueprint import bp
from gateway.api.schemas.calls import Events, EventsAsked
from gateway.api.views.answering import Body, cursor_of, listed, with_cursor
from gateway.audit import queries
from gateway.identity import queries as identities
from gateway.web import current
from gateway.web.marks import serves


@bp.get("/audit", tags=["audit"])
@serves(console="audit")
@bp.arguments(EventsAsked, location="query")
@bp.answers(Events)
def audit(asked: dict[str, Any]) -> Body:
    """List events, the latest first."""
    reader = current.reader()
    actors, subjects, customers = (
        identities.ids_of(reader, asked[name]) if asked[name] else None for name in ("actor", "subject", "customer")
    )
    alike = (asked["event"], asked["portal"], asked["address"])
    wanted = queries.Wanted(actors, subjects, customers, *alike, asked.get("since"), asked.get("until"))
    page = with_cursor(lambda: queries.events(reader, wanted, cursor_of(asked), asked["limit"]))
    return listed(page, queries.plain)

"""The record."""

from typing import Any

from gateway.api.blueprint import bp
from gateway.api.schemas.calls import Events, EventsAsked
from gateway.api.views.answering import Body, cursor_of, listed, with_cursor
from gateway.audit import queries
from gateway.db import AnyRow
from gateway.identity import queries as identities
from gateway.web import current
from gateway.web.marks import serves

PLAIN = (
    *("seq", "at", "event", "outcome", "reason", "realm", "portal", "mode", "session", "address", "agent"),
    *("request_id", "details"),
)


@bp.get("/audit", tags=["audit"])
@serves(console="audit")
@bp.arguments(EventsAsked, location="query")
@bp.answers(Events)
def audit(asked: dict[str, Any]) -> Body:
    """List events, the latest first."""
    reader = current.reader()
    who = {name: identities.ids_of_login(reader, asked[name]) for name in ("actor", "subject") if asked[name]}
    wanted = queries.Wanted(
        who.get("actor"), who.get("subject"), asked["event"], asked.get("since"), asked.get("until")
    )
    return listed(with_cursor(lambda: queries.events(reader, wanted, cursor_of(asked), asked["limit"])), _shown)


def _shown(row: AnyRow) -> Body:
    return {
        **{name: getattr(row, name) for name in PLAIN},
        "actor": row.actor_id,
        "subject": row.subject_id,
        "customer": row.customer_id,
        "launch": row.launch_id,
    }

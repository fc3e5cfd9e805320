"""The bell: what staff should look into."""

from collections.abc import Mapping

from flask import render_template, request
from werkzeug.wrappers import Response

from gateway.admin.portal import bp
from gateway.audit import alarms
from gateway.audit.alarms import AlarmKind
from gateway.i18n.catalog import N_
from gateway.identity import queries as identities
from gateway.portal.pages import next_links
from gateway.web import current
from gateway.web.marks import belongs_to
from gateway.web.redirects import see_other

WORDS: Mapping[str, tuple[str, str, str]] = {
    AlarmKind.REPLAY: (
        "history",
        N_("A used key was shown again"),
        N_("A launch, code or token that is good once came again. It opened nothing; somebody may have copied it."),
    ),
    AlarmKind.THROTTLED: (
        "hourglass",
        N_("A log-in has to wait"),
        N_("Too many wrong attempts came in a row, so further ones are not looked at for a while."),
    ),
    AlarmKind.LAUNCHES: (
        "log-in",
        N_("Many visits within an hour"),
        N_("An administrator opened more than 20 portals within an hour."),
    ),
    AlarmKind.CHAIN: (
        "triangle-alert",
        N_("The record does not hold"),
        N_("A row was changed, removed or moved behind the gateway's back. The command audit verify names it."),
    ),
}
"""What each kind of alarm looks like and says: icon, title, explanation."""

EVENTS: Mapping[str, str] = {
    AlarmKind.REPLAY: "launch.replay",
    AlarmKind.THROTTLED: "login.refused",
    AlarmKind.LAUNCHES: "launch.started",
    AlarmKind.CHAIN: "audit.broken",
}
"""Which events of the record lie behind each kind."""


@bp.get("/alarms")
@belongs_to("audit")
def alarm_list() -> str:
    """List the alarms, the latest first."""
    reader = current.reader()
    page = alarms.alarms(reader, request.args.get("after"))
    named = {id for row in page.rows for id in (row.about, row.closed_by) if id}
    return render_template(
        "admin/alarms.html",
        rows=page.rows,
        names=identities.names(reader, named),
        words=WORDS,
        events=EVENTS,
        **next_links(page),
    )


@bp.post("/alarms/<id>/close")
@belongs_to("audit")
def close_alarm(id: str) -> Response:
    """Close one as looked into."""
    work = current.writer()
    alarms.close(work, id, current.visitor().id)
    work.commit()
    return see_other("/admin/alarms?done=alarm-closed")

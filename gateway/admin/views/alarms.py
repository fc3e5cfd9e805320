"""The bell: what staff should look into."""

from collections.abc import Mapping
from urllib.parse import urlencode

from flask import render_template, request
from werkzeug.wrappers import Response

from gateway.admin.portal import bp
from gateway.audit import alarms
from gateway.audit.alarms import AlarmKind
from gateway.db import AnyRow
from gateway.i18n.catalog import N_
from gateway.identity import queries as identities
from gateway.identity.networks import is_address
from gateway.portal.pages import next_links
from gateway.web import current
from gateway.web.marks import belongs_to
from gateway.web.redirects import see_other

_REPLAYED = (
    "history",
    N_("A used key was shown again"),
    N_("A launch, code or token that is good once came again. It opened nothing; somebody may have copied it."),
)
WORDS: Mapping[str, tuple[str, str, str]] = {
    AlarmKind.REPLAY: _REPLAYED,
    AlarmKind.ELSEWHERE: _REPLAYED,
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

EVENTS: Mapping[str, tuple[str, str]] = {
    AlarmKind.REPLAY: ("launch.replay", "actor"),
    AlarmKind.ELSEWHERE: ("external.refused", "portal"),
    AlarmKind.THROTTLED: ("login.refused", "subject"),
    AlarmKind.LAUNCHES: ("launch.many", "actor"),
    AlarmKind.CHAIN: ("audit.broken", ""),
}
"""Which events raise each kind, and the filter of the record that takes what it is about."""


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
        on_record=_on_record,
        **next_links(page),
    )


def _on_record(alarm: AnyRow) -> str:
    """Return where the events stand that raised an alarm. By an address they are not found once it is forgotten."""
    event, whose = EVENTS[alarm.kind]
    about = {whose: alarm.about} if alarm.about and not is_address(alarm.about) else {}
    return f"/admin/audit?{urlencode({'event': event, **about})}"


@bp.post("/alarms/<id>/close")
@belongs_to("audit")
def close_alarm(id: str) -> Response:
    """Close one as looked into."""
    work = current.writer()
    alarms.close(work, id, current.visitor().id)
    work.commit()
    return see_other("/admin/alarms?done=alarm-closed")

"""Pages of IoT."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from flask import Response, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from gateway.portal import (
    AnyRow,
    Blueprint,
    Chart,
    NotFound,
    Unreadable,
    belongs_to,
    chart,
    csv_answer,
    formats,
    gettext,
    next_links,
    query_text,
    reader,
    render,
    see,
    today,
    visitor,
    writer,
)
from portals.iot import operations, queries
from portals.iot.forms import AlertForm, DeviceForm
from portals.iot.models import DeviceStatus
from portals.iot.queries import Period

bp = Blueprint("iot", __name__)

SHOWN_DAYS = 31
MOST_DAYS = 366
MOST_CHOICES = 500
AT_ONCE = 100


@bp.get("/devices")
@belongs_to("devices")
def devices() -> str:
    """List devices, found by a text and by status."""
    q, asked = query_text("q"), query_text("status")
    status = DeviceStatus(asked) if asked in list(DeviceStatus) else None
    page = queries.devices(reader(), visitor(), q, status, request.args.get("after"))
    return render(
        "devices.html",
        rows=page.rows,
        q=q,
        status=status,
        statuses=list(DeviceStatus),
        **next_links(page, q=q, status=status or ""),
    )


@bp.get("/devices/<id>")
@belongs_to("devices")
def device(id: str) -> str:
    """Show one device with what it used."""
    row = queries.device(reader(), visitor(), id)
    return _device(row, DeviceForm(formdata=None, obj=row))


@bp.post("/devices/<id>")
@belongs_to("devices")
def save_device(id: str) -> tuple[str, int] | AnyResponse:
    """Give one device another name."""
    row = queries.device(reader(), visitor(), id)
    form = DeviceForm()
    if not form.validate():
        return _device(row, form), 422
    work = writer()
    version = form.version.data if form.version.data is not None else row.version
    operations.rename_device(work, visitor(), row, form.name.data or "", version)
    work.commit()
    return see("iot.device", id=id, done="saved")


@bp.get("/devices/change")
@belongs_to("devices")
def change_devices() -> str | AnyResponse:
    """Say what suspending or resuming the chosen devices will do, and ask."""
    if not request.args.getlist("device"):
        return see("iot.devices")
    return render("change.html", status=_status(request.args), rows=_chosen(request.args))


@bp.post("/devices/change")
@belongs_to("devices")
def apply_change() -> AnyResponse:
    """Suspend or resume the chosen devices: all of them or, if one is not the customer's, none."""
    status, rows = _status(request.form), _chosen(request.form)
    work = writer()
    operations.set_status(work, visitor(), [row.id for row in rows], status)
    work.commit()
    done = "suspended" if status is DeviceStatus.SUSPENDED else "restored"
    if len(rows) == 1:
        return see("iot.device", id=rows[0].id, done=done)
    return see("iot.devices", done=done)


@bp.get("/usage")
@belongs_to("usage")
def usage() -> str | tuple[str, int]:
    """Show what was used each day, drawn against the daily share of the quota."""
    asked = {name: query_text(name) for name in ("since", "until", "device")}
    period, problems = _period(asked)
    if period is None:
        return render("usage.html", asked=asked, problems=problems, drawn=None, rows=[], period=None), 422
    by_day = queries.bytes_by_day(reader(), visitor(), period)
    return render(
        "usage.html",
        asked=asked,
        problems={},
        drawn=_drawn(by_day, queries.monthly_quota(reader(), visitor(), period)),
        rows=queries.top_devices(reader(), visitor(), period),
        total=sum(used for _, used in by_day),
        period=period,
    )


@bp.get("/usage.csv")
@belongs_to("usage")
def usage_csv() -> Response | tuple[str, int]:
    """Export what each device used on each day that is asked for."""
    asked = {name: query_text(name) for name in ("since", "until", "device")}
    period, problems = _period(asked)
    if period is None:
        return render("usage.html", asked=asked, problems=problems, drawn=None, rows=[], period=None), 422
    return csv_answer("usage.csv", ("day", "iccid", "name", "bytes"), queries.usage(reader(), visitor(), period))


@bp.get("/alerts")
@belongs_to("alerts")
def alerts() -> str:
    """Show what the rules find just now, and the rules."""
    return render(
        "alerts.html", fired=queries.fired(reader(), visitor(), today()), rules=queries.alerts(reader(), visitor())
    )


@bp.get("/alerts/new")
@belongs_to("alerts")
def new_alert() -> str:
    """Show the form for a new rule."""
    return render("alert.html", form=_alert_form(formdata=None), alert=None)


@bp.post("/alerts/new")
@belongs_to("alerts")
def create_alert() -> tuple[str, int] | AnyResponse:
    """Make a rule."""
    form = _alert_form()
    if not _complete(form):
        return render("alert.html", form=form, alert=None), 422
    work = writer()
    operations.create_alert(work, visitor(), form.values)
    work.commit()
    return see("iot.alerts", done="created")


@bp.get("/alerts/<id>")
@belongs_to("alerts")
def alert(id: str) -> str:
    """Show one rule, ready to be edited where the role allows."""
    row = queries.alert(reader(), visitor(), id)
    shown = {"device": row.device_id or "", "kind": row.kind, "threshold": row.threshold, "version": row.version}
    return render("alert.html", form=_alert_form(formdata=None, data=shown), alert=row)


@bp.post("/alerts/<id>")
@belongs_to("alerts")
def save_alert(id: str) -> tuple[str, int] | AnyResponse:
    """Save one rule."""
    row = queries.alert(reader(), visitor(), id)
    form = _alert_form()
    if not _complete(form):
        return render("alert.html", form=form, alert=row), 422
    work = writer()
    version = form.version.data if form.version.data is not None else row.version
    operations.save_alert(work, visitor(), row, form.values, version)
    work.commit()
    return see("iot.alerts", done="saved")


@bp.get("/alerts/<id>/delete")
@belongs_to("alerts")
def ask_to_delete_alert(id: str) -> str:
    """Ask before a rule is taken away."""
    return render("delete_alert.html", alert=queries.alert(reader(), visitor(), id))


@bp.post("/alerts/<id>/delete")
@belongs_to("alerts")
def delete_alert(id: str) -> AnyResponse:
    """Take a rule away."""
    work = writer()
    row = queries.alert(reader(), visitor(), id)
    operations.delete_alert(work, visitor(), row, request.form.get("version", ""))
    work.commit()
    return see("iot.alerts", done="deleted")


def _device(row: Any, form: DeviceForm) -> str:
    last = today()
    period = Period(last - timedelta(days=SHOWN_DAYS - 1), last)
    by_day = queries.bytes_by_day(reader(), visitor(), period, row.id)
    used = sum(used for day, used in by_day if (day.year, day.month) == (last.year, last.month))
    quota = row.monthly_bytes
    return render("device.html", device=row, form=form, drawn=_drawn(by_day, quota or 0), used=used, quota=quota)


def _drawn(by_day: list[tuple[date, int]], monthly: int) -> Chart:
    reading = formats()
    columns = [(reading.day(day), str(day.day), [used]) for day, used in by_day]
    return chart([gettext("Data used")], columns, reading.bytes, monthly // 30 or None)


def _period(asked: Mapping[str, str]) -> tuple[Period | None, dict[str, str]]:
    """Read the days, the last one included; returns None and what is wrong, by field, when they cannot be shown."""
    days: dict[str, date] = {}
    problems: dict[str, str] = {}
    for name in ("since", "until"):
        try:
            if asked[name]:
                days[name] = formats().read_day(asked[name])
        except Unreadable as error:
            problems[name] = str(error)
    if problems:
        return None, problems
    last = days.get("until") or max(today(), days.get("since", date.min))
    first = days.get("since") or date.fromordinal(max(1, last.toordinal() - SHOWN_DAYS + 1))
    if first > last:
        return None, {"until": gettext("This day lies before the first.")}
    if (last - first).days >= MOST_DAYS:
        return None, {"since": gettext("At most %(days)d days can be shown at once.") % {"days": MOST_DAYS}}
    return Period(first, last, asked["device"]), {}


def _status(given: Mapping[str, str]) -> DeviceStatus:
    if given.get("to") not in list(DeviceStatus):
        raise NotFound
    return DeviceStatus(given["to"])


def _chosen(given: MultiDict[str, str]) -> Sequence[AnyRow]:
    ids = given.getlist("device")
    if len(ids) > AT_ONCE:
        raise NotFound
    return queries.chosen(reader(), visitor(), ids)


def _alert_form(**given: object) -> AlertForm:
    return AlertForm([(row.id, row.name) for row in queries.names(reader(), visitor(), MOST_CHOICES)], **given)


def _complete(form: AlertForm) -> bool:
    """Check a rule; a device that is not among the customer's is none."""
    if not form.validate():
        return False
    try:
        if form.device.data:
            queries.device(reader(), visitor(), form.device.data)
    except NotFound:
        form.device.errors = [gettext("Choose one of your devices.")]
        return False
    return True

"""Calls: the history, and how many there were each day."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from flask import Response, request

from gateway.portal import (
    AnyRow,
    Chart,
    belongs_to,
    chart,
    csv_answer,
    days_asked,
    formats,
    gettext,
    next_links,
    query_text,
    reader,
    render,
    today,
    visitor,
)
from portals.pbx.blueprint import bp
from portals.pbx.models import Direction
from portals.pbx.queries import calls as queries

SHOWN_DAYS = 30
MOST_DAYS = 92
DAY = timedelta(days=1)


@bp.get("/calls")
@belongs_to("calls")
def calls() -> str | tuple[str, int]:
    """List calls, the latest first, between two days and with a number; what is asked for is drawn by day."""
    query = _query()
    wanted, problems = _wanted(query)
    if problems:
        return _page(query, problems, next_url=None, first_url=None), 422
    after = request.args.get("after")
    page = queries.calls(reader(), visitor(), wanted, after)
    period = _period(wanted) if any(query.values()) and page.rows and not after else []
    bars = drawn(period, wanted.number) if 0 < len(period) <= MOST_DAYS else None
    return _page(query, {}, page.rows, period, bars, **next_links(page, **query))


@bp.get("/calls.csv")
@belongs_to("calls")
def calls_csv() -> Response | tuple[str, int]:
    """Export the calls that are asked for; moments in ISO 8601, in UTC, unless asked for as the reader has them."""
    query = _query()
    wanted, problems = _wanted(query)
    if problems:
        return _page(query, problems, next_url=None, first_url=None), 422
    header = ("started_at", "from", "to", "direction", "duration_seconds", "charge", "currency")
    rows = queries.all_calls(reader(), visitor(), wanted)
    return csv_answer("calls.csv", header, (row[1:] for row in rows))


def counted(days: Sequence[date], number: str = "") -> list[queries.DayOfCalls]:
    """Count the calls of each of the reader's days, which follow each other."""
    midnights = [formats().midnight(day) for day in (*days, days[-1] + DAY)]
    return queries.by_day(reader(), visitor(), midnights, number)


def drawn(days: Sequence[date], number: str = "", found: Sequence[queries.DayOfCalls] | None = None) -> Chart:
    """Draw the calls of each day by direction; `found` if they are counted already."""
    reading = formats()
    names = {
        Direction.INCOMING: gettext("Incoming"),
        Direction.OUTGOING: gettext("Outgoing"),
        Direction.MISSED: gettext("Missed"),
    }
    columns = [
        (reading.day(day), str(day.day), [calls.counts.get(direction, 0) for direction in names])
        for day, calls in zip(days, found or counted(days, number), strict=True)
    ]
    return chart(list(names.values()), columns, reading.number)


def last_days(count: int) -> list[date]:
    """Return the reader's last days, today included."""
    return [today() - number * DAY for number in reversed(range(count))]


def _query() -> dict[str, str]:
    return {name: query_text(name) for name in ("since", "until", "number")}


def _wanted(query: Mapping[str, str]) -> tuple[queries.Wanted, Mapping[str, str]]:
    """Read the filters: days as the reader writes them, the last one included; what cannot be read is said."""
    moments, problems = days_asked(query)
    wanted = queries.Wanted(number=query["number"], **moments)
    if wanted.since and wanted.until and wanted.since >= wanted.until:
        problems = {"until": gettext("This day lies before the first.")}
    return wanted, problems


def _period(wanted: queries.Wanted) -> Sequence[date]:
    """Return the days that are asked for: without a first one as many as a month has, without a last one until today;
    of a long time only one day more than can be drawn.
    """
    zone = formats().zone
    last = wanted.until.astimezone(zone).date() - DAY if wanted.until else today()
    first = wanted.since.astimezone(zone).date() if wanted.since else last - (SHOWN_DAYS - 1) * DAY
    days = min((last - first).days, MOST_DAYS) + 1
    return [first + number * DAY for number in range(days)]


def _recent() -> list[tuple[int, str, str]]:
    """Return the stretches that can be asked for with a click: how many days, and the first and last as typed."""
    typed = formats().typed_day
    return [(count, typed(today() - (count - 1) * DAY), typed(today())) for count in (7, SHOWN_DAYS)]


def _page(
    query: Mapping[str, str],
    problems: Mapping[str, str],
    rows: Sequence[AnyRow] = (),
    period: Sequence[date] = (),
    bars: Chart | None = None,
    **links: str | None,
) -> str:
    return render(
        "calls.html",
        rows=rows,
        query=query,
        problems=problems,
        filtered=any(query.values()),
        period=period,
        most_days=MOST_DAYS,
        drawn=bars,
        recent=_recent(),
        **links,
    )
